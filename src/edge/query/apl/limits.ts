/** What one query may hold and give. Sizes are estimates from above; the rest of the 64 MiB is for the portion of events that is being read. */
import { HELD_BYTES_MAX } from "./aggregates/budget.ts";
import { GROUPS_MAX } from "./aggregates/grouping.ts";
import { MADE_ROWS_MAX } from "./execute/made.ts";
import { OUTPUT_BYTES_MAX, OUTPUT_ROWS_DEFAULT, OUTPUT_ROWS_MAX } from "./execute/output.ts";
import { WORK_UNITS_MAX } from "./meter.ts";
import { DISTINCT_ROWS_MAX } from "./operators/distinct.ts";
import { JOIN_ROWS_MAX } from "./operators/join.ts";
import { SORT_ROWS_MAX } from "./operators/sort.ts";

export interface Limits {
  readonly heldBytes: number;
  readonly groups: number;
  readonly sortRows: number;
  readonly distinctRows: number;
  /** Of the right side. */
  readonly joinRows: number;
  /** That operators make of other rows, all in all: a few of them can make billions of one. */
  readonly madeRows: number;
  readonly outputRows: number;
  /** Of rows that are events, where the query says no number. */
  readonly defaultRows: number;
  readonly outputBytes: number;
  /** Of all operators. */
  readonly workUnits: number;
}

export const LIMITS: Limits = {
  heldBytes: HELD_BYTES_MAX,
  groups: GROUPS_MAX,
  sortRows: SORT_ROWS_MAX,
  distinctRows: DISTINCT_ROWS_MAX,
  joinRows: JOIN_ROWS_MAX,
  madeRows: MADE_ROWS_MAX,
  outputRows: OUTPUT_ROWS_MAX,
  defaultRows: OUTPUT_ROWS_DEFAULT,
  outputBytes: OUTPUT_BYTES_MAX,
  workUnits: WORK_UNITS_MAX,
};
