/** Whether an answer may hold estimates: of aggregations that are exact as long as they see few values, and more may have come. */
import { AGGREGATES } from "./apl/aggregates/aggregates.ts";
import { partsOf } from "./apl/aggregates/derived.ts";
import { ACCURACY_DEFAULT, BITS_OF_ACCURACY } from "./apl/aggregates/distinct.ts";
import { EXACT_VALUES_MAX } from "./apl/aggregates/distribution.ts";
import { trackedFor } from "./apl/aggregates/topk.ts";
import type { Expression, Query, Tabular } from "./apl/syntax.ts";

/** Values of which `dcount` keeps all hashes: eight bytes each, three quarters of what its sketch takes. */
const hashesKept = (level: number) => 0.75 * 2 ** ((BITS_OF_ACCURACY[level] ?? 0) - 3);

/**
 * From above: each row that matched is taken for a different value of one group. So it is never false of an estimate, and may be true of
 * an answer that is exact after all.
 * @param rowsMatched of all that the query reads; infinite where nobody has counted.
 */
export function isEstimate({ lets, body }: Query, rowsMatched: number): boolean {
  const tables = [body, ...lets.flatMap(({ value }) => (value.kind === "table" ? [value.table] : []))].flatMap(within);
  const operators = tables.flatMap((table) => table.operators);
  // they make of one row any number of them
  const makes = operators.some(({ kind }) => kind === "join" || kind === "mv-expand");
  const values = makes ? Number.POSITIVE_INFINITY : rowsMatched;
  return operators.some(
    (one) => (one.kind === "summarize" || one.kind === "make-series") && one.aggregates.some(({ value }) => values > exactOf(value)),
  );
}

/** The table, and those that it is made of. */
function within(table: Tabular): Tabular[] {
  const { source, operators } = table;
  const beside = operators.flatMap((one) => (one.kind === "join" ? [one.right] : one.kind === "union" ? one.others : []));
  return [table, ...[...(source.kind === "union" ? source.of : []), ...beside].flatMap(within)];
}

/** So many values are aggregated exactly in any case. */
function exactOf(expression: Expression): number {
  return Math.min(ownExactOf(expression), ...partsOf(expression).map(exactOf));
}

function ownExactOf(expression: Expression): number {
  if (expression.kind !== "call") return Number.POSITIVE_INFINITY;
  // one with a condition has the op of the one without, and `if` behind it
  switch (AGGREGATES.get(expression.name)?.op.replace(/if$/i, "")) {
    case "distinct":
      return hashesKept(expression.args.some(({ kind }) => kind === "literal") ? 0 : ACCURACY_DEFAULT);
    case "percentiles":
    case "histogram":
      return EXACT_VALUES_MAX;
    case "topk":
      return 2 * trackedFor(1);
    default:
      return Number.POSITIVE_INFINITY;
  }
}
