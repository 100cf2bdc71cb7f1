import { describe, expect, it } from "vitest";
import { isWithin } from "../../src/access/staleness.ts";

describe("whether something is at most so long ago", () => {
  it.each([
    [1_000, 0, true],
    [1_000, 1_000, true],
    [1_000, 1_001, false],
    [0, 0, true],
    [0, 1, false],
    // what later requests left: so far ahead is no clock that was set back
    [1_000, -1, true],
    [1_000, -10_000, true],
    [1_000, -10_001, false],
    [100_000, -50_000, false],
  ])("within %i ms, %i ms ago: %s", (ms, ago, expected) => {
    expect(isWithin(ms, 1_000_000 - ago, 1_000_000)).toBe(expected);
  });

  it("is never so for what never was", () => {
    expect(isWithin(Number.MAX_SAFE_INTEGER, Number.NEGATIVE_INFINITY, 0)).toBe(false);
  });
});
