/**
 * Counters around what the platform bills, one set in each isolate. The bench builds counting-edge.ts and counting-storage.ts in place of
 * the real entries; nothing in the product knows of them. The methods of the runtime's own objects are wrapped, so that no call goes
 * uncounted.
 */
import { type Counts, NO_COUNTS } from "./counts.ts";

type Methods = Record<string, (...args: unknown[]) => unknown>;

export const counts: Counts = { ...NO_COUNTS };
/** The last statement's; its numbers are final when the next statement begins. */
let cursor: { rowsWritten: number; rowsRead: number } | undefined;

const wrapped = new WeakSet<object>();

/** Runs `then` with each result of these methods, whichever object of its kind they are called on. */
function watch(object: object, methods: string[], then: (result: unknown) => void): void {
  const prototype = Object.getPrototypeOf(object) as Methods;
  for (const name of methods) {
    const original = prototype[name];
    if (!original || wrapped.has(original)) continue;
    const counting = function (this: unknown, ...args: unknown[]) {
      const result = original.apply(this, args);
      then(result);
      return result;
    };
    wrapped.add(counting);
    prototype[name] = counting;
  }
}

function countStatement(): void {
  counts.rowsWritten += cursor?.rowsWritten ?? 0;
  counts.rowsRead += cursor?.rowsRead ?? 0;
  cursor = undefined;
}

export function watchStorage(storage: DurableObjectStorage): void {
  watch(storage.sql, ["exec"], (result) => {
    countStatement();
    cursor = result as typeof cursor;
  });
  watch(storage, ["setAlarm"], () => counts.rowsWritten++);
}

export function watchBucket(bucket: R2Bucket): void {
  const write = () => counts.bucketWrites++;
  watch(bucket, ["put", "list"], write);
  watch(bucket, ["createMultipartUpload"], (result) => {
    write();
    void (result as Promise<object>).then((upload) => watch(upload, ["uploadPart", "complete"], write));
  });
  watch(bucket, ["get", "head"], () => counts.bucketReads++);
}

export function watchPermissions(permissions: KVNamespace): void {
  watch(permissions, ["get", "getWithMetadata"], () => counts.kvReads++);
}

/** What this isolate has counted until now. */
export function counted(): Counts {
  countStatement();
  return counts;
}
