/** Runs one expression on one event, as a query would. */
import { openColumns } from "../../../../src/edge/query/apl/columns.ts";
import { compile } from "../../../../src/edge/query/apl/compile.ts";
import { parseExpression } from "../../../../src/edge/query/apl/parse.ts";
import type { Scope } from "../../../../src/edge/query/apl/scope.ts";
import type { Expression } from "../../../../src/edge/query/apl/syntax.ts";
import type { Compiled, Type, Value } from "../../../../src/edge/query/apl/value.ts";

/** 2026-03-04T05:06:07.089012Z, a Wednesday. */
export const NOW = Date.UTC(2026, 2, 4, 5, 6, 7, 89) * 1000 + 12;

export interface Given {
  readonly open?: boolean;
  readonly types?: Readonly<Record<string, Type>>;
  readonly lets?: Readonly<Record<string, string>>;
  readonly virtual?: Readonly<Record<string, string>>;
}

export type Event = Readonly<Record<string, Value>>;

export function scopeFor(event: Event = {}, { open = true, types = {}, lets = {}, virtual = {} }: Given = {}): Scope {
  const parsed = (texts: Readonly<Record<string, string>>): Map<string, Expression> =>
    new Map(Object.entries(texts).map(([name, text]) => [name, parseExpression(text)]));
  const names = ["_time", ...Object.keys(event).filter((name) => name !== "_time")];
  const columns = openColumns(names.map((name) => ({ name, type: types[name] ?? (name === "_time" ? "datetime" : "dynamic") })));
  return { columns, open, lets: parsed(lets), virtual: parsed(virtual), now: NOW };
}

export function compiled(text: string, event: Event = {}, given: Given = {}): { expression: Compiled; scope: Scope } {
  const scope = scopeFor(event, given);
  return { expression: compile(parseExpression(text), scope), scope };
}

/** Absent is null. */
export function evaluate(text: string, event: Event = {}, given: Given = {}): Value {
  const { expression, scope } = compiled(text, event, given);
  const row: Value[] = [];
  for (const [name, value] of Object.entries({ _time: NOW, ...event })) row[scope.columns.slot(name)] = value;
  const constant = expression.constant;
  const value = expression.run(row) ?? null;
  if (constant !== undefined && JSON.stringify(constant.value ?? null) !== JSON.stringify(value))
    throw new Error("the constant is another value");
  return value;
}

/** Microseconds. */
export function time(text: string): number {
  return Date.parse(text) * 1000;
}
