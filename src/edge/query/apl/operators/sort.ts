/** `sort` and `top`. */
import { compileIn, type Flow, type Planning, type PlanOperator, pushAll, type Stage, type Step } from "../plan/flow.ts";
import { columnOf } from "../plan/meanings.ts";
import type { Operator, SortKey } from "../syntax.ts";
import { openBest } from "./best.ts";
import { comparison } from "./order.ts";

/** Rows that a sort holds; of more, those that come first. */
export const SORT_ROWS_MAX = 50_000;

export const sort: PlanOperator<"sort"> = (flow, { keys }, planning, { following }) => {
  const count = takenBehind(following);
  order(flow, keys, planning);
  flow.steps.push(sorting(flow, keys, planning, count, "sort"));
};

export const top: PlanOperator<"top"> = (flow, { count, keys }, planning) => {
  order(flow, keys, planning);
  flow.isLimited = true;
  flow.steps.push(sorting(flow, keys, planning, count, "top"));
};

function order(flow: Flow, keys: readonly SortKey[], planning: Planning): void {
  for (const { by } of keys) compileIn(flow, by, planning);
  flow.order = keys.flatMap(({ by, descending }) => {
    const field = columnOf(by);
    return field === null ? [] : [{ field, desc: descending }];
  });
}

/** How many rows of the sorted ones are wanted, where a `take` follows behind operators that leave rows as many as they are. */
function takenBehind(following: readonly Operator[]): number {
  const keeping: readonly Operator["kind"][] = ["extend", "project", "project-away", "project-keep", "project-rename", "project-reorder"];
  const next = following.find(({ kind }) => !keeping.includes(kind));
  return next?.kind === "take" ? next.count : Number.POSITIVE_INFINITY;
}

function sorting(flow: Flow, keys: readonly SortKey[], planning: Planning, count: number, name: string): Step {
  const by = keys.map((key) => compileIn(flow, key.by, planning));
  const compare = comparison(keys);
  return (next, run): Stage => {
    const most = Math.min(count, run.limits.sortRows);
    const best = openBest(by, compare, most, run.openBudget());
    return {
      push(rows) {
        const { live } = run.meter;
        for (const row of rows) {
          best.add(row);
          run.meter.live = live;
        }
      },
      finish() {
        if (best.isCut || (best.count > most && count > most))
          run.cut(
            `apl_${name}_limit`,
            `${name} holds at most ${run.limits.sortRows} rows, and as many as there is room for: rows that come later in order are left out`,
          );
        pushAll(next, best.take(), run);
        next.finish();
      },
      get isDone() {
        return next.isDone || most === 0;
      },
    };
  };
}
