/** Expressions into closures. Types are checked and constants computed before the first row is seen. */
import { among } from "./expression/among.ts";
import { arithmetic, negate } from "./expression/arithmetic.ts";
import { compare } from "./expression/comparison.ts";
import { constant } from "./expression/fold.ts";
import { between, logic } from "./expression/logic.ts";
import { index, member } from "./expression/member.ts";
import { type Chain, chainOf, column, flattened } from "./expression/names.ts";
import { text } from "./expression/text.ts";
import { QueryFault } from "./fault.ts";
import { compileCall } from "./functions/call.ts";
import type { Scope } from "./scope.ts";
import type { Expression } from "./syntax.ts";
import type { Compiled } from "./value.ts";

/** Levels of an expression, with those of the names it uses. */
export const EXPRESSION_DEPTH_MAX = 1000;

/** @throws QueryFault */
export function compile(expression: Expression, scope: Scope): Compiled {
  return compileIn(expression, { scope, names: [], depth: 0 });
}

interface Place {
  readonly scope: Scope;
  /** Of `let` and of virtual fields, whose expressions this one stands in. */
  readonly names: readonly string[];
  readonly depth: number;
}

function compileIn(expression: Expression, outer: Place): Compiled {
  const { at } = expression;
  if (outer.depth >= EXPRESSION_DEPTH_MAX) throw new QueryFault(at, `an expression goes at most ${EXPRESSION_DEPTH_MAX} levels deep`);
  const place = { ...outer, depth: outer.depth + 1 };
  const part = (one: Expression) => compileIn(one, place);
  switch (expression.kind) {
    case "literal":
      return constant(expression.type, expression.value);
    case "column":
      return named(expression.name, at, place) ?? column(expression.name, at, place.scope);
    case "member": {
      const chain = chainOf(expression);
      return (chain && chained(chain, place)) ?? member(at, part(expression.of), expression.name);
    }
    case "index":
      return index(at, part(expression.of), part(expression.index));
    case "call":
      return compileCall(expression, part, place.scope);
    case "star":
      throw new QueryFault(at, "* stands only in the arguments of an aggregation");
    case "negate":
      return negate(at, part(expression.of));
    case "logic":
      return logic(at, expression.op, part(expression.left), part(expression.right));
    case "compare":
      return compare(at, expression.op, part(expression.left), part(expression.right));
    case "arithmetic":
      return arithmetic(at, expression.op, part(expression.left), part(expression.right));
    case "text":
      return text(at, expression.op, expression.negated, part(expression.left), part(expression.right));
    case "among":
      return among(at, expression.op, expression.negated, part(expression.left), expression.items.map(part));
    case "between":
      return between(at, expression.negated, part(expression.of), part(expression.low), part(expression.high));
  }
}

/** What a virtual field or `let` has given the name to: the field goes before any column, `let` after the columns that are known. */
function named(name: string, at: number, place: Place): Compiled | null {
  const { scope } = place;
  const virtual = scope.virtual.get(name);
  if (virtual !== undefined) {
    try {
      return compileIn(virtual, entered(name, at, place, scope));
    } catch (fault) {
      // its own text is another one, so the position in it says nothing here
      if (fault instanceof QueryFault) throw new QueryFault(at, `in the virtual field ${name}: ${fault.message}`);
      throw fault;
    }
  }
  const given = scope.columns.find(name) === undefined ? scope.lets.get(name) : undefined;
  if (given === undefined) return null;
  const nowhere = { list: [], find: () => undefined, slot: () => 0 };
  return compileIn(given, entered(name, at, place, { ...scope, columns: nowhere, open: false, virtual: new Map() }));
}

function entered(name: string, at: number, place: Place, scope: Scope): Place {
  if (place.names.includes(name)) throw new QueryFault(at, `${name} is defined by itself: ${[...place.names, name].join(" -> ")}`);
  return { scope, names: [...place.names, name], depth: place.depth };
}

/** Null: the chain is none of columns, so its parts are members of whatever its beginning is. */
function chained({ at, names }: Chain, place: Place): Compiled | null {
  const [first = "", ...rest] = names;
  // the longest name that something is known under
  for (let length = names.length; length > 1; length--) {
    const whole = names.slice(0, length).join(".");
    const of = named(whole, at, place);
    if (of !== null) return names.slice(length).reduce((value, name) => member(at, value, name), of);
  }
  const of = named(first, at, place);
  if (of !== null) return rest.reduce((value, name) => member(at, value, name), of);
  return flattened(names, at, place.scope);
}
