/** The end of an object at each point where it could matter. `abortAllDurableObjects` ends it without any clean-up. */
import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Destination } from "../../../src/edge/buffer/segment.ts";
import { settingsOf } from "../../../src/edge/env.ts";
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
  vi.setSystemTime(Date.now() + settingsOf(env).flushAfterMs);
  await runDurableObjectAlarm(stub);
}

describe("a crash", () => {
  it("in a commit stores nothing, tells the sender, leaves memory as the disk is, and the retry is stored once", async () => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    await runInDurableObject(stub(), (_instance, { storage }) => breakNextTransaction(storage));
    expect(await tryAppend(stub(), destination, event(2))).toMatch(/disk is broken/);
    expect(await stub().pending()).toMatchObject({ rows: 1 });
    expect(await send(event(2))).toBe("stored");
    await alarm(stub());
    expect(await storedIn(destination)).toEqual([1, 2]);
  });

  it("in the commit that opens a segment leaves no half of one", async () => {
    const { send, stub, destination } = setUp();
    await runInDurableObject(stub(), (_instance, { storage }) => breakNextTransaction(storage));
    expect(await tryAppend(stub(), destination, event(1))).toMatch(/disk is broken/);
    expect(await query(stub(), "SELECT count(*) FROM seg")).toBe(0);
    await abortAllDurableObjects();
    expect(await send(event(1))).toBe("stored");
    await alarm(stub());
    expect(await storedIn(destination)).toEqual([1]);
  });

  it("after the commit, with the answer lost, makes the retry a duplicate", async () => {
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

  it("after the seal and before the put is made good by the alarm alone", async () => {
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

  it("after the put and before its answer leaves the object as it is, under the same key", async () => {
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

  it.each(["before", "after"] as const)("of the put itself %s its effect leaves one copy", async (when) => {
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

  it("in the transaction after the put puts the same bytes again and then drops them", async () => {
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

  it("after everything forgets nothing that a retry could ask for", async () => {
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
});
