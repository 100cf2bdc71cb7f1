/** A decoded batch on its way to its shard, and what the shard made of it. */
import { gzipSync } from "node:zlib";
import { Problem } from "../problem.ts";
import { unstage } from "./bucket/staged.ts";
import type { AppendId } from "./buffer/append-id.ts";
import { type Counts, emptyCounts } from "./buffer/counts.ts";
import type { Append, Appended, Destination, Staged } from "./buffer/segment.ts";
import { bufferOf, shardOf } from "./buffer/shard.ts";
import { type EdgeEnv, settingsOf } from "./env.ts";
import type { Batch } from "./event/batch.ts";
import type { KeptRow, Rejects } from "./event/rejects.ts";
import type { Permitted } from "./permit.ts";
import { type Lines, openStager, STAGED_BYTES_MIN } from "./stager.ts";

/** Batches below this are stored raw and compressed together with their neighbours; alone they would hardly shrink. */
const RAW_BYTES_MAX = 4_096;
const GZIP_LEVEL = 1;

/** Whose batch it is, and how the sender may be told of it again. */
export interface Sender extends Permitted {
  /** The token's id. */
  token: string;
  traceId: string;
  idempotencyKey: string | null;
  /** Receive time, epoch milliseconds. */
  now: number;
}

/** @returns whether it is stored now or was before. @throws Problem when it is neither. */
export async function store(batch: Batch, appendId: AppendId, sender: Sender, env: EdgeEnv): Promise<"stored" | "duplicate"> {
  const append = {
    ...appendId,
    ...(await packed(batch, sender, env)),
    ...rejectsOf(batch, sender),
    received: batch.rows + batch.failed,
    replay: null,
  };
  return send(append, sender, env);
}

/** Final lines as they travel: small ones raw, others as one gzip member, many of them staged in the bucket already. */
export async function packed(
  lines: Lines,
  { destination, now }: Sender,
  env: EdgeEnv,
): Promise<Pick<Append, "body" | "gzip" | "staged" | "rows" | "rawBytes" | "minTime" | "maxTime">> {
  const { ndjson, rows, minTime, maxTime } = lines;
  const known = { rows, rawBytes: ndjson.length, minTime, maxTime };
  const nothing = { body: new Uint8Array(0), gzip: false, staged: [], ...known };
  if (rows === 0) return nothing;
  const gzip = ndjson.length > RAW_BYTES_MAX;
  // a copy either way: over RPC a view would carry the whole buffer behind it
  const body = gzip ? gzipSync(ndjson, { level: GZIP_LEVEL }) : ndjson.slice();
  if (body.length < STAGED_BYTES_MIN) return { ...nothing, body, gzip };
  const stager = openStager(env.SEGMENTS, destination, now);
  const staged = await reachable(async () => {
    await stager.add(lines);
    return stager.close();
  }, stager.abandon);
  return { ...nothing, staged };
}

/** Work on the bucket, whose failure is the sender's reason to try again. */
export async function reachable<T>(work: () => Promise<T>, undo: () => Promise<void>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await undo();
    if (error instanceof Problem) throw error;
    console.error("bucket unreachable", String(error));
    throw unstored();
  }
}

/** What is left of the rejected rows: kept ones as lines, the others as numbers. */
export function rejectsOf({ kept, keptReasons, reasons }: Rejects, sender: Sender): Pick<Append, "quarantine" | "refused" | "token"> {
  const { token, quarantineBytesMax } = sender;
  if (kept.length === 0 || quarantineBytesMax === 0) return { quarantine: null, refused: reasons, token };
  const refused = Object.fromEntries(
    Object.entries(reasons).flatMap(([reason, rows]) =>
      rows > (keptReasons[reason] ?? 0) ? [[reason, rows - (keptReasons[reason] ?? 0)]] : [],
    ),
  );
  const lines = kept.map((row) => JSON.stringify(quarantined(row, sender))).join("\n");
  return { quarantine: { body: new TextEncoder().encode(`${lines}\n`), reasons: keptReasons }, refused, token };
}

function quarantined({ reason, index, detail, raw, encoding, bytes, csvFields }: KeptRow, { token, traceId, now }: Sender) {
  const received = new Date(now).toISOString();
  return { received, reason, index, detail, token, trace: traceId, bytes, encoding, ...(csvFields ? { csvFields } : {}), raw };
}

/**
 * One repeat, with the same id and a new stub, where the runtime says that it is safe; it stores nothing twice.
 * @param fixedShard where the append goes whatever its id and the number of shards; without it the id decides.
 */
export async function send(append: Append, sender: Sender, env: EdgeEnv, fixedShard?: number): Promise<"stored" | "duplicate"> {
  const { destination, quarantineBytesMax, idempotencyKey } = sender;
  const { shards } = settingsOf(env);
  const shard = fixedShard ?? shardOf(append.id, shards);
  for (let attempt = 0; ; attempt++) {
    try {
      const appended = await bufferOf(env, destination, shard).append(destination, append, { shard, shards, quarantineBytesMax });
      // only what this answer proves to be stored elsewhere: after any other, the staged bytes may be the stored ones
      if (appended === "duplicate" || appended === "conflict" || appended === "gone") await unstageAll(append.staged, destination, env);
      return outcome(appended, destination, idempotencyKey);
    } catch (error) {
      if (error instanceof Problem) throw error;
      const { retryable, overloaded } = error as { retryable?: boolean; overloaded?: boolean };
      if (retryable && !overloaded && attempt === 0) continue;
      console.error("append failed", destination.datasetId, shard, String(error));
      throw unstored();
    }
  }
}

function outcome(appended: Appended, { dataset }: Destination, key: string | null): "stored" | "duplicate" {
  if (appended === "stored" || appended === "duplicate") return appended;
  if (appended === "conflict")
    throw new Problem(
      "idempotency-key-reused",
      `Idempotency-Key ${JSON.stringify(key)} was used for another batch of dataset ${dataset} a short time ago; give each batch a key of its own`,
    );
  // by the edge's memory it is there: it was deleted a moment ago, and perhaps made anew, which the edge will know in seconds
  if (appended === "gone")
    throw new Problem("store-unavailable", `dataset ${dataset} was deleted or made anew a moment ago; send again in some seconds`);
  throw appended === "full" ? new Problem("overloaded", `the buffer of dataset ${dataset} is full; send again in a second`) : unstored();
}

function unstored(): Problem {
  return new Problem("overloaded", "the batch could not be made durable; send it again in a second, nothing is stored twice");
}

async function unstageAll(staged: Staged[], destination: Destination, env: EdgeEnv): Promise<void> {
  if (staged.length > 0) await unstage(env.SEGMENTS, destination, staged);
}

/** Counts a body that was refused whole, as one event. What it cannot do is only logged: the sender has its answer. */
export async function countRefused(reason: string, { destination, token }: Sender, env: EdgeEnv): Promise<void> {
  const counts: Counts = { ...emptyCounts(), received: 1, refused: { [reason]: 1 } };
  await bufferOf(env, destination, 0)
    .count(destination, token, counts)
    .catch((error) => console.warn("refusal not counted", String(error)));
}
