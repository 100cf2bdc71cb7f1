/**
 * `npm run bench`: the built edge in workerd under a bounded load from outside, each row beside the floor of the same bodies in the same
 * round. Absolute numbers belong to the machine and its neighbours; the ratios are what to compare.
 */
import "../../src/local/offline.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { call } from "../../src/local/api.ts";
import { type Gateway, openGateway } from "../../src/local/gateway.ts";
import { readNumber, readOptions } from "../../src/local/options.ts";
import { findFree, HOST } from "../../src/local/ports.ts";
import { seed } from "../../src/local/seed.ts";
import { run, Stop } from "../../src/local/stop.ts";
import { body, type Encoding, type Format, template } from "./bodies.ts";
import { FLOOR_WORKER } from "./floor.ts";
import { drive, type Target, workerdPid } from "./load.ts";
import { type Pair, printTable, type Row } from "./table.ts";

const USAGE = `Usage: npm run bench -- [options]

Measures an edge against a Worker that only drains the body.

  --rounds N      of every row; medians are printed (default 5)
  --only TEXT     only rows whose name contains TEXT, for example "gzip" or "1 MB"
  --help          print this`;

const ROUNDS_MAX = 9;
const REGION = "cloud.us-east-1.aws";
/** Neither is reached in a run: writing segments out is not what is measured. */
const NO_FLUSH = { SEGMENT_BYTES_MAX: 64_000_000, FLUSH_AFTER_MS: 3_600_000 };

/** Requests of a row in a round: a second of work at most. */
const SIZES = [
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
const CONTENT_TYPES: Record<Format, string> = { ndjson: "application/x-ndjson", json: "application/json", csv: "text/csv" };
/** Share of a round's requests sent before the first one, for the compiler. */
const WARM_UP = 0.5;

await run(async () => {
  const options = readOptions(USAGE, { rounds: { type: "string", default: "5" }, only: { type: "string", default: "" } });
  const rounds = readNumber("--rounds", options.rounds, 1, ROUNDS_MAX);
  const rows = allRows().filter(({ name }) => name.includes(options.only));
  if (rows.length === 0) throw new Stop(`no row's name contains ${JSON.stringify(options.only)}`);
  const folder = mkdtempSync(path.join(tmpdir(), "headgate-bench-"));
  // also when a signal ends this
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  let gateway: Gateway | undefined;
  try {
    const port = await findFree(4);
    gateway = await openGateway({ port, state: folder, quiet: true, edgeSettings: NO_FLUSH, beside: [FLOOR_WORKER] });
    const floor = `http://${HOST}:${port + 3}/`;
    await measure(rows, rounds, await edgeTargets(rows, gateway, folder), floor);
  } finally {
    await gateway?.stop();
  }
});

function allRows(): Row[] {
  return SIZES.flatMap(({ name, bytes, requests }) =>
    VARIANTS.map(({ format, encoding }) => ({
      name: `${name} ${format}${encoding === "plain" ? "" : ` ${encoding}`}`,
      template: template(format, bytes),
      contentType: CONTENT_TYPES[format],
      encoding,
      requests,
      pairs: [],
    })),
  );
}

/** A dataset for each row, so that none meets what another has stored. */
async function edgeTargets(rows: Row[], gateway: Gateway, folder: string): Promise<Target[]> {
  const { management, edges, org, ownerToken } = await seed(folder, gateway.urls, gateway.secrets);
  const owner = { token: ownerToken, org };
  for (const index of rows.keys())
    await call("POST", `${management}/v2/datasets`, owner, { name: `bench-${index}`, edgeDeployment: REGION });
  const request = { name: "bench", datasetCapabilities: { "*": { ingest: ["create"] } } };
  const { token } = await call<{ token: string }>("POST", `${management}/v2/tokens`, owner, request);
  return rows.map(({ template: { events } }, index) => ({
    url: `${edges[REGION]}/v1/ingest/bench-${index}`,
    headers: { authorization: `Bearer ${token}` },
    expect: `"ingested":${events},"failed":0`,
  }));
}

async function measure(rows: Row[], rounds: number, edges: Target[], floorUrl: string): Promise<void> {
  const workerd = workerdPid();
  let number = 0;
  for (let round = 0; round <= rounds; round++) {
    if (process.stderr.isTTY) process.stderr.write(round === 0 ? "warming up" : `\rround ${round} of ${rounds} `);
    for (const [index, { template: from, contentType, encoding, requests, pairs }] of rows.entries()) {
      const count = round === 0 ? Math.ceil(requests * WARM_UP) : requests;
      const bodies = Array.from({ length: count }, () => body(from, ++number, encoding));
      const headers = { "content-type": contentType, ...(encoding === "plain" ? {} : { "content-encoding": encoding }) };
      const edge = edges[index] as Target;
      const toFloor = () => drive({ url: floorUrl, headers, expect: "drained" }, bodies, workerd);
      const toEdge = () => drive({ ...edge, headers: { ...edge.headers, ...headers } }, bodies, workerd);
      const pair: Partial<Pair> = {};
      // in turn first, so that neither always follows the other
      if (round % 2) pair.floor = await toFloor();
      pair.edge = await toEdge();
      pair.floor ??= await toFloor();
      if (round > 0) pairs.push(pair as Pair);
    }
  }
  if (process.stderr.isTTY) process.stderr.write("\r");
  printTable(rows);
}
