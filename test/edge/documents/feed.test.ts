/** How one isolate hears of changes, question by question. Time is an argument; only waiting is the timers'. */
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import type { Changes } from "../../../src/access/change-feed.ts";
import { type Feed, openFeed } from "../../../src/edge/documents/feed.ts";
import type { Authority } from "../../../src/edge/env.ts";

const NOW = 1_000_000_000;

interface Question {
  seq: number | null;
  answer(changes?: Partial<Changes>): Promise<unknown>;
  fail(): Promise<unknown>;
}

let feed: Feed;
let warn: MockInstance;
let heard: string[];
let asked: Question[];
let behind: Promise<unknown>[];

/** Lets what has been answered be taken. */
const settle = () => vi.advanceTimersByTimeAsync(0);

const authority = {
  changesSince: (seq: number | null) =>
    new Promise<Changes>((resolve, reject) => {
      asked.push({
        seq,
        answer(changes = {}) {
          resolve({ seq: 1, changed: [], reset: false, ...changes });
          return settle();
        },
        fail() {
          reject(new Error("away"));
          return settle();
        },
      });
    }),
} as Authority;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  [heard, asked, behind] = [[], [], []];
  feed = openFeed({
    changed: (changes, now) => void heard.push(`${changes.map(({ key }) => key).join()} at ${now - NOW}`),
    forget: () => void heard.push("forget"),
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function come(after: number): boolean | Promise<boolean> {
  return feed.isFresh({ now: NOW + after, ip: null, waitUntil: (work) => void behind.push(work), purpose: "ingest" }, authority);
}

/** The first question, answered at once. */
async function begin(changes: Partial<Changes> = {}): Promise<void> {
  const first = come(0);
  await asked[0]?.answer(changes);
  expect(await first).toBe(true);
}

describe("the change feed of an isolate", () => {
  it("is asked before the first request goes on, from the beginning, and tells what it hears", async () => {
    const first = come(0);
    expect([asked.length, asked[0]?.seq, behind.length]).toEqual([1, null, 1]);
    await asked[0]?.answer({ seq: 7, changed: [{ key: "t:a", ver: 2, revoked: true }] });
    expect(await first).toBe(true);
    expect(heard).toEqual(["t:a at 0"]);
  });

  it("is asked again after five seconds and behind the answer, where it stopped", async () => {
    await begin({ seq: 7 });
    expect(come(5_000)).toBe(true);
    expect(asked.length).toBe(1);
    expect(come(5_001)).toBe(true);
    expect(asked.map(({ seq }) => seq)).toEqual([null, 7]);
    expect(behind.length).toBe(2);
  });

  it("is waited for once its last answer is ten seconds old", async () => {
    await begin();
    expect(come(10_000)).toBe(true);
    await asked[1]?.answer();
    const late = come(20_001);
    expect(late).toBeInstanceOf(Promise);
    await asked[2]?.answer();
    expect(await late).toBe(true);
  });

  it("is not fresh when it fails, and is not asked again for five seconds", async () => {
    const first = come(0);
    await asked[0]?.fail();
    expect(await first).toBe(false);
    expect(come(400)).toBe(false);
    expect(come(5_000)).toBe(false);
    expect(asked.length).toBe(1);
    const next = come(5_001);
    expect(asked.length).toBe(2);
    await asked[1]?.answer();
    expect(await next).toBe(true);
  });

  it("is waited for 400 ms at most, and its late answer counts for those who come after", async () => {
    const first = come(0);
    await vi.advanceTimersByTimeAsync(399);
    let answer: boolean | undefined;
    void Promise.resolve(first).then((fresh) => {
      answer = fresh;
    });
    await settle();
    expect(answer).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(answer).toBe(false);
    await asked[0]?.answer();
    expect(come(500)).toBe(true);
  });

  it("is given up after five seconds without an answer", async () => {
    void come(0);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(warn).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(warn).toHaveBeenCalledWith("change feed unreachable", expect.stringContaining("5000 ms"));
  });
});

describe("a request that comes while another one asks", () => {
  it("waits for the same answer and asks nothing", async () => {
    const first = come(0);
    const second = come(100);
    expect(second).toBeInstanceOf(Promise);
    expect(asked.length).toBe(1);
    await asked[0]?.answer();
    await vi.advanceTimersByTimeAsync(25);
    expect(await Promise.all([first, second])).toEqual([true, true]);
  });

  it("does not wait when the last answer still counts", async () => {
    await begin();
    expect(come(6_000)).toBe(true);
    expect(come(6_100)).toBe(true);
    expect(come(10_000)).toBe(true);
    expect(asked.length).toBe(2);
  });

  it("does not wait for a question that began more than 400 ms ago", async () => {
    void come(0);
    expect(come(400)).toBeInstanceOf(Promise);
    expect(come(401)).toBe(false);
  });

  it("does not wait for a question that somebody has waited for in vain", async () => {
    const first = come(0);
    await vi.advanceTimersByTimeAsync(400);
    expect(await first).toBe(false);
    expect(come(200)).toBe(false);
  });

  it("says so when it waits in vain itself", async () => {
    void come(0);
    const second = come(300);
    await vi.advanceTimersByTimeAsync(400);
    expect(await second).toBe(false);
    expect(come(350)).toBe(false);
  });
});

describe("what the feed no longer knows", () => {
  it("makes the isolate forget, and trust no silence for 70 s", async () => {
    const first = come(0);
    await asked[0]?.answer({ seq: 3, reset: true });
    expect(await first).toBe(false);
    expect(heard).toEqual(["forget"]);
    for (let after = 6_000; after <= 66_000; after += 6_000) {
      void come(after);
      await asked.at(-1)?.answer({ seq: 3 });
    }
    expect(asked.at(-1)?.seq).toBe(3);
    expect(come(70_000)).toBe(false);
    expect(come(70_001)).toBe(true);
  });

  it("is believed even when it is less than before", async () => {
    await begin({ seq: 90 });
    void come(6_000);
    await asked[1]?.answer({ seq: 4, reset: true });
    void come(12_000);
    expect(asked[2]?.seq).toBe(4);
  });

  it("never goes back otherwise: an answer that was overtaken repeats what is known", async () => {
    await begin({ seq: 5 });
    void come(6_000);
    void come(12_000);
    await asked[2]?.answer({ seq: 9 });
    await asked[1]?.answer({ seq: 7 });
    void come(18_001);
    expect(asked[3]?.seq).toBe(9);
  });

  it("is distrusted on demand, for 70 s", async () => {
    await begin();
    feed.distrust(NOW + 1_000);
    expect(come(2_000)).toBe(false);
    for (let after = 6_000; after <= 66_000; after += 6_000) {
      void come(after);
      await asked.at(-1)?.answer();
    }
    expect(come(71_000)).toBe(false);
    expect(come(71_001)).toBe(true);
  });
});
