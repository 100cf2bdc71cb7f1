/** Expressions made by hand: a legacy query has no text, so that they stand nowhere. */
import type { Expression } from "../apl/syntax.ts";
import type { Value } from "../apl/value.ts";

const at = 0;

export const column = (name: string): Expression => ({ kind: "column", name, at });

export const call = (name: string, ...args: Expression[]): Expression => ({ kind: "call", name, args, at });

/** Any JSON value. */
export function literal(value: Value): Expression {
  if (typeof value === "string") return { kind: "literal", type: "string", value, at };
  if (typeof value === "boolean") return { kind: "literal", type: "bool", value, at };
  if (typeof value === "number") return { kind: "literal", type: Number.isSafeInteger(value) ? "long" : "real", value, at };
  return { kind: "literal", type: "dynamic", value: value ?? null, at };
}

export const datetime = (micros: number): Expression => ({ kind: "literal", type: "datetime", value: micros, at });

export const timespan = (micros: number): Expression => ({ kind: "literal", type: "timespan", value: micros, at });

/** All of the terms, or one of them; at least one term. */
export function logic(op: "and" | "or", [first, ...rest]: readonly Expression[]): Expression {
  return rest.reduce<Expression>((left, right) => ({ kind: "logic", op, left, right, at }), first ?? literal(op === "and"));
}

export const not = (of: Expression): Expression => call("not", of);
