/** The lines of a block in windows, inflated as they are read. */
import { pipeline } from "node:stream";
import { createGunzip, gunzipSync } from "node:zlib";

/**
 * Bytes of whole lines, and the same bytes as a text of one character for each. Small, since a text of more than about 128 KB is not made
 * where young objects live, which costs four times as much; a longer line is a window of its own.
 */
export interface Window {
  bytes: Uint8Array;
  text: string;
}

export const WINDOW_BYTES = 65_536;
/** Inflated at a time. */
const INFLATED_BYTES = 262_144;
/** A block that is all there and inflates to no more is inflated at once, which spares the stream. */
const WHOLE_BYTES_MAX = 1_000_000;

/**
 * Windows of a block, in portions; each line ends with its line feed. The gzip members may be cut anywhere.
 * @param pieces a piece is done with before the next one is asked for.
 * @param rawBytes what it should inflate to.
 * @throws Error of node:zlib for what is no gzip.
 */
export async function* windowsOf(
  pieces: AsyncGenerator<Uint8Array, void, undefined>,
  rawBytes: number,
): AsyncGenerator<Window[], void, undefined> {
  /** The beginning of a line whose end is still to come. */
  let begun: Uint8Array[] = [];
  for await (const inflated of inflatedOf(pieces, rawBytes)) {
    const end = inflated.lastIndexOf(0x0a) + 1;
    if (end === 0) {
      begun.push(inflated);
      continue;
    }
    const windows: Window[] = [];
    let from = 0;
    if (begun.length > 0) {
      from = inflated.indexOf(0x0a) + 1;
      windows.push(windowOf(Buffer.concat([...begun, inflated.subarray(0, from)])));
    }
    while (from < end) {
      let to = inflated.lastIndexOf(0x0a, Math.min(from + WINDOW_BYTES, end) - 1) + 1;
      if (to <= from) to = inflated.indexOf(0x0a, from) + 1;
      windows.push(windowOf(inflated.subarray(from, to)));
      from = to;
    }
    begun = end < inflated.length ? [inflated.slice(end)] : [];
    yield windows;
  }
  // each line has its line feed; what has none was cut off
  if (begun.length > 0) throw new Error("the last line has no end");
}

function windowOf(bytes: Uint8Array): Window {
  return { bytes, text: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1") };
}

async function* inflatedOf(
  pieces: AsyncGenerator<Uint8Array, void, undefined>,
  rawBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (rawBytes <= WHOLE_BYTES_MAX) {
    const parts: Uint8Array[] = [];
    for await (const piece of pieces) parts.push(piece);
    if (parts.length > 0) yield gunzipSync(Buffer.concat(parts), { maxOutputLength: WHOLE_BYTES_MAX * 2 });
    return;
  }
  // a stream takes in each chunk whole before it asks for the next
  const options = { chunkSize: INFLATED_BYTES, writableHighWaterMark: 1, readableHighWaterMark: INFLATED_BYTES };
  const gunzip = createGunzip(options);
  pipeline(pieces, gunzip, () => {}); // whatever fails comes out of the stream
  try {
    for await (const chunk of gunzip) yield chunk as Uint8Array;
  } finally {
    gunzip.destroy();
  }
}
