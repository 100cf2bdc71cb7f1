/** `make-series n = count() default = 0 on _time from a to b step 5m by x`, and with `in range(a, b, 5m)` for from, to and step. */
import type { Expression, Operator } from "../syntax.ts";
import type { Cursor } from "./cursor.ts";
import { expression, sum } from "./expression.ts";
import { grouping, named, parameter, separated } from "./item.ts";

export function makeSeries(cursor: Cursor, at: number): Operator {
  parameter(cursor, "kind", ["nonempty"]);
  const aggregates = separated(cursor, () => ({ ...named(cursor), fallback: fallback(cursor) }));
  cursor.expectWord("on");
  // no comparison: the word `in` belongs to make-series
  const on = sum(cursor);
  const axis = cursor.takeWord("in") ? range(cursor) : steps(cursor);
  return { at, kind: "make-series", aggregates, on, ...axis, by: grouping(cursor) };
}

function fallback(cursor: Cursor): Expression | null {
  if (!cursor.takeWord("default")) return null;
  cursor.expectSign("=");
  return expression(cursor);
}

function steps(cursor: Cursor) {
  const from = cursor.takeWord("from") ? sum(cursor) : null;
  const to = cursor.takeWord("to") ? sum(cursor) : null;
  cursor.expectWord("step");
  return { from, to, step: sum(cursor) };
}

function range(cursor: Cursor) {
  cursor.expectWord("range");
  cursor.expectSign("(");
  const part = (end: string) => {
    const value = cursor.nested(() => expression(cursor));
    cursor.expectSign(end);
    return value;
  };
  return { from: part(","), to: part(","), step: part(")") };
}
