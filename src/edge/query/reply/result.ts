/** What a query has given, in words that both formats share. Times are microseconds of the Unix epoch. */
import type { Row, Type } from "../apl/value.ts";
import type { TimeRange } from "../request/time-range.ts";

/** In Axiom's words: `distinct` of APL's `dcount`. */
export interface Aggregation {
  readonly name: string;
  readonly fields: readonly string[];
  /** Plain JSON. */
  readonly args: readonly unknown[];
}

export interface ResultColumn {
  readonly name: string;
  readonly type: Type;
  /** Where it stands in a row. */
  readonly slot: number;
  readonly aggregation: Aggregation | null;
}

export interface ResultTable {
  /** `0`, or `_totals`. */
  readonly name: string;
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly Row[];
  readonly order: readonly { readonly field: string; readonly desc: boolean }[];
  readonly groups: readonly string[];
  /** Intervals of `_time` that rows are grouped by, their length in microseconds. */
  readonly bucket: { readonly field: string; readonly size: number } | null;
}

export interface Message {
  readonly priority: "info" | "warn" | "error";
  /** Begins with `apl_`, or is one that Axiom's clients know: axiom-go refuses a whole answer for any other. */
  readonly code: string;
  readonly text: string;
}

export interface Status {
  readonly elapsed: number;
  readonly blocksExamined: number;
  readonly rowsExamined: number;
  readonly rowsMatched: number;
  readonly numGroups: number;
  readonly isPartial: boolean;
  readonly isEstimate: boolean;
  /** Null: no block was looked at. */
  readonly blockTimes: { readonly min: number; readonly max: number } | null;
  /** Of the oldest and the newest event in the answer; empty where rows are not events. */
  readonly minCursor: string;
  readonly maxCursor: string;
  readonly messages: readonly Message[];
}

export interface Result {
  readonly datasets: readonly string[];
  readonly range: TimeRange;
  readonly status: Status;
  /** The main one, and perhaps the totals beside it. */
  readonly tables: readonly [ResultTable, ...ResultTable[]];
}
