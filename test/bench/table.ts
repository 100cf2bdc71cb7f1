/** Tables of a run: medians over the rounds, and medians of each round's ratio to its floor. */
import type { Encoding, Template } from "./bodies.ts";
import { type Measured, quantile } from "./load.ts";

export interface Pair {
  edge: Measured;
  floor: Measured;
  /** By the edge, in SQLite, where it counts. */
  rowsWritten?: number;
}

export interface Row {
  name: string;
  template: Template;
  contentType: string;
  encoding: Encoding;
  senders: number;
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

const NAME_WIDTH = 22;
const COLUMN_WIDTH = 18;

export function printTable(title: string, rows: Row[]): void {
  console.log(`${title}; in brackets the ratio to a Worker that only drains the same bodies; bytes before compression`);
  const counted = rows.some(({ pairs }) => pairs[0]?.rowsWritten !== undefined);
  const titles = [...COLUMNS.map((column) => column.title), ...(counted ? ["rows/request"] : [])];
  console.log("".padEnd(NAME_WIDTH) + titles.map((each) => each.padStart(COLUMN_WIDTH)).join(""));
  for (const row of rows) {
    const cells = [...COLUMNS.map((column) => cell(row, column)), ...(counted ? [rowsPerRequest(row)] : [])];
    console.log(row.name.padEnd(NAME_WIDTH) + cells.map((each) => each.padStart(COLUMN_WIDTH)).join(""));
  }
  console.log();
}

function rowsPerRequest({ pairs, requests }: Row): string {
  return median(pairs.map(({ rowsWritten = Number.NaN }) => rowsWritten / requests)).toFixed(3);
}

function cell(row: Row, { digits, value }: Column): string {
  const absolute = median(row.pairs.map(({ edge }) => value(edge, row)));
  const ratio = median(row.pairs.map(({ edge, floor }) => value(edge, row) / value(floor, row)));
  return `${absolute.toFixed(digits)} (${ratio.toFixed(2)}x)`;
}

function bytesOf({ requests, template }: Row): number {
  return requests * template.bytes.length;
}

export function median(values: number[]): number {
  return quantile(
    values.sort((a, b) => a - b),
    0.5,
  );
}
