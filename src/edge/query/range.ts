/** The stretch of time of a query that leaves it open, in whole or in part. */
import { partsOf } from "./apl/aggregates/derived.ts";
import type { Expression, Query, Tabular } from "./apl/syntax.ts";
import { TIME } from "./cursor.ts";
import type { OpenRange, TimeRange } from "./request/time-range.ts";

/** Before now, where neither the request nor the query says from when on. */
const DEFAULT_RANGE_MICROS = 15 * 60 * 1_000_000;
/** Events that the sender's or another machine's clock has stamped a little ahead of ours are still of now. */
const CLOCK_SKEW_MICROS = 5_000_000;

export interface ClosedRange extends TimeRange {
  /** The default was taken. */
  readonly isDefault: boolean;
}

/** A query that asks about `_time` itself has its own range, so that nothing is cut off it. */
export function closedRange({ from, to }: OpenRange, query: Query, now: number): ClosedRange {
  const end = to ?? now + CLOCK_SKEW_MICROS;
  if (from !== null) return { from, to: Math.max(end, from + 1), isDefault: false };
  if (asksAboutTime(query)) return { from: Math.min(0, end - 1), to: end, isDefault: false };
  return { from: Math.min(now, end) - DEFAULT_RANGE_MICROS, to: end, isDefault: true };
}

function asksAboutTime({ lets, body }: Query): boolean {
  return inTable(body) || lets.some(({ value }) => value.kind === "table" && inTable(value.table));
}

function inTable({ source, operators }: Tabular): boolean {
  if (source.kind === "union" && source.of.some(inTable)) return true;
  return operators.some((operator) => {
    if (operator.kind === "where") return names(operator.predicate);
    if (operator.kind === "join") return inTable(operator.right);
    return operator.kind === "union" && operator.others.some(inTable);
  });
}

function names(expression: Expression): boolean {
  return (expression.kind === "column" && expression.name === TIME) || partsOf(expression).some(names);
}
