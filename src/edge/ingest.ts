/**
 * The one way in. A body is read only after its sender is known and allowed; a 2xx is given only after the batch is durable in
 * the dataset's region.
 */
import { gzipSync } from "node:zlib";
import { Problem } from "../problem.ts";
import { authenticate } from "./authenticate.ts";
import { withBody } from "./body.ts";
import { appendId } from "./buffer/append-id.ts";
import type { Append, Appended, Destination } from "./buffer/segment.ts";
import { bufferOf, shardOf } from "./buffer/shard.ts";
import { type EdgeEnv, settingsOf } from "./env.ts";
import type { Batch } from "./event/batch.ts";
import { onlyDataset, permit } from "./permit.ts";
import type { Call, Protocol } from "./protocols/protocol.ts";
import { datasetName } from "./route.ts";

/** Batches below this are stored raw and compressed together with their neighbours; alone they would hardly shrink. */
const RAW_BYTES_MAX = 4_096;
const GZIP_LEVEL = 1;
const IDEMPOTENCY_KEY_LENGTH_MAX = 255;

export async function ingest(request: Request, protocol: Protocol, call: Call, env: EdgeEnv): Promise<Response> {
  const { region } = settingsOf(env);
  const caller = await authenticate(protocol.credential(call), env, call.now);
  const name = call.dataset === null ? await onlyDataset(caller, "ingest:create", env, call.now) : datasetName(call.dataset);
  const destination = await permit(caller, "ingest:create", name, region, env, call.now);
  const idempotencyKey = readIdempotencyKey(call.headers);

  return withBody(request, async (body) => {
    const batch = protocol.decode(body, call);
    if (batch.rows === 0) return protocol.reply({ batch, bodyBytes: body.length, duplicate: false }, call);
    const { everyEventHasItsOwnTime } = batch;
    const id = appendId({ idempotencyKey, destination, ndjsonSource: body, shape: protocol.shape(call), everyEventHasItsOwnTime });
    const appended = await append(packed(id, batch), destination, env);
    if (appended === "full") throw new Problem("overloaded", `the buffer of dataset ${name} is full; send again in a second`);
    const reply = protocol.reply({ batch, bodyBytes: body.length, duplicate: appended === "duplicate" }, call);
    if (appended === "duplicate") reply.headers.set("x-headgate-deduplicated", "true");
    return reply;
  });
}

function packed(id: Uint8Array, batch: Batch): Append {
  const { ndjson, rows, minTime, maxTime } = batch;
  const gzip = ndjson.length > RAW_BYTES_MAX;
  // a copy either way: over RPC a view would carry the whole buffer behind it
  const body = gzip ? gzipSync(ndjson, { level: GZIP_LEVEL }) : ndjson.slice();
  return { id, body, gzip, rows, rawBytes: ndjson.length, minTime, maxTime };
}

/** One repeat, with the same id and a new stub, where the runtime says that it is safe; it stores nothing twice. */
async function append(batch: Append, destination: Destination, env: EdgeEnv): Promise<Appended> {
  const shard = shardOf(batch.id, settingsOf(env).shards);
  for (let attempt = 0; ; attempt++) {
    try {
      return await bufferOf(env, destination, shard).append(destination, batch);
    } catch (error) {
      const { retryable, overloaded } = error as { retryable?: boolean; overloaded?: boolean };
      if (retryable && !overloaded && attempt === 0) continue;
      console.error("append failed", destination.datasetId, shard, String(error));
      throw new Problem("overloaded", "the batch could not be made durable; send it again in a second, nothing is stored twice");
    }
  }
}

function readIdempotencyKey(headers: Headers): string | null {
  const key = headers.get("idempotency-key");
  if (key !== null && key.length > IDEMPOTENCY_KEY_LENGTH_MAX)
    throw new Problem("parameter-invalid", `Idempotency-Key is longer than ${IDEMPOTENCY_KEY_LENGTH_MAX} characters`);
  return key || null;
}
