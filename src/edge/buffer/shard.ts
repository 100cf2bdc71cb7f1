import { type EdgeEnv, settingsOf } from "../env.ts";
import type { Buffer } from "./buffer.ts";
import type { Destination } from "./segment.ts";

/** Ids are uniform, so their first bytes spread appends evenly, and a retry finds the shard that knows it. */
export function shardOf(appendId: Uint8Array, shards: number): number {
  return new DataView(appendId.buffer, appendId.byteOffset).getUint32(0) % shards;
}

/** A new stub each time: one that has failed may stay broken. The object lives where the region's settings pin it. */
export function bufferOf(env: EdgeEnv, { datasetId }: Destination, shard: number): DurableObjectStub<Buffer> {
  const { locationHint } = settingsOf(env);
  const buffers = namespaceOf(env);
  return buffers.get(buffers.idFromName(`${datasetId}:${shard}`), locationHint ? { locationHint } : {});
}

/** Objects of a jurisdiction are others than those without one: it must never be left out where the platform knows it. */
function namespaceOf(env: EdgeEnv): DurableObjectNamespace<Buffer> {
  const { jurisdiction } = settingsOf(env);
  if (!jurisdiction) return env.BUFFER;
  try {
    return env.BUFFER.jurisdiction(jurisdiction);
  } catch (error) {
    // the local runtime has everything in one place and refuses to name it; the platform itself never says this
    if (String(error).includes("not implemented in workerd")) return env.BUFFER;
    throw error;
  }
}
