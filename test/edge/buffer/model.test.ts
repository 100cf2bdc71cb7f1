import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { history } from "./history.ts";
import { MUTANTS } from "./model.ts";

const RUNS = 6_000;

describe("any history of appends, retries, flushes, failures and crashes", () => {
  it("leaves each acknowledged append in the bucket, and none twice", () => {
    fc.assert(history(), { numRuns: RUNS });
  });

  it.each(MUTANTS)("would show a buffer that does this wrong: %s", (mutant) => {
    expect(fc.check(history(mutant), { numRuns: RUNS }).failed).toBe(true);
  });
});
