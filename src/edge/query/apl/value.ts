/** What a query computes with. Types are known before a row is seen; what an event holds is known only then, and is `dynamic`. */

/**
 * - `datetime` and `timespan` are whole microseconds, of the Unix epoch or of length. Finer digits of a time are cut.
 * - `long` is a whole number, exact up to 2^53.
 * - `dynamic` is any JSON value: what stands in an event's field, beside `_time` and `_sysTime`, which are `datetime`.
 */
export type Type = "bool" | "long" | "real" | "string" | "datetime" | "timespan" | "dynamic";

/** In a row, a field that is absent is `undefined`; every function takes it for null. */
export type Value = null | undefined | boolean | number | string | readonly Value[] | { readonly [member: string]: Value };

/** Values by slot. It may be shorter than its columns: what is behind its end is absent. */
export type Row = Value[];

/** An expression that is ready to run on rows of one table. */
export interface Compiled {
  readonly type: Type;
  readonly run: (row: Row) => Value;
  /** Present when it is the same for all rows. */
  readonly constant?: { readonly value: Value };
}

export const MICROSECONDS = { millisecond: 1e3, second: 1e6, minute: 6e7, hour: 3.6e9, day: 8.64e10 } as const;
