/** The columns of an answer. A closed table has those that the query says; one of events those that its rows have. */
import { openColumns } from "../columns.ts";
import type { Flow } from "../plan/flow.ts";
import type { Table } from "../source.ts";
import type { Row } from "../value.ts";

/** Of events, before all others. */
const FIRST = ["_time", "_sysTime"];

/** Rows get the columns' order; the arrays of a closed table stay as they are. */
export function shown({ layout, open, arrange }: Flow, rows: readonly Row[]): Table {
  if (!open) return { columns: openColumns(layout.list), rows };
  const isMet = layout.list.map(({ name }) => FIRST.includes(name));
  for (const row of rows) for (let slot = 0; slot < row.length; slot++) if (row[slot] !== undefined) isMet[slot] = true;
  const named = layout.list.flatMap(({ name }, slot) => (isMet[slot] ? [name] : []));
  const computed = [...layout.defined].filter((name) => named.includes(name));
  const names = [
    ...FIRST.filter((name) => named.includes(name) && !layout.defined.has(name)),
    ...named.filter((name) => !FIRST.includes(name) && !layout.defined.has(name)).sort(),
    ...computed,
  ];
  const slots = (arrange?.(names) ?? names).map((name) => layout.find(name) ?? 0);
  const columns = openColumns(slots.map((slot) => layout.list[slot] ?? { name: "", type: "dynamic" }));
  return { columns, rows: rows.map((row) => slots.map((slot) => row[slot])) };
}
