/** Reads segments back from the bucket. R2 lists upwards only, so newest first means walking days and hours from the end. */
import { Problem } from "../../problem.ts";
import { objectKey, objectPrefix, rootOf, segmentIn, timeOfSegment } from "../buffer/object-key.ts";
import type { Destination, Kind } from "../buffer/segment.ts";

export interface SegmentInfo {
  id: string;
  key: string;
  rows: number;
  bytes: number;
  /** RFC 3339, UTC. */
  minTime: string;
  maxTime: string;
  createdAt: string;
  /** Of what a sink has refused for ever: which one, and why. */
  sink?: string;
  error?: string;
}

/**
 * @param limit at least 1; the caller has checked it.
 * @param cursor as an earlier call returned it: the id of the last segment that was listed.
 * @throws Problem `parameter-invalid` for a cursor that is none.
 */
export async function listSegments(
  bucket: R2Bucket,
  destination: Destination,
  limit: number,
  cursor: string | null,
  kind: Kind = "events",
): Promise<{ segments: SegmentInfo[]; nextCursor: string | null }> {
  if (cursor !== null && timeOfSegment(cursor) === null)
    throw new Problem("parameter-invalid", "cursor must be the nextCursor of an earlier answer");
  const below = cursor === null ? null : { id: cursor, key: objectKey(destination, cursor, kind) };
  const segments: SegmentInfo[] = [];
  for await (const objects of hoursBackwards(bucket, rootOf(kind) + objectPrefix(destination), below)) {
    for (const object of objects) {
      if (segments.length === limit) return { segments, nextCursor: segments.at(-1)?.id ?? null };
      segments.push(infoOf(object));
    }
  }
  return { segments, nextCursor: null };
}

/** Null: there is no such segment, or the text is no segment id. */
export async function openSegment(
  bucket: R2Bucket,
  destination: Destination,
  id: string,
  kind: Kind = "events",
): Promise<R2ObjectBody | null> {
  if (timeOfSegment(id) === null) return null;
  const key = objectKey(destination, id, kind);
  if (kind !== "dead") return bucket.get(key);
  // one copy for each sink that has refused it, all of them alike
  const { objects } = await bucket.list({ prefix: key.replace(/ndjson\.gz$/, ""), limit: 1 });
  return objects[0] ? bucket.get(objects[0].key) : null;
}

async function* hoursBackwards(bucket: R2Bucket, prefix: string, below: { id: string; key: string } | null): AsyncGenerator<R2Object[]> {
  const inReach = (folder: string) => below === null || folder <= below.key;
  for (const day of (await foldersIn(bucket, prefix)).filter(inReach).reverse()) {
    for (const hour of (await foldersIn(bucket, day)).filter(inReach).reverse()) {
      const objects = await objectsIn(bucket, hour);
      // by id, since what stands behind it in a name does not sort with it
      yield objects.filter(({ key }) => below === null || (segmentIn(key) ?? "") < below.id).reverse();
    }
  }
}

async function foldersIn(bucket: R2Bucket, prefix: string): Promise<string[]> {
  const folders: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await bucket.list({ prefix, delimiter: "/", ...(cursor ? { cursor } : {}) });
    folders.push(...page.delimitedPrefixes);
    if (!page.truncated) return folders.sort();
    cursor = page.cursor;
  }
}

async function objectsIn(bucket: R2Bucket, prefix: string): Promise<R2Object[]> {
  const objects: R2Object[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await bucket.list({ prefix, include: ["customMetadata"], ...(cursor ? { cursor } : {}) });
    // the owner's own engine may keep files of its own in here
    objects.push(...page.objects.filter(({ key }) => segmentIn(key) !== null));
    if (!page.truncated) return objects.sort((a, b) => (a.key < b.key ? -1 : 1));
    cursor = page.cursor;
  }
}

function infoOf({ key, size, customMetadata }: R2Object): SegmentInfo {
  const number = (name: string) => Number(customMetadata?.[name] ?? 0);
  const time = (name: string) => new Date(number(name)).toISOString();
  const id = segmentIn(key) ?? "";
  const { sink, error } = customMetadata ?? {};
  return {
    ...{ id, key, rows: number("rows"), bytes: size, minTime: time("minTime"), maxTime: time("maxTime"), createdAt: time("createdAt") },
    ...(sink ? { sink, error: error ?? "" } : {}),
  };
}
