import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AUTO_BINS_MAX, binAutoStep, secondsOfGroup } from "../../../../../src/edge/query/apl/aggregates/bin-auto.ts";
import { MICROSECONDS } from "../../../../../src/edge/query/apl/value.ts";
import { call, column, compile, literal } from "./by-hand.ts";

const { millisecond, second, minute, hour, day } = MICROSECONDS;

describe("bin_auto", () => {
  it.each([
    ["a second", second, 10 * millisecond],
    ["a minute", minute, second],
    ["15 minutes", 15 * minute, 10 * second],
    ["an hour", hour, minute],
    ["6 hours", 6 * hour, 5 * minute],
    ["a day", day, 15 * minute],
    ["a week", 7 * day, 2 * hour],
    ["30 days", 30 * day, 12 * hour],
    ["a year", 365 * day, 5 * day],
    ["nothing", 0, millisecond],
  ])("chooses a step for %s", (_, range, step) => {
    expect(binAutoStep(1.7e15, 1.7e15 + range)).toBe(step);
  });

  it("makes from 40 to 100 bins of any range from a tenth of a second on", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100 * millisecond, max: 2000 * day }), (range) => {
        const bins = range / binAutoStep(0, range);
        expect(bins).toBeLessThanOrEqual(AUTO_BINS_MAX);
        expect(bins).toBeGreaterThanOrEqual(40);
      }),
    );
  });

  it("has a step for a range without an end", () => {
    expect(binAutoStep(0, Number.POSITIVE_INFINITY)).toBe(10 * day);
  });
});

describe("how long a group lasts", () => {
  const constantOf = (expression: Parameters<typeof compile>[0]) => compile(expression).constant?.value;
  it.each([
    ["its bin", [column("x"), call("bin", "_time", literal(5 * minute, "timespan"))], 300],
    ["the automatic bin", [call("bin_auto", "_time")], 60],
    ["the whole range, without a bin of time", [call("bin", "x", 10), column("y")], 3600],
    ["the whole range, without groups", [], 3600],
    ["the whole range, where the step is no constant", [call("bin", "_time", "x")], 3600],
  ])("is %s", (_, by, seconds) => {
    expect(secondsOfGroup(by, 0, hour, constantOf)).toBe(seconds);
  });
});
