/** What the engine gives, as a table of an answer. */
import type { Origin } from "./apl/aggregates/aggregate.ts";
import type { Answer } from "./apl/execute.ts";
import type { Table } from "./apl/source.ts";
import { ROW_ID } from "./cursor.ts";
import type { Prepared } from "./prepare.ts";
import type { Aggregation, ResultColumn, ResultTable } from "./reply/result.ts";

/** Where a row's own cursor stands when it is asked for. */
const CURSOR = "_cursor";

/** @param name of the table. @param cursors whether each row shows its own. */
export function tableOf(
  { columns, rows, meanings, order, bucket }: Answer,
  name: string,
  hidden: Prepared["hidden"],
  cursors: boolean,
): ResultTable {
  const shown = columns.list.flatMap((column, slot): ResultColumn[] => {
    if (column.name === ROW_ID && cursors) return [{ ...column, name: CURSOR, slot, aggregation: null }];
    if (hidden.has(column.name)) return [];
    const meaning = meanings.get(column.name);
    return [{ ...column, slot, aggregation: meaning?.kind === "aggregation" ? aggregationOf(meaning.origin) : null }];
  });
  return {
    name,
    columns: shown,
    rows,
    // ids only tell apart what is sorted by time
    order: (order ?? []).filter(({ field }) => field !== ROW_ID && !hidden.has(field)),
    groups: shown.flatMap((column) => (meanings.get(column.name)?.kind === "group" ? [column.name] : [])),
    bucket,
  };
}

function aggregationOf({ op, fields, args }: Origin): Aggregation {
  return { name: op, fields, args };
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
