/** What rows of both sides of a join are matched by. */
import { canonicalText } from "../../aggregates/canonical.ts";
import { QueryFault } from "../../fault.ts";
import type { Flow } from "../../plan/flow.ts";
import { checkKnown } from "../../plan/pattern.ts";
import type { Operator } from "../../syntax.ts";
import type { Row, Type, Value } from "../../value.ts";
import { converter } from "../convert.ts";

/** Null: one of the columns is null, which equals nothing. */
export type KeyOf = (row: Row) => string | null;

interface Part {
  readonly slot: number;
  readonly convert: (value: Value) => Value;
}

/** @throws QueryFault where a column is not known, or two are of types that never equal each other. */
export function openJoinKeys(left: Flow, right: Flow, on: Extract<Operator, { kind: "join" }>["on"]): { left: KeyOf; right: KeyOf } {
  const parts = on.map((one) => {
    checkKnown(left, one.left, one.at);
    checkKnown(right, one.right, one.at);
    const slots = [left.layout.slot(one.left), right.layout.slot(one.right)] as const;
    const types = [left.layout.list[slots[0]]?.type ?? "dynamic", right.layout.list[slots[1]]?.type ?? "dynamic"] as const;
    const type = typeBetween(...types);
    if (type === null)
      throw new QueryFault(
        one.at,
        `${one.left} of type ${types[0]} is joined on ${one.right} of type ${types[1]}; convert one of them, e.g. by tostring()`,
      );
    return { left: { slot: slots[0], convert: converter(types[0], type) }, right: { slot: slots[1], convert: converter(types[1], type) } };
  });
  return { left: keyOf(parts.map((part) => part.left)), right: keyOf(parts.map((part) => part.right)) };
}

function typeBetween(one: Type, other: Type): Type | null {
  if (one === other) return one;
  const types = new Set([one, other]);
  for (const type of ["datetime", "timespan"] as const)
    if (types.delete(type)) return types.has("dynamic") || types.has("string") ? type : null;
  // what an event holds is compared as it is
  if (types.has("dynamic")) return "dynamic";
  return types.has("long") && types.has("real") ? "dynamic" : null;
}

function keyOf(parts: readonly Part[]): KeyOf {
  return (row) => {
    let key = "";
    for (const { slot, convert } of parts) {
      const value = convert(row[slot]);
      if (value === null || value === undefined) return null;
      key += `${canonicalText(value)}\n`;
    }
    return key;
  };
}
