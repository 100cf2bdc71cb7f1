/** Brings events that are too many for the log to the bucket as they come, in objects of a segment's size that nobody sees yet. */

import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { stage, unstage } from "./bucket/staged.ts";
import { segmentId } from "./buffer/object-key.ts";
import { add, type Destination, emptyTally, type Staged } from "./buffer/segment.ts";

/** Compressed bytes from which on an append goes past the log: rows of the log end at 2 MB, and each byte in it is written twice. */
export const STAGED_BYTES_MIN = 1_000_000;
/** Compressed bytes of one object: it is held while it grows, and once more while it is uploaded. */
const OBJECT_BYTES = 4_000_000;
/** Raw bytes of one gzip member. */
const MEMBER_BYTES = 1_048_576;
const GZIP_LEVEL = 1;
const LINE_FEED = 0x0a;

/** Whole lines with what is known of them. */
export interface Lines {
  ndjson: Uint8Array;
  rows: number;
  minTime: number;
  maxTime: number;
}

export interface Stager {
  add(lines: Lines): Promise<void>;
  /** Uploads what is left. @returns all that was staged, in order. */
  close(): Promise<Staged[]>;
  /** Takes it all back. */
  abandon(): Promise<void>;
}

export function openStager(bucket: R2Bucket, destination: Destination, now: number): Stager {
  const staged: Staged[] = [];
  let members: Uint8Array[] = [];
  let tally = emptyTally();

  async function upload(): Promise<void> {
    if (members.length === 0) return;
    const body = members.length === 1 ? (members[0] as Uint8Array) : Buffer.concat(members);
    const held = tally;
    members = [];
    tally = emptyTally();
    staged.push(await stage(bucket, destination, segmentId(now, randomBytes(10)), now, held, body));
  }

  return {
    async add(lines) {
      for (const piece of pieces(lines)) {
        const member = gzipSync(piece.ndjson, { level: GZIP_LEVEL });
        members.push(member);
        tally = add(tally, { ...piece, bytes: member.length, rawBytes: piece.ndjson.length });
        if (tally.bytes >= OBJECT_BYTES) await upload();
      }
    },
    async close() {
      await upload();
      return staged;
    },
    abandon: () => unstage(bucket, destination, staged),
  };
}

/** Cuts after line feeds. The times of a piece are those of the whole: a reader that skips by them reads too much, never too little. */
function* pieces({ ndjson, rows, minTime, maxTime }: Lines): Generator<Lines> {
  if (ndjson.length <= MEMBER_BYTES) {
    yield { ndjson, rows, minTime, maxTime };
    return;
  }
  for (let start = 0; start < ndjson.length; ) {
    const end = start + MEMBER_BYTES >= ndjson.length ? ndjson.length : ndjson.indexOf(LINE_FEED, start + MEMBER_BYTES) + 1;
    const piece = ndjson.subarray(start, end);
    let count = 0;
    for (let p = piece.indexOf(LINE_FEED); p >= 0; p = piece.indexOf(LINE_FEED, p + 1)) count++;
    yield { ndjson: piece, rows: count, minTime, maxTime };
    start = end;
  }
}
