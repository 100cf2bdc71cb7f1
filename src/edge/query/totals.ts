/** The table `_totals` beside one of intervals: the same groups over the whole range. */
import type { Beside } from "./apl/plan.ts";
import type { Expression, Operator, Query } from "./apl/syntax.ts";
import type { Row } from "./apl/value.ts";
import type { ResultColumn, ResultTable } from "./reply/result.ts";

export const TOTALS = "_totals";

/** Behind it rows are still the groups. */
const KEEPS_GROUPS: readonly Operator["kind"][] = ["sort", "top", "take"];
const BINS: readonly string[] = ["bin", "bin_auto", "floor"];

/** What makes the totals of the query's events; null: the query makes no intervals, or goes on with what it has made of them. */
export function totalsBeside(query: Query): Beside | null {
  const { operators } = query.body;
  const at = operators.findLastIndex(({ kind }) => kind === "summarize");
  const summarize = operators[at];
  if (summarize?.kind !== "summarize" || !operators.slice(at + 1).every(({ kind }) => KEEPS_GROUPS.includes(kind))) return null;
  const by = summarize.by.filter(({ value }) => !isInterval(value));
  if (by.length === summarize.by.length || summarize.aggregates.length === 0) return null;
  return { at, operators: [{ ...summarize, by }] };
}

function isInterval(value: Expression): boolean {
  return value.kind === "call" && BINS.includes(value.name) && value.args[0]?.kind === "column" && value.args[0].name === "_time";
}

/** Groups that the query has put into no order: intervals as they follow each other, and in them the greatest first. */
export function inOrder(table: ResultTable): ResultTable {
  if (table.order.length > 0 || table.groups.length === 0) return table;
  const time = table.columns.find(({ name }) => name === table.bucket?.field);
  const rank = table.columns.find(({ aggregation }) => aggregation !== null);
  const numbers = rank && table.rows.every((row) => typeof (row[rank.slot] ?? 0) === "number");
  if (!time && !numbers) return table;
  const at = (row: Row, column: ResultColumn | undefined) =>
    column ? ((row[column.slot] as number | null) ?? Number.NEGATIVE_INFINITY) : 0;
  const by = numbers ? rank : undefined;
  return {
    ...table,
    rows: table.rows.toSorted((a, b) => compare(at(a, time), at(b, time)) || compare(at(b, by), at(a, by))),
    order: [...(time ? [{ field: time.name, desc: false }] : []), ...(by ? [{ field: by.name, desc: true }] : [])],
  };
}

function compare(one: number, other: number): number {
  return one === other ? 0 : one < other ? -1 : 1;
}
