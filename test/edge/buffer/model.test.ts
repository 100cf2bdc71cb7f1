import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MUTANTS, type Mutant, play, type Step } from "./model.ts";

const RUNS = 6_000;
const STEPS_MAX = 40;
/** Short enough that no history outlasts the retry window. */
const WAIT_MS_MAX = 14_000;

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      id: fc.nat(7),
      end: fc.constantFrom("acknowledged" as const, "answer lost" as const, "crash before" as const, "crash after" as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(WAIT_MS_MAX) }) },
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constantFrom("flush" as const, "alarm" as const, "drop" as const, "crash" as const) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("put" as const),
      end: fc.constantFrom("done" as const, "done" as const, "fails before" as const, "fails after" as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: "wipe" }) },
);

function history(mutant?: Mutant) {
  return fc.property(fc.array(step, { maxLength: STEPS_MAX, size: "max" }), (steps) => {
    const { acknowledged, stored } = play(steps, mutant);
    expect(stored.length).toBe(new Set(stored).size);
    expect([...acknowledged].filter((id) => !stored.includes(id))).toEqual([]);
  });
}

describe("any history of appends, retries, flushes, failures and crashes", () => {
  it("leaves each acknowledged append in the bucket, and none twice", () => {
    fc.assert(history(), { numRuns: RUNS });
  });

  it.each(MUTANTS)("would show a buffer that does this wrong: %s", (mutant) => {
    expect(fc.check(history(mutant), { numRuns: RUNS }).failed).toBe(true);
  });
});
