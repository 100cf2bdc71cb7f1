/** Comparisons. With a null on either side they are false, but that what is there is unequal to what is not. */
import type { ComparisonOp } from "../../apl/syntax.ts";
import type { Type } from "../../apl/value.ts";
import { as, asNumber, asPrinted, asText, type Bind, literal, made, type Sql } from "./sql.ts";
import { hasTerm } from "./text-search.ts";

/** The type that two sides are compared as, which our own engine has found to be comparable. */
function commonType(a: Type, b: Type): Type {
  const number = (type: Type) => type === "long" || type === "real";
  if (number(a) && number(b)) return a === b ? a : "real";
  if (a === "dynamic") return number(b) ? "real" : b;
  if (b === "dynamic") return number(a) ? "real" : a;
  return a === "string" ? b : a;
}

export function compared(bind: Bind, op: ComparisonOp, left: Sql, right: Sql): Sql {
  const folds = op === "=~" || op === "!~";
  const type = folds ? "string" : commonType(left.type, right.type);
  const plain = op === "=~" ? "==" : op === "!~" ? "!=" : op;
  if (type === "dynamic") return dynamicCompared(bind, plain, bind(left), bind(right));
  const [a, b] = [left, right]
    .map((side) => (type === "real" ? asNumber(bind, side) : as(type, bind, side)))
    .map((side) => (folds ? lowered(side) : side)) as [Sql, Sql];
  return plain === "!=" ? unequal(bind, a, b) : tested(`${a.text} ${plain === "==" ? "=" : plain} ${b.text}`, a, b);
}

const lowered = (side: Sql): Sql => ({ ...side, text: `lowerUTF8(${side.text})` });

function tested(test: string, a: Sql, b: Sql): Sql {
  return made("bool", a.nullable || b.nullable ? `ifNull(${test}, false)` : `(${test})`, false);
}

function unequal(bind: Bind, left: Sql, right: Sql): Sql {
  if (!left.nullable && !right.nullable) return made("bool", `(${left.text} != ${right.text})`, false);
  if (!right.nullable) return made("bool", `ifNull(${left.text} != ${right.text}, true)`, false);
  const [a, b] = [bind(left).text, bind(right).text];
  return made("bool", `ifNull(${a} != ${b}, isNull(${a}) != isNull(${b}))`, false);
}

/** Values of the same kind, numbers as numbers and all else by its text. */
function dynamicCompared(bind: Bind, op: ComparisonOp, a: Sql, b: Sql): Sql {
  const kind = (side: Sql) => `replaceRegexpOne(toString(JSONType(${side.text})), '^(U?Int64|Double)$', 'Number')`;
  const key = (side: Sql) =>
    `tuple(${kind(side)}, ifNull(${asNumber(bind, side).text}, 0), if(${kind(side)} = 'Number', '', ${asPrinted(bind, side).text}))`;
  const absent = `(isNull(${a.text}) OR isNull(${b.text}))`;
  if (op === "==") return made("bool", `if(${absent}, false, ${key(a)} = ${key(b)})`, false);
  if (op === "!=") return made("bool", `if(${absent}, isNull(${a.text}) != isNull(${b.text}), ${key(a)} != ${key(b)})`, false);
  return made("bool", `if(${absent} OR ${kind(a)} != ${kind(b)}, false, ${key(a)} ${op} ${key(b)})`, false);
}

export function within(bind: Bind, negated: boolean, of: Sql, low: Sql, high: Sql): Sql {
  const value = bind(of);
  const end =
    high.type === "timespan" && low.type === "datetime"
      ? made("datetime", `addMicroseconds(${low.text}, ${high.text})`, low.nullable || high.nullable)
      : high;
  const test = `(${compared(bind, ">=", value, low).text} AND ${compared(bind, "<=", value, end).text})`;
  return made("bool", negated ? `NOT ${test}` : test, false);
}

/** One item that is an array stands for its elements. */
export function among(
  bind: Bind,
  at: number,
  op: "in" | "in~" | "has_any" | "has_all",
  negated: boolean,
  left: Sql,
  given: readonly Sql[],
): Sql {
  const [only] = given;
  const elements =
    given.length === 1 && only?.literal && Array.isArray(only.literal.value) ? only.literal.value.map((one) => typedLiteral(one)) : given;
  const value = bind(left);
  const test = op === "in" ? isIn(bind, value, elements) : textAmong(bind, at, op, value, elements);
  return made("bool", negated ? `NOT ${test}` : test, false);
}

/** An element of a dynamic array, by its own type. */
function typedLiteral(value: import("../../apl/value.ts").Value): Sql {
  if (typeof value === "string") return literal("string", value);
  if (typeof value === "number") return literal(Number.isInteger(value) ? "long" : "real", value);
  return literal(typeof value === "boolean" ? "bool" : "dynamic", value);
}

function isIn(bind: Bind, left: Sql, items: readonly Sql[]): string {
  const present = items.filter((item) => !item.literal || (item.literal.value !== null && item.literal.value !== undefined));
  if (present.length === 0) return "false";
  const comparable = present.filter((item) => left.type === "dynamic" || item.type === "dynamic" || sameKind(left.type, item.type));
  const texts =
    comparable.every(({ type, literal: fixed }) => type === "string" && fixed) && (left.type === "string" || left.type === "dynamic");
  if (texts && comparable.length > 0) {
    const read = asText(bind, left);
    return tested(`${read.text} IN (${comparable.map(({ text }) => text).join(", ")})`, read, read).text;
  }
  return `(${comparable.map((item) => compared(bind, "==", left, item).text).join(" OR ") || "false"})`;
}

function sameKind(a: Type, b: Type): boolean {
  const kind = (type: Type) => (type === "real" ? "long" : type);
  return (
    kind(a) === kind(b) ||
    ((a === "datetime" || a === "timespan") && b === "string") ||
    (a === "string" && (b === "datetime" || b === "timespan"))
  );
}

function textAmong(bind: Bind, at: number, op: "in~" | "has_any" | "has_all", left: Sql, items: readonly Sql[]): string {
  const printed = bind(asPrinted(bind, left));
  const texts = items.filter(({ type }) => type === "string");
  if (op === "in~") {
    const wanted = texts.map(({ text }) => `lowerUTF8(${text})`);
    return wanted.length === 0 ? "false" : `ifNull(lowerUTF8(${printed.text}) IN (${wanted.join(", ")}), false)`;
  }
  const tests = texts.map((item) => hasTerm(at, printed, item, { begins: true, ends: true, folds: true }));
  if (tests.length === 0) return op === "has_all" ? `isNotNull(${printed.text})` : "false";
  return `(${tests.join(op === "has_all" ? " AND " : " OR ")})`;
}
