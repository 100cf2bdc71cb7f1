/** Expressions over aggregations: `sum(a) / count()` becomes two aggregations, and what is computed of their results. */
import { nearest, QueryFault } from "../fault.ts";
import type { Expression } from "../syntax.ts";
import { AGGREGATES } from "./aggregates.ts";
import type { CallExpression } from "./arguments.ts";
import { partsOf } from "./derived.ts";

export interface Split {
  /** To be computed for each group, under names that no query can write. */
  readonly calls: readonly { readonly name: string; readonly call: CallExpression }[];
  /** Columns of those names stand where the calls stood; just such a column where the expression is a call. */
  readonly rest: Expression;
}

/**
 * @param prefix of the names, unlike those of other expressions of the same `summarize`
 * @throws QueryFault where there is no aggregation in it, or one in another.
 */
export function splitAggregates(expression: Expression, prefix = "\u0000"): Split {
  const calls: { name: string; call: CallExpression }[] = [];

  function replace(one: Expression): Expression {
    if (one.kind === "call" && AGGREGATES.has(one.name)) {
      const inner = one.args.map(firstAggregate).find((found) => found !== null);
      if (inner) throw new QueryFault(inner.at, `${inner.name}() cannot stand in another aggregation, ${one.name}()`);
      const name = `${prefix}${calls.length}`;
      calls.push({ name, call: one });
      return { kind: "column", name, at: one.at };
    }
    switch (one.kind) {
      case "literal":
      case "column":
      case "star":
        return one;
      case "member":
      case "negate":
        return { ...one, of: replace(one.of) };
      case "index":
        return { ...one, of: replace(one.of), index: replace(one.index) };
      case "call":
        return { ...one, args: one.args.map(replace) };
      case "among":
        return { ...one, left: replace(one.left), items: one.items.map(replace) };
      case "between":
        return { ...one, of: replace(one.of), low: replace(one.low), high: replace(one.high) };
      default:
        return { ...one, left: replace(one.left), right: replace(one.right) };
    }
  }

  const rest = replace(expression);
  if (calls.length === 0) throw new QueryFault(expression.at, missing(expression));
  return { calls, rest };
}

/** The first aggregation in an expression; null: there is none. */
export function firstAggregate(expression: Expression): CallExpression | null {
  if (expression.kind === "call" && AGGREGATES.has(expression.name)) return expression;
  for (const part of partsOf(expression)) {
    const found = firstAggregate(part);
    if (found !== null) return found;
  }
  return null;
}

/** What is said of an expression without an aggregation. */
function missing(expression: Expression): string {
  if (expression.kind !== "call") return "an aggregation such as count() is expected here";
  const near = nearest(expression.name, AGGREGATES.keys());
  const advice = near === null ? "an aggregation such as count() is expected here" : `did you mean ${near}()?`;
  return `there is no aggregation ${expression.name}(); ${advice}`;
}
