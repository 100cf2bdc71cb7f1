import { bytesOf } from "../aggregates/budget.ts";
import { canonicalText } from "../aggregates/canonical.ts";
import { openGroupKeys } from "../aggregates/group-keys.ts";
import type { Columns } from "../columns.ts";
import { becomes, compileIn, type PlanOperator, passing, type Run, type Stage } from "../plan/flow.ts";
import { openLayout } from "../plan/layout.ts";
import { columnOf, renamed } from "../plan/meanings.ts";
import { namesOf } from "../plan/names.ts";
import type { Compiled, Row } from "../value.ts";

/** Rows that are told apart. */
export const DISTINCT_ROWS_MAX = 100_000;

const ENTRY_BYTES = 64;

export const distinct: PlanOperator<"distinct"> = (flow, { items }, planning) => {
  if (items.length === 0) {
    const { layout } = flow;
    flow.isOfEvents = false;
    flow.steps.push((next, run) => ofWholeRows(next, run, layout));
    return;
  }
  const names = namesOf(items);
  const by = items.map(({ value }) => compileIn(flow, value, planning));
  const { bucket } = renamed(
    flow,
    items.map(({ value }, i) => ({ name: names[i] ?? "", from: columnOf(value) })),
  );
  const layout = openLayout(names.map((name, i) => ({ name, type: by[i]?.type ?? "dynamic" })));
  becomes(flow, layout, { bucket });
  flow.steps.push((next, run) => ofValues(next, run, by));
};

function ofValues(next: Stage, run: Run, by: readonly Compiled[]): Stage {
  const budget = run.openBudget();
  const limit = openLimit(run);
  const keys = openGroupKeys(by, budget, (bytes) => limit.admits(keys.size) && budget.take(bytes));
  return passing(next, (rows) => {
    const news: Row[] = [];
    const { live } = run.meter;
    for (const row of rows) {
      run.meter.live = live;
      const before = keys.size;
      if (keys.find(row) < 0) limit.cut();
      if (keys.size === before) continue;
      const found: Row = [];
      keys.put(before, found);
      news.push(found);
    }
    return news;
  });
}

function ofWholeRows(next: Stage, run: Run, columns: Columns): Stage {
  const budget = run.openBudget();
  const limit = openLimit(run);
  const seen = new Set<string>();
  return passing(next, (rows) =>
    rows.filter((row) => {
      const key = wholeKey(row, columns);
      if (seen.has(key)) return false;
      if (!limit.admits(seen.size) || !budget.take(ENTRY_BYTES + bytesOf(key))) {
        limit.cut();
        return false;
      }
      seen.add(key);
      return true;
    }),
  );
}

/** Columns by name, since those that turn up late are absent in rows before them. */
function wholeKey(row: Row, { list }: Columns): string {
  return canonicalText(
    Object.fromEntries(row.flatMap((value, slot) => (value === undefined || value === null ? [] : [[list[slot]?.name ?? "", value]]))),
  );
}

function openLimit(run: Run) {
  return {
    admits: (size: number) => size < run.limits.distinctRows,
    cut: () =>
      run.cut(
        "apl_distinct_limit",
        `distinct tells at most ${run.limits.distinctRows} rows apart, and as many as there is room for: others are left out`,
      ),
  };
}
