/** What a terabyte would cost by list prices, from what was counted while some megabytes were sent. */
import { listSegments } from "../../src/local/demo/segments.ts";
import { body, template } from "./bodies.ts";
import { type Counts, NO_COUNTS } from "./counts.ts";
import { drive, openConnections } from "./load.ts";
import { PRICES, PRICES_DATE, type Usage } from "./prices.ts";
import { CONTENT_TYPES, SIZES } from "./rows.ts";
import { type Stage, targetOf } from "./stage.ts";

const TERABYTE = 1e12;
/** Segments are sealed at this size by default; under less traffic each minute makes one. */
const SEGMENT_BYTES = 8_000_000;
/** Enough that commits are shared as under load; bodies of all senders together stay below what an edge holds at a time. */
const SENDERS: Record<string, number> = { "1 KB": 64, "100 KB": 32, "1 MB": 8 };
const NAME_WIDTH = 22;
const COLUMN_WIDTH = 14;

interface Bill {
  title: string;
  perTerabyte: Usage;
  rowsPerRequest: number;
}

const NAMES = Object.keys(NO_COUNTS) as (keyof Counts)[];

/** Needs a counting edge that seals nothing by itself. */
export async function printPrices(stage: Stage): Promise<void> {
  const bills: Bill[] = [];
  for (const size of SIZES) bills.push(await billOf(size, stage));
  console.log(`list price in US dollars per TB (10^12 bytes before compression), from operations counted in this run
(prices of ${PRICES_DATE} without included amounts or storage; segments of ${SEGMENT_BYTES / 1e6} MB; CPU and object time are this machine's, CPU of the whole process)`);
  printLine("", "per million", bills, ({ title }) => title);
  for (const { what, counted, usdPerMillion } of PRICES)
    printLine(what, usdPerMillion.toString(), bills, ({ perTerabyte }) => ((perTerabyte[counted] / 1e6) * usdPerMillion).toFixed(2));
  printLine("total", "", bills, ({ perTerabyte }) => totalOf(perTerabyte).toFixed(2));
  printLine("rows/request", "", bills, ({ rowsPerRequest }) => rowsPerRequest.toFixed(3));
  console.log();
}

/**
 * Appends are counted while the segment is open, so that every further byte costs the same; what is left of the whole is opening a
 * segment and writing it out, which happens once per SEGMENT_BYTES.
 */
async function billOf({ name, bytes, requests }: (typeof SIZES)[number], stage: Stage): Promise<Bill> {
  const dataset = await stage.dataset(`price-${bytes}`);
  const target = targetOf(dataset, CONTENT_TYPES.ndjson, `"failed":0`);
  // each with other values: bodies alike but for a number would compress together as real ones do not
  const bodies = Array.from({ length: requests + 1 }, (_, number) => body(template("ndjson", bytes, number), number, "plain"));
  const senders = SENDERS[name] ?? 1;

  await openConnections(target.url, senders);
  const start = await stage.counts();
  await drive(target, bodies.slice(0, 1), stage.workerd, 1);
  const opened = await stage.counts();
  const { cpuSeconds } = await drive(target, bodies.slice(1), stage.workerd, senders);
  const sent = await stage.counts();
  await stage.flush(dataset);
  const end = await stage.counts();
  const stored = (await listSegments(dataset)).reduce((sum, segment) => sum + segment.bytes, 0);

  const requestsPerTerabyte = TERABYTE / (bodies.reduce((sum, { length }) => sum + length, 0) / bodies.length);
  const segmentsPerTerabyte = ((stored / (requests + 1)) * requestsPerTerabyte) / SEGMENT_BYTES;
  const perTerabyte = { ...NO_COUNTS, cpuMs: ((cpuSeconds * 1_000) / requests) * requestsPerTerabyte };
  for (const counted of NAMES) {
    const perRequest = (sent[counted] - opened[counted]) / requests;
    const perSegment = end[counted] - start[counted] - perRequest * (requests + 1);
    perTerabyte[counted] = perRequest * requestsPerTerabyte + Math.max(0, perSegment) * segmentsPerTerabyte;
  }
  return {
    title: `${name} x${senders}`,
    perTerabyte,
    rowsPerRequest: perTerabyte.rowsWritten / requestsPerTerabyte,
  };
}

function totalOf(usage: Usage): number {
  return PRICES.reduce((sum, { counted, usdPerMillion }) => sum + (usage[counted] / 1e6) * usdPerMillion, 0);
}

function printLine(name: string, price: string, bills: Bill[], cell: (bill: Bill) => string): void {
  console.log(name.padEnd(NAME_WIDTH) + [price, ...bills.map(cell)].map((each) => each.padStart(COLUMN_WIDTH)).join(""));
}
