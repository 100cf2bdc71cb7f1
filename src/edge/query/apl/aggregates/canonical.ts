/** Values by their content, so that they can be told apart and found again. */
import type { Value } from "../value.ts";
import { type Budget, bytesOf } from "./budget.ts";

/** JSON with the members of objects in the order of their names. */
export function canonicalText(value: Value): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalText(member)}`).join()}}`;
}

export interface Interned {
  /** What stands for the value as the key of a `Map`: null for an absent one, the first of its like for an object; undefined: no room. */
  keyOf(value: Value): Exclude<Value, undefined> | undefined;
}

const ENTRY_BYTES = 40;

export function openInterned(budget: Budget): Interned {
  const firsts = new Map<string, Exclude<Value, undefined>>();
  return {
    keyOf(value) {
      if (value === null || value === undefined) return null;
      if (typeof value !== "object") return value;
      const text = canonicalText(value);
      const first = firsts.get(text);
      if (first !== undefined) return first;
      if (!budget.take(ENTRY_BYTES + 2 * text.length + bytesOf(value))) return undefined;
      firsts.set(text, value);
      return value;
    },
  };
}
