/** What an aggregation is called where the query gives no name, and what replies say of its arguments. */
import type { Expression } from "../syntax.ts";
import type { Value } from "../value.ts";

/** Functions that keep the name of what they are applied to. */
const TRANSPARENT = /^(bin|bin_auto|floor|to(int|long|real|double|string|bool|datetime|timespan))$/;

/** The field that the expression is, or is made of alone; null: it has no name of its own. */
export function pathOf(expression: Expression | undefined): string | null {
  switch (expression?.kind) {
    case "column":
      return expression.name;
    case "member": {
      const of = pathOf(expression.of);
      return of === null ? null : `${of}.${expression.name}`;
    }
    case "call":
      return TRANSPARENT.test(expression.name) ? pathOf(expression.args[0]) : null;
    default:
      return null;
  }
}

/** The fields in an expression, each once. */
export function fieldsIn(expression: Expression): string[] {
  const path = expression.kind === "call" ? null : pathOf(expression);
  return path === null ? [...new Set(partsOf(expression).flatMap(fieldsIn))] : [path];
}

/** The expressions that an expression is made of. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "literal":
    case "column":
    case "star":
      return [];
    case "member":
    case "negate":
      return [expression.of];
    case "index":
      return [expression.of, expression.index];
    case "call":
      return expression.args;
    case "among":
      return [expression.left, ...expression.items];
    case "between":
      return [expression.of, expression.low, expression.high];
    default:
      return [expression.left, expression.right];
  }
}

/** The constants among the arguments; of an array its elements. */
export function literalsOf(args: readonly Expression[]): Value[] {
  return args.flatMap((argument) => (argument.kind === "literal" ? [argument.value].flat() : []));
}
