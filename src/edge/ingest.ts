/**
 * The one way in. A body is read only after its sender is known and allowed; a 2xx is given only after the batch is durable in
 * the dataset's region.
 */
import { Problem } from "../problem.ts";
import { withBody } from "./body.ts";
import { type AppendIdParts, appendId, openAppendId } from "./buffer/append-id.ts";
import { dryRun, isDryRun } from "./dry-run.ts";
import { type Entry, enter } from "./enter.ts";
import { type EdgeEnv, settingsOf } from "./env.ts";
import { type Account, announcedBytes } from "./limits/account.ts";
import { onlyDataset, permit } from "./permit.ts";
import type { Call, Protocol } from "./protocols/protocol.ts";
import { datasetName } from "./route.ts";
import { countRefused, type Sender, store } from "./store.ts";
import { storeLarge } from "./store-large.ts";

const IDEMPOTENCY_KEY_LENGTH_MAX = 255;

export interface Arrival {
  request: Request;
  call: Call;
  entry: Entry;
  traceId: string;
}

export async function ingest({ request, call, entry, traceId }: Arrival, protocol: Protocol, env: EdgeEnv): Promise<Response> {
  const { region } = settingsOf(env);
  const { now } = call;
  const caller = await enter(() => protocol.credential(call), announcedBytes(request), entry, env);
  const name = call.dataset === null ? await onlyDataset(caller, "ingest:create", env, now) : datasetName(call.dataset);
  const permitted = await permit(caller, "ingest:create", name, region, env, now);
  const sender: Sender = { ...permitted, token: caller.set.id, traceId, now, idempotencyKey: readIdempotencyKey(call.headers) };
  const dry = isDryRun(call);
  try {
    const small = async (body: Uint8Array) => {
      await entry.account.bodyEnded();
      return dry ? dryRun(body, protocol, call, sender) : take(body, protocol, call, sender, env);
    };
    const { decodeLarge } = protocol;
    if (dry || !decodeLarge) return await withBody(request, small, entry.account.came);
    const large = (chunks: AsyncIterable<Uint8Array>) => takeLarge(chunks, decodeLarge, protocol, call, sender, entry.account, env);
    return await withBody(request, { small, large }, entry.account.came);
  } catch (thrown) {
    // a refusal that the shard does not know of
    if (!dry && thrown instanceof Problem && BODY_REFUSALS.includes(thrown.reason))
      entry.waitUntil(countRefused(thrown.reason, sender, env));
    throw thrown;
  }
}

const BODY_REFUSALS: readonly string[] = ["body-invalid", "body-too-large", "encoding-broken", "encoding-unsupported", "parameter-invalid"];

/** Stored while it comes, in objects that nobody sees before all of it is there. */
async function takeLarge(
  chunks: AsyncIterable<Uint8Array>,
  decode: NonNullable<Protocol["decodeLarge"]>,
  protocol: Protocol,
  call: Call,
  sender: Sender,
  account: Account,
  env: EdgeEnv,
): Promise<Response> {
  const hash = openAppendId(appendIdParts(protocol, call, sender));
  let bodyBytes = 0;
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bodyBytes += chunk.length;
      yield chunk;
    }
    await account.bodyEnded();
  }
  const { batch, stored } = await storeLarge(decode(hashed(), call), hash, sender, env);
  return replyTo(stored, protocol.reply({ batch, bodyBytes, duplicate: stored === "duplicate" }, call));
}

function appendIdParts(protocol: Protocol, call: Call, { dedupe, idempotencyKey, destination }: Sender): AppendIdParts {
  return { dedupe, idempotencyKey, datasetId: destination.datasetId, shape: protocol.shape(call) };
}

function replyTo(stored: "stored" | "duplicate", reply: Response): Response {
  if (stored === "duplicate") reply.headers.set("x-headgate-deduplicated", "true");
  return reply;
}

async function take(body: Uint8Array, protocol: Protocol, call: Call, sender: Sender, env: EdgeEnv): Promise<Response> {
  const batch = protocol.decode(body, call);
  const answer = (duplicate: boolean) => protocol.reply({ batch, bodyBytes: body.length, duplicate }, call);
  if (batch.rows + batch.failed === 0) return answer(false);
  const id = appendId(appendIdParts(protocol, call, sender), body, batch.everyEventHasItsOwnTime);
  const stored = await store(batch, id, sender, env);
  return replyTo(stored, answer(stored === "duplicate"));
}

function readIdempotencyKey(headers: Headers): string | null {
  const key = headers.get("idempotency-key");
  if (key !== null && key.length > IDEMPOTENCY_KEY_LENGTH_MAX)
    throw new Problem("parameter-invalid", `Idempotency-Key is longer than ${IDEMPOTENCY_KEY_LENGTH_MAX} characters`);
  return key || null;
}
