import { createExecutionContext } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { organisationMap, permissionSet } from "../../src/access/permission-set.ts";
import { mintToken } from "../../src/access/token.ts";
import * as edge from "../../src/edge/authenticate.ts";
import { type Authority, type EdgeEnv, settingsOf } from "../../src/edge/env.ts";
import { permit } from "../../src/edge/permit.ts";
import type { Visit } from "../../src/edge/visit.ts";
import worker from "../../src/edge/worker.ts";
import { Problem } from "../../src/problem.ts";
import { env, HERE, organisation, token } from "./gateway.ts";

const NOW = Date.UTC(2026, 0, 1);
let clock = NOW;

/** Each test an hour after the last, so that none meets what another left in the isolate's memory. */
beforeEach(() => {
  clock += 3_600_000;
});

/** Without a feed where the authority of a test has none. */
function authenticate(text: string, bindings: EdgeEnv, now: number, more: Partial<Visit> = {}): Promise<edge.Caller> {
  return edge.authenticate(text, { now, ip: null, waitUntil: () => {}, purpose: "ingest", ...more }, bindings);
}

/** The real bindings with some of them failing or counting. */
function bindings(changes: Partial<EdgeEnv>): EdgeEnv {
  return { ...env, ...changes };
}

const broken = {
  get: () => Promise.reject(new Error("KV is down")),
} as unknown as KVNamespace;

const down = {
  lookUpToken: () => Promise.reject(new Error("D1 is down")),
  lookUpOrganisation: () => Promise.reject(new Error("D1 is down")),
} as Partial<Authority> as Authority;

function authority(id: string, datasets: Record<string, { id: string; region: string }>) {
  const asked: string[] = [];
  const answers: Pick<Authority, "lookUpToken" | "lookUpOrganisation"> = {
    async lookUpToken() {
      asked.push("token");
      return permissionSet({ id: "t1", org: id, status: "active", expiresAt: null, datasets: { "*": ["ingest:create"] }, ver: 1 });
    },
    async lookUpOrganisation() {
      asked.push("organisation");
      return organisationMap({ id, status: "active", datasets, regions: {}, ver: 1 });
    },
  };
  return { asked, answers: answers as Authority };
}

async function reasonOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return error instanceof Problem ? error.reason : String(error);
  }
}

const mint = () => mintToken("api", settingsOf(env).tagKeys);

describe("authenticate", () => {
  it("takes the documents from KV without asking the authority", async () => {
    const org = await organisation({ logs: HERE });
    const caller = await authenticate(await token(org, { logs: ["ingest:create"] }), bindings({ AUTHORITY: down }), clock);
    expect(caller.organisation.id).toBe(org.id);
    expect(caller.set.datasets).toEqual({ [`${org.id}-logs`]: ["ingest:create"] });
  });

  it("22 asks the authority about a token that KV does not know yet, so that a new one works at once", async () => {
    const { asked, answers } = authority("fresh-1", {});
    const text = mint();
    await authenticate(text, bindings({ AUTHORITY: answers }), clock);
    await authenticate(text, bindings({ AUTHORITY: answers }), clock + 9_000);
    expect(asked).toEqual(["token", "organisation"]);
    await authenticate(text, bindings({ AUTHORITY: answers }), clock + 10_001);
    expect(asked.length).toBe(4);
  });

  it("59 goes on without KV as long as the authority answers", async () => {
    const { answers } = authority("fresh-2", {});
    expect((await authenticate(mint(), bindings({ PERMISSIONS: broken, AUTHORITY: answers }), clock)).set.id).toBe("t1");
  });

  it("59 does not wait for a KV that never answers", async () => {
    const { answers } = authority("fresh-3", {});
    const silent = { get: () => new Promise(() => {}) } as unknown as KVNamespace;
    expect((await authenticate(mint(), bindings({ PERMISSIONS: silent, AUTHORITY: answers }), clock)).set.id).toBe("t1");
  });

  it("59 answers 503 and never 401 when nobody can tell", async () => {
    for (const PERMISSIONS of [env.PERMISSIONS, broken])
      expect(await reasonOf(authenticate(mint(), bindings({ PERMISSIONS, AUTHORITY: down }), clock))).toBe("store-unavailable");
  });

  it("60 goes on with what was proven while the stores are down: four hours for ingest, five minutes for all else", async () => {
    const org = await organisation({ logs: HERE });
    const text = await token(org, { logs: ["ingest:create"] });
    const without = bindings({ PERMISSIONS: broken, AUTHORITY: down });
    const at = async (after: number, purpose: Visit["purpose"]) => (await authenticate(text, without, clock + after, { purpose })).degraded;
    await authenticate(text, env, clock);
    expect(await at(9_999, "other")).toBe(false);
    expect(await at(10_001, "other")).toBe(true);
    expect(await at(300_000, "other")).toBe(true);
    expect(await reasonOf(at(300_001, "other"))).toBe("store-unavailable");
    expect(await at(14_400_000, "ingest")).toBe(true);
    expect(await reasonOf(at(14_400_001, "ingest"))).toBe("store-unavailable");
  });

  it("26 judges expiry anew on every request, whatever memory holds", async () => {
    const org = await organisation({ logs: HERE });
    const text = await token(org, { logs: ["ingest:create"] }, { expiresAt: clock + 5_000 });
    expect(await reasonOf(authenticate(text, env, clock + 4_999))).toBe("none");
    expect(await reasonOf(authenticate(text, env, clock + 5_000))).toBe("token-expired");
  });

  it.each<[string, (key: string) => Promise<unknown>]>([
    ["fails", () => Promise.reject(new Error("KV GET failed: 500 Internal Server Error"))],
    ["is throttled", () => Promise.reject(new Error("KV GET failed: 429 Too Many Requests"))],
    ["hangs", () => new Promise(() => {})],
    ["holds no JSON", (key) => env.PERMISSIONS.put(key, '{"v":').then(() => env.PERMISSIONS.get(key, "json"))],
    ["holds null", async () => null],
    ["holds a number", async () => 1],
    ["holds a text", async () => "active"],
    ["holds a list", async () => [{ v: 2, status: "active" }]],
    ["holds nothing known", async () => ({})],
    [
      "holds another version",
      async () => ({ v: 3, id: "x", org: "y", status: "active", expiresAt: null, datasets: { "*": ["ingest:create"] }, ver: 1 }),
    ],
    ["holds a part", async () => ({ v: 2, id: "x", status: "active" })],
  ])("59 believes the authority when KV %s: a good token is taken, an unknown one is 401, and without it 503", async (_, get) => {
    const PERMISSIONS = { get } as unknown as KVNamespace;
    const { answers } = authority(`fresh-${crypto.randomUUID()}`, {});
    expect((await authenticate(mint(), bindings({ PERMISSIONS, AUTHORITY: answers }), clock)).set.id).toBe("t1");
    const nobody: Authority = { ...down, lookUpToken: async () => null };
    expect(await reasonOf(authenticate(mint(), bindings({ PERMISSIONS, AUTHORITY: nobody }), clock))).toBe("token-unknown");
    expect(await reasonOf(authenticate(mint(), bindings({ PERMISSIONS, AUTHORITY: down }), clock))).toBe("store-unavailable");
  });

  it("remembers that a token is unknown for a while", async () => {
    let asked = 0;
    const nobody: Authority = {
      ...down,
      async lookUpToken() {
        asked++;
        return null;
      },
    };
    const text = mint();
    for (const after of [0, 1, 9_999])
      expect(await reasonOf(authenticate(text, bindings({ AUTHORITY: nobody }), clock + after))).toBe("token-unknown");
    expect(asked).toBe(1);
  });

  it("58 asks at most 20 times a second about unknown tokens, and then says so with 503", async () => {
    const nobody: Authority = { ...down, lookUpToken: async () => null };
    const reasons = await Promise.all(
      Array.from({ length: 25 }, () => reasonOf(authenticate(mint(), bindings({ AUTHORITY: nobody }), clock))),
    );
    expect(reasons.filter((reason) => reason === "token-unknown").length).toBe(20);
    expect(reasons.filter((reason) => reason === "store-unavailable").length).toBe(5);
    expect(await reasonOf(authenticate(mint(), bindings({ AUTHORITY: nobody }), clock + 1_000))).toBe("token-unknown");
  });

  it("59 treats a document of another schema version as absent", async () => {
    const org = await organisation({ logs: HERE });
    const text = await token(org, { logs: ["ingest:create"] });
    const { keys } = await env.PERMISSIONS.list({ prefix: "t:" });
    for (const { name } of keys) await env.PERMISSIONS.put(name, JSON.stringify({ v: 1, id: "x" }));
    const { asked, answers } = authority("fresh-4", {});
    await authenticate(text, bindings({ AUTHORITY: answers }), clock);
    expect(asked[0]).toBe("token");
  });
});

describe("permit", () => {
  it("43 asks for the organisation anew when a dataset's name is not in the held document", async () => {
    const org = await organisation({});
    const text = await token(org, { "*": ["ingest:create"] });
    const { asked, answers } = authority(org.id, { made: { id: "d1", region: HERE } });
    const caller = await authenticate(text, env, clock);
    const destination = await permit(caller, "ingest:create", "made", HERE, bindings({ AUTHORITY: answers }), clock);
    expect(destination).toMatchObject({ destination: { org: org.id, dataset: "made", datasetId: "d1", region: HERE } });
    expect(asked).toEqual(["organisation"]);
  });

  it("42 asks anew when the token knows a dataset that the held document does not: the name may have been given again", async () => {
    const org = await organisation({ web: HERE });
    const renewed = { ...org, datasets: { ...org.datasets, made: { id: "d-new", region: HERE } } };
    const caller = await authenticate(await token(renewed, { made: ["ingest:create"] }), env, clock);
    const { asked, answers } = authority(org.id, { web: { id: "d-new", region: HERE } });
    const permitted = await permit(caller, "ingest:create", "web", HERE, bindings({ AUTHORITY: answers }), clock);
    expect(permitted.destination.datasetId).toBe("d-new");
    expect(asked).toEqual(["organisation"]);
  });

  it("61 is not asked about a wrong name for ever: past five times a second it has to come again", async () => {
    const org = await organisation({});
    const caller = await authenticate(await token(org, { "*": ["ingest:create"] }), env, clock);
    const { asked, answers } = authority(org.id, {});
    const reasons: string[] = [];
    for (let i = 0; i < 7; i++)
      reasons.push(await reasonOf(permit(caller, "ingest:create", "wrong", HERE, bindings({ AUTHORITY: answers }), clock)));
    expect(reasons).toEqual([...Array(5).fill("dataset-unknown"), "store-unavailable", "store-unavailable"]);
    expect(asked.length).toBe(5);
  });

  it("tells a reader of a wrong name that it is none, however often it comes, and of a new one as soon as it may ask again", async () => {
    const org = await organisation({});
    const caller = await authenticate(await token(org, { "*": ["query:read"] }), env, clock);
    const { asked, answers } = authority(org.id, {});
    const read = (name: string, by: EdgeEnv["AUTHORITY"], at = clock) =>
      reasonOf(permit(caller, "query:read", name, HERE, bindings({ AUTHORITY: by }), at));
    for (let i = 0; i < 20; i++) expect(await read("wrong", answers)).toBe("dataset-unknown");
    expect(asked.length).toBe(5);
    const { answers: later } = authority(org.id, { made: { id: "d1", region: HERE } });
    expect(await read("made", later)).toBe("dataset-unknown");
    expect(await read("made", later, clock + 1_000)).toBe("none");
  });

  it("tells a reader nothing of the kind while nobody can tell", async () => {
    const org = await organisation({});
    const caller = await authenticate(await token(org, { "*": ["query:read"] }), env, clock);
    const later = clock + 3_000;
    for (let i = 0; i < 6; i++)
      expect(await reasonOf(permit(caller, "query:read", "wrong", HERE, bindings({ AUTHORITY: down }), later))).toBe("store-unavailable");
  });

  it("lets nobody who may do nothing of the kind spend the organisation's questions", async () => {
    const org = await organisation({});
    const caller = await authenticate(await token(org, { "*": ["query:read"] }), env, clock);
    const { asked, answers } = authority(org.id, {});
    expect(await reasonOf(permit(caller, "ingest:create", "wrong", HERE, bindings({ AUTHORITY: answers }), clock))).toBe("forbidden");
    expect(asked).toEqual([]);
  });

  it("is answered to a whole crowd that begins with a new dataset at once, though few of it may ask", async () => {
    const org = await organisation({});
    const text = await token(org, { "*": ["ingest:create"] });
    const caller = await authenticate(text, env, clock);
    const { asked, answers } = authority(org.id, { made: { id: "d1", region: HERE } });
    const permitted = (AUTHORITY: EdgeEnv["AUTHORITY"], by = caller) =>
      reasonOf(permit(by, "ingest:create", "made", HERE, bindings({ AUTHORITY }), clock));
    const crowd = await Promise.all(Array.from({ length: 200 }, () => permitted(answers)));
    expect(new Set(crowd)).toEqual(new Set(["none"]));
    expect(asked.length).toBeLessThanOrEqual(5);
    expect(await permitted(down, await authenticate(text, env, clock))).toBe("none");
  });

  it("does not say that a dataset is not found before anybody has answered", async () => {
    const org = await organisation({});
    const caller = await authenticate(await token(org, { "*": ["ingest:create"] }), env, clock);
    const crowd = Array.from({ length: 20 }, () =>
      reasonOf(permit(caller, "ingest:create", "made", HERE, bindings({ AUTHORITY: down }), clock)),
    );
    expect(new Set(await Promise.all(crowd))).toEqual(new Set(["store-unavailable"]));
  });

  it("keeps what new datasets need from senders at the wrong region", async () => {
    const org = await organisation({ far: "elsewhere" });
    const caller = await authenticate(await token(org, { "*": ["ingest:create"] }), env, clock);
    const { answers } = authority(org.id, { far: { id: "f", region: "elsewhere" }, made: { id: "d1", region: HERE } });
    const at = (name: string) => reasonOf(permit(caller, "ingest:create", name, HERE, bindings({ AUTHORITY: answers }), clock));
    for (let i = 0; i < 20; i++) expect(await at("far")).toBe("wrong-region");
    expect(await at("made")).toBe("none");
  });

  it("says 503 when an unknown name cannot be asked about", async () => {
    const org = await organisation({});
    const caller = await authenticate(await token(org, { "*": ["ingest:create"] }), env, clock);
    expect(await reasonOf(permit(caller, "ingest:create", "new", HERE, bindings({ AUTHORITY: down }), clock))).toBe("store-unavailable");
  });
});

describe("an answer that rests on what was proven before", () => {
  it("60 says so in a header, for events and for reading, and only then", async () => {
    const org = await organisation({ logs: HERE });
    const text = await token(org, { logs: ["ingest:create", "query:read"] });
    const ask = (method: string, path: string, bindings: EdgeEnv, body: BodyInit | null = null) => {
      const headers = { authorization: `Bearer ${text}` };
      return worker.fetch(new Request(`https://edge.example${path}`, { method, headers, body }), bindings, createExecutionContext());
    };
    const both = async (bindings: EdgeEnv) => {
      const posted = await ask("POST", "/v1/ingest/logs", bindings, '[{"a":1}]');
      const read = await ask("GET", "/v1/datasets/logs/stats", bindings);
      return [posted, read].map(({ status, headers }) => [status, headers.get("auth-degraded")]);
    };
    vi.useFakeTimers({ toFake: ["Date"], now: clock });
    try {
      const plain = [200, null];
      expect(await both(env)).toEqual([plain, plain]);
      vi.setSystemTime(clock + 60_000);
      const without = bindings({ PERMISSIONS: broken, AUTHORITY: down });
      expect(await both(without)).toEqual([
        [200, "1"],
        [200, "1"],
      ]);
      vi.setSystemTime(clock + 70_000);
      expect(await both(env)).toEqual([plain, plain]);
    } finally {
      vi.useRealTimers();
    }
  });
});
