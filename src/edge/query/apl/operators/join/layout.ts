/**
 * The columns of a join: those of the left side, then those of the right, with a `1` behind the name where the left has it. What an open
 * left side has shows only in its rows, so there a right column gets the `1` in those rows whose event has a field of the name; and in
 * all rows where the query asks for it by that name.
 */
import type { Flow } from "../../plan/flow.ts";
import { type Layout, openLayout } from "../../plan/layout.ts";
import { unlike } from "../../plan/names.ts";
import { openRelay, put } from "../../plan/relay.ts";
import type { Row } from "../../value.ts";

/** @param right null: the left row has no match */
export type Combine = (left: Row, right: Row | null) => Row;

export function openJoinLayout(left: Flow, right: Flow): { layout: Layout; combine: Combine } {
  const [a, b] = [left.layout, right.layout];
  const isOpen = left.open || right.open;
  const layout = openLayout(a.list, (name) => {
    if (!isOpen) return null;
    const slotB = right.open && (!left.open || a.find(name) === undefined) ? b.slot(name) : b.find(name);
    if (right.open && name.endsWith("1")) b.slot(name.slice(0, -1));
    if (left.open) a.slot(name);
    return slotB === undefined ? null : (b.list[slotB]?.type ?? null);
  });
  const taken = { has: (name: string) => layout.find(name) !== undefined };
  // of an open left side, known columns are those that the query has named, which the events need not have
  for (const { name, type } of b.list) {
    if (left.open && taken.has(name)) continue;
    const as = left.open ? name : unlike(name, taken);
    if (right.open && !b.defined.has(name)) layout.slot(as, type);
    else layout.define(as, type);
  }

  const relayLeft = openRelay(a, (name, type) => ({ slot: layout.slot(name, type) }));
  const relayRight = left.open ? besideOpen(a, b, layout) : besideClosed(a, b, layout);
  return {
    layout,
    combine(one, other) {
      const into: Row = [];
      relayLeft(one, into);
      if (other !== null) relayRight(other, into, one);
      return into;
    },
  };
}

function besideClosed(a: Layout, b: Layout, layout: Layout): (right: Row, into: Row) => void {
  const given = new Set(a.list.map(({ name }) => name));
  return openRelay(b, (name, type) => {
    const as = unlike(name, given);
    given.add(as);
    return { slot: layout.slot(as, type) };
  });
}

function besideOpen(a: Layout, b: Layout, layout: Layout): (right: Row, into: Row, left: Row) => void {
  return (right, into, left) => {
    for (let slot = 0; slot < right.length; slot++) {
      const value = right[slot];
      if (value === undefined) continue;
      const { name, type } = b.list[slot] ?? { name: "", type: "dynamic" as const };
      const own = a.find(name);
      const isGiven = own !== undefined && left[own] !== undefined;
      if (!isGiven) put(into, layout.slot(name, type), value);
      if (isGiven || layout.find(`${name}1`) !== undefined) put(into, layout.slot(`${name}1`, type), value);
    }
  };
}
