/** Expressions into closures. Types are checked and constants computed before the first row is seen. */
import type { Columns } from "./columns.ts";
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
import { type Meter, openMeter } from "./meter.ts";
import type { Scope } from "./scope.ts";
import type { Expression } from "./syntax.ts";
import type { Compiled } from "./value.ts";

/** Levels of an expression, with those of the names it uses. */
export const EXPRESSION_DEPTH_MAX = 1000;
/** Parts of an expression, with those of a name wherever it stands: what runs on every row. */
export const EXPRESSION_PARTS_MAX = 200_000;

/** @throws QueryFault */
export function compile(expression: Expression, scope: Scope): Compiled {
  const { meter = openMeter() } = scope;
  return compileIn(expression, { scope, meter, names: [], depth: 0, made: { parts: 0, lets: new Map(), virtual: new Map() } });
}

interface Place {
  readonly scope: Scope;
  readonly meter: Meter;
  /** Of `let` and of virtual fields, whose expressions this one stands in. */
  readonly names: readonly string[];
  readonly depth: number;
  readonly made: Made;
}

/** What has been made already: names that stand for others, twice over, would take for ever if each were compiled wherever it stands. */
interface Made {
  parts: number;
  readonly lets: Map<string, Named>;
  readonly virtual: Map<string, Named>;
}

interface Named {
  readonly compiled: Compiled;
  readonly parts: number;
}

function compileIn(expression: Expression, outer: Place): Compiled {
  const { at } = expression;
  if (outer.depth >= EXPRESSION_DEPTH_MAX) throw new QueryFault(at, `an expression goes at most ${EXPRESSION_DEPTH_MAX} levels deep`);
  count(1, at, outer);
  const place = { ...outer, depth: outer.depth + 1 };
  const { meter } = place;
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
      return compileCall(expression, part, place.scope, meter);
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
      return text(at, expression.op, expression.negated, part(expression.left), part(expression.right), meter);
    case "among":
      return among(at, expression.op, expression.negated, part(expression.left), expression.items.map(part), meter);
    case "between":
      return between(at, expression.negated, part(expression.of), part(expression.low), part(expression.high));
  }
}

function count(parts: number, at: number, { made, meter }: Place): void {
  made.parts += parts;
  meter.cost += parts;
  if (made.parts > EXPRESSION_PARTS_MAX) throw new QueryFault(at, "the expression is too large, with all that its names stand for");
}

const NO_NAMES: ReadonlyMap<string, Expression> = new Map();
const NO_COLUMNS: Columns = { list: [], find: () => undefined, slot: () => 0 };

/** What a virtual field or `let` has given the name to: the field goes before any column, `let` after the columns that are known. */
function named(name: string, at: number, place: Place): Compiled | null {
  const { scope, made } = place;
  const virtual = scope.virtual.get(name);
  // neither sees the names of the query that it stands in
  if (virtual !== undefined) return substituted(name, at, virtual, made.virtual, place, { ...scope, lets: NO_NAMES });
  const given = scope.columns.find(name) === undefined ? scope.lets.get(name) : undefined;
  if (given === undefined) return null;
  return substituted(name, at, given, made.lets, place, { ...scope, columns: NO_COLUMNS, open: false, virtual: NO_NAMES });
}

function substituted(name: string, at: number, of: Expression, before: Map<string, Named>, place: Place, scope: Scope): Compiled {
  const { names, made } = place;
  const known = before.get(name);
  if (known !== undefined) {
    count(known.compiled.constant === undefined ? known.parts : 1, at, place);
    return known.compiled;
  }
  if (names.includes(name)) throw new QueryFault(at, `${name} is defined by itself: ${[...names, name].join(" -> ")}`);
  const begun = made.parts;
  try {
    const compiled = compileIn(of, { ...place, scope, names: [...names, name] });
    before.set(name, { compiled, parts: made.parts - begun });
    return compiled;
  } catch (fault) {
    // a virtual field has a text of its own, so the position in it says nothing here
    if (fault instanceof QueryFault && before === made.virtual) throw new QueryFault(at, `in the virtual field ${name}: ${fault.message}`);
    throw fault;
  }
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
