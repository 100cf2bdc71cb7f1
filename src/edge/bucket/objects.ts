/** Takes a dataset's objects out of the region's bucket. Whatever is done twice or left half done is mended by doing it again. */

import { objectPrefix, segmentIn, timeOfSegment } from "../buffer/object-key.ts";
import type { Destination } from "../buffer/segment.ts";

/** What R2 lists and deletes at a time, and how many such pages one call handles. */
const PAGE_OBJECTS_MAX = 1_000;
export const PAGES_MAX = 20;

/** Where events lie, where refused ones are kept, and where segments are that a sink will never take. */
const ROOTS = ["", "quarantine/", "dead/"];
interface Removal {
  /** False: there is more. */
  done: boolean;
  objects: number;
  bytes: number;
}

/** Everything of one dataset, whoever put it there. */
export function removeAll(bucket: R2Bucket, destination: Destination): Promise<Removal> {
  const prefixes = ROOTS.map((root) => `${root}${objectPrefix(destination)}`);
  return remove(bucket, prefixes, () => "remove");
}

/** Segments begun before a time (epoch milliseconds). Files that are no segments stay. */
export function removeOlder(bucket: R2Bucket, destination: Destination, before: number): Promise<Removal> {
  const prefixes = ROOTS.map((root) => `${root}${objectPrefix(destination)}date=`);
  return remove(bucket, prefixes, (key) => {
    const time = timeOfSegment(segmentIn(key) ?? "");
    return time === null ? "keep" : time < before ? "remove" : "end";
  });
}

/**
 * Walks prefixes upwards, which is by day, hour and time of the segment. `end`: nothing behind this key under its prefix is to go.
 */
async function remove(bucket: R2Bucket, prefixes: string[], judge: (key: string) => "remove" | "keep" | "end"): Promise<Removal> {
  const removal: Removal = { done: false, objects: 0, bytes: 0 };
  let pages = 0;
  for (const prefix of prefixes) {
    for (let cursor: string | undefined, more = true; more; ) {
      if (pages++ === PAGES_MAX) return removal;
      const page: R2Objects = await bucket.list({ prefix, limit: PAGE_OBJECTS_MAX, ...(cursor ? { cursor } : {}) });
      const end = page.objects.findIndex(({ key }) => judge(key) === "end");
      const upTo = end < 0 ? page.objects : page.objects.slice(0, end);
      const going = upTo.filter(({ key }) => judge(key) === "remove");
      if (going.length > 0) await bucket.delete(going.map(({ key }) => key));
      removal.objects += going.length;
      removal.bytes += going.reduce((sum, { size }) => sum + size, 0);
      more = page.truncated && end < 0;
      cursor = page.truncated ? page.cursor : undefined;
    }
  }
  return { ...removal, done: true };
}
