/** The table of an answer. */
import { openColumns } from "../columns.ts";
import type { Flow } from "../plan/flow.ts";
import { shownSlots } from "../plan/shown.ts";
import type { Table } from "../source.ts";
import type { Row } from "../value.ts";

/** Rows get the order of the columns; the arrays of a closed table stay as they are. */
export function shown(flow: Flow, rows: readonly Row[]): Table {
  const { layout, open } = flow;
  if (!open) return { columns: openColumns(layout.list), rows };
  const met = new Set<number>();
  for (const row of rows) for (let slot = 0; slot < row.length; slot++) if (row[slot] !== undefined) met.add(slot);
  const slots = shownSlots(flow, (slot) => met.has(slot));
  const columns = openColumns(slots.map((slot) => layout.list[slot] ?? { name: "", type: "dynamic" }));
  return { columns, rows: rows.map((row) => slots.map((slot) => row[slot])) };
}
