/** The reader: what of a dataset has arrived. Headgate's own routes, for people and for whoever checks on us. */
import { readAuthorization } from "../access/authorization.ts";
import { Problem } from "../problem.ts";
import type { Destination, Kind } from "./buffer/segment.ts";
import { buffersOf } from "./buffer/shard.ts";
import { type Entry, enter } from "./enter.ts";
import { type EdgeEnv, settingsOf } from "./env.ts";
import { permit } from "./permit.ts";
import type { Call } from "./protocols/protocol.ts";
import { listSegments, openSegment } from "./query/scan.ts";
import { datasetName } from "./route.ts";

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000;

/**
 * `GET /v1/datasets/{dataset}/segments?kind&limit&cursor`: newest first, with what is durable but not yet written out, and, beside
 * events, the newest of what a sink has refused for ever.
 */
export async function segmentList(call: Call, entry: Entry, env: EdgeEnv): Promise<Response> {
  const destination = await readable(call, entry, env);
  const text = call.query.get("limit") ?? String(LIMIT_DEFAULT);
  const limit = Number(text);
  if (!/^\d+$/.test(text) || limit < 1 || limit > LIMIT_MAX)
    throw new Problem("parameter-invalid", `limit must be a whole number from 1 to ${LIMIT_MAX}`);
  const kind = kindOf(call);
  const page = (of: Kind, cursor: string | null) => listSegments(env.SEGMENTS, destination, limit, cursor, of);
  const { segments, nextCursor } = await page(kind, call.query.get("cursor"));
  if (kind !== "events") return Response.json({ segments, nextCursor });
  const dead = (await page("dead", null)).segments.map(({ id, sink, error }) => ({ id, sink, error }));
  const [buffered, sinks] = await Promise.all([pendingIn(destination, env), deliveriesOf(destination, env)]);
  return Response.json({ segments, buffered, sinks, dead, nextCursor });
}

/** `GET /v1/datasets/{dataset}/segments/{id}`: the object's bytes as they are stored. */
export async function segmentBytes(call: Call, id: string, entry: Entry, env: EdgeEnv): Promise<Response> {
  const object = await openSegment(env.SEGMENTS, await readable(call, entry, env), id, kindOf(call));
  if (!object)
    throw new Problem(
      "segment-unknown",
      `segment ${JSON.stringify(id)} not found; GET …/segments lists them, with kind=quarantine or kind=dead those of that kind, which is then given here too`,
    );
  return new Response(object.body, {
    headers: { "content-type": "application/gzip", "content-length": String(object.size), etag: object.httpEtag },
  });
}

function kindOf({ query }: Call): Kind {
  const kind = query.get("kind") ?? "events";
  if (kind === "events" || kind === "quarantine" || kind === "dead") return kind;
  throw new Problem("parameter-invalid", "kind must be events, quarantine or dead");
}

/** Seals and writes out everything buffered, in all shards. */
export async function flushAll(destination: Destination, env: EdgeEnv): Promise<{ segments: number; rows: number }> {
  const flushed = await Promise.all((await shardsOf(destination, env)).map((buffer) => buffer.flush()));
  return { segments: total(flushed.map(({ segments }) => segments)), rows: total(flushed.map(({ rows }) => rows)) };
}

async function pendingIn(destination: Destination, env: EdgeEnv): Promise<{ rows: number; bytes: number }> {
  const pending = await Promise.all((await shardsOf(destination, env)).map((buffer) => buffer.pending()));
  return { rows: total(pending.map(({ rows }) => rows)), bytes: total(pending.map(({ bytes }) => bytes)) };
}

/** How many segments wait for other sinks, and which of those have failed last. */
async function deliveriesOf(destination: Destination, env: EdgeEnv) {
  const all = await Promise.all((await shardsOf(destination, env)).map((buffer) => buffer.deliveries()));
  const failing = all
    .flatMap((one) => one.failing)
    .map(({ sink, error, nextTry }) => ({ sink, error, nextTry: new Date(nextTry).toISOString() }));
  return { waiting: total(all.map(({ waiting }) => waiting)), failing };
}

/** The dataset of a call whose token may read it. */
export async function readable(call: Call, entry: Entry, env: EdgeEnv): Promise<Destination> {
  const caller = await enter(() => readAuthorization(call.headers, call.query), null, entry, env);
  return (await permit(caller, "query:read", datasetName(call.dataset ?? ""), settingsOf(env).region, env, call.now)).destination;
}

/** All shards of a dataset, those that are set and those that ever were. */
export function shardsOf(destination: Destination, env: EdgeEnv) {
  return buffersOf(env, destination, settingsOf(env).shards);
}

function total(numbers: number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
