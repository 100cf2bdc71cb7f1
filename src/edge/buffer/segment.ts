/**
 * What a buffer knows, as plain state and pure functions: which appends are in, which segment is open, what is to be sealed and
 * written next. Every effect (disk, sink, clock, chance) is outside, so that crashes can be played through in memory.
 */

/** Where events go; a shard of it is one buffer. */
export interface Destination {
  org: string;
  dataset: string;
  datasetId: string;
  region: string;
}

/** The events of one request. */
export interface Append {
  /** 16 bytes; the same id is the same append. */
  id: Uint8Array;
  body: Uint8Array;
  /** Whether the body is one gzip member; else it is raw NDJSON. */
  gzip: boolean;
  rows: number;
  rawBytes: number;
  /** Epoch milliseconds. */
  minTime: number;
  maxTime: number;
}

export type Appended = "stored" | "duplicate" | "full";

export interface Tally {
  rows: number;
  /** As stored, compressed. */
  bytes: number;
  rawBytes: number;
  minTime: number;
  maxTime: number;
}

export interface Segment extends Tally {
  /** The number of its table. */
  n: number;
  id: string;
  createdAt: number;
  sealed: boolean;
  ids: string[];
}

export interface State {
  /** Oldest first; at most the last one is open. */
  segments: Segment[];
  /** Appends of the segments here, and those flushed within the window: id to the time of its flush, null while it is here. */
  known: Map<string, number | null>;
}

/** Window in which a retry is recognised after its append was flushed, and the most ids kept for it (16 bytes each on disk). */
export const RETRY_WINDOW_MS = 600_000;
export const RETRY_IDS_MAX = 200_000;
/** Bytes of one row's body: the platform takes rows of 2 MB, and each append of a commit adds 16 bytes of id. */
export const ROW_BYTES_MAX = 1_900_000;
export const COMMIT_APPENDS_MAX = 5_000;
/** Appends of one segment: at its flush their ids become one row. */
export const SEGMENT_APPENDS_MAX = 100_000;
/** Appends not yet in the sink: their ids take about 100 bytes each of the 128 MB that an object may use. */
export const HELD_APPENDS_MAX = 400_000;

const ID_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ID_FORM = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

export const emptyState = (): State => ({ segments: [], known: new Map() });
export const emptyTally = (): Tally => ({
  rows: 0,
  bytes: 0,
  rawBytes: 0,
  minTime: Number.POSITIVE_INFINITY,
  maxTime: Number.NEGATIVE_INFINITY,
});

/** 48 bits of time and 80 of chance in Crockford's base 32: 26 characters that sort by time. `random` holds 10 bytes. */
export function segmentId(now: number, random: Uint8Array): string {
  let value = BigInt(now);
  for (const byte of random) value = (value << 8n) | BigInt(byte);
  let id = "";
  for (let i = 0; i < 26; i++, value >>= 5n) id = ID_ALPHABET.charAt(Number(value & 31n)) + id;
  return id;
}

/** Epoch milliseconds of a segment's creation; null for a text that is no segment id. */
export function timeOfSegment(id: string): number | null {
  if (!ID_FORM.test(id)) return null;
  return Array.from(id.slice(0, 10)).reduce((time, character) => time * 32 + ID_ALPHABET.indexOf(character), 0);
}

export function objectPrefix({ org, dataset, datasetId }: Destination): string {
  return `v1/org=${org}/dataset=${dataset}/id=${datasetId}/`;
}

/** By arrival time, as engines that know Hive partitions read it. @throws RangeError for a text that is no segment id. */
export function objectKey(destination: Destination, id: string): string {
  const time = timeOfSegment(id);
  if (time === null) throw new RangeError("not a segment id");
  const text = new Date(time).toISOString();
  return `${objectPrefix(destination)}date=${text.slice(0, 10)}/hour=${text.slice(11, 13)}/${id}.ndjson.gz`;
}

export function add(tally: Tally, other: Tally): Tally {
  return {
    rows: tally.rows + other.rows,
    bytes: tally.bytes + other.bytes,
    rawBytes: tally.rawBytes + other.rawBytes,
    minTime: Math.min(tally.minTime, other.minTime),
    maxTime: Math.max(tally.maxTime, other.maxTime),
  };
}

export function openSegment(state: State): Segment | undefined {
  const last = state.segments.at(-1);
  return last && !last.sealed ? last : undefined;
}

/** Whether an append is in, or was within the window. */
export function isKnown(state: State, id: string, now: number): boolean {
  const flushedAt = state.known.get(id);
  return flushedAt === null || (flushedAt !== undefined && now - flushedAt < RETRY_WINDOW_MS);
}

/** Whether one more append may be held. */
export function hasRoom(state: State): boolean {
  return heldBy(state) < HELD_APPENDS_MAX;
}

/** Records a commit that is on disk. */
export function committed(state: State, segment: Segment, ids: string[], tally: Tally): void {
  Object.assign(segment, add(segment, tally));
  for (const id of ids) {
    segment.ids.push(id);
    state.known.set(id, null);
  }
}

/** Records a segment that is in the sink and no longer on disk. */
export function flushed(state: State, segment: Segment, now: number): void {
  state.segments = state.segments.filter(({ n }) => n !== segment.n); // by number: the state may have been loaded anew meanwhile
  for (const id of segment.ids) {
    state.known.delete(id);
    state.known.set(id, now);
  }
  forgetOld(state, now);
}

/**
 * Drops flushed ids whose window is over, and the oldest ones beyond the count; never one of an append that is still here, however
 * many those are. Flushed ids stand in the order of their flush.
 */
export function forgetOld(state: State, now: number): void {
  let surplus = state.known.size - heldBy(state) - RETRY_IDS_MAX;
  for (const [id, flushedAt] of state.known) {
    if (flushedAt === null) continue;
    if (surplus <= 0 && now - flushedAt < RETRY_WINDOW_MS) return;
    state.known.delete(id);
    surplus--;
  }
}

/** Whether a segment may take no more, whatever its age. */
export function isFull(segment: Segment, bytesMax: number): boolean {
  return segment.bytes >= bytesMax || segment.ids.length >= SEGMENT_APPENDS_MAX;
}

export function isDue(segment: Segment, now: number, bytesMax: number, afterMs: number): boolean {
  return segment.sealed || isFull(segment, bytesMax) || now - segment.createdAt >= afterMs;
}

/** When the next segment is due; null when there is none. */
export function nextDue(state: State, now: number, bytesMax: number, afterMs: number): number | null {
  const times = state.segments.map((segment) => (isDue(segment, now, bytesMax, afterMs) ? now : segment.createdAt + afterMs));
  return times.length === 0 ? null : Math.min(...times);
}

export function pendingOf(state: State): { rows: number; bytes: number } {
  return state.segments.reduce((sum, { rows, bytes }) => ({ rows: sum.rows + rows, bytes: sum.bytes + bytes }), { rows: 0, bytes: 0 });
}

function heldBy({ segments }: State): number {
  return segments.reduce((sum, { ids }) => sum + ids.length, 0);
}

/** Cuts members into rows: small ones share a row, a large one takes several. */
export function intoRows(members: Uint8Array[]): Uint8Array[][] {
  const rows: Uint8Array[][] = [];
  let room = 0;
  for (const member of members) {
    for (let at = 0; at < member.length; ) {
      if (room === 0 || (at === 0 && member.length > room && member.length <= ROW_BYTES_MAX)) {
        rows.push([]);
        room = ROW_BYTES_MAX;
      }
      const piece = member.subarray(at, at + room);
      rows.at(-1)?.push(piece);
      room -= piece.length;
      at += piece.length;
    }
  }
  return rows;
}
