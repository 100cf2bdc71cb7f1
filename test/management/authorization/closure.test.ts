/**
 * No sequence of calls gets more out of a credential than what lies in it. `CLOSURE=<seed>,<seconds>` plays other sequences, and for
 * longer.
 */
import fc from "fast-check";
import { expect, inject, it } from "vitest";
import { randomOf } from "../../torture/random.ts";
import { provider } from "../issuers/provider.ts";
import { attackerOf, look } from "./closure/attacker.ts";
import { turn } from "./closure/moves.ts";
import { worldOf } from "./closure/world.ts";

declare module "vitest" {
  interface ProvidedContext {
    closure: string;
  }
}

const SEED = 1;
const RUNS = 60;
const STEPS_LEAST = 10;
const STEPS_MOST = 25;
const LONGER = inject("closure");

const seed = fc.nat(2 ** 31 - 1);
const steps = fc.array(seed, { minLength: STEPS_LEAST, maxLength: STEPS_MOST, size: "max" });

it("no sequence of calls from a credential yields one outside of its closure", { timeout: 3_600_000 }, async () => {
  const idp = await provider();
  const [chosen = SEED, seconds] = LONGER ? LONGER.split(",").map(Number) : [];
  const tally = new Map<string, { tried: number; done: number }>();
  const got = new Map<string, number>();
  const began = performance.now();
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(seed, steps, async (world, sequence) => {
      const attacker = await attackerOf(await worldOf(randomOf(world)), idp, tally);
      runs += 1;
      for (const step of sequence) {
        await turn(attacker, randomOf(step));
        if (attacker.wrong.length > 0) throw new Error([...attacker.wrong, "", ...attacker.log].join("\n"));
      }
      await look(attacker);
      for (const { kind } of attacker.held.slice(1)) got.set(kind, (got.get(kind) ?? 0) + 1);
    }),
    { seed: chosen, ...(seconds ? { numRuns: 1_000_000, interruptAfterTimeLimit: seconds * 1_000 } : { numRuns: RUNS }) },
  );
  const all = [...tally.values()].reduce((sum, { tried }) => sum + tried, 0);
  const took = ((performance.now() - began) / 1_000).toFixed(1);
  console.log(
    `closure: ${runs} sequences of ${all} calls in ${took} s;`,
    Object.fromEntries(got),
    JSON.stringify(Object.fromEntries(tally)),
  );
  expect(all).toBeGreaterThan(0);
});
