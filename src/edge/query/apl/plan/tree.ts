/** Walks of expressions. The parser bounds how deep they are. */
import { partsOf } from "../aggregates/derived.ts";
import type { Expression } from "../syntax.ts";

/** The expression with each part, from the innermost on, replaced by what `change` makes of it. */
export function changed(expression: Expression, change: (one: Expression) => Expression): Expression {
  const part = (one: Expression) => changed(one, change);
  switch (expression.kind) {
    case "literal":
    case "column":
    case "star":
      return change(expression);
    case "member":
    case "negate":
      return change({ ...expression, of: part(expression.of) });
    case "index":
      return change({ ...expression, of: part(expression.of), index: part(expression.index) });
    case "call":
      return change({ ...expression, args: expression.args.map(part) });
    case "among":
      return change({ ...expression, left: part(expression.left), items: expression.items.map(part) });
    case "between":
      return change({ ...expression, of: part(expression.of), low: part(expression.low), high: part(expression.high) });
    default:
      return change({ ...expression, left: part(expression.left), right: part(expression.right) });
  }
}

/** Calls `visit` with each part of an expression. */
export function visited(expression: Expression, visit: (one: Expression) => void): void {
  visit(expression);
  for (const part of partsOf(expression)) visited(part, visit);
}

/** The terms that all have to be true. */
export function conjuncts(expression: Expression): Expression[] {
  if (expression.kind !== "logic" || expression.op !== "and") return [expression];
  return [...conjuncts(expression.left), ...conjuncts(expression.right)];
}
