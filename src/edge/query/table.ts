/** What the engine gives, as a table of an answer. */
import type { Origin } from "./apl/aggregates/aggregate.ts";
import type { Table } from "./apl/source.ts";
import type { Row } from "./apl/value.ts";
import { ROW_ID, TIME } from "./cursor.ts";
import type { Prepared } from "./prepare.ts";
import type { ResultColumn, ResultTable } from "./reply/result.ts";

/** A table, and what its query has made of its columns. */
export interface Meant extends Table {
  /** Columns that rows are grouped by, and those of aggregations, by name; others mean nothing beside their values. */
  readonly meanings: ReadonlyMap<string, { readonly kind: "group" } | { readonly kind: "aggregation"; readonly origin: Origin }>;
  readonly order: readonly { readonly field: string; readonly desc: boolean }[] | null;
  readonly bucket: { readonly field: string; readonly size: number } | null;
}

/** Where a row's own cursor stands when it is asked for. */
const CURSOR = "_cursor";
const FIRST = [TIME, "_sysTime"];

/** @param name of the table. @param cursors whether each row shows its own. */
export function tableOf(
  { columns, rows, meanings, order, bucket }: Meant,
  name: string,
  { hidden, open }: Prepared,
  cursors: boolean,
): ResultTable {
  const shown = columns.list.flatMap((column, slot): ResultColumn[] => {
    const meaning = meanings.get(column.name);
    const aggregation = meaning?.kind === "aggregation" ? wireAggregation(meaning.origin) : null;
    if (column.name === ROW_ID && cursors) return [{ ...column, name: CURSOR, slot, aggregation }];
    if (hidden.has(column.name)) return [];
    return [{ ...column, slot, aggregation }];
  });
  return {
    name,
    columns: open ? arranged(shown.filter(({ slot, name: column }) => FIRST.includes(column) || isMet(rows, slot))) : shown,
    rows,
    order: (order ?? []).filter(({ field }) => !hidden.has(field)),
    groups: shown.flatMap((column) => (meanings.get(column.name)?.kind === "group" ? [column.name] : [])),
    bucket,
  };
}

/** The cursors of the oldest and the newest event of a table; empty where there is none. */
export function cursorsOf({ columns, rows }: Table): { min: string; max: string } {
  const slot = columns.find(ROW_ID);
  let [min, max] = ["", ""];
  if (slot === undefined) return { min, max };
  for (const row of rows) {
    const cursor = String(row[slot] ?? "");
    if (min === "" || cursor < min) min = cursor;
    if (cursor > max) max = cursor;
  }
  return { min, max };
}

function wireAggregation({ op, fields, args }: Origin) {
  return { name: op, fields, args };
}

/** Fields that no event of the answer has are of events that are not in it. */
function isMet(rows: readonly Row[], slot: number): boolean {
  return rows.some((row) => row[slot] !== undefined);
}

/** Times first, then by name: events have no order of fields. */
function arranged(columns: ResultColumn[]): ResultColumn[] {
  const rank = ({ name }: ResultColumn) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return columns.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}
