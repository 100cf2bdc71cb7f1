/** Rows of a table: the edge and the floor with the same bodies, in turn, round by round. */
import type { Dataset } from "../../src/local/demo/segments.ts";
import { body, type Encoding, type Format, template } from "./bodies.ts";
import { drive, openConnections, progress, SENDERS } from "./load.ts";
import { type Stage, targetOf } from "./stage.ts";
import type { Pair, Row } from "./table.ts";

/** Requests of a row in a round: a second of work at most. */
export const SIZES = [
  { name: "1 KB", bytes: 1_000, requests: 1_000 },
  { name: "100 KB", bytes: 100_000, requests: 200 },
  { name: "1 MB", bytes: 1_000_000, requests: 32 },
];
const VARIANTS: { format: Format; encoding: Encoding }[] = [
  { format: "ndjson", encoding: "plain" },
  { format: "ndjson", encoding: "gzip" },
  { format: "ndjson", encoding: "zstd" },
  { format: "json", encoding: "plain" },
  { format: "csv", encoding: "plain" },
];
export const CONTENT_TYPES: Record<Format, string> = { ndjson: "application/x-ndjson", json: "application/json", csv: "text/csv" };
/** What queues while a commit runs becomes the next one: the more senders, the more of them share a row. */
const GROUPS = [
  { senders: 1, requests: 300 },
  { senders: 16, requests: 1_000 },
  { senders: 64, requests: 2_000 },
  { senders: 256, requests: 3_000 },
];
/** Share of a round's requests sent before the first one, for the compiler. */
const WARM_UP = 0.5;

/** Body sizes, formats and encodings. */
export function bodyRows(): Row[] {
  return SIZES.flatMap(({ name, bytes, requests }) =>
    VARIANTS.map(({ format, encoding }) => ({
      name: `${name} ${format}${encoding === "plain" ? "" : ` ${encoding}`}`,
      template: template(format, bytes),
      contentType: CONTENT_TYPES[format],
      encoding,
      senders: SENDERS,
      requests,
      pairs: [],
    })),
  );
}

/** Numbers of senders with bodies of 1 KB, on one dataset and one Durable Object. */
export function groupRows(): Row[] {
  return GROUPS.map(({ senders, requests }) => ({
    name: `group of ${senders} senders`,
    template: template("ndjson", 1_000),
    contentType: CONTENT_TYPES.ndjson,
    encoding: "plain",
    senders,
    requests,
    pairs: [],
  }));
}

/** Fills in the rows' pairs; counts written rows too where the stage's edge counts. */
export async function measure(rows: Row[], rounds: number, stage: Stage, counting: boolean): Promise<void> {
  // a dataset for each row, so that none meets what another has stored
  const datasets: Dataset[] = [];
  for (const index of rows.keys()) datasets.push(await stage.dataset(`bench-${index}`));
  let number = 0;
  for (let round = 0; round <= rounds; round++) {
    progress(round === 0 ? "warming up" : `round ${round} of ${rounds} `);
    for (const [index, row] of rows.entries()) {
      const count = round === 0 ? Math.ceil(row.requests * WARM_UP) : row.requests;
      const bodies = Array.from({ length: count }, () => body(row.template, ++number, row.encoding));
      const headers: Record<string, string> = row.encoding === "plain" ? {} : { "content-encoding": row.encoding };
      const edge = targetOf(datasets[index] as Dataset, row.contentType, `"ingested":${row.template.events},"failed":0`);
      const floor = { url: stage.floor, headers: { "content-type": row.contentType, ...headers }, expect: "drained" };
      for (const { url } of [edge, floor]) await openConnections(url, row.senders);
      const toFloor = () => drive(floor, bodies, stage.workerd, row.senders);
      const written = async () => (counting ? (await stage.counts()).rowsWritten : Number.NaN);
      const pair: Partial<Pair> = {};
      // in turn first, so that neither always follows the other
      if (round % 2) pair.floor = await toFloor();
      const before = await written();
      pair.edge = await drive({ ...edge, headers: { ...edge.headers, ...headers } }, bodies, stage.workerd, row.senders);
      if (counting) pair.rowsWritten = (await written()) - before;
      pair.floor ??= await toFloor();
      if (round > 0) row.pairs.push(pair as Pair);
    }
  }
  progress("");
}
