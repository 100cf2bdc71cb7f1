import { metadataOf } from "../bucket/metadata.ts";
import { objectKey } from "../buffer/object-key.ts";
import type { SealedSegment } from "./sink.ts";

/** R2 keeps 8 KB of metadata with an object. */
const ERROR_LENGTH_MAX = 500;

/** Lays a copy of a segment aside that a sink will never take, with the sink's name and words. Again is the same copy. */
export async function buryDead(bucket: R2Bucket, segment: SealedSegment, sink: string, error: string): Promise<void> {
  const key = objectKey(segment.destination, segment.id, "dead").replace(/\.ndjson\.gz$/, `.${sink}.ndjson.gz`);
  await bucket.put(key, segment.body, {
    httpMetadata: { contentType: "application/x-ndjson" },
    customMetadata: { ...metadataOf(segment), sink, error: error.slice(0, ERROR_LENGTH_MAX) },
  });
}
