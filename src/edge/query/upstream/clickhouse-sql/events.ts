/**
 * A table of events at ClickHouse, of which only what a query uses is read. Each field is a column, or a path in the one column of type
 * JSON that holds events whole, or there is none: then it is null, as a field that no event has.
 */
import { ROW_ID, TIME } from "../../cursor.ts";
import { isJson, read, type TableColumn } from "./column-types.ts";
import { quotedName } from "./quote.ts";
import { fromMicros, made, nullOf, type Sql } from "./sql.ts";

export interface EventsTable {
  /** What stands behind FROM. It is taken as it is. */
  readonly from: string;
  readonly columns: readonly TableColumn[];
}

export interface Events {
  /** A field; null: the table has no such column, and nowhere for one. */
  find(name: string): Sql | null;
  /** The column of a field that was found; null: it was not. */
  idOf(name: string): string | null;
  /** The column that holds events whole, so that any name may be a field; null: there is none. */
  readonly whole: string | null;
  readonly names: readonly string[];
  /** `SELECT` of all that has been asked for, under the names that were given. */
  sql(): string;
}

/** Of the table, so that a name is always a column's and never that of something computed. */
const TABLE = "e";

/** @param from @param to microseconds of the epoch: from, inclusive, to, exclusive. @param nextId names for columns. */
export function openEvents(table: EventsTable, from: number, to: number, nextId: () => string): Events {
  const known = new Map(table.columns.map((column) => [column.name, column]));
  const json = table.columns.filter(isJson);
  const whole = json.length === 1 && json[0] !== undefined && !known.has(TIME) ? json[0].name : null;
  const taken = new Map<string, { readonly id: string; readonly value: Sql }>();

  function fieldOf(name: string): Sql | null {
    const column = known.get(name);
    if (column !== undefined) return read(`${TABLE}.${quotedName(name)}`, column);
    const within = json.find((one) => name.startsWith(`${one.name}.`));
    if (within !== undefined) return pathIn(within.name, name.slice(within.name.length + 1));
    // no event has it: our own engine gives it to rows
    return whole === null || name === ROW_ID ? null : pathIn(whole, name);
  }

  function find(name: string): Sql | null {
    const before = taken.get(name);
    if (before !== undefined) return { ...before.value, text: before.id };
    const value = name === TIME ? timeOf(fieldOf(name)) : fieldOf(name);
    if (value === null) return null;
    const id = nextId();
    taken.set(name, { id, value });
    return { ...value, text: id };
  }

  return {
    find,
    idOf: (name) => taken.get(name)?.id ?? null,
    whole,
    names: table.columns.map(({ name }) => name),
    sql() {
      const columns = [...taken.values()].map(({ id, value }) => `${value.text} AS ${id}`);
      const time = timeOf(fieldOf(TIME)) ?? nullOf("datetime");
      const range = known.has(TIME) ? `${TABLE}.${quotedName(TIME)}` : time.text;
      const within = `${range} >= ${instant(from)} AND ${range} < ${instant(to)}`;
      return `SELECT ${columns.join(", ") || "1"} FROM ${table.from} AS ${TABLE} WHERE ${within}`;
    },
  };
}

/** The names in it, each between quotes of its own. */
function pathIn(column: string, path: string): Sql {
  const text = [column, ...path.split(".")].map(quotedName).join(".");
  return made("dynamic", `nullIf(toJSONString(${TABLE}.${text}), 'null')`);
}

function timeOf(value: Sql | null): Sql | null {
  if (value === null || value.type === "datetime") return value;
  const text = value.type === "dynamic" ? `JSONExtractString(${value.text})` : `toString(${value.text})`;
  return made("datetime", `parseDateTime64BestEffortOrNull(${text}, 6, 'UTC')`);
}

/** What a DateTime64 of nine digits holds: ClickHouse refuses to compare it with more. Microseconds of 1900-01-01 and 2262-01-01. */
const INSTANT_MIN = -2_208_988_800e6;
const INSTANT_MAX = 9_214_646_400e6;

function instant(micros: number): string {
  return fromMicros(`toInt64(${Math.trunc(Math.min(Math.max(micros, INSTANT_MIN), INSTANT_MAX))})`);
}
