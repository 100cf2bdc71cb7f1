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

/** How many rows came to an end for which reason. */
export type Reasons = Record<string, number>;

/** An object that is whole in the bucket as an upload, and will be seen there only once that is completed. */
export interface Staged extends Tally {
  /** The segment's id. */
  id: string;
  uploadId: string;
  etag: string;
}

/** The events of one request. */
export interface Append {
  /** 16 bytes; the same id is the same append. */
  id: Uint8Array;
  /** 8 bytes that stand for the content where the id stands for a sender's key; null: the id itself does. */
  print: Uint8Array | null;
  /** Empty when no row was good, or when the events are staged. */
  body: Uint8Array;
  /** Whether the body is one gzip member; else it is raw NDJSON. */
  gzip: boolean;
  rows: number;
  rawBytes: number;
  /** Epoch milliseconds. */
  minTime: number;
  maxTime: number;
  /** Events too many for the log. */
  staged: Staged[];
  /** Rejected rows that are kept, as NDJSON; null: none. */
  quarantine: { body: Uint8Array; reasons: Reasons } | null;
  /** Rejected rows that are counted only. */
  refused: Reasons;
  /** All rows of the request, good and bad. */
  received: number;
  /** The id of the token that sent it. */
  token: string;
  /** The quarantined segment whose rows these are, and how many it held; it is replayed once, whatever the window. */
  replay: { id: string; rows: number } | null;
}

/** `conflict`: the key was used for other content. `busy`: the same append is on its way elsewhere. `gone`: the dataset was deleted. */
export type Appended = "stored" | "duplicate" | "conflict" | "full" | "busy" | "gone";

export interface Tally {
  rows: number;
  /** As stored, compressed. */
  bytes: number;
  rawBytes: number;
  minTime: number;
  maxTime: number;
}

/** What an object holds: events, rejected ones, or a copy of events that a sink will never take. */
export type Kind = "events" | "quarantine" | "dead";

/** One of the uploads that hold an append together. */
export interface Upload {
  uploadId: string;
  etag: string;
  /** Segment ids of all of them. The last one carries the append's id and is completed last. */
  group: string[];
}

export interface Segment extends Tally {
  /** The number of its table. */
  n: number;
  id: string;
  kind: Kind;
  createdAt: number;
  sealed: boolean;
  /** Where its bytes are staged; null: in its table. */
  upload: Upload | null;
  /** Its appends, packed: 32 hexadecimal digits of id, 16 of print. */
  ids: string[];
}

export interface State {
  /** Oldest first; at most one of a kind is open. */
  segments: Segment[];
  /** Appends of the segments here, and those flushed within the window: id to the time of its flush, null while it is here. */
  known: Map<string, number | null>;
  /** Prints of those that came under a key. */
  prints: Map<string, string>;
}

/** For how long after its flush an append is remembered, in milliseconds, and how many at most (24 bytes each on disk). */
export interface Memory {
  windowMs: number;
  idsMax: number;
}

const ID_DIGITS = 32;
const NO_PRINT = "0".repeat(16);
/** Bytes of one row's body: the platform takes rows of 2 MB, and each append of a commit adds 24 bytes of id. */
export const ROW_BYTES_MAX = 1_900_000;
export const COMMIT_APPENDS_MAX = 4_000;
/** Appends of one segment: at its flush their ids become one row. */
export const SEGMENT_APPENDS_MAX = 75_000;
/** Appends not yet in the sink: their ids take about 100 bytes each of the 128 MB that an object may use. */
export const HELD_APPENDS_MAX = 400_000;

export const emptyState = (): State => ({ segments: [], known: new Map(), prints: new Map() });
export const emptyTally = (): Tally => ({
  rows: 0,
  bytes: 0,
  rawBytes: 0,
  minTime: Number.POSITIVE_INFINITY,
  maxTime: Number.NEGATIVE_INFINITY,
});

export function add(tally: Tally, other: Tally): Tally {
  return {
    rows: tally.rows + other.rows,
    bytes: tally.bytes + other.bytes,
    rawBytes: tally.rawBytes + other.rawBytes,
    minTime: Math.min(tally.minTime, other.minTime),
    maxTime: Math.max(tally.maxTime, other.maxTime),
  };
}

export function openSegment(state: State, kind: Kind): Segment | undefined {
  return state.segments.findLast((segment) => segment.kind === kind && !segment.sealed);
}

/** An id with its print, as it is kept. */
export function packedId(id: Uint8Array, print: Uint8Array | null): string {
  return hexOf(id) + (print ? hexOf(print) : NO_PRINT);
}

/** Whether an append is in, or was within the window; and whether it is that one, where a key stands for it. */
export function recall(state: State, packed: string, now: number, { windowMs }: Memory): "new" | "duplicate" | "conflict" {
  const id = packed.slice(0, ID_DIGITS);
  const flushedAt = state.known.get(id);
  if (flushedAt === undefined || (flushedAt !== null && now - flushedAt >= windowMs)) return "new";
  return (state.prints.get(id) ?? NO_PRINT) === packed.slice(ID_DIGITS) ? "duplicate" : "conflict";
}

/** Takes an append into memory; `flushedAt` is null while it is here. */
export function remember(state: State, packed: string, flushedAt: number | null): void {
  const id = packed.slice(0, ID_DIGITS);
  const print = packed.slice(ID_DIGITS);
  state.known.delete(id); // those that were flushed stand in the order of their flush
  state.known.set(id, flushedAt);
  if (print !== NO_PRINT) state.prints.set(id, print);
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
    remember(state, id, null);
  }
}

/** Records a segment that is in the sink and no longer on disk. */
export function flushed(state: State, segment: Segment, now: number, memory: Memory): void {
  state.segments = state.segments.filter(({ n }) => n !== segment.n); // by number: the state may have been loaded anew meanwhile
  for (const id of segment.ids) remember(state, id, now);
  forgetOld(state, now, memory);
}

/** Drops a segment that never came to be, with its appends: their senders were told so. */
export function undone(state: State, segment: Segment): void {
  state.segments = state.segments.filter(({ n }) => n !== segment.n);
  for (const id of segment.ids) drop(state, id.slice(0, ID_DIGITS));
}

/**
 * Drops flushed ids whose window is over, and the oldest ones beyond the count; never one of an append that is still here, however
 * many those are. Flushed ids stand in the order of their flush.
 */
export function forgetOld(state: State, now: number, { windowMs, idsMax }: Memory): void {
  let surplus = state.known.size - heldBy(state) - idsMax;
  for (const [id, flushedAt] of state.known) {
    if (flushedAt === null) continue;
    if (surplus <= 0 && now - flushedAt < windowMs) return;
    drop(state, id);
    surplus--;
  }
}

function drop(state: State, id: string): void {
  state.known.delete(id);
  state.prints.delete(id);
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

/** Events that are not in the bucket yet. */
export function pendingOf(state: State): { rows: number; bytes: number } {
  const held = state.segments.filter(({ kind }) => kind === "events");
  return held.reduce((sum, { rows, bytes }) => ({ rows: sum.rows + rows, bytes: sum.bytes + bytes }), { rows: 0, bytes: 0 });
}

function heldBy({ segments }: State): number {
  return segments.reduce((sum, { ids }) => sum + ids.length, 0);
}

function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
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
