/** Names of columns: how a field of an event is found, whether it has been flattened or stands in a map field. */
import { nearest, QueryFault } from "../fault.ts";
import type { Scope } from "../scope.ts";
import type { Expression } from "../syntax.ts";
import type { Compiled, Row, Value } from "../value.ts";
import { isNull } from "./coerce.ts";
import { member, memberOf } from "./member.ts";

/** `a.b['c d']` as the names in it; `at` is where it begins. */
export interface Chain {
  readonly at: number;
  readonly names: readonly string[];
}

/** Null: what stands before the first dot is no name. */
export function chainOf(expression: Expression): Chain | null {
  const names: string[] = [];
  let one = expression;
  for (; one.kind === "member"; one = one.of) names.unshift(one.name);
  return one.kind === "column" ? { at: one.at, names: [one.name, ...names] } : null;
}

export function column(name: string, at: number, scope: Scope): Compiled {
  const slot = slotOf(name, at, scope);
  return { type: scope.columns.list[slot]?.type ?? "dynamic", run: (row) => row[slot] };
}

function slotOf(name: string, at: number, scope: Scope): number {
  const slot = scope.open ? scope.columns.slot(name) : scope.columns.find(name);
  if (slot !== undefined) return slot;
  const near = nearest(name, [...scope.columns.list.map((one) => one.name), ...scope.lets.keys(), ...scope.virtual.keys()]);
  throw new QueryFault(at, `there is no column ${name}${near === null ? "" : `; did you mean ${near}?`}`);
}

/**
 * In a closed table, the longest name that is a column, and members of its value. In a table of events the next row may have the field
 * as `a.b.c`, or `c` in the map field `a.b`, or `b.c` in the map field `a`: the longest that a row has is read.
 */
export function flattened(names: readonly string[], at: number, scope: Scope): Compiled {
  const prefixes = names.map((_, i) => names.slice(0, names.length - i).join("."));
  if (!scope.open) {
    const known = prefixes.findIndex((name) => scope.columns.find(name) !== undefined);
    const most = known < 0 ? prefixes.length - 1 : known;
    const of = column(prefixes[most] ?? "", at, scope);
    return names.slice(names.length - most).reduce((value, name) => member(at, value, name), of);
  }
  const whole = column(prefixes[0] ?? "", at, scope);
  if (whole.type !== "dynamic") return whole;
  const within = prefixes.slice(1).map((name, i) => ({ slot: slotOf(name, at, scope), path: names.slice(names.length - 1 - i) }));
  return { type: "dynamic", run: (row) => whole.run(row) ?? fromMaps(row, within) };
}

function fromMaps(row: Row, within: readonly { slot: number; path: readonly string[] }[]): Value {
  for (const { slot, path } of within) {
    const value = row[slot];
    if (typeof value !== "object" || value === null) continue;
    const found = path.reduce(memberOf, value);
    if (!isNull(found)) return found;
  }
  return null;
}
