import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { storageSettingsOf } from "../../../src/edge/storage-env.ts";
import { env } from "../gateway.ts";
import { alarmOf, event, failPuts, query, type Stub, setUp, stopClock, storedIn, tryFlush } from "./under-test.ts";

const { flushAfterMs } = storageSettingsOf(env);
let now: number;

beforeEach(() => {
  now = stopClock();
});
afterEach(() => {
  vi.useRealTimers();
});

const loseAlarm = (stub: Stub) => runInDurableObject(stub, (_instance, { storage }) => storage.deleteAlarm());

describe("the alarm", () => {
  it("is set when a segment opens, for the end of its age, and is not moved by more appends", async () => {
    const { send, stub } = setUp();
    await send(event(1));
    expect(await query(stub(), "SELECT created FROM seg")).toBe(now);
    expect(await alarmOf(stub())).toBe(now + flushAfterMs);
    vi.setSystemTime(now + 1_000);
    await send(event(2));
    expect(await alarmOf(stub())).toBe(now + flushAfterMs);
  });

  it("writes a segment of full age and leaves a younger one", async () => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    vi.setSystemTime(now + flushAfterMs - 1);
    expect(await runDurableObjectAlarm(stub())).toBe(true);
    expect(await stub().pending()).toMatchObject({ rows: 1 });
    expect(await alarmOf(stub())).toBe(now + flushAfterMs);
    vi.setSystemTime(now + flushAfterMs);
    await runDurableObjectAlarm(stub());
    expect(await storedIn(destination)).toEqual([1]);
    expect(await stub().pending()).toEqual({ rows: 0, bytes: 0 });
  });

  it("finds the segment after the object's end", async () => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    await evictDurableObject(stub());
    vi.setSystemTime(now + flushAfterMs);
    expect(await runDurableObjectAlarm(stub())).toBe(true);
    expect(await storedIn(destination)).toEqual([1]);
  });

  it("that was lost is set again at the next start", async () => {
    const { send, stub } = setUp();
    await send(event(1));
    await loseAlarm(stub());
    await evictDurableObject(stub());
    await stub().pending();
    expect(await alarmOf(stub())).toBe(now + flushAfterMs);
  });

  it("that never came is set again by the next append", async () => {
    const { send, stub } = setUp();
    await send(event(1));
    await loseAlarm(stub());
    const late = now + 2 * flushAfterMs;
    vi.setSystemTime(late);
    await send(event(2));
    expect(await alarmOf(stub())).toBe(late);
  });

  it("is set for nothing when nothing is held", async () => {
    const { send, stub } = setUp();
    await send(event(1));
    vi.setSystemTime(now + flushAfterMs);
    await runDurableObjectAlarm(stub());
    await evictDurableObject(stub());
    await stub().pending();
    expect(await alarmOf(stub())).toBeNull();
  });

  it("does not throw while the sink is away, comes later and later, and is hurried by no append", async () => {
    const { send, stub, destination } = setUp();
    await send(event(0));
    await failPuts(stub(), "before", 8);
    let at = now + flushAfterMs;
    for (const [n, pause] of [1, 2, 4, 8, 16, 32, 60, 60].entries()) {
      vi.setSystemTime(at);
      expect(await runDurableObjectAlarm(stub())).toBe(true);
      expect(await send(event(n + 1))).toBe("stored");
      expect(await alarmOf(stub())).toBe(at + pause * 1_000);
      at += pause * 1_000;
    }
    vi.setSystemTime(at);
    await runDurableObjectAlarm(stub());
    vi.setSystemTime(at + flushAfterMs);
    await runDurableObjectAlarm(stub());
    expect(await storedIn(destination)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("takes up what a failed flush by call has sealed", async () => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    await failPuts(stub(), "before");
    expect(await tryFlush(stub())).toMatch(/R2 is down/);
    expect(await alarmOf(stub())).toBe(now + 1_000);
    vi.setSystemTime(now + 1_000);
    await runDurableObjectAlarm(stub());
    expect(await storedIn(destination)).toEqual([1]);
  });
});
