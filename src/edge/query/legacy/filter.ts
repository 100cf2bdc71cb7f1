/** A filter of the legacy query as an expression. */
import { Problem } from "../../../problem.ts";
import { nearest } from "../apl/fault.ts";
import type { ComparisonOp, Expression, TextOp } from "../apl/syntax.ts";
import type { Value } from "../apl/value.ts";
import type { LegacyFilter } from "../request/legacy.ts";
import { readTime } from "../request/time-range.ts";
import { call, column, datetime, literal, logic, not } from "./tree.ts";

const COMPARISONS: Record<string, ComparisonOp> = {
  "==": "==",
  "!=": "!=",
  ">": ">",
  ">=": ">=",
  "<": "<",
  "<=": "<=",
  // axiom-js has both spellings
  gt: ">",
  gte: ">=",
  lt: "<",
  lte: "<=",
};
const TEXTS: Record<string, TextOp> = { "starts-with": "startswith", "ends-with": "endswith", contains: "contains", regexp: "matches" };
const NEGATED = "not-";
const OPS = [
  "and",
  "or",
  "not",
  "exists",
  "not-exists",
  ...Object.keys(COMPARISONS),
  ...Object.keys(TEXTS).flatMap((op) => [op, NEGATED + op]),
];
const TIMES: readonly string[] = ["_time", "_sysTime"];

/** @throws Problem `body-invalid` naming an unknown op, a missing field, or a value that the op cannot use. */
export function filterExpression(filter: LegacyFilter, now: number): Expression {
  const { op, field, value, children } = filter;
  const each = () => children.map((child) => filterExpression(child, now));
  if (op === "and" || op === "or") return logic(op, each());
  if (op === "not") return not(logic("and", each()));
  const comparison = COMPARISONS[op];
  const negated = op.startsWith(NEGATED);
  const text = TEXTS[negated ? op.slice(NEGATED.length) : op];
  if (!OPS.includes(op)) {
    const meant = nearest(op, OPS);
    throw new Problem(
      "body-invalid",
      `filter has no op ${JSON.stringify(op)}${meant ? `; did you mean ${JSON.stringify(meant)}?` : `; it has ${OPS.join(", ")}`}`,
    );
  }
  if (field === "") throw new Problem("body-invalid", `a filter with op ${JSON.stringify(op)} needs a field`);
  if (comparison) return compare(comparison, field, value as Value, now);
  if (text) return textual(filter, text, negated);
  // what stands below is for and, or, and not only: axiom-go's own suite sends some with exists
  return call(op === "exists" ? "isnotnull" : "isnull", column(field));
}

function compare(op: ComparisonOp, field: string, value: Value, now: number): Expression {
  if (value === null && (op === "==" || op === "!=")) return call(op === "==" ? "isnull" : "isnotnull", column(field));
  if (value === null || typeof value === "object")
    throw new Problem("body-invalid", `a filter with op ${JSON.stringify(op)} needs a value that is a text, a number, true or false`);
  const time = TIMES.includes(field) && typeof value === "string" ? readTime(`the value of a filter on ${field}`, value, now) : null;
  return { kind: "compare", op, left: column(field), right: time === null ? literal(value) : datetime(time), at: 0 };
}

function textual({ op, field, value, caseSensitive }: LegacyFilter, textOp: TextOp, negated: boolean): Expression {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean")
    throw new Problem("body-invalid", `a filter with op ${JSON.stringify(op)} needs a value that is a text`);
  const right = literal(String(value));
  const left = column(field);
  if (textOp === "matches") return { kind: "text", op: textOp, negated, left, right, at: 0 };
  const cased = caseSensitive ? (`${textOp}_cs` as TextOp) : textOp;
  if (textOp !== "contains") return { kind: "text", op: cased, negated, left, right, at: 0 };
  // of an array: one of its elements
  const among: Expression = { kind: "among", op: caseSensitive ? "in" : "in~", negated: false, left: literal(value), items: [left], at: 0 };
  const either = logic("or", [{ kind: "text", op: cased, negated: false, left, right, at: 0 }, among]);
  return negated ? not(either) : either;
}
