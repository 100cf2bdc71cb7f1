import type { Buffer } from "./buffer.ts";
import type { Destination } from "./segment.ts";

/** Ids are uniform, so their first bytes spread appends evenly, and a retry finds the shard that knows it. */
export function shardOf(appendId: Uint8Array, shards: number): number {
  return new DataView(appendId.buffer, appendId.byteOffset).getUint32(0) % shards;
}

/** A new stub each time: one that has failed may stay broken. */
export function bufferOf(
  env: { BUFFER: DurableObjectNamespace<Buffer> },
  { datasetId }: Destination,
  shard: number,
): DurableObjectStub<Buffer> {
  return env.BUFFER.get(env.BUFFER.idFromName(`${datasetId}:${shard}`));
}
