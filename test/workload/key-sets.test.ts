/** Keys of issuers, fetched from a real server. Numbers are those of the attack list; time is an argument. */
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { TrustedIssuer } from "../../src/access/trusted-issuer.ts";
import { type KeySets, openKeySets } from "../../src/access/workload/key-sets.ts";
import { authenticateJwt } from "../../src/edge/workload/authenticate-jwt.ts";
import { Problem } from "../../src/problem.ts";
import { claimsOf, NOW, NOW_S, type Signer, signer, trusting } from "../access/workload/issuer.ts";
import { json, openTestServer, type TestServer } from "./server.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let server: TestServer;
let old: Signer;
let next: Signer;
/** Those of one isolate. */
let sets: KeySets;
/** Work that goes on behind answers. */
let behind: Promise<unknown>[] = [];

beforeAll(async () => {
  server = await openTestServer(null);
  [old, next] = await Promise.all([signer("ES256", "old"), signer("ES256", "next")]);
});

beforeEach(() => {
  publish(old);
  server.asked = [];
  sets = openKeySets();
  behind = [];
});

const publish = (...signers: Signer[]) => serve({ keys: signers.map(({ jwk }) => jwk) });

function serve(value: unknown): void {
  server.answer = json(value);
}

function goDown(): void {
  server.answer = (_, response) => response.destroy();
}

/** A document without keys, as when management has never reached the issuer. */
function bare(more: Partial<TrustedIssuer> = {}): TrustedIssuer {
  return trusting([], { jwksUri: `${server.url}/jwks`, keysAt: 0, ...more });
}

/** A document whose keys management fetched at that time. */
function seeded(keysAt: number, ...signers: Signer[]): TrustedIssuer {
  return trusting(signers, { jwksUri: `${server.url}/jwks`, keysAt });
}

/** A token made just then comes in. */
async function come(by: Signer, now: number, trusted = bare(), header: Record<string, unknown> = {}): Promise<string> {
  const seconds = Math.floor(now / 1_000);
  const token = await by.token({ ...claimsOf(), iat: seconds, exp: seconds + 600 }, header);
  const env = { fetch, allowInsecure: true, find: async () => ({ document: trusted, degraded: false }), sets };
  try {
    await authenticateJwt(token, { now, waitUntil: (work) => behind.push(work) }, env);
    return "ok";
  } catch (error) {
    return error instanceof Problem ? error.reason : String(error);
  }
}

const fetches = () => server.asked.length;
const settled = () => Promise.all(behind);

describe("a key set in an isolate", () => {
  it("is fetched once for many tokens", async () => {
    for (const after of [0, 1_000, 4 * MINUTE]) expect(await come(old, NOW + after)).toBe("ok");
    expect(fetches()).toBe(1);
  });

  it("is renewed behind an answer from five minutes on, and before it from ten on", async () => {
    await come(old, NOW);
    expect(await come(old, NOW + 5 * MINUTE)).toBe("ok");
    await settled();
    expect([behind.length, fetches()]).toEqual([1, 2]);
    expect(await come(old, NOW + 15 * MINUTE)).toBe("ok");
    expect([behind.length, fetches()]).toEqual([1, 3]);
  });

  it("loses a key that the issuer takes back, ten minutes later at the latest", async () => {
    await come(old, NOW);
    publish(next);
    expect(await come(old, NOW + 4 * MINUTE)).toBe("ok");
    expect(await come(old, NOW + 10 * MINUTE)).toBe("token-unknown");
  });

  it("needs no fetch while the document brings keys along", async () => {
    goDown();
    expect(await come(old, NOW, seeded(NOW - MINUTE, old))).toBe("ok");
    expect(fetches()).toBe(0);
  });

  it("replaces the document's behind the answer, and counts from then on", async () => {
    publish(next);
    expect(await come(old, NOW, seeded(NOW - HOUR, old))).toBe("ok");
    await settled();
    expect(fetches()).toBe(1);
    expect(await come(next, NOW + 1_000, seeded(NOW - HOUR, old))).toBe("ok");
    expect(await come(old, NOW + MINUTE, seeded(NOW - HOUR, old))).toBe("token-unknown");
  });

  it("gives way to a document whose keys were fetched later", async () => {
    await come(old, NOW);
    goDown();
    expect(await come(next, NOW + 1_000, seeded(NOW + 500, next))).toBe("ok");
    expect(fetches()).toBe(1);
  });

  it("is fetched before an answer when the document's is two hours old", async () => {
    publish(next);
    expect(await come(old, NOW, seeded(NOW - 2 * HOUR, old))).toBe("token-unknown");
    expect(fetches()).toBe(1);
  });

  it("is fetched once for a crowd that begins with a new key, and all of it comes in", async () => {
    await come(old, NOW);
    publish(old, next);
    const crowd = Array.from({ length: 20 }, () => come(next, NOW + MINUTE));
    expect(new Set(await Promise.all(crowd))).toEqual(new Set(["ok"]));
    expect(fetches()).toBe(2);
  });

  it("is fetched at most ten times a second for all issuers together", async () => {
    const issuers = Array.from({ length: 15 }, (_, i) => bare({ jwksUri: `${server.url}/jwks/${i}` }));
    const outcomes = await Promise.all(issuers.map((issuer) => come(old, NOW, issuer)));
    expect(outcomes.filter((one) => one === "ok").length).toBe(10);
    expect(new Set(outcomes)).toEqual(new Set(["ok", "store-unavailable"]));
    expect(fetches()).toBe(10);
  });
});

describe("71 what an issuer's server may do to us", () => {
  it("71 a token's iss chooses no address: only the configured one is asked", async () => {
    await come(old, NOW, bare({ issuer: "https://other.example" }));
    expect(server.asked).toEqual([]);
    const token = await old.token({ iss: `${server.url}/evil`, jku: `${server.url}/evil` });
    const env = { fetch, allowInsecure: true, find: async () => ({ document: null, degraded: false }), sets };
    await expect(authenticateJwt(token, { now: NOW, waitUntil: () => {} }, env)).rejects.toMatchObject({ reason: "token-unknown" });
    expect(server.asked).toEqual([]);
  });

  it("71 a redirecting key set is not followed: 503", async () => {
    const other = await openTestServer(json({ keys: [old.jwk] }));
    server.answer = (_, response) => response.writeHead(302, { location: other.url }).end();
    expect(await come(old, NOW)).toBe("store-unavailable");
    expect(other.asked).toEqual([]);
  });

  it("71 a key set of 300 KB is not read: 503", async () => {
    serve({ keys: [old.jwk], padding: "x".repeat(300_000) });
    expect(await come(old, NOW)).toBe("store-unavailable");
  });

  it.each<[string, unknown]>([
    ["HTML", "<!doctype html><title>Sign in</title>"],
    ["a list", [1]],
    ["an object without keys", { jwks: [] }],
    ["keys that are no list", { keys: { a: 1 } }],
    ["no keys", { keys: [] }],
    ["nothing", ""],
    ["a name said twice", '{"keys":[],"keys":[]}'],
    ["fifty-one keys", { keys: Array.from({ length: 51 }, () => ({})) }],
  ])("71 a key set that is %s is none: 503", async (_, value) => {
    server.answer = (_path, response) => response.writeHead(200).end(typeof value === "string" ? value : JSON.stringify(value));
    expect(await come(old, NOW)).toBe("store-unavailable");
  });

  it.each([404, 401, 500, 204])("71 a key set answered with %s is none: 503", async (status) => {
    server.answer = (_, response) => response.writeHead(status).end();
    expect(await come(old, NOW)).toBe("store-unavailable");
  });

  it.each<[string, (signer: Signer) => Promise<Record<string, unknown>>]>([
    ["for encryption", async ({ jwk }) => ({ ...jwk, use: "enc" })],
    ["for other operations", async ({ jwk }) => ({ ...jwk, key_ops: ["sign"] })],
    ["of an unknown type", async ({ jwk }) => ({ ...jwk, kty: "AKP" })],
    ["a shared secret", async () => ({ kty: "oct", k: "c2VjcmV0", kid: "old", alg: "HS256" })],
    ["of another algorithm", async ({ jwk }) => ({ ...jwk, alg: "ES384" })],
    ["of another curve", async ({ jwk }) => ({ ...jwk, crv: "P-521" })],
    ["without an id", async ({ jwk }) => ({ ...jwk, kid: undefined })],
    [
      "with its private part",
      async ({ jwk, privateKey }) => ({ ...(await crypto.subtle.exportKey("jwk", privateKey)), kid: jwk.kid, key_ops: undefined }),
    ],
    ["a point beside its curve", async ({ jwk }) => ({ ...jwk, y: jwk.x })],
    ["no object", async () => "key" as unknown as Record<string, unknown>],
  ])("71 a key that is %s is passed over, and kills no other", async (_, broken) => {
    serve({ keys: [await broken(old), next.jwk] });
    expect(await come(next, NOW)).toBe("ok");
    expect(await come(old, NOW + MINUTE)).toBe("token-unknown");
    serve({ keys: [await broken(old)] });
    sets = openKeySets();
    expect(await come(old, NOW + 2 * MINUTE)).toBe("store-unavailable");
  });

  it("71 one broken key of five leaves four", async () => {
    const five = await Promise.all(["a", "b", "c", "d", "e"].map((kid) => signer("ES256", kid)));
    serve({ keys: five.map(({ jwk }) => (jwk.kid === "c" ? { ...jwk, x: "????" } : jwk)) });
    const [a, b, c, d, e] = five as [Signer, Signer, Signer, Signer, Signer];
    for (const whole of [a, b, d, e]) expect(await come(whole, NOW)).toBe("ok");
    expect(await come(c, NOW + MINUTE)).toBe("token-unknown");
  });

  it("71 an RSA key below 2048 bits is passed over", async () => {
    const { publicKey } = (await crypto.subtle.generateKey(
      { name: "RSASSA-PKCS1-v1_5", modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" },
      true,
      ["sign", "verify"],
    )) as CryptoKeyPair;
    serve({ keys: [{ ...(await crypto.subtle.exportKey("jwk", publicKey)), kid: "old" }] });
    expect(await come(old, NOW)).toBe("store-unavailable");
  });

  it("71 a key rotated within the cooldown comes in when it ends, and is never called unknown", async () => {
    await come(old, NOW);
    publish(old, next);
    expect(await come(next, NOW + 1_000)).toBe("store-unavailable");
    expect(await come(next, NOW + 29_999)).toBe("store-unavailable");
    expect(await come(old, NOW + 29_999)).toBe("ok");
    expect(fetches()).toBe(1);
    expect(await come(next, NOW + 30_000)).toBe("ok");
    expect(fetches()).toBe(2);
  });

  it("71 fifty unknown kids within the cooldown cost no fetch", async () => {
    await come(old, NOW);
    const outcomes = await Promise.all(Array.from({ length: 50 }, (_, i) => come(old, NOW + 1_000, bare(), { kid: `made-up-${i}` })));
    expect(new Set(outcomes)).toEqual(new Set(["store-unavailable"]));
    expect(fetches()).toBe(1);
  });

  it("71 a kid that a fetch did not find stays unknown for the cooldown, without another", async () => {
    for (const after of [0, 1, 29_999]) expect(await come(next, NOW + after)).toBe("token-unknown");
    expect(fetches()).toBe(1);
    expect(await come(next, NOW + 30_000)).toBe("token-unknown");
    expect(fetches()).toBe(2);
  });

  it("71 an issuer that is down for 11 minutes hurts no known key; of an unknown one nobody can tell", async () => {
    await come(old, NOW);
    goDown();
    expect(await come(old, NOW + 11 * MINUTE)).toBe("ok");
    expect(await come(next, NOW + 11 * MINUTE)).toBe("store-unavailable");
    expect(await come(next, NOW + 12 * MINUTE)).toBe("store-unavailable");
    expect(await come(old, NOW + 24 * HOUR - 1)).toBe("ok");
  });

  it("71 an issuer that is down for 25 hours is believed no more: 503, never 401", async () => {
    await come(old, NOW);
    goDown();
    expect(await come(old, NOW + 25 * HOUR)).toBe("store-unavailable");
    publish(old);
    expect(await come(old, NOW + 25 * HOUR + MINUTE)).toBe("ok");
  });

  it("71 the document's keys count while the issuer is down, for a day", async () => {
    goDown();
    expect(await come(old, NOW, seeded(NOW - 23 * HOUR, old))).toBe("ok");
    expect(await come(old, NOW, seeded(NOW - 25 * HOUR, old))).toBe("store-unavailable");
  });

  it("71 a kid that was called unknown is not called so once the issuer is down", async () => {
    expect(await come(next, NOW)).toBe("token-unknown");
    goDown();
    expect(await come(next, NOW + 30_000)).toBe("store-unavailable");
    expect(await come(next, NOW + 31_000)).toBe("store-unavailable");
  });

  it("71 an address that is not trusted is never asked, even when it is configured", async () => {
    const token = await old.token({ iat: NOW_S });
    const env = { fetch, allowInsecure: false, find: async () => ({ document: bare(), degraded: false }), sets };
    await expect(authenticateJwt(token, { now: NOW, waitUntil: () => {} }, env)).rejects.toMatchObject({ reason: "store-unavailable" });
    expect(fetches()).toBe(0);
  });
});
