/** Stored lines of a portion, ready to be read, once for all that watch. */
import { gunzipSync } from "node:zlib";
import { PIECE_RAW_BYTES_MAX, type Piece } from "../../buffer/watched.ts";
import { WINDOW_BYTES, type Window } from "../source/lines.ts";

export interface Lines {
  window: Window;
  /** Offsets at which lines begin. */
  starts: number[];
  /** Where they are stored, and the number of the first line in it. */
  segment: string;
  first: number;
}

/** @throws Error of node:zlib for what is no gzip, or inflates to more than its sender said. */
export function linesOf({ body, gzip, segment, first }: Piece): Lines[] {
  const bytes = gzip ? gunzipSync(body, { maxOutputLength: PIECE_RAW_BYTES_MAX }) : body;
  const all: Lines[] = [];
  let number = first;
  for (let from = 0; from < bytes.length; ) {
    let to = bytes.lastIndexOf(LINE_FEED, Math.min(from + WINDOW_BYTES, bytes.length) - 1) + 1;
    if (to <= from) to = bytes.indexOf(LINE_FEED, from) + 1;
    if (to <= from) throw new Error("the last line has no end");
    const part = Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset + from, to - from);
    const lines = { window: { bytes: part, text: part.latin1Slice(0, part.length) }, starts: startsIn(part), segment, first: number };
    number += lines.starts.length;
    all.push(lines);
    from = to;
  }
  return all;
}

const LINE_FEED = 0x0a;

function startsIn(bytes: Uint8Array): number[] {
  const starts: number[] = [];
  for (let from = 0; from < bytes.length; from = bytes.indexOf(LINE_FEED, from) + 1) starts.push(from);
  return starts;
}
