/** `join`: the right side is read first and held, then the left one streams by. */
import { becomes, type PlanOperator, pushAll, type RightSide, type Run, type Stage } from "../plan/flow.ts";
import type { Row } from "../value.ts";
import { rowBytes } from "./best.ts";
import { type KeyOf, openJoinKeys } from "./join/key.ts";
import { type Combine, openJoinLayout } from "./join/layout.ts";

/** Of the right side. */
export const JOIN_ROWS_MAX = 50_000;

const ENTRY_BYTES = 120;

export const join: PlanOperator<"join"> = (flow, { how, right, on }, planning, { isWhole }) => {
  const other = planning.table(right, { isWhole, following: [] });
  const left = { ...flow };
  const keys = openJoinKeys(left, other, on);
  const side: RightSide = { flow: other, open: (run) => holding(run, keys.right) };
  const joined = openJoinLayout(left, other);
  becomes(flow, joined.layout, { open: left.open || other.open, meanings: left.meanings });
  flow.rights.push(side);
  flow.steps.push((next, run) => joining(next, run, side, keys.left, how, joined.combine));
};

function joining(next: Stage, run: Run, side: RightSide, keyOf: KeyOf, how: string, combine: Combine): Stage {
  const used = new Set<string>();
  let isStopped = false;
  const held = () => run.held.get(side)?.byKey ?? new Map<string, readonly Row[]>();

  function* matches(rows: readonly Row[]): Iterable<Row> {
    for (const row of rows) {
      const key = keyOf(row);
      const found = key === null ? undefined : held().get(key);
      if (found === undefined || key === null) {
        // no more than the rows that come
        if (how === "leftouter") yield combine(row, null);
        continue;
      }
      // of rows of the left with the same key, the first alone
      if (how === "innerunique" && used.size === used.add(key).size) continue;
      for (const one of found) {
        if (!run.makeRow()) {
          isStopped = true;
          run.cut(
            "apl_join_limit",
            `a query makes at most ${run.limits.madeRows} rows of others, by join and mv-expand: further ones are left out`,
          );
          return;
        }
        yield combine(row, one);
      }
    }
  }

  return {
    push: (rows) => pushAll(next, matches(rows), run),
    finish: () => next.finish(),
    get isDone() {
      return isStopped || next.isDone || (how !== "leftouter" && held().size === 0);
    },
  };
}

/** Holds the right side by its keys. A row without one matches nothing. */
function holding(run: Run, keyOf: KeyOf): ReturnType<RightSide["open"]> {
  const budget = run.openBudget();
  const byKey = new Map<string, Row[]>();
  let count = 0;
  let isCut = false;

  function hold(row: Row): void {
    const key = keyOf(row);
    if (key === null) return;
    if (count >= run.limits.joinRows || !budget.take(rowBytes(row) + 2 * key.length + ENTRY_BYTES)) {
      isCut = true;
      return;
    }
    count++;
    const alike = byKey.get(key);
    if (alike) alike.push(row);
    else byKey.set(key, [row]);
  }

  return {
    push(rows) {
      for (const row of rows) hold(row);
    },
    finish() {
      if (isCut)
        run.cut(
          "apl_join_limit",
          `join holds at most ${run.limits.joinRows} rows of its right side, and as many as there is room for: others are left out`,
        );
    },
    get isDone() {
      return isCut;
    },
    rows: { byKey },
  };
}
