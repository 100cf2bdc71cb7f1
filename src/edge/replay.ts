/**
 * `POST /v1/datasets/{dataset}/quarantine/{id}/replay`: what was rejected goes the way of any batch again, under the parameters of
 * this call. What still cannot be taken goes back into quarantine, as a new object, and the old one is deleted. A quarantined object
 * is replayed once, whatever crashes between.
 */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { readAuthorization } from "../access/authorization.ts";
import { Problem } from "../problem.ts";
import { remove } from "./bucket/staged.ts";
import { addReasons } from "./buffer/counts.ts";
import type { Append, Reasons } from "./buffer/segment.ts";
import { isDryRun } from "./dry-run.ts";
import { type Entry, enter } from "./enter.ts";
import { type EdgeEnv, settingsOf } from "./env.ts";
import type { Batch } from "./event/batch.ts";
import { FAILURES_LISTED_MAX } from "./event/rejects.ts";
import { readDelimiter } from "./formats/csv-delimiter.ts";
import { csv } from "./formats/csv-events.ts";
import { decodeWith, type Format } from "./formats/format.ts";
import { linesDecoder } from "./formats/lines.ts";
import { permit } from "./permit.ts";
import { rulesOf } from "./protocols/axiom.ts";
import type { Call } from "./protocols/protocol.ts";
import { openSegment } from "./query/scan.ts";
import { datasetName } from "./route.ts";
import { packed, type Sender, send } from "./store.ts";

/** A quarantined object's bytes, inflated. */
const INFLATED_BYTES_MAX = 64 * 1_048_576;
const ID_BYTES = 16;

/** A line of a quarantined object. */
interface Quarantined {
  reason: string;
  index: number;
  detail: string;
  raw: string;
  encoding: "utf-8" | "base64";
  /** Of the row as sent; `raw` may be its beginning. */
  bytes: number;
  csvFields?: string[];
}

export async function replay(call: Call, id: string, traceId: string, entry: Entry, env: EdgeEnv): Promise<Response> {
  const caller = await enter(() => readAuthorization(call.headers, call.query), null, entry, env);
  const name = datasetName(call.dataset ?? "");
  const permitted = await permit(caller, "ingest:create", name, settingsOf(env).region, env, call.now);
  const object = await openSegment(env.SEGMENTS, permitted.destination, id, "quarantine");
  if (!object)
    throw new Problem("segment-unknown", `quarantined segment ${JSON.stringify(id)} not found; GET …/segments?kind=quarantine lists them`);
  const text = gunzipSync(await object.bytes(), { maxOutputLength: INFLATED_BYTES_MAX }).toString();
  const rows = text
    .split("\n")
    .filter(Boolean)
    .map((line): Row => ({ ...(JSON.parse(line) as Quarantined), line }));
  const groups = groupsOf(rows.filter(isWhole)).map((group) => decode(group, call));
  const stored = groups.reduce((sum, { batch }) => sum + (batch?.rows ?? 0), 0);
  const parts = rows.filter((row) => !isWhole(row)).slice(0, FAILURES_LISTED_MAX);
  const inPart = parts.map(({ index, reason }) => ({
    index,
    reason,
    error: "kept only in part, or no UTF-8: its sender has to send it again",
  }));
  const failures = [...groups.flatMap((group) => group.failures), ...inPart];
  const answer = { replayed: stored, failed: rows.length - stored, failures };
  if (isDryRun(call)) return Response.json({ dryRun: true, ...answer });
  if (stored === 0) return Response.json(answer);

  const batches = groups.flatMap(({ batch }) => batch ?? []);
  const staying = [...rows.filter((row) => !isWhole(row)), ...groups.flatMap((group) => group.staying)];
  // they were counted and accepted into quarantine before: the day's budget is no matter
  const quarantineBytesMax = Number.MAX_SAFE_INTEGER;
  const sender: Sender = { ...permitted, quarantineBytesMax, token: caller.set.id, traceId, now: call.now, idempotencyKey: null };
  const lines = {
    ndjson: Buffer.concat(batches.map(({ ndjson }) => ndjson)),
    rows: stored,
    minTime: Math.min(...batches.map(({ minTime }) => minTime)),
    maxTime: Math.max(...batches.map(({ maxTime }) => maxTime)),
  };
  const append: Append = {
    id: new Uint8Array(createHash("sha256").update(`replay ${id}`).digest().subarray(0, ID_BYTES)),
    print: null,
    ...(await packed(lines, sender, env)),
    quarantine: staying.length > 0 ? quarantineOf(staying) : null,
    refused: {},
    received: rows.length,
    token: sender.token,
    replay: { id, rows: rows.length },
  };
  const outcome = await send(append, sender, env, 0);
  await remove(env.SEGMENTS, permitted.destination, [id], "quarantine");
  const response = Response.json(answer);
  if (outcome === "duplicate") response.headers.set("x-headgate-deduplicated", "true");
  return response;
}

type Row = Quarantined & { line: string };

interface Decoded {
  /** Null: not one row could be read. */
  batch: Batch | null;
  /** The row's number in the body it came in, and what is wrong with it now. */
  failures: { index: number; reason: string; error: string }[];
  staying: Row[];
}

/** Whether all of the row is there, as text. */
function isWhole({ raw, encoding, bytes }: Quarantined): boolean {
  return encoding === "utf-8" && Buffer.byteLength(raw) === bytes;
}

/**
 * Rows that can be decoded together: those of one CSV header, and all others. One that might reach into its neighbours, or vanish among
 * them, is decoded alone.
 */
function groupsOf(rows: Row[]): Row[][] {
  const groups = new Map<string, Row[]>();
  for (const [index, row] of rows.entries()) {
    const name = isContained(row) ? JSON.stringify(row.csvFields ?? null) : String(index);
    const group = groups.get(name);
    if (group) group.push(row);
    else groups.set(name, [row]);
  }
  return [...groups.values()];
}

function isContained({ raw, csvFields }: Quarantined): boolean {
  return raw.trim() !== "" && !raw.startsWith("\ufeff") && !(csvFields && /["\r\n]/.test(raw));
}

/** One row, one line: what a line breaks in here would take its neighbours with it. */
const LINES: Format = { name: "ndjson", types: [], open: (_window, events) => linesDecoder(events) };

function decode(rows: Row[], call: Call): Decoded {
  const csvFields = rows[0]?.csvFields ?? null;
  // between the tokens of JSON a line break is as good as a space
  const body = rows.map(({ raw }) => (csvFields ? raw : raw.replace(/[\r\n]/g, " "))).join("\n");
  const options = { csvDelimiter: csvFields ? readDelimiter(call.query.get("csv-delimiter") || null) : 0, csvFields };
  const rules = rulesOf(call);
  try {
    const batch = decodeWith(csvFields ? csv : LINES, new TextEncoder().encode(body), rules, options);
    // each row must be one event or one refusal, or nobody could say which is which
    if (batch.rows + batch.failed !== rows.length) throw new Problem("body-invalid", "the rows cannot be told apart");
    const failures = batch.rejected.map(({ index, reason, detail }) => ({ index: (rows[index] as Row).index, reason, error: detail }));
    return { batch, failures, staying: batch.indices.map((index) => rows[index] as Row) };
  } catch (error) {
    if (!(error instanceof Problem) || error.reason !== "body-invalid") throw error;
    return {
      batch: null,
      failures: rows.slice(0, FAILURES_LISTED_MAX).map(({ index, reason, detail }) => ({ index, reason, error: detail })),
      staying: rows,
    };
  }
}

function quarantineOf(rows: Row[]): Append["quarantine"] {
  const reasons: Reasons = {};
  for (const { reason } of rows) addReasons(reasons, { [reason]: 1 });
  return { body: new TextEncoder().encode(`${rows.map(({ line }) => line).join("\n")}\n`), reasons };
}
