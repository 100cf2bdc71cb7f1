/** The events of the objects as the engine wants them, and no more than it asks for: a hint that is too strong loses rows here. */
import type { Columns } from "../../../../src/edge/query/apl/columns.ts";
import type { NeededText, Scan, Wanted } from "../../../../src/edge/query/apl/source.ts";
import type { Row, Value } from "../../../../src/edge/query/apl/value.ts";
import { linesOf, type Objects } from "./bucket.ts";

const ROWS_AT_ONCE = 500;
const TIMES = ["_time", "_sysTime"];

interface Line {
  readonly text: string;
  readonly fields: readonly (readonly [name: string, value: Value])[];
  readonly time: number;
}

/** The last object first, as the newest events come first from a bucket. */
export function scanOf(objects: Objects): Scan {
  const parsed = new Map(
    [...objects].map(([dataset, files]) => [dataset, files.toReversed().flatMap((file) => linesOf(file).map(lineOf))]),
  );
  return async function* scan(dataset, wanted, columns) {
    const lines = parsed.get(dataset);
    if (lines === undefined) throw new Error(`the corpus has no dataset ${dataset}`);
    for (const name of TIMES) columns.slot(name, "datetime");
    const matching = lines.filter((line) => matters(line, wanted));
    for (let from = 0; from < matching.length; from += ROWS_AT_ONCE)
      yield matching.slice(from, from + ROWS_AT_ONCE).map(({ fields }) => rowOf(fields, wanted.names, columns));
  };
}

function lineOf(text: string): Line {
  const fields = flattened(JSON.parse(text) as { readonly [name: string]: Value }, "").map(([name, value]): readonly [string, Value] => [
    name,
    TIMES.includes(name) ? microseconds(String(value)) : value,
  ]);
  return { text, fields, time: Number(fields.find(([name]) => name === "_time")?.[1]) };
}

function flattened(members: { readonly [name: string]: Value }, prefix: string): [string, Value][] {
  return Object.entries(members).flatMap(([name, value]): [string, Value][] =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? flattened(value as { readonly [name: string]: Value }, `${prefix}${name}.`)
      : [[prefix + name, value]],
  );
}

function microseconds(text: string): number {
  const fraction = /\.(\d+)Z$/.exec(text)?.[1] ?? "";
  return Date.parse(`${text.slice(0, 19)}Z`) * 1000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
}

function matters({ text, time }: Line, { from, to, texts }: Wanted): boolean {
  if (time < from || time >= to) return false;
  // behind a backslash a text may be spelt otherwise
  return text.includes("\\") || texts.every((group) => group.some((one) => holds(text, one)));
}

function holds(line: string, { text, ignoreCase }: NeededText): boolean {
  return ignoreCase ? line.toLowerCase().includes(text.toLowerCase()) : line.includes(text);
}

function rowOf(fields: Line["fields"], names: Wanted["names"], columns: Columns): Row {
  const row: Row = [];
  for (const [name, value] of fields) {
    if (names !== null && !names.includes(name)) continue;
    const slot = columns.slot(name);
    while (row.length < slot) row.push(undefined);
    row[slot] = value;
  }
  return row;
}
