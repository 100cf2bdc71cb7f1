/** The arguments of an aggregation, read before the first row. */
import type { Columns } from "../columns.ts";
import { QueryFault } from "../fault.ts";
import type { Expression } from "../syntax.ts";
import type { Compiled, Value } from "../value.ts";

export type CallExpression = Extract<Expression, { kind: "call" }>;

/** What an aggregation knows beside its arguments. */
export interface Surroundings {
  /** Of the rows that are added; they may still grow. */
  readonly columns: Columns;
  /** Names of the columns by which rows are grouped: a `*` leaves them out. */
  readonly groupedBy?: readonly string[];
  /** How long a group lasts, for `rate`: the step of its bin of `_time`, else the query's range. */
  readonly seconds?: number;
}

/** A call whose predicate, if it has one, has been taken out. */
export interface Call {
  readonly name: string;
  readonly at: number;
  readonly args: readonly Expression[];
  readonly compile: (expression: Expression) => Compiled;
  readonly surroundings: Surroundings;
}

/** The value that rows are aggregated by: the first argument. */
export function subject(call: Call): Compiled {
  const first = call.args[0];
  if (first === undefined || first.kind === "star") throw new QueryFault(call.at, `${call.name}() needs a value for its first argument`);
  return call.compile(first);
}

function constant(call: Call, position: number): { value: Value; at: number } {
  const argument = call.args[position];
  const compiled = argument === undefined ? undefined : call.compile(argument);
  if (argument === undefined || compiled?.constant === undefined)
    throw new QueryFault(argument?.at ?? call.at, `argument ${position + 1} of ${call.name}() must be a constant`);
  return { value: compiled.constant.value, at: argument.at };
}

/** @param fallback where the call has no such argument */
export function wholeNumber(call: Call, position: number, least: number, most: number, fallback?: number): number {
  if (call.args[position] === undefined && fallback !== undefined) return fallback;
  const { value, at } = constant(call, position);
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most)
    throw new QueryFault(at, `argument ${position + 1} of ${call.name}() must be a whole number from ${least} to ${most}`);
  return value;
}

export const PERCENTS_MAX = 100;

/** Constants from 0 to 100, or one array of them. */
export function percents(call: Call): number[] {
  const given = call.args.slice(1).flatMap((_, i) => {
    const { value, at } = constant(call, i + 1);
    return (Array.isArray(value) ? value : [value]).map((one: Value) => ({ one, at }));
  });
  if (given.length === 0 || given.length > PERCENTS_MAX)
    throw new QueryFault(call.at, `${call.name}() needs 1 to ${PERCENTS_MAX} percentiles`);
  return given.map(({ one, at }) => {
    if (typeof one !== "number" || !(one >= 0 && one <= 100)) throw new QueryFault(at, "a percentile is a number from 0 to 100");
    return one;
  });
}
