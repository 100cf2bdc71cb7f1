/** From the columns of one table to those of another, of which new ones may still turn up. */
import type { ColumnInfo, Columns } from "../columns.ts";
import type { Row, Type, Value } from "../value.ts";

/** Where a value goes, and as what; null: nowhere. */
export interface Target {
  readonly slot: number;
  readonly convert?: ((value: Value) => Value) | undefined;
}

/** @param target asked once for each column of `from`, in their order; it makes none there */
export function openRelay(from: Columns, target: (name: string, type: Type) => Target | null): (row: Row, into: Row) => void {
  const targets: (Target | null)[] = [];
  return (row, into) => {
    for (let slot = targets.length; slot < from.list.length; slot++) {
      const { name, type } = from.list[slot] as ColumnInfo;
      targets.push(target(name, type));
    }
    for (let slot = 0; slot < row.length; slot++) {
      const value = row[slot];
      const to = targets[slot];
      if (value === undefined || !to) continue;
      put(into, to.slot, to.convert ? to.convert(value) : value);
    }
  };
}

/** A row has no holes: they would be slow, and forgotten by those who walk it. */
export function put(row: Row, slot: number, value: Value): void {
  while (row.length < slot) row.push(undefined);
  row[slot] = value;
}
