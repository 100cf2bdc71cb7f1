/**
 * Cursors: where in time an event stands, and which one it is. The text holds both, so that going on after it costs no search, and sorts as
 * events do: `<12 characters of time>-<id of the row>`.
 */
import { Problem } from "../../problem.ts";
import type { Columns } from "./apl/columns.ts";
import type { Scan, Wanted } from "./apl/source.ts";
import type { Row } from "./apl/value.ts";
import type { CursorAsked } from "./request/apl.ts";

const MICROS_PER_SECOND = 1_000_000;
/** Seconds from the year 1 to 1970, so that no time is negative. */
const SECONDS_BEFORE_EPOCH = 62_135_596_800;
const SECONDS_DIGITS = 8;
const MICROS_DIGITS = 4;
const FORM = /^[0-9a-z]{12}-[0-9A-Za-z-]{1,100}$/;

export const ROW_ID = "_rowID";
export const TIME = "_time";

/** Where a query goes on. */
export interface Position {
  readonly cursor: string;
  readonly time: number;
  readonly inclusive: boolean;
  /** The order of the query: after the cursor come older events, or younger ones. */
  readonly descending: boolean;
}

/**
 * Writes the cursors of events: of their times, microseconds of the epoch, of which those before the year 1 count as that year's beginning,
 * and of their rows' ids. Times that follow each other mostly have the same second, and are mostly whole milliseconds.
 */
export function openCursors(): (time: number, id: string) => string {
  let latest = Number.NaN;
  let whole = "";
  const millis: string[] = [];
  return (time, id) => {
    const seconds = Math.floor(time / MICROS_PER_SECOND);
    if (seconds !== latest) {
      latest = seconds;
      whole = digits(Math.max(0, seconds + SECONDS_BEFORE_EPOCH), SECONDS_DIGITS);
    }
    const micros = time - seconds * MICROS_PER_SECOND;
    const milli = micros / 1_000;
    if (milli !== Math.floor(milli)) return `${whole}${digits(micros, MICROS_DIGITS)}-${id}`;
    while (millis.length <= milli) millis.push(digits(millis.length * 1_000, MICROS_DIGITS));
    return `${whole}${millis[milli]}-${id}`;
  };
}

function digits(value: number, length: number): string {
  return value.toString(36).padStart(length, "0");
}

/** @throws Problem `body-invalid` for a text that is no cursor. */
export function positionOf({ cursor, inclusive }: CursorAsked, descending: boolean): Position {
  if (!FORM.test(cursor))
    throw new Problem("body-invalid", "cursor must be minCursor, maxCursor or a row's _cursor of an earlier answer, as it stood there");
  const seconds = Number.parseInt(cursor.slice(0, SECONDS_DIGITS), 36) - SECONDS_BEFORE_EPOCH;
  const time = seconds * MICROS_PER_SECOND + Number.parseInt(cursor.slice(SECONDS_DIGITS, SECONDS_DIGITS + MICROS_DIGITS), 36);
  return { cursor, time, inclusive, descending };
}

/**
 * The same events, each with its cursor for an id where ids are asked for; only those behind the position, if there is one.
 * @param wide whether the scan gives ids where all fields are wanted.
 */
export function withCursors(scan: Scan, position: Position | null, wide: boolean): Scan {
  return (dataset, wanted, columns) => {
    const { names } = wanted;
    const asked = names === null ? wide : names.includes(ROW_ID);
    if (!asked && position === null) return scan(dataset, wanted, columns);
    const needed = names === null ? null : [...new Set([...names, TIME, ROW_ID])];
    return behind(scan(dataset, { ...wanted, ...boundsOf(position, wanted), names: needed }, columns), position, columns);
  };
}

function boundsOf(position: Position | null, { from, to }: Wanted): Partial<Wanted> {
  if (position === null) return {};
  return position.descending ? { to: Math.min(to, position.time + 1) } : { from: Math.max(from, position.time) };
}

async function* behind(
  portions: AsyncIterable<readonly Row[]>,
  position: Position | null,
  columns: Columns,
): AsyncGenerator<readonly Row[]> {
  const idSlot = columns.slot(ROW_ID, "string");
  const timeSlot = columns.slot(TIME, "datetime");
  const cursorOf = openCursors();
  for await (const rows of portions) {
    for (const row of rows) row[idSlot] = cursorOf(Number(row[timeSlot] ?? 0), String(row[idSlot] ?? ""));
    yield position === null ? rows : rows.filter((row) => isBehind(row, idSlot, position));
  }
}

function isBehind(row: Row, idSlot: number, { cursor, inclusive, descending }: Position): boolean {
  const id = row[idSlot] as string;
  if (id === cursor) return inclusive;
  return descending ? id < cursor : id > cursor;
}
