/** `summarize`: rows into groups while they come, of which only the states of the aggregations are kept. */
import type { Compiled, Row } from "../value.ts";
import type { Aggregate, States } from "./aggregate.ts";
import type { Budget } from "./budget.ts";
import { NO_GROUP, openGroupKeys } from "./group-keys.ts";

/** Also what a reply is worth reading. */
export const GROUPS_MAX = 100_000;

/** A row of the result: its array, and a boxed number for each column. */
const ROW_BYTES = 48;
const CELL_BYTES = 24;

export interface Limits {
  readonly budget: Budget;
  readonly groupsMax?: number;
}

export interface Grouping {
  add(row: Row): void;
  /** After the last row: the values of `by`, then those of each aggregate's columns, in the order in which groups turned up. */
  results(): Iterable<Row>;
  readonly groups: number;
  /** Rows of groups for which there was no room have been dropped, so the answer is partial. */
  readonly isCut: boolean;
}

/** Without `by` there is one group, even of no rows. */
export function openGrouping(
  by: readonly Compiled[],
  aggregates: readonly Aggregate[],
  { budget, groupsMax = GROUPS_MAX }: Limits,
): Grouping {
  const states: readonly States[] = aggregates.map((aggregate) => aggregate.open(budget));
  const groupBytes = states.reduce((sum, one) => sum + one.groupBytes, ROW_BYTES + CELL_BYTES * (by.length + aggregates.length));
  let hasDropped = false;

  const keys = openGroupKeys(by, budget, (keyBytes) => {
    if (keys.size >= groupsMax || !budget.take(groupBytes + keyBytes)) return false;
    for (const one of states) one.begin();
    return true;
  });
  if (by.length === 0) keys.find([]);

  return {
    add(row) {
      const group = keys.find(row);
      if (group === NO_GROUP) {
        hasDropped = true;
        return;
      }
      for (let i = 0; i < states.length; i++) (states[i] as States).add(group, row);
    },
    *results() {
      const row: Row = [];
      for (let group = 0; group < keys.size; group++) {
        row.length = 0;
        keys.put(group, row);
        for (const one of states) one.put(group, row);
        // an array that has grown by pushing has room for 17 values
        yield row.slice();
      }
    },
    get groups() {
      return keys.size;
    },
    get isCut() {
      return hasDropped || budget.isCut;
    },
  };
}
