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
/** The longest part of a frame that is looked at as one: its content size. */
const FIELD_BYTES_MAX = 8;

/** workerd holds its output buffer, which grows in steps, against `maxOutputLength`; the exact count follows the call. */
export const OUTPUT_SLACK_BYTES = 65_536;

/** @throws RangeError when the result exceeds `outputMax`, Error when the bytes are not whole frames. */
export function inflateZstd(bytes: Uint8Array, outputMax: number): Uint8Array {
  const parts: Uint8Array[] = [];
  const nextFrame = walkFrames();
  let length = 0;
  for (let start = 0; start < bytes.length; ) {
    const frame = nextFrame();
    const end = start + frame.take(bytes.subarray(start));
    if (!frame.ended) throw new Error("zstd frame ends early");
    if (!frame.skippable) {
      const part = zstdDecompressSync(bytes.subarray(start, end), { maxOutputLength: outputMax - length + OUTPUT_SLACK_BYTES });
      parts.push(part);
      length += part.length;
      if (length > outputMax) throw new RangeError("zstd output is larger than its limit");
    }
    start = end;
  }
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts, length);
}

/** One frame on its way through chunks of any length. */
export interface Frame {
  /** @returns how many of these bytes belong to the frame. @throws Error when they are no frame, RangeError for too large a window. */
  take(bytes: Uint8Array): number;
  ended: boolean;
  /** Known, like the window, once the bytes before the first block are taken. */
  skippable: boolean;
  windowBytes: number;
}

/** @returns what opens the next frame of a body. */
export function walkFrames(): () => Frame {
  let frames = 0;
  return () => {
    if (frames++ === FRAMES_MAX) throw new Error(`more than ${FRAMES_MAX} zstd frames`);
    return openFrame();
  };
}

function openFrame(): Frame {
  const field = new DataView(new ArrayBuffer(FIELD_BYTES_MAX));
  const frame: Frame = { take, ended: false, skippable: false, windowBytes: 0 };
  const fields = fieldsOf(frame, field);
  /** Bytes that the field at hand still lacks, and how many it has; below zero: bytes to pass over. */
  let lacks = 0;
  let has = 0;
  advance();

  function advance(): void {
    const next = fields.next();
    frame.ended = next.done === true;
    lacks = next.value ?? 0;
    has = 0;
  }

  function take(bytes: Uint8Array): number {
    let at = 0;
    while (!frame.ended && at < bytes.length) {
      const count = Math.min(Math.abs(lacks), bytes.length - at);
      if (lacks > 0) {
        for (let i = 0; i < count; i++) field.setUint8(has++, bytes[at + i] as number);
        lacks -= count;
      } else lacks += count;
      at += count;
      if (lacks === 0) advance();
    }
    return at;
  }

  return frame;
}

/** Asks for the fields of a frame one after another: each into `field`, or as a negative number of bytes that may be passed over. */
function* fieldsOf(frame: Frame, field: DataView): Generator<number, undefined> {
  yield 4;
  const magic = field.getUint32(0, true);
  if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
    frame.skippable = true;
    yield 4;
    const length = field.getUint32(0, true);
    if (length > 0) yield -length;
    return;
  }
  if (magic !== FRAME_MAGIC) throw new Error("not a zstd frame");
  yield 1;
  const descriptor = field.getUint8(0);
  const singleSegment = (descriptor & 0x20) !== 0;
  const hasChecksum = (descriptor & 0x04) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
  const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  if (!singleSegment) {
    yield 1;
    frame.windowBytes = windowSize(field.getUint8(0));
  }
  if (dictionaryBytes > 0) yield -dictionaryBytes;
  if (sizeBytes > 0) {
    yield sizeBytes;
    if (singleSegment) frame.windowBytes = contentSize(field, sizeBytes);
  }
  if (frame.windowBytes > WINDOW_BYTES_MAX) throw new RangeError("zstd window is larger than its limit");
  for (let isLast = false; !isLast; ) {
    yield 3;
    const header = field.getUint16(0, true) | (field.getUint8(2) << 16);
    const isRunLength = ((header >> 1) & 3) === 1;
    const length = isRunLength ? 1 : header >> 3;
    if (length > 0) yield -length;
    isLast = (header & 1) === 1;
  }
  if (hasChecksum) yield -4;
}

/** RFC 8878 3.1.1.1.2: a power of two and eighths of it. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** RFC 8878 3.1.1.1.4 */
function contentSize(field: DataView, bytes: number): number {
  if (bytes === 1) return field.getUint8(0);
  if (bytes === 2) return field.getUint16(0, true) + 256;
  return bytes === 4 ? field.getUint32(0, true) : Number(field.getBigUint64(0, true));
}
