import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { organisationKey } from "../../src/access/permission-set.ts";
import type { ManagementEnv } from "../../src/management/env.ts";
import { call, count, dataset, deployment, env, inKv, keyOf, MAY_ALL, publisherOf, token } from "./client.ts";

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Replaces bindings of an organisation's publisher, until the next call. */
function equip(org: string, instead: Partial<ManagementEnv>): Promise<void> {
  return runInDurableObject(publisherOf(org), (publisher) => {
    Object.assign(publisher, { env: { ...env, ...instead } });
  });
}

function alarmOf(org: string): Promise<number | null> {
  return runInDurableObject(publisherOf(org), (_, state) => state.storage.getAlarm());
}

/** KV that fails for some keys, and remembers what was tried. */
function failing(fails: (key: string) => boolean) {
  const tried: string[] = [];
  const put = (key: string, ...rest: [string, KVNamespacePutOptions]) => {
    tried.push(key);
    return fails(key) ? Promise.reject(new Error("KV PUT failed: 500")) : env.PERMISSIONS.put(key, ...rest);
  };
  return { tried, PERMISSIONS: { put } as unknown as KVNamespace };
}

function pass(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms });
}

describe("the publisher", () => {
  it("brings to KV by alarm what KV refused at first, and the answer does not wait for it", async () => {
    const made = await deployment();
    await equip(
      made.org,
      failing(() => true),
    );
    const created = await token(made, MAY_ALL);
    expect(await inKv(keyOf(created.token))).toBeNull();

    await equip(made.org, {});
    pass(5_000);
    expect(await runDurableObjectAlarm(publisherOf(made.org))).toBe(true);
    expect(await inKv(keyOf(created.token))).toMatchObject({ id: created.id, status: "active" });
  });

  it("lets one key that fails hold up no other", async () => {
    const made = await deployment();
    const first = await token(made, MAY_ALL);
    pass(5_000);
    await equip(
      made.org,
      failing((key) => key === keyOf(first.token)),
    );
    await call("DELETE", `/v2/tokens/${first.id}`, made.owner);
    const second = await token(made, MAY_ALL);
    expect(await inKv(keyOf(first.token))).toMatchObject({ status: "active" });
    expect(await inKv(keyOf(second.token))).toMatchObject({ id: second.id });
  });

  it("waits longer after each failure, five minutes at most, and is done after a success", async () => {
    const made = await deployment();
    pass(60_000); // what was announced is no longer expected
    await equip(
      made.org,
      failing(() => true),
    );
    await env.DB.prepare("INSERT INTO changes (org, key, ver, at) VALUES (?, ?, 1, 0)").bind(made.org, organisationKey(made.org)).run();
    await publisherOf(made.org).publish();
    const waits: number[] = [];
    for (let i = 0; i < 11; i++) {
      const due = Number(await alarmOf(made.org));
      waits.push(due - Date.now());
      vi.setSystemTime(due);
      await runDurableObjectAlarm(publisherOf(made.org));
    }
    expect(waits.slice(0, 4)).toEqual([1_100, 2_000, 4_000, 8_000]);
    expect(waits.at(-1)).toBe(300_000);

    await equip(made.org, {});
    vi.setSystemTime(Number(await alarmOf(made.org)));
    await runDurableObjectAlarm(publisherOf(made.org));
    expect(await alarmOf(made.org)).toBeNull();
  });

  it("publishes a change whose request died after the commit", async () => {
    const made = await deployment();
    const created = await token(made, MAY_ALL);
    pass(5_000);
    await publisherOf(made.org).announce(made.org);
    await env.DB.batch([
      env.DB.prepare("UPDATE tokens SET status = 'revoked', ver = 2 WHERE id = ?").bind(created.id),
      env.DB.prepare("INSERT INTO changes (org, key, ver, at) VALUES (?, ?, 2, 0)").bind(made.org, keyOf(created.token)),
    ]);
    expect(await alarmOf(made.org)).toBeGreaterThan(Date.now());
    pass(20_000);
    await runDurableObjectAlarm(publisherOf(made.org));
    expect(await inKv(keyOf(created.token))).toMatchObject({ status: "revoked", ver: 2 });
  });

  it("writes a key at most once a second, and its last state soon after", async () => {
    const made = await deployment();
    pass(5_000);
    const kv = failing(() => false);
    await equip(made.org, kv);
    for (const name of ["a", "b", "c"]) await dataset(made, name);
    const key = organisationKey(made.org);
    expect(kv.tried).toEqual([key]);
    expect(Object.keys((await inKv<{ datasets: object }>(key))?.datasets ?? {})).toEqual(["a"]);

    const due = Number(await alarmOf(made.org));
    expect(due - Date.now()).toBeLessThanOrEqual(1_100);
    vi.setSystemTime(due);
    await runDurableObjectAlarm(publisherOf(made.org));
    expect(kv.tried).toEqual([key, key]);
    expect(Object.keys((await inKv<{ datasets: object }>(key))?.datasets ?? {})).toEqual(["a", "b", "c"]);
  });

  it("knows of a change that is committed while it writes", async () => {
    const made = await deployment();
    const created = await token(made, MAY_ALL);
    pass(60_000); // what was announced is no longer expected
    const key = keyOf(created.token);
    const changed = env.DB.prepare("INSERT INTO changes (org, key, ver, at) VALUES (?, ?, 1, 0)").bind(made.org, key);
    let interrupted = false;
    const put = async (name: string, ...rest: [string, KVNamespacePutOptions]) => {
      if (!interrupted) {
        interrupted = true;
        await env.DB.batch([env.DB.prepare("UPDATE tokens SET status = 'revoked', ver = 2 WHERE id = ?").bind(created.id), changed]);
      }
      await env.PERMISSIONS.put(name, ...rest);
    };
    await equip(made.org, { PERMISSIONS: { put } as unknown as KVNamespace });
    await changed.run();
    await publisherOf(made.org).publish();
    expect(await inKv(key)).toMatchObject({ status: "active", ver: 1 });
    vi.setSystemTime(Number(await alarmOf(made.org)));
    await runDurableObjectAlarm(publisherOf(made.org));
    expect(await inKv(key)).toMatchObject({ status: "revoked", ver: 2 });
  });

  it("never lets a slow write of an older state come after a newer one", async () => {
    const made = await deployment();
    const created = await token(made, MAY_ALL);
    pass(60_000);
    const key = keyOf(created.token);
    const changed = env.DB.prepare("INSERT INTO changes (org, key, ver, at) VALUES (?, ?, 1, 0)").bind(made.org, key);
    await changed.run();

    const written: number[] = [];
    await runInDurableObject(publisherOf(made.org), async (publisher) => {
      let next: Promise<void> = Promise.resolve();
      let interrupted = false;
      const put = async (_: string, document: string) => {
        if (!interrupted) {
          interrupted = true;
          await env.DB.batch([env.DB.prepare("UPDATE tokens SET status = 'revoked', ver = 2 WHERE id = ?").bind(created.id), changed]);
          pass(5_000); // the interval between two writes has passed while this one hangs
          next = publisher.publish();
          // time enough for the next run, if it did not wait
          for (let i = 0; i < 20; i++) await env.DB.prepare("SELECT 1").run();
        }
        written.push(JSON.parse(document).ver);
      };
      Object.assign(publisher, { env: { ...env, PERMISSIONS: { put } } });
      await publisher.publish();
      await next;
    });
    expect(written).toEqual([1, 2]);
  });

  it("outlives a database that does not answer", async () => {
    const made = await deployment();
    const created = await token(made, MAY_ALL);
    pass(5_000);
    const DB = { prepare: () => ({ bind: () => ({ all: () => Promise.reject(new Error("D1_ERROR: away")) }) }) } as unknown as D1Database;
    await equip(made.org, { DB });
    await call("DELETE", `/v2/tokens/${created.id}`, made.owner);
    expect(await inKv(keyOf(created.token))).toMatchObject({ status: "active" });
    await runDurableObjectAlarm(publisherOf(made.org));
    expect(await alarmOf(made.org)).toBeGreaterThan(Date.now());
    await equip(made.org, {});
    await runDurableObjectAlarm(publisherOf(made.org));
    expect(await inKv(keyOf(created.token))).toMatchObject({ status: "revoked" });
  });

  it("removes what no longer exists", async () => {
    const made = await deployment();
    const created = await token(made, MAY_ALL);
    pass(5_000);
    await env.DB.batch([
      env.DB.prepare("DELETE FROM tokens WHERE id = ?").bind(created.id),
      env.DB.prepare("INSERT INTO changes (org, key, ver, at) VALUES (?, ?, 2, 0)").bind(made.org, keyOf(created.token)),
    ]);
    await publisherOf(made.org).publish();
    expect(await inKv(keyOf(created.token))).toBeNull();
  });

  it("keeps the document of a token that ends for a day more", async () => {
    const made = await deployment();
    const end = Math.floor(Date.now() / 1_000) * 1_000 + 3_600_000;
    await token(made, { ...MAY_ALL, expiresAt: new Date(end).toISOString() });
    const { keys } = await env.PERMISSIONS.list({ prefix: "t:" });
    expect(Math.abs(Number(keys[0]?.expiration) - (end / 1_000 + 86_400))).toBeLessThanOrEqual(2);
  });

  it("forgets changes a day after it has published them", async () => {
    const made = await deployment();
    await token(made, MAY_ALL);
    const published = await count("changes");
    pass(86_000_000);
    await runDurableObjectAlarm(publisherOf(made.org));
    expect(await count("changes")).toBe(published);
    pass(1_000_000);
    await publisherOf(made.org).announce(made.org);
    await runDurableObjectAlarm(publisherOf(made.org));
    expect(await count("changes")).toBe(0);
  });
});
