/** `sample 10`: so many rows; `sample 0.1`: about such a part of them. Each row has the same chance, and the same query the same choice. */
import { type PlanOperator, passing, pushAll, type Run, type Stage } from "../plan/flow.ts";
import type { Row } from "../value.ts";
import { rowBytes } from "./best.ts";

export const sample: PlanOperator<"sample"> = (flow, { count }, { seed }) => {
  flow.isLimited = true;
  flow.steps.push((next, run) => (count > 0 && count < 1 ? part(next, count, seed) : reservoir(next, count, seed, run)));
};

function part(next: Stage, share: number, seed: number): Stage {
  const chance = chances(seed);
  return passing(next, (rows) => rows.filter(() => chance() < share));
}

function reservoir(next: Stage, count: number, seed: number, run: Run): Stage {
  const chance = chances(seed);
  const budget = run.openBudget();
  const most = Math.min(count, run.limits.sortRows);
  const held: Row[] = [];
  let room = most;
  let seen = 0;
  return {
    push(rows) {
      for (const row of rows) {
        seen++;
        const at = held.length < room ? held.length : Math.floor(chance() * seen);
        if (at >= room) continue;
        const before = held[at];
        if (before) budget.giveBack(rowBytes(before));
        if (budget.take(rowBytes(row))) held[at] = row;
        else if (before) budget.take(rowBytes(before));
        else room = held.length;
      }
    },
    finish() {
      if (budget.isCut || (seen > most && count > most))
        run.cut(
          "apl_sample_limit",
          `sample holds at most ${run.limits.sortRows} rows, and as many as there is room for: others are left out`,
        );
      pushAll(next, held.splice(0), run);
      next.finish();
    },
    get isDone() {
      return next.isDone || most === 0;
    },
  };
}

/** Numbers from 0, inclusive, to 1 that look like chance and are none: 32-bit xorshift. Nothing that must be secret hangs on them. */
function chances(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
