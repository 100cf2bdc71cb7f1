/**
 * What a query reads of a buffer. A segment is read by offsets into the bytes that it has in the log, and these are offsets into its
 * object too: the object is the rows of the log one after the other (`readBody`), and rows are only ever added behind the last one.
 */
import { joined } from "./members.ts";
import type { Segment, State, Tally } from "./segment.ts";

/** Bytes of one answer; the runtime takes answers of 32 MB, and an append that waits meanwhile is to wait briefly. */
export const PART_BYTES_MAX = 4_000_000;

/** A segment of events that is not in the bucket yet, as it was at one moment. Its bytes end where a commit ends. */
export interface Unflushed extends Tally {
  id: string;
}

/**
 * Not among them: what is staged, which is nothing until it is completed and is in the bucket from then on, and rejected rows.
 */
export function unflushedIn({ segments }: State): Unflushed[] {
  const held = segments.filter(({ kind, upload }) => kind === "events" && upload === null);
  return held.map(({ id, rows, bytes, rawBytes, minTime, maxTime }) => ({ id, rows, bytes, rawBytes, minTime, maxTime }));
}

/**
 * The bytes [from, to) of a segment, fewer when it has fewer.
 * @returns null when it is not here any more: it is in the bucket, or the dataset was purged.
 */
export function readPart(sql: SqlStorage, { segments }: State, id: string, from: number, to: number): Uint8Array | null {
  const segment = segments.find((each) => each.id === id && each.kind === "events" && each.upload === null);
  return segment ? partOf(sql, segment, from, Math.min(to, from + PART_BYTES_MAX)) : null;
}

function partOf(sql: SqlStorage, { n }: Segment, from: number, to: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  // lengths stand before the bodies, so rows that are passed over cost little; and read to the end, since a cursor that is left open
  // locks the table against the drop that follows its flush
  const rows = sql.exec<{ seq: number; bytes: number }>(`SELECT seq, length(body) AS bytes FROM w_${n} ORDER BY seq`).toArray();
  for (const { seq, bytes } of rows) {
    const start = at;
    at += bytes;
    if (at <= from) continue;
    if (start >= to) break;
    const { body } = sql.exec<{ body: ArrayBuffer }>(`SELECT body FROM w_${n} WHERE seq = ?`, seq).one();
    parts.push(new Uint8Array(body).subarray(Math.max(from - start, 0), to - start));
  }
  // a copy: over RPC a view would carry the whole row behind it
  return parts.length === 1 ? (parts[0] as Uint8Array).slice() : joined(parts);
}
