/** `make_list`, `make_set`, `make_bag`: arrays and objects of what a group holds. Nulls are passed over; of nothing they are empty. */
import type { Compiled, Value } from "../value.ts";
import type { States } from "./aggregate.ts";
import { type Budget, bytesOf } from "./budget.ts";
import { type Interned, openInterned } from "./canonical.ts";

/** Kusto's. */
export const LIST_LENGTH_MAX = 1_048_576;
/** Axiom's, where the call names none. */
export const SET_LENGTH_DEFAULT = 128;

export function listStates({ run }: Compiled, lengthMax: number, budget: Budget): States {
  const lists: Value[][] = [];
  return {
    groupBytes: 64,
    begin() {
      lists.push([]);
    },
    add(group, row) {
      const list = lists[group] as Value[];
      if (list.length >= lengthMax) return;
      const value = run(row);
      if (value !== null && value !== undefined && budget.take(bytesOf(value))) list.push(value);
    },
    put(group, into) {
      into.push(lists[group]);
    },
  };
}

/** In the order in which the values turned up. */
export function setStates({ run }: Compiled, lengthMax: number, budget: Budget): States {
  const interned: Interned = openInterned(budget);
  const sets: Set<Value>[] = [];
  return {
    groupBytes: 200,
    begin() {
      sets.push(new Set());
    },
    add(group, row) {
      const set = sets[group] as Set<Value>;
      if (set.size >= lengthMax) return;
      const value = interned.keyOf(run(row));
      if (value !== null && value !== undefined && !set.has(value) && budget.take(bytesOf(value) + 32)) set.add(value);
    },
    put(group, into) {
      into.push([...(sets[group] as Set<Value>)]);
    },
  };
}

/** Of members with one name, the first stays. */
export function bagStates({ run }: Compiled, lengthMax: number, budget: Budget): States {
  const bags: Map<string, Value>[] = [];
  return {
    groupBytes: 200,
    begin() {
      bags.push(new Map());
    },
    add(group, row) {
      const value = run(row);
      if (typeof value !== "object" || value === null || Array.isArray(value)) return;
      const bag = bags[group] as Map<string, Value>;
      for (const [name, member] of Object.entries(value)) {
        if (bag.size >= lengthMax) return;
        if (!bag.has(name) && budget.take(bytesOf(name) + bytesOf(member) + 32)) bag.set(name, member);
      }
    },
    put(group, into) {
      into.push(Object.fromEntries(bags[group] as Map<string, Value>));
    },
  };
}
