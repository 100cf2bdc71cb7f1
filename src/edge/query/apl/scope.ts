/** What the names in an expression stand for. */
import type { Columns } from "./columns.ts";
import type { Meter } from "./meter.ts";
import type { Expression } from "./syntax.ts";

export interface Scope {
  readonly columns: Columns;
  /** Whether the table is one of events, where a column that is not known yet may turn up in the next event. */
  readonly open: boolean;
  /** Given by `let`; a column of the same name goes first. */
  readonly lets: ReadonlyMap<string, Expression>;
  /** Virtual fields of the dataset, by name; a field that an event has under the name does not count. */
  readonly virtual: ReadonlyMap<string, Expression>;
  /** When the query began, microseconds of the epoch: `now()` is the same in all of it. */
  readonly now: number;
  /** Of the query; without one the expression has a meter to itself. */
  readonly meter?: Meter | undefined;
}
