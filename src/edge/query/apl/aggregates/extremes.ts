/** The least and the greatest value, and what else stood in that row. */
import type { ColumnInfo, Columns } from "../columns.ts";
import type { Compiled, Row, Value } from "../value.ts";
import type { States } from "./aggregate.ts";
import { type Budget, bytesOf } from "./budget.ts";

/** Of a field that holds values of several kinds, numbers go before texts and those before booleans; whatever the order of the rows. */
const KINDS = ["number", "string", "boolean"];

const isOrdered = (value: Value): value is number | string | boolean => KINDS.includes(typeof value) && !Number.isNaN(value);

function isBetter(value: Value, than: Value, sign: 1 | -1): boolean {
  if (than === null || than === undefined) return true;
  if (typeof value === "number" && typeof than === "number") return sign > 0 ? value > than : value < than;
  if (typeof value !== typeof than) return KINDS.indexOf(typeof value) < KINDS.indexOf(typeof than);
  return sign > 0 ? (value as string) > (than as string) : (value as string) < (than as string);
}

/** @param sign 1: the greatest, -1: the least. Null of nothing. */
export function extremeStates({ run }: Compiled, sign: 1 | -1, budget: Budget): States {
  const bests: Value[] = [];
  return {
    groupBytes: 24,
    begin() {
      bests.push(null);
    },
    add(group, row) {
      const value = run(row);
      if (!isOrdered(value) || !isBetter(value, bests[group], sign)) return;
      // numbers are within what the group has taken
      if (typeof value === "string" && !budget.take(bytesOf(value))) return;
      if (typeof bests[group] === "string") budget.giveBack(bytesOf(bests[group]));
      bests[group] = value;
    },
    put(group, into) {
      into.push(bests[group]);
    },
  };
}

/** What is kept of a row, and under which names. */
export interface Kept {
  columns(): readonly ColumnInfo[];
  take(row: Row): Row;
  /** In the order of the columns. */
  put(taken: Row, into: Row): void;
}

export function keepValues(values: readonly Compiled[], columns: readonly ColumnInfo[]): Kept {
  return {
    columns: () => columns,
    take: (row) => values.map(({ run }) => run(row)),
    put: (taken, into) => void into.push(...taken),
  };
}

/** @param without names that the result has from elsewhere: of the groups, and of what is the greatest */
export function keepRow(columns: Columns, without: ReadonlySet<string>): Kept {
  return {
    columns: () => columns.list.filter(({ name }) => !without.has(name)),
    take: (row) => row.slice(),
    put(taken, into) {
      columns.list.forEach(({ name }, slot) => {
        if (!without.has(name)) into.push(taken[slot]);
      });
    },
  };
}

/** `arg_max` and `arg_min`: the extreme value, then what is kept of its row; of several such rows the first. */
export function argStates({ run }: Compiled, sign: 1 | -1, kept: Kept, budget: Budget): States {
  const bests: Value[] = [];
  const takens: Row[] = [];
  return {
    groupBytes: 48,
    begin() {
      bests.push(null);
      takens.push([]);
    },
    add(group, row) {
      const value = run(row);
      if (!isOrdered(value) || !isBetter(value, bests[group], sign)) return;
      const taken = kept.take(row);
      if (!budget.take(bytesOf(value) + bytesOf(taken))) return;
      budget.giveBack(bytesOf(bests[group]) + bytesOf(takens[group]));
      bests[group] = value;
      takens[group] = taken;
    },
    put(group, into) {
      into.push(bests[group]);
      kept.put(padded(takens[group] ?? [], kept), into);
    },
  };
}

/** `take_any`: of the first row that has any of it. */
export function anyStates(kept: Kept, budget: Budget): States {
  const takens: (Row | null)[] = [];
  return {
    groupBytes: 24,
    begin() {
      takens.push(null);
    },
    add(group, row) {
      if (takens[group] !== null) return;
      const taken = kept.take(row);
      if (taken.every((value) => value === null || value === undefined) || !budget.take(bytesOf(taken))) return;
      takens[group] = taken;
    },
    put(group, into) {
      kept.put(padded(takens[group] ?? [], kept), into);
    },
  };
}

/** A group that nothing was taken of has nulls for it. */
function padded(taken: Row, kept: Kept): Row {
  return taken.length === 0 ? Array.from(kept.columns(), () => null) : taken;
}
