/** The columns of a table: names to slots of its rows. A table of events learns its columns while it is read. */
import type { Type } from "./value.ts";

export interface ColumnInfo {
  readonly name: string;
  readonly type: Type;
}

export interface Columns {
  readonly list: readonly ColumnInfo[];
  /** The slot of a name, or undefined. */
  find(name: string): number | undefined;
  /** The slot of a name, which is made behind the last one if there is none. */
  slot(name: string, type?: Type): number;
}

export function openColumns(initial: readonly ColumnInfo[] = []): Columns {
  const list: ColumnInfo[] = [];
  const slots = new Map<string, number>();
  const slot = (name: string, type: Type = "dynamic") => {
    const known = slots.get(name);
    if (known !== undefined) return known;
    slots.set(name, list.length);
    return list.push({ name, type }) - 1;
  };
  for (const { name, type } of initial) slot(name, type);
  return { list, find: (name) => slots.get(name), slot };
}
