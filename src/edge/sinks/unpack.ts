/** The body of a segment, inflated piece by piece: what compresses well would not fit an isolate as a whole. */
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { SinkFailure } from "./sink.ts";

/** Inflated bytes of a segment that are worked through: at some 100 MB/s about five of the thirty CPU seconds of an invocation. */
export const UNPACKED_BYTES_MAX = 536_870_912;
const CHUNK_BYTES = 262_144;
/** As the buffer's own members: speed before size. */
const GZIP_LEVEL = 1;
const LINE_FEED = 0x0a;

export interface Batch {
  body: Uint8Array;
  /** The number of its first row in the segment, from 0. */
  firstRow: number;
  rows: number;
}

export interface BatchLimits {
  /** A row that is larger stands alone. */
  bytesMax: number;
  rowsMax: number;
}

/** The pieces of a row's text in a batch, from its line without the line feed. */
export type Render = (line: Uint8Array, row: number) => Uint8Array[];

const LINE_END = new Uint8Array([LINE_FEED]);
const asItIs: Render = (line) => [line, LINE_END];

/**
 * The rows of a segment, cut into batches; the same rows in the same batches every time.
 * @throws SinkFailure, permanent, beyond UNPACKED_BYTES_MAX.
 */
export async function* batchesOf(body: Uint8Array, { bytesMax, rowsMax }: BatchLimits, render = asItIs): AsyncGenerator<Batch> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  let firstRow = 0;
  let row = 0;
  for await (const lines of linesOf(body)) {
    for (const line of lines) {
      const rendered = render(line, row);
      const added = rendered.reduce((sum, piece) => sum + piece.length, 0);
      if (row > firstRow && (length + added > bytesMax || row - firstRow === rowsMax)) {
        yield { body: Buffer.concat(pieces, length), firstRow, rows: row - firstRow };
        pieces = [];
        length = 0;
        firstRow = row;
      }
      pieces.push(...rendered);
      length += added;
      row++;
    }
  }
  if (row > firstRow) yield { body: Buffer.concat(pieces, length), firstRow, rows: row - firstRow };
}

/**
 * The same text as one gzip member, for receivers whose reader ends at the first.
 * @throws SinkFailure, permanent, beyond UNPACKED_BYTES_MAX.
 */
export async function asOneMember(body: Uint8Array): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  await pipeline(unpacked(body), createGzip({ level: GZIP_LEVEL, chunkSize: CHUNK_BYTES }), async (source: AsyncIterable<Uint8Array>) => {
    for await (const part of source) parts.push(part);
  });
  return Buffer.concat(parts);
}

async function* unpacked(body: Uint8Array): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  gunzip.end(body);
  let length = 0;
  for await (const chunk of gunzip) {
    length += chunk.length;
    if (length > UNPACKED_BYTES_MAX)
      throw new SinkFailure(`the segment holds more than ${UNPACKED_BYTES_MAX} bytes once inflated, too many for this sink`, {
        permanent: true,
      });
    yield chunk;
  }
}

/** Lines as they become whole, without their line feeds; empty ones are left out. */
async function* linesOf(body: Uint8Array): AsyncGenerator<Uint8Array[]> {
  let begun: Uint8Array[] = [];
  for await (const chunk of unpacked(body)) {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      const line = begun.length === 0 ? chunk.subarray(start, end) : Buffer.concat([...begun, chunk.subarray(start, end)]);
      if (line.length > 0) lines.push(line);
      begun = [];
      start = end + 1;
    }
    if (start < chunk.length) begun.push(chunk.subarray(start));
    yield lines;
  }
  if (begun.length > 0) yield [Buffer.concat(begun)];
}
