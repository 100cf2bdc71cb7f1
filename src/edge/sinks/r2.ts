import { metadataOf } from "../bucket/metadata.ts";
import type { Sink } from "./sink.ts";

/** Exactly once: the key is the segment's own, and nothing is ever written over. */
export function r2Sink(bucket: R2Bucket): Sink {
  return {
    name: "r2",
    async write(segment) {
      const { key, body } = segment;
      const put = await bucket.put(key, body, {
        onlyIf: { etagDoesNotMatch: "*" },
        // no content encoding: fetch and S3 clients would unpack the object unasked
        httpMetadata: { contentType: "application/x-ndjson" },
        customMetadata: metadataOf(segment),
      });
      if (put) return;
      const there = await bucket.head(key);
      if (there?.size !== body.length) throw new Error(`object ${key} has ${there?.size ?? 0} bytes where ${body.length} were to be`);
    },
  };
}

/** The bytes of an object; null when there is none. */
export async function readObject(bucket: R2Bucket, key: string): Promise<Uint8Array | null> {
  return (await bucket.get(key))?.bytes() ?? null;
}
