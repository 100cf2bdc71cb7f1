import { objectOf, type PlacementEnv } from "../placement.ts";
import type { Buffer } from "./buffer.ts";
import type { Destination } from "./segment.ts";

/** What it takes to reach buffers, from the edge and from another buffer. */
export interface BufferEnv extends PlacementEnv {
  BUFFER: DurableObjectNamespace<Buffer>;
}

/** Ids are uniform, so their first bytes spread appends evenly, and a retry finds the shard that knows it. */
export function shardOf(appendId: Uint8Array, shards: number): number {
  return new DataView(appendId.buffer, appendId.byteOffset).getUint32(0) % shards;
}

export function bufferOf(env: BufferEnv, { datasetId }: Destination, shard: number): DurableObjectStub<Buffer> {
  return objectOf(env.BUFFER, `${datasetId}:${shard}`, env);
}

/**
 * All shards that may hold something of a dataset: a smaller number of them than before leaves the others with what they have.
 * @param least how many there are at least, as the edge is set; shard 0 knows of the others that were ever used.
 */
export async function buffersOf(env: BufferEnv, destination: Destination, least: number): Promise<DurableObjectStub<Buffer>[]> {
  const most = Math.max(least, await bufferOf(env, destination, 0).mostShards());
  return Array.from({ length: most }, (_, shard) => bufferOf(env, destination, shard));
}
