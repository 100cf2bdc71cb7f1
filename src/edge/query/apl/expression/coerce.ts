/**
 * Values read as one kind. A value of a dynamic field is looked at by its own type: a number in a string is no number, but a time in a
 * string is a time where a time is wanted, since JSON has no other way to write one. What does not fit is null.
 */
import type { Compiled, Row, Type, Value } from "../value.ts";
import { printSpan, printTime, readSpan, readTime } from "./time-text.ts";

export type Read<T extends Value> = (row: Row) => T | null;

/** Computed once if it is the same for all rows. */
function reading<T extends Value>(of: Compiled, read: Read<T>): Read<T> {
  if (of.constant === undefined) return read;
  const value = read([]);
  return () => value;
}

export function readNumber(of: Compiled): Read<number> {
  const { run } = of;
  return reading(of, (row) => {
    const value = run(row);
    return typeof value === "number" ? value : null;
  });
}

export function readBool(of: Compiled): Read<boolean> {
  const { run } = of;
  return reading(of, (row) => {
    const value = run(row);
    return typeof value === "boolean" ? value : null;
  });
}

/** Strings only. */
export function readString(of: Compiled): Read<string> {
  const { run } = of;
  return reading(of, (row) => {
    const value = run(row);
    return typeof value === "string" ? value : null;
  });
}

export function readDatetime(of: Compiled): Read<number> {
  if (of.type === "datetime") return readNumber(of);
  const { run } = of;
  return reading(of, (row) => {
    const value = run(row);
    return typeof value === "string" ? readTime(value) : null;
  });
}

/** A number in a field is a length in nanoseconds: so durations of traces are sent, and so Axiom takes them. */
export function readTimespan(of: Compiled): Read<number> {
  if (of.type === "timespan") return readNumber(of);
  const { run } = of;
  return reading(of, (row) => {
    const value = run(row);
    if (typeof value === "number") return Math.round(value / 1000);
    return typeof value === "string" ? readSpan(value) : null;
  });
}

/** Whatever it is, printed. */
export function readPrinted(of: Compiled): Read<string> {
  const { run } = of;
  const print = printerOf(of.type);
  return reading(of, (row) => {
    const value = run(row);
    return value === null || value === undefined ? null : print(value);
  });
}

type Present = Exclude<Value, null | undefined>;

/** How values of a type are printed, by `tostring` and in texts put together. */
export function printerOf(type: Type): (value: Present) => string {
  if (type === "datetime") return (value) => (typeof value === "number" ? printTime(value) : printDynamic(value));
  if (type === "timespan") return (value) => (typeof value === "number" ? printSpan(value) : printDynamic(value));
  return printDynamic;
}

export function printDynamic(value: Present): string {
  if (typeof value === "string") return value;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A value as it stands in an array or object, where a time is a text. */
export function asDynamic(of: Compiled): (row: Row) => Value {
  if (of.type !== "datetime" && of.type !== "timespan") return of.run;
  return readPrinted(of);
}

export function isNull(value: Value): value is null | undefined {
  return value === null || value === undefined;
}

/** The type of a choice between values of several types, and how each is read so as to be of it. */
export function commonType(of: readonly Compiled[]): { type: Type; runs: readonly ((row: Row) => Value)[] } {
  const kinds = new Set(of.filter((one) => one.constant === undefined || !isNull(one.constant.value)).map(({ type }) => type));
  const [only] = kinds;
  if (only !== undefined && kinds.size === 1) return { type: only, runs: of.map(({ run }) => run) };
  if (kinds.size === 2 && kinds.has("long") && kinds.has("real")) return { type: "real", runs: of.map(({ run }) => run) };
  return { type: "dynamic", runs: of.map(asDynamic) };
}
