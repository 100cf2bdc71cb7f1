/** Which group a row belongs to. */
import type { Compiled, Row, Value } from "../value.ts";
import { type Budget, bytesOf } from "./budget.ts";
import { openInterned } from "./canonical.ts";

/** There is no such group and no room for it. */
export const NO_GROUP = -1;

export interface GroupKeys {
  /** The row's group, which is made if there is none and `admit` lets it. Groups are numbered from 0. */
  find(row: Row): number;
  readonly size: number;
  /** Puts the values of a group behind what the row holds. */
  put(group: number, into: Row): void;
}

type Level = Map<Value, Level | number>;

const ENTRY_BYTES = 48;
/** Of a map with its first few entries. */
const LEVEL_BYTES = 240;

/**
 * Maps in maps, one level for each value, which joins no texts: the same service, or bin of time, is found again without a copy. Values
 * are the same as `Map` has it, and objects by their content.
 * @param admit whether one more group may begin, which takes these bytes for its key
 */
export function openGroupKeys(by: readonly Compiled[], budget: Budget, admit: (bytes: number) => boolean): GroupKeys {
  const interned = openInterned(budget);
  const values: Value[][] = by.map(() => []);
  const last = by.length - 1;
  const root: Level = new Map();
  let size = 0;
  let latest: Value;
  let beneath: Level | null = null;

  function find(row: Row): number {
    if (last < 0) return size === 1 || begin([], 0) ? 0 : NO_GROUP;
    const first = keyOf(0, row);
    if (first === undefined) return NO_GROUP;
    if (last === 0) {
      const found = root.get(first);
      if (found !== undefined) return found as number;
      return begin([first], ENTRY_BYTES) ? leaf(root, first) : NO_GROUP;
    }
    // rows come in order of time more often than not, so the bin is that of the row before
    if (beneath === null || first !== latest) {
      const found = root.get(first) as Level | undefined;
      if (found === undefined) return make(row);
      latest = first;
      beneath = found;
    }
    let level = beneath;
    for (let i = 1; i < last; i++) {
      const next = level.get(keyOf(i, row));
      if (next === undefined) return make(row);
      level = next as Level;
    }
    const found = level.get(keyOf(last, row));
    return found === undefined ? make(row) : (found as number);
  }

  /** Undefined: an object for which there is no room. */
  function keyOf(i: number, row: Row): Value {
    const value = (by[i] as Compiled).run(row);
    if (typeof value === "object" && value !== null) return interned.keyOf(value);
    return value === undefined ? null : value;
  }

  function make(row: Row): number {
    const keys = by.map((_, i) => keyOf(i, row));
    if (keys.includes(undefined)) return NO_GROUP;
    let missing = 0;
    for (let i = 0, level: Level | undefined = root; i < last; i++) {
      level = level?.get(keys[i]) as Level | undefined;
      if (level === undefined) missing++;
    }
    if (!begin(keys, ENTRY_BYTES + missing * (ENTRY_BYTES + LEVEL_BYTES))) return NO_GROUP;
    let level = root;
    for (let i = 0; i < last; i++) {
      const next: Level = (level.get(keys[i]) as Level | undefined) ?? new Map();
      level.set(keys[i], next);
      level = next;
    }
    return leaf(level, keys[last]);
  }

  function begin(keys: Value[], bytes: number): boolean {
    if (!admit(keys.reduce((sum: number, key) => sum + bytesOf(key), bytes))) return false;
    keys.forEach((key, i) => {
      values[i]?.push(key);
    });
    size++;
    return true;
  }

  function leaf(level: Level, key: Value): number {
    level.set(key, size - 1);
    return size - 1;
  }

  return {
    find,
    get size() {
      return size;
    },
    put(group, into) {
      for (const column of values) into.push(column[group]);
    },
  };
}
