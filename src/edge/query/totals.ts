/** The table `_totals` beside one of intervals: the same groups over the whole range. */
import type { Expression, Operator, Query } from "./apl/syntax.ts";
import type { Row, Value } from "./apl/value.ts";
import type { ResultColumn, ResultTable } from "./reply/result.ts";

export const TOTALS = "_totals";

/** Aggregations of which those of parts make that of the whole. */
const SUMS: readonly string[] = ["count", "countif", "sum", "sumif"];
const LEAST: readonly string[] = ["min", "minif"];
const GREATEST: readonly string[] = ["max", "maxif"];
const FOLDABLE = [...SUMS, ...LEAST, ...GREATEST];
/** Behind it rows are still the groups. */
const KEEPS_GROUPS: readonly Operator["kind"][] = ["sort", "top", "take"];
const BINS: readonly string[] = ["bin", "bin_auto", "floor"];

/** The query of the totals; null: the query makes no intervals, or goes on with what it has made of them. */
export function totalsQuery(query: Query): Query | null {
  const { operators } = query.body;
  const at = operators.findLastIndex(({ kind }) => kind === "summarize");
  const summarize = operators[at];
  if (summarize?.kind !== "summarize" || !operators.slice(at + 1).every(({ kind }) => KEEPS_GROUPS.includes(kind))) return null;
  const by = summarize.by.filter(({ value }) => !isInterval(value));
  if (by.length === summarize.by.length || summarize.aggregates.length === 0) return null;
  return { ...query, body: { ...query.body, operators: [...operators.slice(0, at), { ...summarize, by }] } };
}

function isInterval(value: Expression): boolean {
  return value.kind === "call" && BINS.includes(value.name) && value.args[0]?.kind === "column" && value.args[0].name === "_time";
}

/** Whether nothing behind the intervals' groups has left some of them out, so that their sums are those of the whole. */
export function keepsAllGroups(query: Query): boolean {
  const at = query.body.operators.findLastIndex(({ kind }) => kind === "summarize");
  return query.body.operators.slice(at + 1).every(({ kind }) => kind === "sort");
}

/** The totals out of the intervals, without reading an event twice; null: some aggregation needs the events. */
export function foldedTotals(table: ResultTable): ResultTable | null {
  const { bucket, columns } = table;
  const kept = columns.filter(({ name }) => name !== bucket?.field);
  if (kept.some(({ aggregation, name }) => (aggregation ? !FOLDABLE.includes(aggregation.name) : !table.groups.includes(name))))
    return null;
  const groups = kept.filter(({ aggregation }) => aggregation === null);
  const rows = new Map<string, Row>();
  for (const row of table.rows) {
    const key = JSON.stringify(groups.map(({ slot }) => row[slot] ?? null));
    const known = rows.get(key);
    if (known) for (const [at, column] of kept.entries()) known[at] = folded(column, known[at], row[column.slot]);
    else
      rows.set(
        key,
        kept.map(({ slot }) => row[slot]),
      );
  }
  return {
    name: TOTALS,
    columns: kept.map((column, slot) => ({ ...column, slot })),
    rows: [...rows.values()],
    order: [],
    groups: groups.map(({ name }) => name),
    bucket: null,
  };
}

function folded({ aggregation }: ResultColumn, one: Value, other: Value): Value {
  if (!aggregation || other === null || other === undefined) return one;
  if (one === null || one === undefined) return other;
  if (SUMS.includes(aggregation.name)) return (one as number) + (other as number);
  return LEAST.includes(aggregation.name) === (one as number) <= (other as number) ? one : other;
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
