/** Segments of a dataset in its region's bucket: which there are, and parts of them. */
import { Problem } from "../../../problem.ts";
import { objectKey, objectPrefix, segmentIn } from "../../buffer/object-key.ts";
import type { Destination, Tally } from "../../buffer/segment.ts";
import type { Account } from "./account.ts";
import { readAhead } from "./read-ahead.ts";

export interface StoredSegment extends Tally {
  id: string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/**
 * How much earlier than an event's time its segment may have been begun: a sender's clock that is a day ahead, and the longest that a
 * segment takes appends, twice.
 */
export const LEAD_MS = DAY_MS + 2 * HOUR_MS;
/** Pages of a day that are fetched before it is walked by the hour, and days that are listed ahead. */
const DAY_PAGES_MAX = 3;
const DAYS_AHEAD = 2;
/** Tries of each request. */
const TRIES = 3;

type Page = { objects: R2Object[]; folders: string[]; cursor: string | null };

/**
 * Segments that were begun early enough to hold events from `from` on (epoch milliseconds), those around [from, to) first and later
 * ones, with what arrived late, after them; each part newest first, by the day and within a day. Where `to` is further ahead of `now`
 * than any honest clock, all there are: who asks about what is to come wants events that were stamped so on purpose, whenever they
 * came. Lists are strongly consistent: whatever was put before the first step is found.
 */
export async function* segmentsFrom(
  bucket: R2Bucket,
  destination: Destination,
  { from, to }: { from: number; to: number },
  now: number,
  account: Account,
): AsyncGenerator<StoredSegment, void, undefined> {
  const prefix = objectPrefix(destination);
  const first = folderOf(prefix, to > now + LEAD_MS ? Number.NEGATIVE_INFINITY : from - LEAD_MS);
  const days = await foldersFrom(bucket, prefix, first.day.slice(0, -1), account);
  const last = folderOf(prefix, to + DAY_MS).day;
  const inOrder = [...days.filter((day) => day <= last).reverse(), ...days.filter((day) => day > last).reverse()];
  async function* each(): AsyncGenerator<string, void, undefined> {
    yield* inOrder;
  }
  for await (const day of readAhead(each(), (folder) => segmentsOfDay(bucket, folder, first.hour, account), DAYS_AHEAD)) yield* day;
}

/** A part of an object; null when there is no such object. @throws Problem `store-unavailable` */
export async function readObjectPart(
  bucket: R2Bucket,
  destination: Destination,
  id: string,
  from: number,
  to: number,
): Promise<Uint8Array | null> {
  return reached(async () => {
    const object = await bucket.get(objectKey(destination, id), { range: { offset: from, length: to - from } });
    return object && new Uint8Array(await object.arrayBuffer());
  });
}

function folderOf(prefix: string, time: number): { day: string; hour: string } {
  // beyond these years there is no arrival
  const text = new Date(Math.min(Math.max(time, 0), 4e12)).toISOString();
  const day = `${prefix}date=${text.slice(0, 10)}/`;
  return { day, hour: `${day}hour=${text.slice(11, 13)}` };
}

/** A day at once where few pages hold it, else by the hour, so that the newest are found without listing all of it. */
async function segmentsOfDay(
  bucket: R2Bucket,
  day: string,
  startAfter: string,
  account: Account,
): Promise<AsyncIterable<StoredSegment> | StoredSegment[]> {
  const objects = await objectsIn(bucket, day, startAfter, DAY_PAGES_MAX, account);
  if (objects) return objects;
  return (async function* () {
    for (const hour of (await foldersFrom(bucket, day, startAfter, account)).reverse())
      yield* (await objectsIn(bucket, hour, startAfter, Number.POSITIVE_INFINITY, account)) ?? [];
  })();
}

/** Newest first; null when they are more than so many pages. */
async function objectsIn(
  bucket: R2Bucket,
  folder: string,
  startAfter: string,
  pagesMax: number,
  account: Account,
): Promise<StoredSegment[] | null> {
  const segments: StoredSegment[] = [];
  for (let cursor: string | null = null, pages = 0; ; ) {
    if (pages++ === pagesMax) return null;
    const page: Page | null = await list(bucket, { prefix: folder, startAfter, include: ["customMetadata"] }, cursor, account);
    for (const object of page?.objects ?? []) segments.push(...segmentOf(object));
    cursor = page?.cursor ?? null;
    if (cursor === null) return segments.sort((a, b) => (a.id < b.id ? 1 : -1));
  }
}

async function foldersFrom(bucket: R2Bucket, prefix: string, startAfter: string, account: Account): Promise<string[]> {
  const folders: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: Page | null = await list(bucket, { prefix, startAfter, delimiter: "/" }, cursor, account);
    folders.push(...(page?.folders ?? []));
    cursor = page?.cursor ?? null;
    if (cursor === null) return folders.sort();
  }
}

/** Null when the account has no request left. */
async function list(bucket: R2Bucket, options: R2ListOptions, cursor: string | null, account: Account): Promise<Page | null> {
  if (!account.takeCall()) return null;
  const page = await reached(() => bucket.list({ ...options, ...(cursor === null ? {} : { cursor }) }));
  return { objects: page.objects, folders: page.delimitedPrefixes, cursor: page.truncated ? page.cursor : null };
}

/** Nothing for a file that someone else has put there. What says nothing of its times may hold any. */
function segmentOf({ key, size, customMetadata }: R2Object): StoredSegment[] {
  const id = segmentIn(key);
  if (id === null) return [];
  const number = (name: string, otherwise: number) => {
    const value = Number(customMetadata?.[name] ?? Number.NaN);
    return Number.isNaN(value) ? otherwise : value;
  };
  return [
    {
      id,
      bytes: size,
      rows: number("rows", 0),
      rawBytes: number("rawBytes", Number.POSITIVE_INFINITY),
      minTime: number("minTime", Number.NEGATIVE_INFINITY),
      maxTime: number("maxTime", Number.POSITIVE_INFINITY),
    },
  ];
}

async function reached<T>(ask: () => Promise<T>): Promise<T> {
  for (let left = TRIES - 1; ; left--) {
    try {
      return await ask();
    } catch (error) {
      if (left > 0) continue;
      console.error("bucket unreachable", String(error));
      throw new Problem("store-unavailable", "stored events cannot be read right now; send the query again");
    }
  }
}
