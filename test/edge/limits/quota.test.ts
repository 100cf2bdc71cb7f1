/** What a quota remembers beyond its instance's life. */
import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { objectOf } from "../../../src/edge/placement.ts";
import { env } from "../gateway.ts";

const DAY = 86_400_000;
/** Ahead of the real clock, by which alarms come, and in the middle of a day. */
const NOON = (Math.floor(Date.now() / DAY) + 1) * DAY + DAY / 2;
const LIMITS = { bytesPerDay: 1_000, bytesPerSecond: 10 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOON });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const quotaOf = (id: string) => objectOf(env.QUOTA, id, env);
const take = (id: string, bytes: number) => quotaOf(id).take(LIMITS, { requests: 1, bytes });
const savedIn = (id: string) => runInDurableObject(quotaOf(id), (_instance, { storage }) => storage.kv.get("quota"));

describe("a quota", () => {
  it("has what it took on disk a second later, and knows it after a crash, its debt included", async () => {
    await take("t1", 600);
    expect(await savedIn("t1")).toBeUndefined();
    await vi.waitFor(async () => expect(await savedIn("t1")).toMatchObject({ day: { bytes: 600 } }), 3_000);
    await abortAllDurableObjects();
    // the wait above has moved the clock
    const waitMs = 59_100 - (Date.now() - NOON);
    expect(await take("t1", 1)).toMatchObject({ refused: { by: "bytes", waitMs }, levels: { day: { left: 400 } } });
  });

  it("has a day that is used up on disk before it answers", async () => {
    await take("t2", 1_000);
    await abortAllDurableObjects();
    expect(await take("t2", 1)).toMatchObject({ refused: { by: "day", tooLarge: false } });
  });

  it("forgets at most its last second in a crash, in favour of the sender", async () => {
    await take("t3", 600);
    await abortAllDurableObjects();
    expect(await take("t3", 600)).toMatchObject({ refused: null, levels: { day: { left: 400 } } });
  });

  it("loses nothing when it is merely put to sleep", async () => {
    await take("t4", 600);
    await vi.waitFor(async () => expect(await savedIn("t4")).toBeDefined(), 3_000);
    await evictDurableObject(quotaOf("t4"));
    expect(await take("t4", 600)).toMatchObject({ refused: { by: "day", tooLarge: true } });
  });

  it("writes for what it took, and not for a refusal", async () => {
    const waiting = vi.spyOn(globalThis, "setTimeout");
    const saves = () => waiting.mock.calls.filter(([, ms]) => ms === 1_000).length;
    expect((await take("t5", 1_001)).refused?.by).toBe("day");
    expect(saves()).toBe(0);
    for (const bytes of [1, 1, 1]) expect((await take("t5", bytes)).refused).toBeNull();
    expect(saves()).toBe(1);
  });

  it("leaves nothing behind once its token has not been used for two days", async () => {
    await take("t6", 1_000);
    const alarmAt = () => runInDurableObject(quotaOf("t6"), (_instance, { storage }) => storage.getAlarm());
    await vi.waitFor(async () => expect(await alarmAt()).toBe(NOON + 2 * DAY));
    vi.setSystemTime(NOON + DAY);
    await take("t6", 1_000);
    await vi.waitFor(async () => expect(await alarmAt()).toBe(NOON + 3 * DAY));
    vi.setSystemTime(NOON + 3 * DAY);
    expect(await runDurableObjectAlarm(quotaOf("t6"))).toBe(true);
    expect([await savedIn("t6"), await alarmAt()]).toEqual([undefined, null]);
    expect((await take("t6", 1)).levels.day?.left).toBe(999);
  });
});
