/** What an aggregation is to those who group rows. */
import type { ColumnInfo } from "../columns.ts";
import type { Row, Type, Value } from "../value.ts";
import type { Budget } from "./budget.ts";

/** As replies tell of it: axiom-go's `query.Aggregation`, whose names of operations are a closed list. */
export interface Origin {
  readonly op: string;
  readonly fields: readonly string[];
  readonly args: readonly Value[];
}

export interface Aggregate {
  /** Of its first column. Derived as Kusto does: `count_`, `sum_x`, `percentile_x_95`. */
  readonly name: string;
  readonly type: Type;
  readonly origin: Origin;
  /** It may have several, so that it cannot be a part of an expression: `arg_max`, `take_any`, `percentiles`. */
  readonly isWide: boolean;
  /** One, unless it is wide. After a `*` they are known when the last row has been added. */
  columns(): readonly ColumnInfo[];
  open(budget: Budget): States;
}

/**
 * The states of an aggregation in all groups, which are numbered from 0. Side by side they are a few arrays of numbers, where an
 * object for each group would be several times as large and as slow.
 */
export interface States {
  /** What a group takes from the budget before it begins; states that grow take the rest themselves. */
  readonly groupBytes: number;
  /** Begins the next group. */
  begin(): void;
  add(group: number, row: Row): void;
  /** Puts the group's results behind what the row holds, one for each column. */
  put(group: number, into: Row): void;
}

/** Those of the rows for which the condition is true. */
export function onlyWhere(condition: (row: Row) => Value, states: States): States {
  return {
    ...states,
    add(group, row) {
      if (condition(row) === true) states.add(group, row);
    },
  };
}
