/** The reader: what of a dataset has arrived. Headgate's own routes, for people and for whoever checks on us. */
import { readAuthorization } from "../access/authorization.ts";
import { Problem } from "../problem.ts";
import { authenticate } from "./authenticate.ts";
import type { Destination } from "./buffer/segment.ts";
import { bufferOf } from "./buffer/shard.ts";
import { type EdgeEnv, settingsOf } from "./env.ts";
import { permit } from "./permit.ts";
import type { Call } from "./protocols/protocol.ts";
import { listSegments, openSegment } from "./query/scan.ts";
import { datasetName } from "./route.ts";

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000;

/** `GET /v1/datasets/{dataset}/segments?limit&cursor`: newest first, with what is durable but not yet written out. */
export async function segmentList(call: Call, env: EdgeEnv): Promise<Response> {
  const destination = await readable(call, env);
  const text = call.query.get("limit") ?? String(LIMIT_DEFAULT);
  const limit = Number(text);
  if (!/^\d+$/.test(text) || limit < 1 || limit > LIMIT_MAX)
    throw new Problem("parameter-invalid", `limit must be a whole number from 1 to ${LIMIT_MAX}`);
  const { segments, nextCursor } = await listSegments(env.SEGMENTS, destination, limit, call.query.get("cursor"));
  return Response.json({ segments, buffered: await pendingIn(destination, env), nextCursor });
}

/** `GET /v1/datasets/{dataset}/segments/{id}`: the object's bytes as they are stored. */
export async function segmentBytes(call: Call, id: string, env: EdgeEnv): Promise<Response> {
  const object = await openSegment(env.SEGMENTS, await readable(call, env), id);
  if (!object) throw new Problem("segment-unknown", `segment ${JSON.stringify(id)} not found; GET …/segments lists them`);
  return new Response(object.body, {
    headers: { "content-type": "application/gzip", "content-length": String(object.size), etag: object.httpEtag },
  });
}

/** Seals and writes out everything buffered, in all shards. */
export async function flushAll(destination: Destination, env: EdgeEnv): Promise<{ segments: number; rows: number }> {
  const flushed = await Promise.all(shardsOf(destination, env).map((buffer) => buffer.flush()));
  return { segments: total(flushed.map(({ segments }) => segments)), rows: total(flushed.map(({ rows }) => rows)) };
}

async function pendingIn(destination: Destination, env: EdgeEnv): Promise<{ rows: number; bytes: number }> {
  const pending = await Promise.all(shardsOf(destination, env).map((buffer) => buffer.pending()));
  return { rows: total(pending.map(({ rows }) => rows)), bytes: total(pending.map(({ bytes }) => bytes)) };
}

async function readable(call: Call, env: EdgeEnv): Promise<Destination> {
  const caller = await authenticate(readAuthorization(call.headers), env, call.now);
  return permit(caller, "query:read", datasetName(call.dataset ?? ""), settingsOf(env).region, env, call.now);
}

/** All buffers of a dataset. */
export function shardsOf(destination: Destination, env: EdgeEnv) {
  return Array.from({ length: settingsOf(env).shards }, (_, shard) => bufferOf(env, destination, shard));
}

function total(numbers: number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
