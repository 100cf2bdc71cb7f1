import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openBudget } from "../../../../../src/edge/query/apl/aggregates/budget.ts";
import { canonicalText } from "../../../../../src/edge/query/apl/aggregates/canonical.ts";
import { openDistribution, RELATIVE_ERROR } from "../../../../../src/edge/query/apl/aggregates/distribution.ts";
import { trackedFor } from "../../../../../src/edge/query/apl/aggregates/topk.ts";
import type { Row, Value } from "../../../../../src/edge/query/apl/value.ts";
import { aggregate, call, scattered } from "./by-hand.ts";

const PERCENTS = [0, 0.1, 1, 7, 25, 50, 75, 90, 95, 99, 99.9, 100];

function exact(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent * sorted.length) / 100 - 1e-9) - 1)] as number;
}

function values(count: number, of: (chance: number, i: number) => number): number[] {
  const chances = scattered();
  return Array.from({ length: count }, (_, i) => of(chances.next().value as number, i));
}

describe("percentiles", () => {
  it.each<[string, number[]]>([
    ["latencies", values(20_000, (chance) => 0.1 * Math.exp(8 * chance))],
    ["whole numbers on both sides of 0", values(20_000, (chance) => Math.round(1000 * (chance - 0.5)))],
    ["numbers of every size", values(20_000, (chance) => (chance - 0.5) * 10 ** Math.round(600 * (chance - 0.5)))],
    ["few values", values(20_000, (_, i) => i % 3)],
    ["rising values", values(20_000, (_, i) => i)],
    ["values that fall below 0", values(20_000, (_, i) => 5000 - i)],
    ["zeros", values(2000, () => 0)],
  ])("are within the bound of the exact ones for %s", (_, numbers) => {
    const found = aggregate(
      call("percentiles_array", "x", ...PERCENTS),
      numbers.map((one) => [one]),
    )[0] as number[];
    PERCENTS.forEach((percent, i) => {
      const right = exact(numbers, percent);
      expect(Math.abs((found[i] as number) - right)).toBeLessThanOrEqual(RELATIVE_ERROR * Math.abs(right) * (1 + 1e-9));
    });
  });

  it("are exact while the values are few", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 100 }),
        fc.constantFrom(...PERCENTS),
        (numbers, percent) => {
          expect(
            aggregate(
              call("percentile", "x", percent),
              numbers.map((one) => [one]),
            )[0] === exact(numbers, percent),
          ).toBe(true);
        },
      ),
    );
  });

  it("are the same whatever the order, also beyond the exact ones", () => {
    const numbers = values(5000, (chance) => Math.exp(20 * chance - 10));
    const of = (some: number[]) =>
      aggregate(
        call("percentiles_array", "x", ...PERCENTS),
        some.map((one) => [one]),
      );
    expect(of(numbers.toReversed())).toEqual(of(numbers));
    expect(of(numbers.toSorted())).toEqual(of(numbers));
  });

  it("of times are measured from the least of the first, not from 1970", () => {
    const hour = 3.6e9;
    const times = values(5000, (chance) => 1.79e15 + Math.round(chance * hour));
    const [found] = aggregate(
      call("percentile", "t", 50),
      times.map((time): Row => [null, null, time]),
    );
    expect(Math.abs((found as number) - exact(times, 50))).toBeLessThanOrEqual(RELATIVE_ERROR * hour);
    expect(Number.isInteger(found)).toBe(true);
  });

  it("give back what they took for exact values", () => {
    const budget = openBudget();
    const distribution = openDistribution(budget, false);
    for (let i = 0; i < 1024; i++) distribution.add(7);
    const exactBytes = budget.heldBytes;
    for (let i = 0; i < 10; i++) distribution.add(7);
    expect(budget.heldBytes).toBeLessThan(exactBytes / 4);
    expect(distribution.count).toBe(1034);
  });

  it("count what they hold, where there is no room for the rest", () => {
    const distribution = openDistribution(openBudget(4096), false);
    for (let i = 1; i <= 10_000; i++) distribution.add(i * 1e6);
    expect(distribution.count).toBe(512);
    let seen = 0;
    distribution.each((_, count) => {
      seen += count;
    });
    expect(seen).toBe(512);
  });
});

describe("histogram()", () => {
  it("counts each value once, in buckets that all groups share", () => {
    const numbers = values(5000, (chance) => 100 * chance);
    const [buckets] = aggregate(
      call("histogram", "x", 10),
      numbers.map((one) => [one]),
    ) as [{ from: number; to: number; count: number }[]];
    expect(buckets.length).toBe(10);
    expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(5000);
    buckets.forEach(({ from, to, count }) => {
      const right = numbers.filter((one) => one >= from && one < to).length;
      // a value near to an edge may stand on its other side
      expect(Math.abs(count - right)).toBeLessThanOrEqual(5000 * 2 * RELATIVE_ERROR);
    });
  });
});

describe("dcount()", () => {
  it.each([1, 2, 100, 1536])("is exact for %d values", (count) => {
    const rows = values(3 * count, (_, i) => i % count).map((one): Row => [`user ${one}`]);
    expect(aggregate(call("dcount", "x"), rows)).toEqual([count]);
  });

  it.each([
    [0, 0.016],
    [1, 0.0082],
    [2, 0.0041],
    [3, 0.0029],
    [4, 0.0021],
  ])("at accuracy %d is within four standard errors of %d", (accuracy, error) => {
    for (const count of [2000, 20_000, 50_000, 150_000]) {
      for (const value of [(i: number): Value => i, (i: number): Value => `id-${i}`, (i: number): Value => i / 7]) {
        const rows = Array.from({ length: count }, (_, i): Row => [value(i)]);
        const [found] = aggregate(call("dcount", "x", accuracy), rows) as [number];
        expect(Math.abs(found - count) / count).toBeLessThan(4 * error);
      }
    }
  });

  it("does not count again what it has seen", () => {
    const once = Array.from({ length: 5000 }, (_, i): Row => [`id-${i}`]);
    expect(aggregate(call("dcount", "x"), [...once, ...once.toReversed()])).toEqual(aggregate(call("dcount", "x"), once));
  });
});

describe("topk()", () => {
  it("says bounds of the true counts, which are as near as promised, however many values there are", () => {
    const chances = scattered(7);
    const counts = new Map<number, number>();
    const rows = Array.from({ length: 100_000 }, (): Row => {
      // few are frequent, most are there once
      const value = Math.floor(1 / ((chances.next().value as number) + 1e-6));
      const one = value > 300 ? Math.floor((chances.next().value as number) * 1e9) : value;
      counts.set(one, (counts.get(one) ?? 0) + 1);
      return [one];
    });
    for (let i = 0; i < 20_000; i++) rows.push([-i - 1]);
    const [found] = aggregate(call("topk", "x", 10), rows) as [{ key: number; count: number; error: number }[]];
    const right = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 10);
    expect(found.map(({ key }) => key)).toEqual(right.map(([key]) => key));
    for (const { key, count, error } of found) {
      expect(error).toBeLessThanOrEqual(rows.length / trackedFor(10));
      expect(counts.get(key)).toBeLessThanOrEqual(count);
      expect(counts.get(key)).toBeGreaterThanOrEqual(count - error);
    }
  });

  it("bounds the error of what turns up after others were forgotten", () => {
    const rows: Row[] = Array.from({ length: 50_000 }, (_, i): Row => [i]);
    for (let i = 0; i < 200; i++) rows.push(["late"]);
    const [[first]] = aggregate(call("topk", "x", 1), rows) as [[{ key: Value; count: number; error: number }]];
    expect(first.key).toBe("late");
    expect(first.count - first.error).toBe(200);
    expect(first.error).toBeGreaterThan(0);
    expect(first.error).toBeLessThanOrEqual(rows.length / trackedFor(1));
  });
});

describe("canonical texts", () => {
  it("are the same for objects with the same members, and differ otherwise", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const same = JSON.stringify(sorted(a as Value)) === JSON.stringify(sorted(b as Value));
        expect(canonicalText(a as Value) === canonicalText(b as Value)).toBe(same);
        expect(JSON.stringify(sorted(JSON.parse(canonicalText(a as Value))))).toBe(JSON.stringify(sorted(a as Value)));
      }),
    );
  });
});

/** As pairs of name and value, since JavaScript has an order of its own for names that are numbers. */
function sorted(value: Value): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return {
    pairs: Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  };
}
