/**
 * Objects too large for the log. They are uploaded to the bucket as they come, in parts that nobody sees, and become objects when
 * the Durable Object that has recorded them completes their uploads. An upload that is never completed is dropped by R2 after 7 days.
 */

import { objectKey } from "../buffer/object-key.ts";
import type { Destination, Kind, Staged, Tally } from "../buffer/segment.ts";
import { metadataOf } from "./metadata.ts";

/** One part: the last part of an upload may have any size. */
const PART = 1;
/** Tries of each step, one right after the other: an upload that fails once in a while is no reason to send a sender away. */
const TRIES = 3;

/** @returns what has to be recorded before anything else may refer to it. */
export async function stage(
  bucket: R2Bucket,
  destination: Destination,
  id: string,
  createdAt: number,
  tally: Tally,
  body: Uint8Array,
): Promise<Staged> {
  const upload = await tried(() =>
    bucket.createMultipartUpload(objectKey(destination, id), {
      httpMetadata: { contentType: "application/x-ndjson" },
      customMetadata: metadataOf({ ...tally, destination, createdAt }),
    }),
  );
  const { etag } = await tried(() => upload.uploadPart(PART, body));
  return { ...tally, bytes: body.length, id, uploadId: upload.uploadId, etag };
}

/** Leaves nothing behind of what was not recorded. What fails is dropped by R2 later. */
export async function unstage(bucket: R2Bucket, destination: Destination, staged: Pick<Staged, "id" | "uploadId">[]): Promise<void> {
  const aborts = staged.map(({ id, uploadId }) => bucket.resumeMultipartUpload(objectKey(destination, id), uploadId).abort());
  await Promise.allSettled(aborts);
}

/**
 * Any number of calls leave one object. `lost`: there is neither upload nor object any more.
 * @throws Error when that cannot be told; to be called again.
 */
export async function complete(
  bucket: R2Bucket,
  key: string,
  { uploadId, etag }: Pick<Staged, "uploadId" | "etag">,
): Promise<"done" | "lost"> {
  try {
    await bucket.resumeMultipartUpload(key, uploadId).complete([{ partNumber: PART, etag }]);
    return "done";
  } catch (error) {
    // completed before, with the answer lost; or never uploaded
    if (await bucket.head(key)) return "done";
    if (/does not exist|NoSuchUpload|10024/i.test(String(error))) return "lost";
    throw error;
  }
}

/** Takes objects away, such as those of a group that were completed. */
export async function remove(bucket: R2Bucket, destination: Destination, ids: string[], kind: Kind = "events"): Promise<void> {
  await bucket.delete(ids.map((id) => objectKey(destination, id, kind)));
}

async function tried<T>(step: () => Promise<T>): Promise<T> {
  for (let left = TRIES - 1; ; left--) {
    try {
      return await step();
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}
