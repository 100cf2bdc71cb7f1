/**
 * zstd bodies of any number of frames. node:zlib in workerd stops without a word after the first frame and ignores what
 * follows, so the frames are walked here (RFC 8878 section 3) and each is inflated by itself.
 */
import { zstdDecompressSync } from "node:zlib";

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
/** Memory a decoder must hold for one frame; the RFC asks for 8 MB at least, `zstd --long` wants more. */
const WINDOW_BYTES_MAX = 32 * 1_048_576;
/** Frames in one body, so that a body of empty frames costs no more than one of data. */
const FRAMES_MAX = 10_000;

/** workerd holds its output buffer, which grows in steps, against `maxOutputLength`; the exact count follows the call. */
export const OUTPUT_SLACK_BYTES = 65_536;

/** @throws RangeError when the result exceeds `outputMax`, Error when the bytes are not whole frames. */
export function inflateZstd(bytes: Uint8Array, outputMax: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  let frames = 0;
  for (let start = 0; start < bytes.length; frames++) {
    if (frames === FRAMES_MAX) throw new Error(`more than ${FRAMES_MAX} zstd frames`);
    const end = frameEnd(bytes, start);
    if (!isSkippable(readUint32(bytes, start))) {
      const part = zstdDecompressSync(bytes.subarray(start, end), { maxOutputLength: outputMax - length + OUTPUT_SLACK_BYTES });
      parts.push(part);
      length += part.length;
      if (length > outputMax) throw new RangeError("zstd output is larger than its limit");
    }
    start = end;
  }
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts, length);
}

/** Index after the frame at `start`. */
function frameEnd(bytes: Uint8Array, start: number): number {
  const magic = readUint32(bytes, start);
  if (isSkippable(magic)) return within(bytes, start + 8 + readUint32(bytes, start + 4));
  if (magic !== FRAME_MAGIC) throw new Error("not a zstd frame");
  const descriptor = readByte(bytes, start + 4);
  const singleSegment = (descriptor & 0x20) !== 0;
  const hasChecksum = (descriptor & 0x04) !== 0;
  if (!singleSegment && windowSize(readByte(bytes, start + 5)) > WINDOW_BYTES_MAX)
    throw new RangeError("zstd window is larger than its limit");
  const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
  let at = start + 5 + (singleSegment ? 0 : 1) + dictionaryBytes + sizeBytes;
  for (;;) {
    const header = readByte(bytes, at) | (readByte(bytes, at + 1) << 8) | (readByte(bytes, at + 2) << 16);
    const isRunLength = ((header >> 1) & 3) === 1;
    at = within(bytes, at + 3 + (isRunLength ? 1 : header >> 3));
    if ((header & 1) === 1) return within(bytes, at + (hasChecksum ? 4 : 0));
  }
}

/** RFC 8878 3.1.1.1.2: a power of two and eighths of it. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function isSkippable(magic: number): boolean {
  return (magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC;
}

function readByte(bytes: Uint8Array, at: number): number {
  return bytes[within(bytes, at + 1) - 1] as number;
}

function readUint32(bytes: Uint8Array, at: number): number {
  within(bytes, at + 4);
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true);
}

function within(bytes: Uint8Array, at: number): number {
  if (at > bytes.length) throw new Error("zstd frame ends early");
  return at;
}
