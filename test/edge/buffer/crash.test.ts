/** The end of an object at each point where it could matter, by the numbers of the table in src/ARCHITECTURE.md. `abortAllDurableObjects` ends it without any clean-up. */
import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Buffer as BufferObject } from "../../../src/edge/buffer/buffer.ts";
import type { Destination } from "../../../src/edge/buffer/segment.ts";
import { bufferOf } from "../../../src/edge/buffer/shard.ts";
import { type StorageEnv, storageSettingsOf } from "../../../src/edge/storage-env.ts";
import { send } from "../../../src/edge/store.ts";
import { env } from "../gateway.ts";
import {
  breakNextTransaction,
  event,
  failPuts,
  interceptPut,
  objectsOf,
  query,
  ROUTE,
  type Stub,
  setUp,
  stopClock,
  storedIn,
  tryAppend,
  tryFlush,
} from "./under-test.ts";

beforeEach(() => {
  stopClock();
});
afterEach(() => {
  vi.useRealTimers();
});

const fingerprints = async (destination: Destination) =>
  (await objectsOf(destination)).map(({ key, etag, uploaded }) => [key, etag, uploaded.getTime()]);

/** Everything due: what no one asks for is done by the alarm. */
async function alarm(stub: Stub): Promise<void> {
  vi.setSystemTime(Date.now() + storageSettingsOf(env).flushAfterMs);
  await runDurableObjectAlarm(stub);
}

describe("a crash", () => {
  it("1: in a commit stores nothing, tells the sender, leaves memory as the disk is, and the retry is stored once", async () => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    await runInDurableObject(stub(), (_instance, { storage }) => breakNextTransaction(storage));
    expect(await tryAppend(stub(), destination, event(2))).toMatch(/disk is broken/);
    expect(await stub().pending()).toMatchObject({ rows: 1 });
    expect(await send(event(2))).toBe("stored");
    await alarm(stub());
    expect(await storedIn(destination)).toEqual([1, 2]);
  });

  it("1: in the commit that opens a segment leaves no half of one", async () => {
    const { send, stub, destination } = setUp();
    await runInDurableObject(stub(), (_instance, { storage }) => breakNextTransaction(storage));
    expect(await tryAppend(stub(), destination, event(1))).toMatch(/disk is broken/);
    expect(await query(stub(), "SELECT count(*) FROM seg")).toBe(0);
    await abortAllDurableObjects();
    expect(await send(event(1))).toBe("stored");
    await alarm(stub());
    expect(await storedIn(destination)).toEqual([1]);
  });

  it("2: after the commit, with the answer lost, makes the retry a duplicate", async () => {
    const { send, stub, destination } = setUp();
    await runInDurableObject(stub(), (_instance, { storage }) => {
      const real = storage.sync;
      storage.sync = () => real.call(storage).then(() => scheduler.wait(60_000));
    });
    const unanswered = send(event(1)).then(String, String);
    await vi.waitUntil(() => query(stub(), "SELECT count(*) FROM w_1").catch(() => 0));
    await abortAllDurableObjects();
    expect(await unanswered).not.toBe("stored");
    expect(await send(event(1))).toBe("duplicate");
    await alarm(stub());
    expect(await storedIn(destination)).toEqual([1]);
  });

  it("4: after the seal and before the put is made good by the alarm alone", async () => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    await interceptPut(stub(), () => () => scheduler.wait(60_000));
    const unanswered = stub().flush().then(String, String);
    await vi.waitUntil(() => query(stub(), "SELECT sealed FROM seg"));
    await abortAllDurableObjects();
    await unanswered;
    expect(await objectsOf(destination)).toEqual([]);
    await alarm(stub());
    expect(await storedIn(destination)).toEqual([1]);
  });

  it("5: after the put and before its answer leaves the object as it is, under the same key", async () => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    await interceptPut(stub(), (real) => async (...args) => {
      await real(...args);
      await scheduler.wait(60_000);
    });
    const unanswered = stub().flush().then(String, String);
    await vi.waitUntil(async () => (await objectsOf(destination)).length);
    const before = await fingerprints(destination);
    await abortAllDurableObjects();
    await unanswered;
    expect(await send(event(1))).toBe("duplicate");
    expect(await send(event(2))).toBe("stored");
    await alarm(stub());
    expect((await fingerprints(destination)).slice(0, 1)).toEqual(before);
    expect(await storedIn(destination)).toEqual([1, 2]);
  });

  it.each(["before", "after"] as const)("5: of the put itself %s its effect leaves one copy", async (when) => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    await failPuts(stub(), when);
    expect(await tryFlush(stub())).toMatch(/R2 is down|answer was lost/);
    expect(await stub().pending()).toMatchObject({ rows: 1 });
    await send(event(2));
    await alarm(stub());
    await alarm(stub());
    expect(await storedIn(destination)).toEqual([1, 2]);
  });

  it("6: in the transaction after the put puts the same bytes again and then drops them", async () => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    await runInDurableObject(stub(), (_instance, { storage }) => breakNextTransaction(storage));
    expect(await tryFlush(stub())).toMatch(/disk is broken/);
    const before = await fingerprints(destination);
    expect(before.length).toBe(1);
    expect(await stub().pending()).toMatchObject({ rows: 1 });
    await abortAllDurableObjects();
    expect(await send(event(1))).toBe("duplicate");
    await alarm(stub());
    expect(await fingerprints(destination)).toEqual(before);
    expect(await stub().pending()).toEqual({ rows: 0, bytes: 0 });
  });

  it("7: after everything forgets nothing that a retry could ask for", async () => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    await stub().flush();
    await abortAllDurableObjects();
    expect(await stub().pending()).toEqual({ rows: 0, bytes: 0 });
    expect(await send(event(1))).toBe("duplicate");
    await stub().flush();
    expect(await storedIn(destination)).toEqual([1]);
  });

  it("of a commit while a segment is being put does not bring that segment back", async () => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    let failed = "";
    await interceptPut(stub(), (real, instance, { storage }) => async (...args) => {
      breakNextTransaction(storage);
      failed = await instance.append(destination, event(2), ROUTE).catch(String);
      return real(...args);
    });
    expect(await tryFlush(stub())).toBe("done");
    expect(failed).toMatch(/disk is broken/);
    expect(await stub().pending()).toEqual({ rows: 0, bytes: 0 });
    expect(await tryFlush(stub())).toBe("done");
    expect(await storedIn(destination)).toEqual([1]);
  });

  it("3: of the call from the edge, after its effect, is repeated with the same id and stores nothing twice", async () => {
    const { destination } = setUp();
    let calls = 0;
    const BUFFER = {
      idFromName: (name: string) => env.BUFFER.idFromName(name),
      get: (id: DurableObjectId) => ({
        async append(...args: Parameters<BufferObject["append"]>) {
          const answer = await env.BUFFER.get(id).append(...args);
          if (calls++ === 0) throw Object.assign(new Error("connection lost"), { retryable: true });
          return answer;
        },
      }),
    } as unknown as StorageEnv["BUFFER"];
    const sender = { destination, token: "t", traceId: "", now: 0, dedupe: "off" as const, quarantineBytesMax: 0, idempotencyKey: null };
    expect(await send(event(1), sender, { ...env, BUFFER })).toBe("duplicate");
    expect(calls).toBe(2);
    await bufferOf(env, destination, 0).flush();
    expect(await storedIn(destination)).toEqual([1]);
  });

  it("8: whose put goes on after its end changes nothing: the next one has put the same bytes under the same key", async () => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    const zombies: (() => Promise<unknown>)[] = [];
    await interceptPut(stub(), (_real) => (...args) => {
      zombies.push(() => env.SEGMENTS.put(...args));
      return scheduler.wait(60_000);
    });
    const unanswered = stub().flush().then(String, String);
    await vi.waitUntil(() => zombies.length);
    await abortAllDurableObjects();
    await unanswered;
    await stub().flush();
    const before = await fingerprints(destination);
    expect(before.length).toBe(1);
    for (const put of zombies) expect(await put()).toBeNull();
    expect(await fingerprints(destination)).toEqual(before);
    expect(await storedIn(destination)).toEqual([1]);
  });

  it("9: of the alarm itself is made good by the region's poke", async () => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    await runInDurableObject(stub(), (_instance, { storage }) => storage.deleteAlarm());
    await abortAllDurableObjects();
    await stub().poke();
    await alarm(stub());
    expect(await storedIn(destination)).toEqual([1]);
  });

  it("10: of the bucket for an hour keeps everything here, and all of it is written out once that is back", async () => {
    const { send, stub, destination } = setUp();
    const until = Date.now() + 3_600_000;
    await interceptPut(stub(), (real) => async (...args) => {
      if (Date.now() < until) throw new Error("R2 is down");
      return real(...args);
    });
    const minutes = Array.from({ length: 60 }, (_, n) => n);
    for (const n of minutes) {
      expect(await send(event(n))).toBe("stored");
      vi.setSystemTime(Date.now() + 60_000);
      expect(await runDurableObjectAlarm(stub())).toBe(true);
    }
    expect((await stub().pending()).rows + (await storedIn(destination)).length).toBe(60);
    await alarm(stub());
    expect(await stub().pending()).toEqual({ rows: 0, bytes: 0 });
    expect(await storedIn(destination)).toEqual(minutes);
    expect(await send(event(59))).toBe("duplicate");
  });

  it("11: of the whole database overwrites nothing in the bucket", async () => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    await stub().flush();
    const before = await fingerprints(destination);
    await runInDurableObject(stub(), (_instance, { storage }) => storage.deleteAll());
    await abortAllDurableObjects();
    vi.setSystemTime(Date.now() + 1_000);
    await send(event(2));
    await stub().flush();
    expect((await fingerprints(destination)).slice(0, 1)).toEqual(before);
    expect(await storedIn(destination)).toEqual([1, 2]);
  });

  it.each(["a commit", "the answer of a commit"])("of %s leaves counts that add up to what is stored", async (what) => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    if (what === "a commit") {
      await runInDurableObject(stub(), (_instance, { storage }) => breakNextTransaction(storage));
      await tryAppend(stub(), destination, event(2));
    } else await send(event(2));
    await abortAllDurableObjects();
    await send(event(2));
    await send(event(1));
    await stub().flush();
    await abortAllDurableObjects();
    const [{ counts } = { counts: null }] = await stub().counters();
    const deduplicated = what === "a commit" ? 1 : 2;
    expect(counts).toEqual({ received: 2 + deduplicated, stored: 2, deduplicated, quarantined: 0, refused: {} });
    expect(await storedIn(destination)).toEqual([1, 2]);
  });
});
