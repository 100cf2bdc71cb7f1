/** What reading costs: scans of one dataset and whole queries, each beside the plain way of reading the same bytes in the same round. */
import path from "node:path";
import type { OtherSource } from "../../src/local/bundle.ts";
import type { Dataset } from "../../src/local/demo/segments.ts";
import { body, type Template, template } from "./bodies.ts";
import { drive, type Measured, openConnections, progress, type Target } from "./load.ts";
import { QUERIES, type Query, type Sent, sentIn, targetOfQuery } from "./queries.ts";
import { CONTENT_TYPES } from "./rows.ts";
import { NAIVE, SCAN_PATH } from "./scans.ts";
import { type Stage, targetOf } from "./stage.ts";
import { median } from "./table.ts";

export const SCANNING_EDGE: OtherSource = { entry: path.join(import.meta.dirname, "scanning-edge.ts"), plugins: [] };

/** Bodies of 1 MB that the dataset is made of. */
export const QUERIED_MB = 100;
const BODY_BYTES = 1_000_000;
const SENDERS = 4;
const NAME_WIDTH = 34;
const COLUMN_WIDTH = 16;

/** One way of reading all of the dataset. */
export interface QueryRow {
  name: string;
  /** Times as many bytes per CPU second as the plain way that it is to read; null: none is set. */
  target: number | null;
  ask(dataset: Dataset, org: string, sent: Sent): { target: Target; body: Buffer };
}

interface Measurement {
  row: QueryRow;
  pairs: { own: Measured; naive: Measured }[];
}

const scanRow = (name: string, kind: string, target: number | null, expect: (events: number) => string): QueryRow => ({
  name,
  target,
  ask: ({ edge, name: dataset }, org, { events }) => ({
    target: { url: `${edge}${SCAN_PATH}${kind}?org=${org}&dataset=${dataset}`, headers: {}, expect: expect(events) },
    body: Buffer.alloc(0),
  }),
});

const queryRow = (query: Query): QueryRow => ({ ...query, ask: (dataset, _, sent) => targetOfQuery(query, dataset, sent) });

const PLAIN = scanRow("gunzip and JSON.parse", NAIVE, null, (events) => `"lines":${events}`);

export const QUERY_ROWS: QueryRow[] = [
  scanRow("scan of 3 fields", "narrow", 1, (events) => `"rows":${events},"lines":${events}`),
  scanRow("scan for lines with error", "selective", 2, (events) => `"lines":${events}`),
  scanRow("scan of all fields", "wide", null, (events) => `"rows":${events},"lines":${events}`),
  scanRow("scan of all fields, 100 rows", "take", null, () => `"rows":`),
  ...QUERIES.map(queryRow),
];

/** Needs SCANNING_EDGE, with segments of the usual size. */
export async function measureQuery(stage: Stage, rows: QueryRow[], rounds: number, megabytes = QUERIED_MB): Promise<void> {
  const dataset = await stage.dataset("queried");
  progress("sending");
  const bodies: Template[] = [];
  for (let number = 0, first = 0; number < megabytes; first += bodies[number++]?.events ?? 0)
    bodies.push(template("ndjson", BODY_BYTES, number + 1, first));
  const sent = sentIn(bodies);
  const target = targetOf(dataset, CONTENT_TYPES.ndjson, `"failed":0`);
  await openConnections(target.url, SENDERS);
  await drive(
    target,
    bodies.map((each, number) => body(each, number, "plain")),
    stage.workerd,
    SENDERS,
  );
  await stage.flush(dataset);

  const ask = (row: QueryRow) => {
    const asked = row.ask(dataset, stage.org, sent);
    return drive(asked.target, [asked.body], stage.workerd, 1);
  };
  const measured: Measurement[] = rows.map((row) => ({ row, pairs: [] }));
  for (let round = 0; round <= rounds; round++) {
    progress(round === 0 ? "warming up" : `round ${round} of ${rounds} `);
    for (const { row, pairs } of measured) {
      const naive = await ask(PLAIN);
      const own = await ask(row);
      if (round > 0) pairs.push({ own, naive });
    }
  }
  progress("");
  printMeasured(measured, bodies.reduce((sum, { bytes }) => sum + bytes.length, 0) / 1e6);
}

function printMeasured(measured: Measurement[], megabytes: number): void {
  console.log(
    `reading ${megabytes.toFixed(0)} MB as sent, in one segment after the other; the ratio is to gunzip and JSON.parse of the same bytes`,
  );
  const titles = ["MB/CPU s", "ms", "ratio", "wanted"];
  console.log("".padEnd(NAME_WIDTH) + titles.map((title) => title.padStart(COLUMN_WIDTH)).join(""));
  const line = (name: string, cells: string[]) =>
    console.log(name.padEnd(NAME_WIDTH) + cells.map((cell) => cell.padStart(COLUMN_WIDTH)).join(""));
  const speed = (all: Measured[]) => (megabytes / median(all.map(({ cpuSeconds }) => cpuSeconds))).toFixed(0);
  const time = (all: Measured[]) => (median(all.map(({ seconds }) => seconds)) * 1_000).toFixed(0);
  const plain = measured.flatMap(({ pairs }) => pairs.map(({ naive }) => naive));
  line(PLAIN.name, [speed(plain), time(plain), "1.00x", ""]);
  for (const { row, pairs } of measured) {
    const own = pairs.map((pair) => pair.own);
    const ratio = median(pairs.map((pair) => pair.naive.cpuSeconds / pair.own.cpuSeconds));
    line(row.name, [speed(own), time(own), `${ratio.toFixed(2)}x`, row.target === null ? "" : `${row.target.toFixed(1)}x`]);
  }
  console.log();
}
