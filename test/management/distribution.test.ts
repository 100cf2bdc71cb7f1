/**
 * The rows of the failure table that management answers for, with the real database, publisher and authority, and isolates of the edge
 * that hear of them. The other rows, and a table of which is where, are in test/edge/distribution/failure-table.test.ts.
 */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { organisationKey } from "../../src/access/permission-set.ts";
import { FEED_BEGINS_MS, FEED_MEMO_MS, FEED_ROWS_MAX } from "../../src/access/staleness.ts";
import { mintToken } from "../../src/access/token.ts";
import { authenticate } from "../../src/edge/authenticate.ts";
import { openDocuments } from "../../src/edge/documents/documents.ts";
import type { Authority, EdgeEnv } from "../../src/edge/env.ts";
import { permit } from "../../src/edge/permit.ts";
import { commit } from "../../src/management/change.ts";
import { type ManagementEnv, settingsOf } from "../../src/management/env.ts";
import { changesSince, recentChanges } from "../../src/management/feed.ts";
import { Problem } from "../../src/problem.ts";
import { openFakeKv } from "../edge/distribution/fake-kv.ts";
import {
  call,
  count,
  type Deployment,
  dataset,
  deployment,
  env,
  inKv,
  keyOf,
  MAY_ALL,
  publisherOf,
  reasonOf,
  token,
  US,
} from "./client.ts";

const A_WITH_FEED_MS = 12_000;

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.spyOn(console, "error").mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function pass(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms });
}

/** Lets time pass with the publisher's alarms at work. */
async function passWithAlarms(org: string, ms: number): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    const due = await runInDurableObject(publisherOf(org), (_, state) => state.storage.getAlarm());
    vi.useFakeTimers({ toFake: ["Date"], now: Math.min(end, Math.max(Date.now() + 1, due ?? end)) });
    if (due !== null && due <= Date.now()) await runDurableObjectAlarm(publisherOf(org));
  }
}

const real = (exports as unknown as { Authority: Authority }).Authority;

/** An isolate of an edge, with the real authority behind it. */
function isolate(authority: Authority = real) {
  const documents = openDocuments();
  const bindings = {
    ...{ PERMISSIONS: env.PERMISSIONS, AUTHORITY: authority, TOKEN_TAG_KEYS: env.TOKEN_TAG_KEYS, REGION: US },
    ...{ BUFFER_SHARDS: 1, SEGMENT_BYTES_MAX: 8_000_000, FLUSH_AFTER_MS: 60_000, DEDUPE_WINDOW_MS: 600_000, DEDUPE_IDS_MAX: 1 },
  } as unknown as EdgeEnv;
  return async (secret: string, name = "web"): Promise<string> => {
    const behind: Promise<unknown>[] = [];
    const visit = { now: Date.now(), ip: null, waitUntil: (work: Promise<unknown>) => void behind.push(work), purpose: "ingest" as const };
    try {
      const caller = await authenticate(secret, visit, bindings, documents);
      await permit(caller, "ingest:create", name, US, bindings, visit.now);
      return caller.degraded ? "degraded" : "accepted";
    } catch (thrown) {
      if (!(thrown instanceof Problem)) throw thrown;
      return thrown.reason;
    } finally {
      await Promise.all(behind);
    }
  };
}

/** Replaces bindings of an organisation's publisher, until the next call. */
function equip(org: string, instead: Partial<ManagementEnv>): Promise<void> {
  return runInDurableObject(publisherOf(org), (publisher) => {
    Object.assign(publisher, { env: { ...env, ...instead } });
  });
}

const refusing = { put: () => Promise.reject(new Error("KV PUT failed: 500")) } as unknown as KVNamespace;

/** Everything as it is a minute after it was made. */
async function settled(): Promise<Deployment> {
  pass(3_600_000);
  const made = await deployment();
  await dataset(made, "web");
  await passWithAlarms(made.org, 120_000);
  return made;
}

describe("the failure table, as far as management answers for it", () => {
  it("row 5: the database is away: nothing is half done, and the answer is 503", async () => {
    const made = await settled();
    const old = await token(made, MAY_ALL);
    const before = [await count("tokens"), await count("changes"), await count("audit"), await inKv(keyOf(old.token))];
    const DB = {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: () => Promise.reject(new Error("D1_ERROR: away")),
    } as unknown as D1Database;
    const soon = { existingTokenExpiresAt: new Date(Date.now() + 60_000).toISOString() };
    for (const [method, path, body] of [
      ["POST", "/v2/tokens", { name: "new", ...MAY_ALL }],
      ["POST", `/v2/tokens/${old.id}/regenerate`, soon],
      ["DELETE", `/v2/tokens/${old.id}`, undefined],
    ] as const) {
      const reply = await call(method, path, made.owner, body, { instead: { DB } });
      expect([reply.status, reasonOf(reply), reply.headers.get("retry-after")]).toEqual([503, "store-unavailable", "1"]);
    }
    expect([await count("tokens"), await count("changes"), await count("audit"), await inKv(keyOf(old.token))]).toEqual(before);
    expect(await isolate()(old.token)).toBe("accepted");
  });

  it("row 7: KV takes no writes: the change is in the feed, is tried again, and is told again to isolates that begin later", async () => {
    const made = await settled();
    const { id, token: secret } = await token(made, MAY_ALL);
    const use = isolate();
    expect(await use(secret)).toBe("accepted");
    await equip(made.org, { PERMISSIONS: refusing });
    await call("DELETE", `/v2/tokens/${id}`, made.owner);
    pass(A_WITH_FEED_MS);
    expect(await use(secret)).toBe("token-revoked");
    await passWithAlarms(made.org, 4 * 3_600_000);
    expect(await inKv(keyOf(secret))).toMatchObject({ status: "active" });
    expect(await isolate()(secret)).toBe("token-revoked");
    expect(await use(secret)).toBe("token-revoked");
    await equip(made.org, {});
    await passWithAlarms(made.org, 300_000);
    expect(await inKv(keyOf(secret))).toMatchObject({ status: "revoked" });
  });

  it("row 8: whatever is committed between the publisher's read and its write is written next", async () => {
    const made = await settled();
    const { id, token: secret } = await token(made, MAY_ALL);
    const key = keyOf(secret);
    pass(5_000);
    const written: number[] = [];
    const put = async (name: string, text: string, ...rest: [KVNamespacePutOptions]) => {
      if (name === key && written.length === 0)
        await env.DB.batch([
          env.DB.prepare("UPDATE tokens SET status = 'revoked', ver = 3 WHERE id = ?").bind(id),
          env.DB.prepare("INSERT INTO changes (org, key, ver, status, at) VALUES (?, ?, 3, 'revoked', ?)").bind(made.org, key, Date.now()),
        ]);
      if (name === key) written.push(JSON.parse(text).ver);
      await env.PERMISSIONS.put(name, text, ...rest);
    };
    await equip(made.org, { PERMISSIONS: { put } as unknown as KVNamespace });
    const use = isolate();
    expect(await use(secret)).toBe("accepted");
    await env.DB.batch([
      env.DB.prepare("UPDATE tokens SET ver = 2 WHERE id = ?").bind(id),
      env.DB.prepare("INSERT INTO changes (org, key, ver, status, at) VALUES (?, ?, 2, 'active', ?)").bind(made.org, key, Date.now()),
    ]);
    // two at once: one run at a time
    await Promise.all([publisherOf(made.org).publish(), publisherOf(made.org).publish()]);
    await passWithAlarms(made.org, A_WITH_FEED_MS);
    expect(written).toEqual([2, 3]);
    expect(await inKv(key)).toMatchObject({ status: "revoked" });
    expect(await use(secret)).toBe("token-revoked");
  });

  it("row 9: a write that was given up arrives after the tombstone: no edge believes it, and a minute later it is written over", async () => {
    const made = await settled();
    const { id, token: secret } = await token(made, MAY_ALL);
    const use = isolate();
    expect(await use(secret)).toBe("accepted");
    const read = JSON.stringify(await inKv(keyOf(secret)));
    pass(5_000);
    await call("DELETE", `/v2/tokens/${id}`, made.owner);
    await env.PERMISSIONS.put(keyOf(secret), read);
    await passWithAlarms(made.org, A_WITH_FEED_MS);
    expect(await inKv(keyOf(secret))).toMatchObject({ status: "active" });
    expect(await use(secret)).toBe("token-revoked");
    expect(await isolate()(secret)).toBe("token-revoked");
    await passWithAlarms(made.org, 60_000);
    expect(await inKv(keyOf(secret))).toMatchObject({ status: "revoked" });
    pass(2 * FEED_BEGINS_MS);
    expect(await isolate()(secret)).toBe("token-revoked");
  });

  it("row 13: regenerated with a grace: both tokens work until it ends, then only the new one", async () => {
    const made = await settled();
    const old = await token(made, MAY_ALL);
    const use = isolate();
    expect(await use(old.token)).toBe("accepted");
    const end = { existingTokenExpiresAt: new Date(Date.now() + 60_000).toISOString() };
    const { body: successor } = await call("POST", `/v2/tokens/${old.id}/regenerate`, made.owner, end);
    for (const secret of [old.token, successor.token]) expect(await use(secret)).toBe("accepted");
    pass(50_000);
    for (const secret of [old.token, successor.token]) expect(await use(secret)).toBe("accepted");
    pass(10_000);
    for (const one of [use, isolate()]) expect([await one(old.token), await one(successor.token)]).toEqual(["token-expired", "accepted"]);
  });

  it("row 14: regenerated without a grace: the old token ends within 12 s", async () => {
    const made = await settled();
    const old = await token(made, MAY_ALL);
    const use = isolate();
    expect(await use(old.token)).toBe("accepted");
    const end = { existingTokenExpiresAt: new Date(Date.now()).toISOString() };
    const { body: successor } = await call("POST", `/v2/tokens/${old.id}/regenerate`, made.owner, end);
    expect(await use(successor.token)).toBe("accepted");
    pass(A_WITH_FEED_MS);
    expect(await use(old.token)).toBe("token-expired");
  });

  it("row 16: an organisation is suspended, and let in again: every isolate hears of it within 12 s", async () => {
    const made = await settled();
    const { token: secret } = await token(made, MAY_ALL);
    const use = isolate();
    const set = async (status: string) => {
      const id = crypto.randomUUID();
      const update = env.DB.prepare("UPDATE orgs SET status = ?, ver = ver + 1, change_id = ? WHERE id = ?").bind(status, id, made.org);
      const actor = { kind: "user", id: "u", name: "Ada" } as const;
      const change = { id, at: Date.now(), org: made.org, actor, action: "org.status", target: made.org, detail: { status }, origin: null };
      expect(await commit(env.DB, change, [update], { table: "orgs", id: made.org })).toBe(true);
      await publisherOf(made.org).publish();
    };
    expect(await use(secret)).toBe("accepted");
    for (const [status, verdict] of [
      ["suspended", "organisation-suspended"],
      ["active", "accepted"],
    ] as const) {
      await set(status);
      await passWithAlarms(made.org, A_WITH_FEED_MS);
      for (const one of [use, isolate()]) expect(await one(secret)).toBe(verdict);
    }
  });

  it("row 17: a dataset takes events as soon as it is made, and none 12 s after it is deleted", async () => {
    const made = await settled();
    const { token: secret } = await token(made, MAY_ALL);
    const use = isolate();
    expect(await use(secret)).toBe("accepted");
    await dataset(made, "new");
    expect(await use(secret, "new")).toBe("accepted");
    await call("DELETE", "/v2/datasets/new", made.owner);
    pass(A_WITH_FEED_MS);
    expect(await use(secret, "new")).toBe("dataset-unknown");
    expect(await use(secret)).toBe("accepted");
  });

  it("row 18: a membership ends, or a personal token: the next request knows", async () => {
    const made = await settled();
    expect((await call("GET", "/v2/datasets", made.owner)).status).toBe(200);
    await env.DB.prepare("UPDATE members SET role = 'none', ver = ver + 1 WHERE org = ?").bind(made.org).run();
    expect(reasonOf(await call("POST", "/v2/datasets", made.owner, { name: "more" }))).toBe("forbidden");
    await env.DB.prepare("DELETE FROM members WHERE org = ?").bind(made.org).run();
    expect(reasonOf(await call("GET", "/v2/datasets", made.owner))).toBe("forbidden");
    await env.DB.prepare("UPDATE personal_tokens SET status = 'revoked'").run();
    expect(reasonOf(await call("GET", "/v2/datasets", made.owner))).toBe("token-revoked");
  });

  it("row 19: who made a token leaves: it is the organisation's, and stays", async () => {
    const made = await settled();
    const { token: secret } = await token(made, MAY_ALL);
    await env.DB.prepare("DELETE FROM members WHERE org = ?").bind(made.org).run();
    pass(A_WITH_FEED_MS);
    expect(await isolate()(secret)).toBe("accepted");
    expect((await call("GET", "/v2/datasets", { token: secret })).status).toBe(200);
  });

  it("row 21: KV takes one write per key and second: it is never asked for more, and has the last state soon", async () => {
    const made = await settled();
    const clock = {
      get now() {
        return Date.now();
      },
    };
    const kv = openFakeKv(clock);
    const refused: string[] = [];
    const put = (key: string, value: string, options?: { expirationTtl?: number }) =>
      kv.put(key, value, options).catch((error) => {
        refused.push(String(error));
        throw error;
      });
    await equip(made.org, { PERMISSIONS: { put } as unknown as KVNamespace });
    for (let i = 0; i < 12; i++) {
      await dataset(made, `d${i}`);
      await passWithAlarms(made.org, 300);
    }
    await passWithAlarms(made.org, 2_000);
    expect(refused).toEqual([]);
    const { datasets } = JSON.parse(kv.stored(organisationKey(made.org)) as string) as { datasets: object };
    expect(Object.keys(datasets)).toHaveLength(13);
    expect(kv.counts.writes).toBeLessThan(12);
  });

  it("row 24: a management that throws at everything is one whose database is away", async () => {
    const made = await settled();
    const { token: secret } = await token(made, MAY_ALL);
    const throwing = new Proxy({} as Authority, { get: () => () => Promise.reject(new TypeError("no such method")) });
    const use = isolate(throwing);
    expect(await use(secret)).toBe("accepted");
    pass(3_600_000);
    expect(await use(secret)).toBe("accepted");
    expect(await use(mintToken("api", settingsOf(env).tagKeys))).toBe("store-unavailable");
  });
});

describe("the change feed", () => {
  it("tells each changed document once, in its last state, and where to go on; first versions outdate nothing", async () => {
    const made = await settled();
    const { seq } = await changesSince(env.DB, null, Date.now());
    const [kept, gone] = [await token(made, MAY_ALL), await token(made, MAY_ALL)];
    await call("DELETE", `/v2/tokens/${gone.id}`, made.owner);
    for (const name of ["a", "b"]) await dataset(made, name);
    const changes = await changesSince(env.DB, seq, Date.now());
    expect(changes).toEqual({
      seq: expect.any(Number),
      changed: [
        { key: keyOf(gone.token), ver: 2, revoked: true },
        { key: organisationKey(made.org), ver: 4, revoked: false },
      ],
      reset: false,
    });
    expect(JSON.stringify(changes)).not.toContain(keyOf(kept.token));
    expect(await changesSince(env.DB, changes.seq, Date.now())).toEqual({ seq: changes.seq, changed: [], reset: false });
  });

  it("begins ten minutes back for who has heard nothing yet, and says where it is even when there is nothing to tell", async () => {
    const made = await settled();
    await dataset(made, "late");
    const now = Date.now();
    expect((await changesSince(env.DB, null, now + FEED_BEGINS_MS - 1_000)).changed).toHaveLength(1);
    const quiet = await changesSince(env.DB, null, now + FEED_BEGINS_MS + 1_000);
    expect(quiet).toEqual({ seq: await env.DB.prepare("SELECT max(seq) AS seq FROM changes").first("seq"), changed: [], reset: false });
  });

  it("sends whoever is too far behind, or ahead of an older past, back to the beginning", async () => {
    const made = await settled();
    const { seq } = await changesSince(env.DB, null, Date.now());
    const insert = (keys: number) =>
      env.DB.prepare(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
        INSERT INTO changes (org, key, ver, at) SELECT ?, 't:' || i, 2, ? FROM n`,
      )
        .bind(keys, made.org, Date.now())
        .run();
    await insert(FEED_ROWS_MAX);
    expect(await changesSince(env.DB, seq, Date.now())).toMatchObject({ reset: false, changed: { length: FEED_ROWS_MAX } });
    await insert(FEED_ROWS_MAX + 1);
    const last = seq + 2 * FEED_ROWS_MAX + 1;
    for (const from of [seq, null, last + 1])
      expect(await changesSince(env.DB, from, Date.now())).toEqual({ seq: last, changed: [], reset: true });
    expect(await changesSince(env.DB, last, Date.now())).toEqual({ seq: last, changed: [], reset: false });
  });

  it("reads the database once a second for all who ask the same, and throws when it is away", async () => {
    const made = await settled();
    let batches = 0;
    const counting = {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: (statements: D1PreparedStatement[]) => {
        batches++;
        return env.DB.batch(statements);
      },
    } as unknown as D1Database;
    const now = Date.now();
    const first = await recentChanges(counting, 0, now);
    await dataset(made, "more");
    expect(await recentChanges(counting, 0, now + FEED_MEMO_MS)).toBe(first);
    expect(batches).toBe(1);
    expect((await recentChanges(counting, 0, now + FEED_MEMO_MS + 1)).seq).toBe(first.seq + 1);
    expect(batches).toBe(2);
    const away = {
      prepare: () => ({ bind: () => null }),
      batch: () => Promise.reject(new Error("D1_ERROR: away")),
    } as unknown as D1Database;
    await expect(recentChanges(away, 0, now + 10_000)).rejects.toThrow("D1_ERROR");
  });
});
