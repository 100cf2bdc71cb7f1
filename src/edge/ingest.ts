/**
 * The one way in. A body is read only after its sender is known and allowed; a 2xx is given only after the batch is durable in
 * the dataset's region.
 */
import { Problem } from "../problem.ts";
import { authenticate } from "./authenticate.ts";
import { withBody } from "./body.ts";
import { appendId } from "./buffer/append-id.ts";
import { dryRun } from "./dry-run.ts";
import { type EdgeEnv, settingsOf } from "./env.ts";
import { onlyDataset, permit } from "./permit.ts";
import type { Call, Protocol } from "./protocols/protocol.ts";
import { datasetName } from "./route.ts";
import { countRefused, type Sender, store } from "./store.ts";

const IDEMPOTENCY_KEY_LENGTH_MAX = 255;

export interface Arrival {
  request: Request;
  call: Call;
  traceId: string;
  /** Lets work go on after the answer. */
  waitUntil(work: Promise<unknown>): void;
}

export async function ingest({ request, call, traceId, waitUntil }: Arrival, protocol: Protocol, env: EdgeEnv): Promise<Response> {
  const { region } = settingsOf(env);
  const { now } = call;
  const caller = await authenticate(protocol.credential(call), env, now);
  const name = call.dataset === null ? await onlyDataset(caller, "ingest:create", env, now) : datasetName(call.dataset);
  const permitted = await permit(caller, "ingest:create", name, region, env, now);
  const sender: Sender = { ...permitted, token: caller.set.id, traceId, now, idempotencyKey: readIdempotencyKey(call.headers) };
  try {
    if (call.query.get("dry-run") === "true") return await withBody(request, async (body) => dryRun(body, protocol, call));
    return await withBody(request, (body) => take(body, protocol, call, sender, env));
  } catch (thrown) {
    // a refusal that the shard does not know of
    if (thrown instanceof Problem && BODY_REFUSALS.includes(thrown.reason)) waitUntil(countRefused(thrown.reason, sender, env));
    throw thrown;
  }
}

const BODY_REFUSALS: readonly string[] = ["body-invalid", "body-too-large", "encoding-broken", "encoding-unsupported", "parameter-invalid"];

async function take(body: Uint8Array, protocol: Protocol, call: Call, sender: Sender, env: EdgeEnv): Promise<Response> {
  const batch = protocol.decode(body, call);
  const answer = (duplicate: boolean) => protocol.reply({ batch, bodyBytes: body.length, duplicate }, call);
  if (batch.rows + batch.failed === 0) return answer(false);
  const { dedupe, idempotencyKey, destination } = sender;
  const parts = { dedupe, idempotencyKey, datasetId: destination.datasetId, shape: protocol.shape(call) };
  const stored = await store(batch, appendId(parts, body, batch.everyEventHasItsOwnTime), sender, env);
  const reply = answer(stored === "duplicate");
  if (stored === "duplicate") reply.headers.set("x-headgate-deduplicated", "true");
  return reply;
}

function readIdempotencyKey(headers: Headers): string | null {
  const key = headers.get("idempotency-key");
  if (key !== null && key.length > IDEMPOTENCY_KEY_LENGTH_MAX)
    throw new Problem("parameter-invalid", `Idempotency-Key is longer than ${IDEMPOTENCY_KEY_LENGTH_MAX} characters`);
  return key || null;
}
