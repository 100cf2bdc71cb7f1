/** Bindings and settings of a storage Worker, read and checked once per isolate. */
import { readSealKeys, type SealKeys } from "../access/seal.ts";
import type { BufferEnv } from "./buffer/shard.ts";
import type { Authority } from "./env.ts";
import { placementOf } from "./placement.ts";
import { readOnce, regionId, wholeNumber } from "./setting.ts";
import type { TailEnv } from "./tail/watch.ts";

export interface StorageEnv extends BufferEnv, TailEnv {
  SEGMENTS: R2Bucket;
  AUTHORITY: Pick<Authority, "lookUpSettings">;
  SINK_SECRETS_KEY?: string;
  REGION: string;
  SEGMENT_BYTES_MAX: number;
  FLUSH_AFTER_MS: number;
  DEDUPE_WINDOW_MS: number;
  DEDUPE_IDS_MAX: number;
}

export interface StorageSettings {
  region: string;
  /** Open the secrets of sinks. */
  sealKeys: SealKeys;
  /** Compressed bytes at which a segment is sealed. */
  segmentBytesMax: number;
  /** Age at which a segment is sealed, in milliseconds. */
  flushAfterMs: number;
  /** For how long after its flush an append is remembered, and how many at most in one shard. */
  dedupe: { windowMs: number; idsMax: number };
}

/** @throws Error naming the setting that is missing or out of range. */
export const storageSettingsOf = readOnce((env: StorageEnv): StorageSettings => {
  placementOf(env); // a wrong one stops every request, not only those that come to another shard
  return {
    region: regionId(env.REGION),
    sealKeys: readSealKeys(env.SINK_SECRETS_KEY),
    segmentBytesMax: wholeNumber("SEGMENT_BYTES_MAX", env.SEGMENT_BYTES_MAX, 1_000, 64_000_000),
    flushAfterMs: wholeNumber("FLUSH_AFTER_MS", env.FLUSH_AFTER_MS, 100, 3_600_000),
    dedupe: {
      windowMs: wholeNumber("DEDUPE_WINDOW_MS", env.DEDUPE_WINDOW_MS, 1_000, 86_400_000),
      idsMax: wholeNumber("DEDUPE_IDS_MAX", env.DEDUPE_IDS_MAX, 0, 400_000),
    },
  };
});
