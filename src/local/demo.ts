/**
 * `npm run demo`: this machine's logs through a gateway of its own and back, by the batch, in both formats, with both encodings, in
 * every region; and a count that shows that each event is stored once and as it was sent.
 */
import "./offline.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { call } from "./api.ts";
import { type Child, startChild } from "./child.ts";
import { asStored, BATCH_EVENTS, CONTENT_TYPES, encodeBatch, eventAt, FORMATS, type Format } from "./demo/batches.ts";
import { type Ledger, newLedger, noteSent, noteStored, verdictOf } from "./demo/ledger.ts";
import { type Line, readLines } from "./demo/lines.ts";
import { listSegments, segmentLines } from "./demo/segments.ts";
import { ENCODINGS, send } from "./demo/send.ts";
import { readNumber, readOptions } from "./options.ts";
import { findFree } from "./ports.ts";
import type { Local } from "./state.ts";
import { run, Stop } from "./stop.ts";

const USAGE = `Usage: npm run demo -- [options]

Sends this machine's logs through a gateway of its own, reads them back and compares.

  --megabytes N   of NDJSON to send, and as many events again as CSV (default 50)
  --help          print this`;

const MEGABYTES_MAX = 10_000;
/** Two regions, two senders. */
const SENDERS = 2;
const DIFFERENCES_SHOWN_MAX = 5;

/** A gateway, a token for it, and an account of what goes through it. */
interface Trip {
  local: Local;
  token: string;
  lines: Line[];
  ledger: Ledger;
  folder: string;
  startMs: number;
}

await run(async () => {
  const { megabytes } = readOptions(USAGE, { megabytes: { type: "string", default: "50" } });
  const bytes = readNumber("--megabytes", megabytes, 1, MEGABYTES_MAX) * 1e6;
  const lines = readLines();
  console.log(`${lines.length} lines of ${new Set(lines.map(({ source }) => source)).size} files of this machine`);
  const folder = mkdtempSync(path.join(tmpdir(), "headgate-demo-"));
  let child: Child | undefined;
  const interrupted = interruption();
  try {
    child = await startChild(await findFree(3), path.join(folder, "state"));
    const trip = { local: child.local, token: await createToken(child.local), lines, ledger: newLedger(), folder, startMs: Date.now() };
    await Promise.race([interrupted, there(trip, bytes).then(() => back(trip))]);
  } finally {
    await child?.stop();
    rmSync(folder, { recursive: true });
  }
});

async function createToken({ management, org, ownerToken }: Local): Promise<string> {
  const request = { name: "demo", datasetCapabilities: { "*": { ingest: ["create"], query: ["read"] } } };
  return (await call<{ token: string }>("POST", `${management}/v2/tokens`, { token: ownerToken, org }, request)).token;
}

/** Every format with every encoding to every region, again and again until there were enough bytes of the first format. */
async function there(trip: Trip, bytesWanted: number): Promise<void> {
  let batches = ENCODINGS.length * Object.keys(trip.local.edges).length;
  for (const format of FORMATS) {
    const began = performance.now();
    let begun = 0;
    let bytes = 0;
    const sender = async () => {
      while (begun < batches) {
        const body = newBatch(trip, format);
        bytes += body.length;
        begun++;
        if (format === FORMATS[0] && bytes < bytesWanted) batches = Math.max(batches, begun + 1);
        await ship(trip, format, begun, body);
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, sender));
    const seconds = (performance.now() - began) / 1_000;
    const rate = `${(bytes / 1e6 / seconds).toFixed(1)} MB/s`;
    console.log(
      `${format.padEnd(6)} ${begun * BATCH_EVENTS} events, ${(bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(1)} s: ${rate}, all taken`,
    );
  }
}

function newBatch({ lines, ledger, startMs }: Trip, format: Format): Buffer {
  const first = ledger.hashes.length;
  const events = Array.from({ length: BATCH_EVENTS }, (_, i) => eventAt(first + i, lines, startMs));
  for (const [i, event] of events.entries()) noteSent(ledger, first + i, asStored(event, format));
  return encodeBatch(events, format);
}

/** The `number`th batch goes to one region after the other, with one encoding after the other. */
async function ship({ local, token, folder }: Trip, format: Format, number: number, body: Buffer): Promise<void> {
  const regions = Object.keys(local.edges);
  const region = regions[number % regions.length] as string;
  const encoding = ENCODINGS[Math.floor(number / regions.length) % ENCODINGS.length] as (typeof ENCODINGS)[number];
  const url = `${local.edges[region]}/v1/ingest/${local.datasets[region]}`;
  const reply = await send({ url, token, contentType: CONTENT_TYPES[format], encoding, body }, folder);
  if (reply["ingested"] !== BATCH_EVENTS || reply["failed"] !== 0)
    throw new Stop(`${url} took a ${encoding} ${format} batch of ${BATCH_EVENTS} events with ${JSON.stringify(reply)}`);
}

/** @throws Stop when anything is missing, repeated or different. */
async function back({ local, token, ledger }: Trip): Promise<void> {
  const owner = { token: local.ownerToken, org: local.org };
  for (const [region, name] of Object.entries(local.datasets)) {
    await call("POST", `${local.management}/v2/datasets/${name}/flush`, owner);
    const dataset = { edge: local.edges[region] as string, name, token };
    for (const { id, key, rows, bytes } of await listSegments(dataset)) {
      console.log(`${String(rows).padStart(8)} rows ${String(bytes).padStart(9)} bytes  ${key}`);
      for await (const line of segmentLines(dataset, id)) noteStored(ledger, line);
    }
  }
  const { sent, equal, missing, repeated, different } = verdictOf(ledger);
  console.log(`${sent} sent, ${equal} equal, ${missing} missing, ${repeated} repeated, ${different.length} different`);
  if (missing + repeated + different.length > 0)
    throw new Stop(["what came back is not what was sent", ...different.slice(0, DIFFERENCES_SHOWN_MAX)].join("\n"));
}

/** Waits for a signal and then fails, whenever that is looked at. */
function interruption(): Promise<never> {
  const interrupted = new Promise<never>((_, reject) => {
    for (const name of ["SIGINT", "SIGTERM"]) process.once(name, () => reject(new Stop("interrupted")));
  });
  interrupted.catch(() => {});
  return interrupted;
}
