/** What a query asks of whoever has the events, and gets. */
import type { Columns } from "./columns.ts";
import type { Row } from "./value.ts";

/** A line without it cannot matter. */
export interface NeededText {
  readonly text: string;
  readonly ignoreCase: boolean;
}

export interface Wanted {
  /** Names of columns; null: all that there are. */
  readonly names: readonly string[] | null;
  /** Of `_time`, microseconds of the epoch: from, inclusive, to, exclusive. */
  readonly from: number;
  readonly to: number;
  /** Each of the groups: at least one of its texts is in a line that matters. A hint: whoever reads may give more lines, never fewer. */
  readonly texts: readonly (readonly NeededText[])[];
}

/**
 * Events of a dataset, in portions, in no order; `columns` says where each field goes, and learns new ones where all are wanted.
 * Objects in objects arrive flattened, as `a.b`, in as far as the dataset has no map field there. `_time` and `_sysTime` are microseconds.
 */
export type Scan = (dataset: string, wanted: Wanted, columns: Columns) => AsyncIterable<readonly Row[]>;

/** What a query makes. */
export interface Table {
  readonly columns: Columns;
  readonly rows: readonly Row[];
}
