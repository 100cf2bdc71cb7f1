/** What a region does with deleted datasets, old events and lost alarms, with the real authority beside it. */
import { createScheduledController, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Removed } from "../../src/access/chore.ts";
import { PAGES_MAX } from "../../src/edge/bucket/objects.ts";
import { objectKey, objectPrefix, segmentId } from "../../src/edge/buffer/object-key.ts";
import type { Destination } from "../../src/edge/buffer/segment.ts";
import { bufferOf } from "../../src/edge/buffer/shard.ts";
import type { EdgeEnv } from "../../src/edge/env.ts";
import { purge, RETENTION_CRON, runChores, trim } from "../../src/edge/life.ts";
import worker from "../../src/edge/worker.ts";
import { alarmOf, event, ROUTE, stopClock } from "./buffer/under-test.ts";
import { env, HERE } from "./gateway.ts";

const { DB } = env as unknown as { DB: D1Database };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.UTC(2026, 10, 24, 3, 43);
const ROOTS = ["", "quarantine/", "dead/"];

beforeEach(async () => {
  await DB.prepare(
    "INSERT INTO orgs (id, name, status, default_region, created_at, updated_at, ver, change_id) VALUES ('o', 'O', 'active', ?, 0, 0, 1, '')",
  )
    .bind(HERE)
    .run();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A dataset as management keeps it. */
async function dataset({ days = 0, deleted = false } = {}): Promise<Destination> {
  const datasetId = crypto.randomUUID();
  await DB.prepare(
    `INSERT INTO datasets (id, org, name, description, kind, region, retention_days, use_retention_period, who, created_at, updated_at,
      deleted_at, change_id) VALUES (?1, 'o', ?1, '', 'k', ?2, ?3, ?4, 'w', 0, 0, ?5, '')`,
  )
    .bind(datasetId, HERE, days, days > 0 ? 1 : 0, deleted ? 1 : null)
    .run();
  return { org: "o", dataset: datasetId, datasetId, region: HERE };
}

let chance = 0;

async function put(destination: Destination, time: number, roots = ROOTS): Promise<string[]> {
  const key = objectKey(destination, segmentId(time, new Uint8Array(10).fill(chance++)));
  const keys = roots.map((root) => root + key);
  for (const each of keys) await env.SEGMENTS.put(each, "12345");
  return keys;
}

async function keys(destination: Destination): Promise<string[]> {
  const lists = await Promise.all(ROOTS.map((root) => env.SEGMENTS.list({ prefix: root + objectPrefix(destination) })));
  return lists.flatMap(({ objects }) => objects.map(({ key }) => key));
}

/** R2 with two keys a page. */
const inSmallPages = {
  ...env,
  SEGMENTS: {
    list: (options: R2ListOptions) => env.SEGMENTS.list({ ...options, limit: 2 }),
    delete: (gone: string[]) => env.SEGMENTS.delete(gone),
  } as unknown as R2Bucket,
};

async function cron(expression: string, instead: Partial<EdgeEnv> = {}): Promise<void> {
  const controller = createScheduledController({ cron: expression, scheduledTime: new Date(NOW) });
  await worker.scheduled(controller, { ...env, ...instead });
}

function purgeEntries(): Promise<string[]> {
  return DB.prepare("SELECT detail FROM audit WHERE action = 'dataset.purge' AND actor_kind = 'system'")
    .all<{ detail: string }>()
    .then(({ results }) => results.map(({ detail }) => JSON.parse(detail)));
}

describe("a purge", () => {
  it("leaves a buffer that tells whoever still knows the dataset, and takes nothing", async () => {
    const gone = await dataset();
    await purge(gone, env);
    expect(await bufferOf(env, gone, 0).append(gone, event(1), ROUTE)).toBe("gone");
    await evictDurableObject(bufferOf(env, gone, 0));
    expect(await bufferOf(env, gone, 0).append(gone, event(1), ROUTE)).toBe("gone");
    expect(await bufferOf(env, gone, 0).pending()).toEqual({ rows: 0, bytes: 0 });
  });

  it("removes what is buffered, stored, refused and dead, whatever it is, and nothing of another dataset", async () => {
    const [gone, stays] = [await dataset(), await dataset()];
    for (const destination of [gone, stays]) {
      await put(destination, NOW);
      await env.SEGMENTS.put(`${objectPrefix(destination)}foreign.parquet`, "12345");
      await bufferOf(env, destination, 0).append(destination, event(1), ROUTE);
    }
    const { Region } = exports as unknown as { Region: { purge(destination: Destination): Promise<Removed> } };
    expect(await Region.purge(gone)).toEqual({ done: true, objects: 4, bytes: 20 });
    expect(await keys(gone)).toEqual([]);
    expect(await bufferOf(env, gone, 0).flush()).toEqual({ segments: 0, rows: 0 });
    expect(await keys(stays)).toHaveLength(4);
    expect(await bufferOf(env, stays, 0).flush()).toEqual({ segments: 1, rows: 1 });
  });

  it("goes as far as one call may, and says that there is more", async () => {
    const gone = await dataset();
    const all = 2 * PAGES_MAX + 5;
    for (let n = 0; n < all; n++) await put(gone, NOW + n, [""]);
    expect(await purge(gone, inSmallPages)).toEqual({ done: false, objects: 2 * PAGES_MAX, bytes: 10 * PAGES_MAX });
    expect(await purge(gone, inSmallPages)).toMatchObject({ done: true, objects: 5 });
    expect(await purge(gone, inSmallPages)).toEqual({ done: true, objects: 0, bytes: 0 });
  });
});

describe("a trim", () => {
  it("removes whole objects that are older, page by page, and stops at the first young one", async () => {
    const destination = await dataset();
    const ages = [400 * DAY_MS, 31 * DAY_MS, 30 * DAY_MS + HOUR_MS, 30 * DAY_MS + 1, 30 * DAY_MS, 30 * DAY_MS - 1, HOUR_MS, 0];
    const written = [];
    for (const age of ages) written.push(await put(destination, NOW - age));
    expect(await trim(destination, NOW - 30 * DAY_MS, inSmallPages)).toEqual({ done: true, objects: 12, bytes: 60 });
    expect((await keys(destination)).sort()).toEqual(written.slice(4).flat().sort());
  });

  it("does not ask for what lies behind the first young object", async () => {
    const destination = await dataset();
    for (let n = 0; n < 10; n++) await put(destination, NOW + n, [""]);
    const list = vi.fn(inSmallPages.SEGMENTS.list);
    const SEGMENTS = { ...inSmallPages.SEGMENTS, list } as unknown as R2Bucket;
    expect(await trim(destination, NOW, { ...env, SEGMENTS })).toEqual({ done: true, objects: 0, bytes: 0 });
    expect(list).toHaveBeenCalledTimes(3);
  });

  it("leaves alone what someone else has put there", async () => {
    const destination = await dataset();
    const [key = ""] = await put(destination, NOW - DAY_MS, [""]);
    const foreign = ["_SUCCESS", "a.parquet", "zzz.ndjson.gz"].map((name) => key.replace(/[^/]*$/, name));
    for (const each of foreign) await env.SEGMENTS.put(each, "x");
    expect(await trim(destination, NOW, env)).toMatchObject({ done: true, objects: 1 });
    expect((await keys(destination)).sort()).toEqual(foreign.sort());
  });
});

describe("the region's cron", () => {
  it("finishes what a deletion began, and tells the authority, which tells the log", async () => {
    const gone = await dataset({ deleted: true });
    await put(gone, NOW);
    await bufferOf(env, gone, 0).append(gone, event(1), ROUTE);
    await cron("17 * * * *");
    expect(await keys(gone)).toEqual([]);
    expect(await purgeEntries()).toEqual([{ id: gone.datasetId, objects: 3, bytes: 15 }]);
    expect(await env.AUTHORITY.choresOf(HERE, null)).toEqual([]);
    await cron("17 * * * *");
    expect(await purgeEntries()).toHaveLength(1);
  });

  it("goes on in the next run where the budget of this one ended", async () => {
    const gone = await dataset({ deleted: true });
    await put(gone, NOW, [""]);
    const never = { ...env.SEGMENTS, list: () => Promise.resolve({ objects: [], truncated: true, cursor: "c" }) } as unknown as R2Bucket;
    await cron("17 * * * *", { SEGMENTS: never });
    expect(await purgeEntries()).toEqual([]);
    await cron("17 * * * *");
    expect(await purgeEntries()).toHaveLength(1);
  });

  it("lets retention act once a day, on the datasets that have one", async () => {
    const [month, forEver] = [await dataset({ days: 30 }), await dataset()];
    for (const destination of [month, forEver]) for (const days of [29, 31]) await put(destination, NOW - days * DAY_MS, [""]);
    await cron("17 * * * *");
    expect(await keys(month)).toHaveLength(2);
    await cron(RETENTION_CRON);
    expect(await keys(month)).toEqual([expect.stringContaining("/date=2026-10-26/")]);
    expect(await keys(forEver)).toHaveLength(2);
  });

  it("sets an alarm again that was lost", async () => {
    const destination = await dataset();
    const stub = bufferOf(env, destination, 0);
    await stub.append(destination, event(1), ROUTE);
    await runInDurableObject(stub, (_instance, state) => state.storage.deleteAlarm());
    stopClock();
    expect(await alarmOf(stub)).toBeNull();
    await cron("17 * * * *");
    expect(await alarmOf(stub)).not.toBeNull();
  });

  it("reaches every dataset, though some of them fail", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const all: Destination[] = [];
    for (let n = 0; n < 6; n++) all.push(await dataset({ deleted: true }));
    for (const destination of all) await put(destination, NOW, [""]);
    const bad = [all[1], all[4]].map((destination) => destination?.datasetId);
    const SEGMENTS = {
      list: (options: R2ListOptions) =>
        bad.some((id) => options.prefix?.includes(`${id}`)) ? Promise.reject(new Error("R2 is down")) : env.SEGMENTS.list(options),
      delete: (gone: string[]) => env.SEGMENTS.delete(gone),
    } as unknown as R2Bucket;
    await runChores({ ...env, SEGMENTS }, { retention: false }, NOW);
    expect(await purgeEntries()).toHaveLength(4);
    expect(log.mock.calls.map(([what, id]) => [what, id]).sort()).toEqual(bad.map((id) => ["chore failed", id]).sort());
    await runChores(env, { retention: false }, NOW);
    expect(await purgeEntries()).toHaveLength(6);
  });

  it("meets each dataset once, wherever it begins", async () => {
    const all: string[] = [];
    for (let n = 0; n < 5; n++) all.push((await dataset()).datasetId);
    for (const start of ["00000000", "7fffffff", "ffffffff"] as const) {
      vi.spyOn(crypto, "randomUUID").mockReturnValue(`${start}-0000-4000-8000-000000000000`);
      const met: string[] = [];
      const BUFFER = {
        idFromName: (name: string) => name,
        get: (name: string) => ({ poke: async () => met.push(name.replace(/:0$/, "")), mostShards: async () => 1 }),
      } as unknown as EdgeEnv["BUFFER"];
      await runChores({ ...env, BUFFER }, { retention: false }, NOW);
      expect([start, [...met].sort()]).toEqual([start, [...all].sort()]);
    }
  });
});
