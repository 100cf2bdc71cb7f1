/** The one table of a run: medians over the rounds, and medians of each round's ratio to its floor. */
import type { Encoding, Template } from "./bodies.ts";
import { CONCURRENCY, type Measured } from "./load.ts";

export interface Pair {
  edge: Measured;
  floor: Measured;
}

export interface Row {
  name: string;
  template: Template;
  contentType: string;
  encoding: Encoding;
  /** Per round. */
  requests: number;
  pairs: Pair[];
}

interface Column {
  title: string;
  digits: number;
  value: (measured: Measured, row: Row) => number;
}

const COLUMNS: Column[] = [
  { title: "requests/s", digits: 0, value: ({ seconds }, { requests }) => requests / seconds },
  { title: "MB/s", digits: 1, value: ({ seconds }, row) => bytesOf(row) / 1e6 / seconds },
  { title: "CPU s/GB", digits: 2, value: ({ cpuSeconds }, row) => (cpuSeconds / bytesOf(row)) * 1e9 },
  { title: "p50 ms", digits: 1, value: ({ latencies }) => quantile(latencies, 0.5) },
  { title: "p99 ms", digits: 1, value: ({ latencies }) => quantile(latencies, 0.99) },
];

const NAME_WIDTH = 20;
const COLUMN_WIDTH = 18;

export function printTable(rows: Row[]): void {
  console.log(
    `edge, and in brackets its ratio to a Worker that only drains the same bodies; ${CONCURRENCY} connections, bytes before compression`,
  );
  console.log("".padEnd(NAME_WIDTH) + COLUMNS.map(({ title }) => title.padStart(COLUMN_WIDTH)).join(""));
  for (const row of rows)
    console.log(row.name.padEnd(NAME_WIDTH) + COLUMNS.map((column) => cell(row, column).padStart(COLUMN_WIDTH)).join(""));
}

function cell(row: Row, { digits, value }: Column): string {
  const absolute = median(row.pairs.map(({ edge }) => value(edge, row)));
  const ratio = median(row.pairs.map(({ edge, floor }) => value(edge, row) / value(floor, row)));
  return `${absolute.toFixed(digits)} (${ratio.toFixed(2)}x)`;
}

function bytesOf({ requests, template }: Row): number {
  return requests * template.bytes.length;
}

function median(values: number[]): number {
  return quantile(
    values.sort((a, b) => a - b),
    0.5,
  );
}

/** Of ascending values; the nearest one that is there. */
function quantile(ascending: number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? Number.NaN;
}
