/** What strangers can make an isolate spend. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { mintToken, parseToken } from "../../../src/access/token.ts";
import { authenticate } from "../../../src/edge/authenticate.ts";
import { openDocuments } from "../../../src/edge/documents/documents.ts";
import { type EdgeEnv, settingsOf } from "../../../src/edge/env.ts";
import { Problem } from "../../../src/problem.ts";
import { env, HERE, organisation, token as putToken } from "../gateway.ts";
import { openDeployment } from "./deployment.ts";

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  return () => vi.restoreAllMocks();
});

/** Bindings that count whatever is asked of them, and answer nothing. */
function spies() {
  const asked: string[] = [];
  const spy = (name: string) => () => {
    asked.push(name);
    return Promise.resolve(null);
  };
  const PERMISSIONS = { get: spy("KV") } as unknown as KVNamespace;
  const AUTHORITY = { lookUpToken: spy("token"), lookUpOrganisation: spy("organisation"), changesSince: spy("feed") };
  return { asked, bindings: { ...env, PERMISSIONS, AUTHORITY } as unknown as EdgeEnv };
}

async function reasonOf(text: string, bindings: EdgeEnv, waitUntil: (work: Promise<unknown>) => void = () => {}): Promise<string> {
  try {
    await authenticate(text, { now: 0, ip: null, waitUntil, purpose: "ingest" }, bindings, openDocuments());
    return "accepted";
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    return thrown.reason;
  }
}

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const tagKeys = () => settingsOf(env).tagKeys;

describe("what can be seen from a token alone", () => {
  it("58 is seen without I/O: ten thousand well-formed tokens with a right CRC and a wrong tag ask nobody", async () => {
    const others = new Map([["1", new Uint8Array(16).fill(7)]]);
    const { asked, bindings } = spies();
    const reasons = new Set<string>();
    for (let i = 0; i < 10_000; i++) {
      const text = mintToken("api", others);
      // one in fourteen million would bear the right tag by chance
      if (parseToken(text, tagKeys()) === null) reasons.add(await reasonOf(text, bindings, () => asked.push("waitUntil")));
    }
    expect([...reasons]).toEqual(["credential-malformed"]);
    expect(asked).toEqual([]);
  });

  it("15 is seen without I/O: every change of one character, every loss, repetition and exchange", async () => {
    const { asked, bindings } = spies();
    const text = mintToken("api", tagKeys());
    const changed = new Set<string>();
    for (let at = 0; at < text.length; at++) {
      const [before, here, after] = [text.slice(0, at), text.charAt(at), text.slice(at + 1)];
      for (const other of `${ALPHABET}-_. é`) if (other !== here) changed.add(before + other + after);
      changed.add(before + after);
      changed.add(before + here + here + after);
      changed.add(before + after.charAt(0) + here + after.slice(1));
    }
    changed.delete(text);
    expect(changed.size).toBeGreaterThan(46 * 65);
    const reasons = new Set<string>();
    for (const one of changed) reasons.add(await reasonOf(one, bindings));
    expect([...reasons]).toEqual(["credential-malformed"]);
    expect(asked).toEqual([]);
    expect(await reasonOf(text, bindings)).not.toBe("credential-malformed");
    expect(asked).not.toEqual([]);
  });

  it("39 includes its kind: personal and session tokens are refused without I/O", async () => {
    const { asked, bindings } = spies();
    for (const kind of ["personal", "session"] as const) expect(await reasonOf(mintToken(kind, tagKeys()), bindings)).toBe("token-kind");
    expect(asked).toEqual([]);
  });
});

describe("tokens that nobody knows", () => {
  it("58 are asked about 20 times a minute for one address, which hears 503 then and may still use what exists", async () => {
    const d = await openDeployment();
    const isolate = d.isolate();
    const use = (secret: string, ip: string | null) => isolate.use(secret, "logs", { ip }).then(({ reason }) => reason);
    const mint = () => mintToken("api", tagKeys());
    const flood = async (ip: string | null, times: number) => {
      const reasons: string[] = [];
      for (let i = 0; i < times; i++) {
        reasons.push(await use(mint(), ip));
        await d.pass(500);
      }
      return reasons;
    };
    const first = await flood("192.0.2.1", 25);
    expect(first).toEqual([...Array(20).fill("token-unknown"), ...Array(5).fill("store-unavailable")]);
    expect(d.asked.tokens).toBe(20);
    // neighbours, and others behind the same address whose tokens KV knows
    expect(await use(mint(), "192.0.2.2")).toBe("token-unknown");
    const known = await d.token();
    expect(await use(known, "192.0.2.1")).toBe("accepted");
    await d.pass(60_000);
    expect(await use(mint(), "192.0.2.1")).toBe("token-unknown");
    // an address that is not told is not one address
    expect(new Set(await flood(null, 25))).toEqual(new Set(["token-unknown"]));
  });

  it("58 are counted by network where a sender has a whole one to come from", async () => {
    const d = await openDeployment();
    const isolate = d.isolate();
    const reasons: string[] = [];
    for (let i = 0; i < 25; i++) {
      reasons.push((await isolate.use(mintToken("api", tagKeys()), "logs", { ip: `2001:db8:1:2:${i.toString(16)}::1` })).reason);
      await d.pass(500);
    }
    expect(reasons.filter((reason) => reason === "store-unavailable").length).toBe(5);
    const elsewhere = await isolate.use(mintToken("api", tagKeys()), "logs", { ip: "2001:db8:1:3::1" });
    expect(elsewhere.reason).toBe("token-unknown");
  });

  it("let a fleet behind one address begin with as many new ones as it likes", async () => {
    const d = await openDeployment();
    d.kv.faults.write = "error";
    const isolate = d.isolate();
    for (let i = 0; i < 40; i++) {
      expect((await isolate.use(await d.token(), "logs", { ip: "192.0.2.1" })).reason).toBe("accepted");
      await d.pass(100);
    }
  });

  it("61 drive nothing out of memory that is in use", async () => {
    const { asked, bindings } = spies();
    const documents = openDocuments();
    const org = await organisation({ logs: HERE });
    const text = await putToken(org, { logs: ["ingest:create"] });
    const visit = (now: number) => ({ now, ip: null, waitUntil: () => {}, purpose: "ingest" as const });
    await authenticate(text, visit(0), env, documents);
    for (let i = 0; i < 6_000; i++)
      await authenticate(mintToken("api", tagKeys()), visit(Math.floor(i / 20) * 1_000), bindings, documents).catch(() => {});
    expect(asked.filter((what) => what === "token").length).toBe(6_000);
    const away = { get: () => Promise.reject(new Error("away")) } as unknown as KVNamespace;
    const nobody = { ...env, PERMISSIONS: away, AUTHORITY: {} as EdgeEnv["AUTHORITY"] };
    expect(await authenticate(text, visit(400_000), nobody, documents)).toMatchObject({ degraded: true, set: { org: org.id } });
  });
});
