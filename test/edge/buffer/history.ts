/** What a buffer owes in any history of appends, retries, flushes, failures and crashes, as a property to search a counter-example of. */
import fc from "fast-check";
import { type Mutant, play, type Step } from "./model.ts";

const STEPS_MAX = 40;
/** Short enough that no history outlasts the retry window. */
const WAIT_MS_MAX = 14_000;

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      id: fc.nat(7),
      content: fc.constantFrom(0, 0, 0, 1),
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

/** @throws Error in the property when an acknowledged append is not in the bucket, or anything is there twice. */
export function history(mutant?: Mutant) {
  return fc.property(fc.array(step, { maxLength: STEPS_MAX, size: "max" }), (steps) => {
    const { acknowledged, stored } = play(steps, mutant);
    const there = new Set(stored);
    const lost = [...acknowledged].filter((id) => !there.has(id));
    if (lost.length > 0) throw new Error(`lost: ${lost.join(", ")}`);
    if (stored.length > there.size) throw new Error(`stored twice: ${stored.filter((id, i) => stored.indexOf(id) !== i).join(", ")}`);
  });
}
