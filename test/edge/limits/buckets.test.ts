import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TokenLimits } from "../../../src/access/permission-set.ts";
import { type Asked, correct, emptyQuota, type QuotaState, take, type Verdict } from "../../../src/edge/limits/buckets.ts";

const DAY = 86_400_000;
const NOON = 20_000 * DAY + DAY / 2;

/** A quota of its own with a clock in milliseconds after noon. */
function quota(limits: TokenLimits) {
  let state: QuotaState = emptyQuota();
  const keep = (judged: { state: QuotaState; verdict: Verdict }) => {
    state = judged.state;
    return judged.verdict;
  };
  return {
    take: (at: number, asked: Partial<Asked> = {}) => keep(take(state, limits, { requests: 1, bytes: null, ...asked }, NOON + at)),
    correct: (at: number, bytes: number, takenAt = at) => keep(correct(state, limits, bytes, NOON + takenAt, NOON + at)),
  };
}

const refusals = (verdicts: Verdict[]) => verdicts.map(({ refused }) => refused?.by ?? "-").join(" ");

describe("requests per second", () => {
  it("let one second's worth through at once, and then as many as time brings", () => {
    const { take } = quota({ requestsPerSecond: 2 });
    expect(refusals([0, 0, 0, 499, 500, 500, 10_000, 10_000, 10_000].map((at) => take(at)))).toBe(
      "- - requests requests - requests - - requests",
    );
  });

  it("say how long to wait, to the millisecond", () => {
    const { take } = quota({ requestsPerSecond: 3 });
    for (let n = 0; n < 3; n++) take(0);
    expect(take(100).refused).toEqual({ by: "requests", waitMs: 234, tooLarge: false });
    expect(take(333).refused?.waitMs).toBe(1);
    expect(take(334).refused).toBeNull();
  });

  it("show what is left and when all of it is there again", () => {
    const { take } = quota({ requestsPerSecond: 4 });
    take(0);
    expect(take(0).levels).toEqual({ requests: { limit: 4, left: 2, resetAt: NOON + 500 }, bytes: null, day: null });
  });

  it("are not used up by refusals", () => {
    const { take } = quota({ requestsPerSecond: 1 });
    take(0);
    for (let at = 1; at < 1_000; at++) expect(take(at).refused?.by).toBe("requests");
    expect(take(1_000).refused).toBeNull();
  });
});

describe("bytes per second", () => {
  it("take one body into debt, which later requests wait off", () => {
    const { take } = quota({ bytesPerSecond: 100 });
    const first = take(0, { bytes: 1_000 });
    expect(first).toMatchObject({ refused: null, levels: { bytes: { limit: 100, left: 0, resetAt: NOON + 10_000 } } });
    expect(take(0, { bytes: 1 }).refused).toEqual({ by: "bytes", waitMs: 9_010, tooLarge: false });
    expect(take(9_009, { bytes: 1 }).refused?.waitMs).toBe(1);
    expect(take(9_010, { bytes: 1 }).refused).toBeNull();
  });

  it("are no matter to a request without a body", () => {
    const { take } = quota({ bytesPerSecond: 1 });
    take(0, { bytes: 50 });
    expect(take(0, { bytes: null }).refused).toBeNull();
    expect(take(0, { bytes: 0 }).refused?.by).toBe("bytes");
    expect(take(0, { bytes: "unknown" }).refused?.by).toBe("bytes");
  });

  it("charge a body of unknown length at its end, whatever is left", () => {
    const { take } = quota({ bytesPerSecond: 100 });
    expect(refusals([take(0, { bytes: "unknown" }), take(0, { bytes: "unknown" })])).toBe("- -");
    expect(refusals([take(0, { requests: 0, bytes: 300 }), take(0, { requests: 0, bytes: 300 })])).toBe("- -");
    expect(take(0, { bytes: "unknown" }).refused?.waitMs).toBe(5_010);
  });

  it("give back what was announced and never came", () => {
    const { take, correct } = quota({ bytesPerSecond: 100 });
    take(0, { bytes: 1_000 });
    expect(correct(0, -950).levels.bytes).toMatchObject({ left: 50 });
    expect(correct(0, -950).levels.bytes).toMatchObject({ left: 100 });
  });
});

describe("bytes per day", () => {
  it("are never exceeded, whether the length was known or not", () => {
    const { take } = quota({ bytesPerDay: 1_000 });
    expect(take(0, { bytes: 600 }).levels.day).toEqual({ limit: 1_000, left: 400, resetAt: NOON + DAY / 2 });
    expect(take(0, { bytes: 401 }).refused).toEqual({ by: "day", waitMs: DAY / 2, tooLarge: true });
    expect(take(0, { bytes: "unknown" }).refused).toBeNull();
    expect(take(0, { requests: 0, bytes: 401 }).refused).toMatchObject({ by: "day", tooLarge: true });
    expect(take(0, { bytes: 400 }).refused).toBeNull();
    expect(refusals([take(0, { bytes: 1 }), take(0, { bytes: "unknown" }), take(0, { bytes: 0 })])).toBe("day day day");
    expect(take(0, { bytes: 1 }).refused).toEqual({ by: "day", waitMs: DAY / 2, tooLarge: false });
  });

  it("begin anew at midnight UTC", () => {
    const { take } = quota({ bytesPerDay: 10 });
    take(0, { bytes: 10 });
    expect(take(DAY / 2 - 1, { bytes: 1 }).refused?.waitMs).toBe(1);
    expect(take(DAY / 2, { bytes: 10 }).refused).toBeNull();
  });

  it("are given back on the day they were taken, and not on the next", () => {
    const { take, correct } = quota({ bytesPerDay: 10 });
    take(0, { bytes: 8 });
    expect(correct(1, -8, 0).levels.day?.left).toBe(10);
    expect(correct(1, -8, 0).levels.day?.left).toBe(10);
    take(2, { bytes: 8 });
    take(DAY / 2, { bytes: 5 });
    expect(correct(DAY / 2 + 1, -8, 2).levels.day?.left).toBe(5);
  });

  it("do not begin anew when the clock goes back", () => {
    const { take } = quota({ bytesPerDay: 10, requestsPerSecond: 1 });
    take(DAY, { bytes: 10 });
    expect(refusals([take(0, { bytes: 1 }), take(0)])).toBe("day requests");
  });
});

it("takes nothing of any limit when one of them refuses", () => {
  const { take } = quota({ requestsPerSecond: 5, bytesPerSecond: 100, bytesPerDay: 150 });
  take(0, { bytes: 100 });
  for (const bytes of [51, 1]) {
    const { refused, levels } = take(0, { bytes });
    expect([refused?.by, levels.requests?.left, levels.day?.left]).toEqual([bytes === 51 ? "day" : "bytes", 4, 50]);
  }
});

describe("over any stretch of time", () => {
  const arrivals = fc.array(fc.tuple(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 0, max: 400 })), { maxLength: 80 });

  it("no more is let through than the limit and one burst, and for bytes one body more", () => {
    fc.assert(
      fc.property(
        arrivals,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 300 }),
        (steps, requestsPerSecond, bytesPerSecond) => {
          const { take } = quota({ requestsPerSecond, bytesPerSecond });
          const taken: { at: number; bytes: number }[] = [];
          let at = 0;
          for (const [wait, bytes] of steps) {
            at += wait;
            if (!take(at, { bytes }).refused) taken.push({ at, bytes });
          }
          for (const [first, begin] of taken.entries()) {
            let bytes = 0;
            for (const [last, end] of taken.slice(first).entries()) {
              bytes += end.bytes;
              const seconds = (end.at - begin.at) / 1_000 + 1;
              expect(last + 1).toBeLessThanOrEqual(Math.floor(seconds * requestsPerSecond));
              expect(bytes - end.bytes).toBeLessThanOrEqual(seconds * bytesPerSecond);
            }
          }
        },
      ),
    );
  });

  it("who waits as told is let through, and not a millisecond earlier", () => {
    const limits = fc.record({
      requestsPerSecond: fc.integer({ min: 1, max: 5_000 }),
      bytesPerSecond: fc.integer({ min: 1, max: 100_000_000 }),
    });
    fc.assert(
      fc.property(limits, fc.array(fc.integer({ min: 0, max: 100_000_000 }), { minLength: 2, maxLength: 30 }), (given, bodies) => {
        const { take } = quota(given);
        let at = 0;
        for (const bytes of bodies) {
          const wait = take(at, { bytes }).refused?.waitMs ?? 0;
          if (wait === 0) continue;
          expect(take(at + wait - 1, { bytes }).refused).not.toBeNull();
          at += wait;
          // the other bucket may be the one that is short now
          const next = take(at, { bytes }).refused;
          if (next) at += next.waitMs;
          if (next) expect(take(at, { bytes }).refused).toBeNull();
        }
      }),
    );
  });

  it("a day takes no more than its limit, whatever is announced, comes, or is given back", () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: DAY / 4 }),
      announced: fc.nat({ max: 500 }),
      came: fc.nat({ max: 500 }),
      known: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 1_000 }), (steps, bytesPerDay) => {
        const { take, correct } = quota({ bytesPerDay });
        const perDay = new Map<number, number>();
        let at = 0;
        for (const { wait, announced, came, known } of steps) {
          at += wait;
          const refused =
            take(at, { bytes: known ? announced : "unknown" }).refused ?? (known ? null : take(at, { requests: 0, bytes: came }).refused);
          if (refused) continue;
          // the platform lets no more come than was announced
          const bytes = known ? Math.min(announced, came) : came;
          if (known && bytes < announced) correct(at, bytes - announced);
          const day = Math.floor((NOON + at) / DAY);
          perDay.set(day, (perDay.get(day) ?? 0) + bytes);
        }
        for (const bytes of perDay.values()) expect(bytes).toBeLessThanOrEqual(bytesPerDay);
      }),
    );
  });
});
