/** Calls and compiled arguments made by hand, so that aggregations are tested without the parser and the compiler. */
import type { Aggregate } from "../../../../../src/edge/query/apl/aggregates/aggregate.ts";
import { openAggregate } from "../../../../../src/edge/query/apl/aggregates/aggregates.ts";
import type { CallExpression, Surroundings } from "../../../../../src/edge/query/apl/aggregates/arguments.ts";
import { openBudget } from "../../../../../src/edge/query/apl/aggregates/budget.ts";
import { openGrouping } from "../../../../../src/edge/query/apl/aggregates/grouping.ts";
import { openColumns } from "../../../../../src/edge/query/apl/columns.ts";
import type { Expression } from "../../../../../src/edge/query/apl/syntax.ts";
import type { Compiled, Row, Type, Value } from "../../../../../src/edge/query/apl/value.ts";

/** Slots of the rows in these tests: `t` a datetime, `d` a timespan, `n` a whole number, the others what events have. */
export const columns = openColumns([
  { name: "x", type: "dynamic" },
  { name: "y", type: "dynamic" },
  { name: "t", type: "datetime" },
  { name: "d", type: "timespan" },
  { name: "n", type: "long" },
]);

export const star: Expression = { kind: "star", at: 0 };
export const column = (name: string): Expression => ({ kind: "column", name, at: 0 });
export const literal = (value: Value, type: Type = "dynamic"): Expression => ({ kind: "literal", type, value, at: 0 });
export const is = (name: string, value: Value): Expression => ({
  ...{ kind: "compare", op: "==", left: column(name), right: literal(value), at: 0 },
});

export function call(name: string, ...args: (Expression | string | number)[]): CallExpression {
  const expression = (arg: Expression | string | number) =>
    typeof arg === "string" ? column(arg) : typeof arg === "number" ? literal(arg, "long") : arg;
  return { kind: "call", name, args: args.map(expression), at: 0 };
}

export const slot = (index: number, type: Type = "dynamic"): Compiled => ({ type, run: (row) => row[index] });

export function compile(expression: Expression): Compiled {
  if (expression.kind === "literal") {
    const { type, value } = expression;
    return { type, run: () => value, constant: { value } };
  }
  if (expression.kind === "column") {
    const index = columns.find(expression.name);
    if (index === undefined) throw new Error(`no column ${expression.name}`);
    return slot(index, columns.list[index]?.type);
  }
  if (expression.kind === "compare") {
    const [left, right] = [compile(expression.left), compile(expression.right)];
    return { type: "bool", run: (row) => left.run(row) === right.run(row) };
  }
  throw new Error(`these tests compile no ${expression.kind}`);
}

export const open = (expression: CallExpression, surroundings: Partial<Surroundings> = {}): Aggregate =>
  openAggregate(expression, compile, { columns, ...surroundings });

/** The results of one group of all rows. */
export function aggregate(expression: CallExpression, rows: readonly Row[], surroundings: Partial<Surroundings> = {}): Row {
  const grouping = openGrouping([], [open(expression, surroundings)], { budget: openBudget() });
  for (const row of rows) grouping.add(row);
  return [...grouping.results()][0] ?? [];
}

/** Numbers that look like chance and are the same each time. */
export function* scattered(seed = 1): Generator<number> {
  for (let state = seed >>> 0; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield ((state ^ (state >>> 15)) >>> 0) / 2 ** 32;
  }
}
