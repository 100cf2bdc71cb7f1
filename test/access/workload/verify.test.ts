/** What a JWT is refused for, and in which words: its sender has to mend it. */
import { describe, expect, it } from "vitest";
import type { TrustedIssuer } from "../../../src/access/trusted-issuer.ts";
import { openJwt } from "../../../src/access/workload/jwt.ts";
import { requireConfigured, verifyJwt, type Workload } from "../../../src/access/workload/verify.ts";
import { Problem } from "../../../src/problem.ts";
import { NOW, NOW_S, signer, trusting } from "./issuer.ts";

const KEY = await signer("ES256", "k1");
const CI = { typ: "JWT" } as const;
const BEYOND_9999 = 253_402_300_800;

async function verify(claims: Record<string, unknown>, more: Partial<TrustedIssuer> = {}): Promise<Workload> {
  const header = more.typ ? { typ: more.typ } : {};
  return verifyJwt(openJwt(await KEY.token(claims, header)), trusting([KEY], more), KEY.jwk, NOW);
}

async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return error instanceof Problem ? `${error.reason}: ${error.message}` : String(error);
  }
}

describe("a token's claims", () => {
  it.each<[Record<string, unknown>, Partial<TrustedIssuer>, string]>([
    [{ exp: undefined }, {}, "credential-malformed: the token is not taken: it lacks the claim exp"],
    [{ jti: undefined }, {}, "credential-malformed: the token is not taken: it lacks the claim jti"],
    [{ exp: undefined }, CI, "credential-malformed: the token is not taken: it lacks the claim exp"],
    [{ iat: undefined }, CI, "credential-malformed: the token is not taken: it lacks the claim iat"],
    [{ sub: undefined }, CI, "credential-malformed: the token is not taken: it lacks the claim sub"],
    [{ exp: "soon" }, {}, "credential-malformed: the token is not taken: its claim exp is not as it has to be"],
    [{ nbf: "soon" }, {}, "credential-malformed: the token is not taken: its claim nbf is not as it has to be"],
    [{ exp: NOW_S + 0.5 }, {}, "credential-malformed: the token is not taken: its claims exp, iat and nbf must be whole seconds"],
    [{ nbf: -1 }, {}, "credential-malformed: the token is not taken: its claims exp, iat and nbf must be whole seconds"],
    [{ exp: BEYOND_9999 }, {}, "credential-malformed: the token is not taken: its claims exp, iat and nbf must be whole seconds"],
    [{ exp: BEYOND_9999 - 1 }, {}, "none"],
    [{ iat: 0 }, {}, "token-expired: the token has expired"],
    [{ nbf: 0 }, {}, "none"],
    [{ nbf: NOW_S + 60 }, {}, "token-not-yet-valid: the token is not valid yet, by its claim nbf"],
    [{ iat: NOW_S + 60 }, {}, "token-not-yet-valid: the token is not valid yet, by its claim iat"],
    [{ sub: "" }, {}, "credential-malformed: the token is not taken: its claim sub must be a text of 1 to 1024 characters"],
    [{ sub: "x".repeat(1_025) }, {}, "credential-malformed: the token is not taken: its claim sub must be a text"],
    [{ sub: "other" }, { claims: [] }, "forbidden: no mapping of the issuer matches the token; the mappings look at its claims "],
  ])("%j with %j: %s", async (claims, more, expected) => {
    const refusal = await refusalOf(verify(claims, more));
    expect(refusal.slice(0, expected.length)).toBe(expected);
  });

  it("are told by their names when no mapping matches", async () => {
    const when = [
      { claim: "ref", equals: "x" },
      { claim: "actor", equals: "y" },
    ];
    const claims = [{ when, grants: { datasets: { d1: ["ingest:create"] } } }];
    expect(await refusalOf(verify({}, { claims }))).toMatch(/look at its claims ref, actor$/);
  });
});

describe("a workload", () => {
  it("has an id that tells subjects apart and names none of them", async () => {
    const claims = [{ when: [{ claim: "client_id", equals: "deployer" }], grants: { datasets: { d1: ["ingest:create"] } } }];
    const [one, same, other] = await Promise.all(["a", "a", "b"].map((sub) => verify({ sub }, { claims })));
    expect(one).toEqual({ ...same, id: expect.stringMatching(/^jwt:issuer-1:[\w-]{16}$/) });
    expect(one?.id).not.toBe(other?.id);
    expect(one).toMatchObject({ org: "acme-1a2b", subject: "a", datasets: { d1: ["ingest:create"] } });
  });

  it("may have a subject of 1024 characters", async () => {
    const claims = [{ when: [{ claim: "client_id", equals: "deployer" }], grants: { datasets: { d1: ["ingest:create"] } } }];
    expect((await verify({ sub: "x".repeat(1_024) }, { claims })).subject).toHaveLength(1_024);
  });

  it("ends with its token, or at the age that its organisation allows", async () => {
    expect((await verify({ exp: NOW_S + 60 })).expiresAt).toBe(NOW + 60_000);
    expect((await verify({ iat: NOW_S, exp: NOW_S + 6_000 }, { maxTokenAgeS: 30 })).expiresAt).toBe(NOW + 30_000);
  });
});

describe("before a key is looked for", () => {
  it.each<[Record<string, unknown>, Record<string, unknown>, Partial<TrustedIssuer> | null, string]>([
    [{}, {}, {}, "none"],
    [{}, {}, null, "token-unknown"],
    [{ iss: "https://other.example" }, {}, {}, "token-unknown"],
    [{ aud: "https://other.example" }, {}, {}, "token-unknown"],
    [{}, {}, { status: "deleted" }, "token-unknown"],
    [{}, {}, { status: "disabled" }, "token-disabled"],
    [{}, {}, { algorithms: ["ES384", "RS256"] }, "credential-malformed"],
    [{}, { typ: "JWT" }, {}, "credential-malformed"],
    [{}, { typ: undefined }, {}, "credential-malformed"],
    [{}, { typ: "application/at+jwt" }, {}, "none"],
    [{}, { typ: "APPLICATION/AT+JWT" }, {}, "none"],
    [{}, { typ: "x-application/at+jwt" }, {}, "credential-malformed"],
    [{}, { typ: undefined }, CI, "none"],
    [{}, { typ: "jwt" }, CI, "none"],
    [{}, { typ: "at+jwt" }, CI, "credential-malformed"],
  ])("a token with %j, %j is judged by the document %j: %s", async (claims, header, more, expected) => {
    const jwt = openJwt(await KEY.token(claims, header));
    const refusal = await refusalOf(Promise.resolve().then(() => requireConfigured(jwt, more && trusting([KEY], more))));
    expect(refusal.split(":")[0]).toBe(expected);
  });
});
