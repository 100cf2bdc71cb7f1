/**
 * Expressions of APL in ClickHouse's SQL. Our own engine judges each part first: what it would not take is refused with its words, what it
 * finds to be the same for all rows is a literal here, and types are what it says they are.
 */

import { openColumns } from "../../apl/columns.ts";
import { compile as compileHere } from "../../apl/compile.ts";
import { chainOf } from "../../apl/expression/names.ts";
import { QueryFault } from "../../apl/fault.ts";
import type { Scope } from "../../apl/scope.ts";
import type { Expression } from "../../apl/syntax.ts";
import type { Type } from "../../apl/value.ts";
import { arithmetic, negated } from "./arithmetic.ts";
import { among, compared, within } from "./comparison.ts";
import { FUNCTIONS } from "./functions.ts";
import type { Pipeline } from "./pipeline.ts";
import { NO_FIELD } from "./pipeline.ts";
import { quotedText } from "./quote.ts";
import { asCondition, asJson, literal, made, type Sql } from "./sql.ts";
import { searched } from "./text-search.ts";

export interface Place {
  readonly pipeline: Pipeline;
  readonly lets: ReadonlyMap<string, Expression>;
  /** Of the dataset; a field that an event has under the name does not count. */
  readonly virtual: ReadonlyMap<string, Expression>;
  /** Microseconds of the epoch. */
  readonly now: number;
  /** Names that are being worked out, so that none is defined by itself. */
  readonly names?: readonly string[];
}

export function unavailable(at: number, what: string): QueryFault {
  return new QueryFault(at, `${what} is not available for datasets answered by ClickHouse`);
}

/** @throws QueryFault */
export function expressionSql(expression: Expression, place: Place): Sql {
  const part = (one: Expression) => expressionSql(one, place);
  const { bind } = place.pipeline;
  const { at } = expression;
  switch (expression.kind) {
    case "literal":
      return literal(expression.type, expression.value);
    case "column":
      return columnSql([expression.name], at, place);
    case "member": {
      const chain = chainOf(expression);
      return chain ? columnSql(chain.names, at, place) : memberSql(part(expression.of), expression.name, at, place);
    }
    case "star":
      throw new QueryFault(at, "* stands only in the arguments of an aggregation");
    case "index": {
      const [of, by] = [part(expression.of), part(expression.index)];
      return judged(expression, [of, by], place, () => elementSql(of, by, at, place));
    }
    case "negate": {
      const of = part(expression.of);
      return judged(expression, [of], place, (type) => negated(bind, of, type));
    }
    case "logic": {
      const [left, right] = [part(expression.left), part(expression.right)];
      const word = expression.op === "and" ? "AND" : "OR";
      return judged(expression, [left, right], place, () =>
        made("bool", `(${asCondition(bind, left).text} ${word} ${asCondition(bind, right).text})`, false),
      );
    }
    case "compare": {
      const [left, right] = [part(expression.left), part(expression.right)];
      return judged(expression, [left, right], place, () => compared(bind, expression.op, left, right));
    }
    case "arithmetic": {
      const [left, right] = [part(expression.left), part(expression.right)];
      return judged(expression, [left, right], place, (type) => arithmetic(bind, expression.op, left, right, type));
    }
    case "text": {
      const [left, right] = [part(expression.left), part(expression.right)];
      return judged(expression, [left, right], place, () => searched(bind, at, expression.op, expression.negated, left, right));
    }
    case "among": {
      const [left, ...items] = [expression.left, ...expression.items].map(part) as [Sql, ...Sql[]];
      return judged(expression, [left, ...items], place, () => among(bind, at, expression.op, expression.negated, left, items));
    }
    case "between": {
      const [of, low, high] = [part(expression.of), part(expression.low), part(expression.high)];
      return judged(expression, [of, low, high], place, () => within(bind, expression.negated, of, low, high));
    }
    case "call": {
      if (expression.name === "column_ifexists") return ifExists(expression, place);
      const args = expression.args.map(part);
      return judged(expression, args, place, (type) => {
        const written = FUNCTIONS.get(expression.name);
        if (written === undefined) throw unavailable(at, `${expression.name}()`);
        return written({ bind, at, name: expression.name, type }, args);
      });
    }
  }
}

/** With a stand-in for each part: what matters of it is its type, and its value where that is known. */
function judged(expression: Expression, parts: readonly Sql[], { now }: Place, write: (type: Type) => Sql): Sql {
  const names = parts.map((_, i) => `part${i}`);
  const columns = openColumns(parts.map(({ type }, i) => ({ name: names[i] ?? "", type })));
  const scope: Scope = { columns, open: false, lets: new Map(), virtual: new Map(), now };
  const stands = (one: Expression, i: number): Expression => {
    const fixed = parts[i]?.literal;
    if (fixed !== undefined && parts[i]) return { kind: "literal", type: parts[i].type, value: fixed.value, at: one.at };
    return { kind: "column", name: names[i] ?? "", at: one.at };
  };
  const verdict = compileHere(standIn(expression, stands), scope);
  if (verdict.constant !== undefined) return literal(verdict.type, verdict.constant.value);
  return write(verdict.type);
}

function standIn(expression: Expression, stands: (one: Expression, i: number) => Expression): Expression {
  switch (expression.kind) {
    case "negate":
      return { ...expression, of: stands(expression.of, 0) };
    case "index":
      return { ...expression, of: stands(expression.of, 0), index: stands(expression.index, 1) };
    case "logic":
    case "compare":
    case "arithmetic":
    case "text":
      return { ...expression, left: stands(expression.left, 0), right: stands(expression.right, 1) };
    case "among":
      return { ...expression, left: stands(expression.left, 0), items: expression.items.map((item, i) => stands(item, i + 1)) };
    case "between":
      return { ...expression, of: stands(expression.of, 0), low: stands(expression.low, 1), high: stands(expression.high, 2) };
    case "call":
      return { ...expression, args: expression.args.map(stands) };
    default:
      return expression;
  }
}

/** The longest beginning that something is known under, and members of that. What the query has made itself goes before fields of events. */
function columnSql(names: readonly string[], at: number, place: Place): Sql {
  const made = (name: string) => namedSql(name, at, place) ?? (isComputed(name, place) ? place.pipeline.find(name) : null);
  for (const look of [made, place.pipeline.find])
    for (let length = names.length; length > 0; length--) {
      const known = look(names.slice(0, length).join("."));
      if (known !== null) return names.slice(length).reduce((of, member) => memberSql(of, member, at, place), known);
    }
  if (place.pipeline.events !== null) return NO_FIELD;
  throw new QueryFault(at, `there is no column ${names.join(".")}`);
}

function isComputed(name: string, { pipeline }: Place): boolean {
  const known = pipeline.columns.get(name);
  return known !== undefined && known.text !== pipeline.events?.idOf(name);
}

/** What a virtual field or `let` has given the name to: the field goes before any field of events, `let` after the columns. */
function namedSql(name: string, at: number, place: Place): Sql | null {
  const { pipeline, names = [] } = place;
  const virtual = pipeline.events !== null && !isComputed(name, place) ? place.virtual.get(name) : undefined;
  const given = virtual ?? (pipeline.columns.has(name) || pipeline.events?.names.includes(name) ? undefined : place.lets.get(name));
  if (given === undefined) return null;
  if (names.includes(name)) throw new QueryFault(at, `${name} is defined by itself: ${[...names, name].join(" -> ")}`);
  try {
    return expressionSql(given, { ...place, names: [...names, name], virtual: virtual ? place.virtual : new Map() });
  } catch (fault) {
    // its own text is another one, so the position in it says nothing here
    if (virtual !== undefined && fault instanceof QueryFault) throw new QueryFault(at, `in the virtual field ${name}: ${fault.message}`);
    throw fault;
  }
}

function memberSql(of: Sql, name: string, at: number, place: Place): Sql {
  if (of.type !== "dynamic")
    throw new QueryFault(at, `a ${of.type} has no members${of.type === "string" ? "; parse_json() makes a dynamic value of a text" : ""}`);
  return extracted(place.pipeline.bind(asJson(place.pipeline.bind, of)), quotedText(name));
}

function elementSql(of: Sql, by: Sql, at: number, place: Place): Sql {
  const value = by.literal?.value;
  const bound = place.pipeline.bind(of);
  if (typeof value === "string") return extracted(bound, quotedText(value));
  // ClickHouse counts from 1, and from the end with negative numbers as we do
  if (typeof value === "number" && Number.isInteger(value)) return extracted(bound, String(value < 0 ? value : value + 1), "Array");
  throw unavailable(at, "an index that is not a constant");
}

/** An empty text stands for what is not there. */
function extracted({ text }: Sql, key: string, kind = "Object"): Sql {
  return made("dynamic", `nullIf(nullIf(if(JSONType(${text}) = '${kind}', JSONExtractRaw(${text}, ${key}), ''), ''), 'null')`);
}

function ifExists(call: Extract<Expression, { kind: "call" }>, place: Place): Sql {
  const [name, fallback] = call.args;
  if (name?.kind !== "literal" || typeof name.value !== "string" || fallback === undefined)
    throw new QueryFault(call.at, "column_ifexists() takes the name of a column as a text, and another value");
  return place.pipeline.find(name.value) ?? expressionSql(fallback, place);
}
