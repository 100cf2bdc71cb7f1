import type { EdgeEnv } from "../env.ts";
import { objectOf } from "../placement.ts";
import type { Buffer } from "./buffer.ts";
import type { Destination } from "./segment.ts";

/** Ids are uniform, so their first bytes spread appends evenly, and a retry finds the shard that knows it. */
export function shardOf(appendId: Uint8Array, shards: number): number {
  return new DataView(appendId.buffer, appendId.byteOffset).getUint32(0) % shards;
}

export function bufferOf(env: EdgeEnv, { datasetId }: Destination, shard: number): DurableObjectStub<Buffer> {
  return objectOf(env.BUFFER, `${datasetId}:${shard}`, env);
}
