/** `make-series`: for each group an array of each aggregation, with one element for each step of an axis. */
import { QueryFault } from "../fault.ts";
import type { Compiled, Row, Value } from "../value.ts";
import type { Aggregate } from "./aggregate.ts";
import { NO_GROUP, openGroupKeys } from "./group-keys.ts";
import { GROUPS_MAX, type Limits } from "./grouping.ts";

/** Steps on the axis. */
export const STEPS_MAX = 20_000;

export interface Axis {
  readonly on: Compiled;
  /** Inclusive; null: the first step in which any group has a row, at a multiple of the step. */
  readonly from: number | null;
  /** Exclusive; null: behind the last such step. */
  readonly to: number | null;
  /** Microseconds where `on` is a time. */
  readonly step: number;
  /** Offset into the query's text, for what is wrong with the axis. */
  readonly at: number;
}

export interface Series {
  add(row: Row): void;
  /** After the last row: the values of `by`, an array for each aggregation, and the axis as an array. */
  results(): Iterable<Row>;
  readonly isCut: boolean;
}

const ELEMENT_BYTES = 24;
const CELL_BYTES = 64;

/**
 * @param aggregates with what stands for a step in which a group has no row. None of them may be wide.
 * @throws QueryFault where the axis has no step or more than `STEPS_MAX`.
 */
export function openSeries(
  axis: Axis,
  by: readonly Compiled[],
  aggregates: readonly { readonly aggregate: Aggregate; readonly fallback: Value }[],
  { budget, groupsMax = GROUPS_MAX }: Limits,
): Series {
  const { on, from, to, step } = axis;
  checkAxis(axis);
  const origin = from ?? 0;
  const lastStep = to === null ? Number.POSITIVE_INFINITY : Math.ceil((to - origin) / step) - 1;
  const firstStep = from === null ? Number.NEGATIVE_INFINITY : 0;
  const states = aggregates.map(({ aggregate }) => aggregate.open(budget));
  const cellBytes = states.reduce((sum, one) => sum + one.groupBytes, CELL_BYTES);
  /** Of each series: step to the number of its cell, under which the aggregations have it. */
  const cells: Map<number, number>[] = [];
  let count = 0;
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let hasDropped = false;

  const keys = openGroupKeys(by, budget, (bytes) => {
    if (keys.size >= groupsMax || !budget.take(bytes + 200)) return false;
    cells.push(new Map());
    return true;
  });

  function cellOf(row: Row, at: number): number {
    const series = keys.find(row);
    if (series === NO_GROUP) return NO_GROUP;
    const known = cells[series]?.get(at);
    if (known !== undefined) return known;
    if (Math.max(greatest, at) - Math.min(least, at) >= STEPS_MAX || !budget.take(cellBytes)) return NO_GROUP;
    least = Math.min(least, at);
    greatest = Math.max(greatest, at);
    for (const one of states) one.begin();
    cells[series]?.set(at, count);
    return count++;
  }

  return {
    add(row) {
      const position = on.run(row);
      if (typeof position !== "number" || !Number.isFinite(position)) return;
      const at = Math.floor((position - origin) / step);
      if (at < firstStep || at > lastStep || (to !== null && position >= to)) return;
      const cell = cellOf(row, at);
      if (cell === NO_GROUP) hasDropped = true;
      else for (const one of states) one.add(cell, row);
    },
    *results() {
      const begin = from === null ? least : 0;
      const end = to === null ? greatest : lastStep;
      const length = Math.max(0, Number.isFinite(begin) && Number.isFinite(end) ? end - begin + 1 : 0);
      const positions = Array.from({ length: Math.min(length, STEPS_MAX) }, (_, i) => origin + (begin + i) * step);
      if (length > STEPS_MAX) hasDropped = true;
      // a whole without groups is one series, even of no rows
      if (by.length === 0) keys.find([]);
      for (let series = 0; series < keys.size; series++) {
        if (!budget.take(ELEMENT_BYTES * positions.length * states.length)) return;
        const row: Row = [];
        keys.put(series, row);
        states.forEach((one, i) => {
          row.push(positions.map((_, at) => elementOf(cells[series]?.get(begin + at), one, aggregates[i]?.fallback)));
        });
        row.push(positions);
        yield row;
      }
    },
    get isCut() {
      return hasDropped || budget.isCut;
    },
  };
}

function elementOf(cell: number | undefined, states: { put(group: number, into: Row): void }, fallback: Value): Value {
  if (cell === undefined) return fallback;
  const into: Row = [];
  states.put(cell, into);
  return into[0];
}

function checkAxis({ from, to, step, at }: Axis): void {
  if (!(step > 0) || !Number.isFinite(step)) throw new QueryFault(at, "the step of make-series must be greater than 0");
  if (from === null || to === null) return;
  if (to <= from) throw new QueryFault(at, "make-series must end after it begins");
  if ((to - from) / step > STEPS_MAX) throw new QueryFault(at, `make-series makes at most ${STEPS_MAX} steps; choose a longer step`);
}
