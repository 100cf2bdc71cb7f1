/**
 * Inflation of a whole body in one bounded call of node:zlib: `DecompressionStream` refuses gzip of several members and knows neither
 * zstd nor brotli.
 */
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import { type Encoding, isZlib, notWhole } from "./encoding.ts";
import { inflateZstd, OUTPUT_SLACK_BYTES } from "./zstd.ts";

const CHUNK_BYTES = 65_536;
/** Header and trailer of one member. */
const GZIP_BYTES_MIN = 18;

/** @returns null when the result is larger than `max`. @throws Problem `encoding-broken` */
export function inflate(bytes: Uint8Array, encoding: Encoding, max: number): Uint8Array | null {
  if (bytes.length === 0) return bytes;
  try {
    const inflated = inflateWith(bytes, encoding, max);
    return inflated.length > max ? null : inflated;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if (error instanceof RangeError || /memory limit exceeded|larger than/i.test(text)) return null;
    throw notWhole(encoding);
  }
}

function inflateWith(bytes: Uint8Array, encoding: Encoding, max: number): Uint8Array {
  const options = { chunkSize: CHUNK_BYTES, maxOutputLength: max + OUTPUT_SLACK_BYTES };
  const withInfo = { ...options, info: true };
  if (encoding === "zstd") return inflateZstd(bytes, max);
  if (encoding === "gzip") return gunzipSync(bytes, options);
  if (encoding === "br") return wholly(bytes, brotliDecompressSync(bytes, withInfo));
  return wholly(bytes, isZlib(bytes) ? inflateSync(bytes, withInfo) : inflateRawSync(bytes, withInfo));
}

/** These two end at their stream's end and say nothing of what follows, which would be lost. With `info` they tell how far they read. */
function wholly(bytes: Uint8Array, inflated: unknown): Uint8Array {
  const { buffer, engine } = inflated as { buffer: Uint8Array; engine: { bytesWritten: number } };
  if (engine.bytesWritten !== bytes.length) throw new Error("bytes after the end of the stream");
  return buffer;
}

/** What the last member of a gzip body says of its own size (RFC 1952 2.3.1): enough to know that all of it is larger than a limit. */
export function claimedBytes(bytes: Uint8Array): number {
  const isGzip = bytes.length >= GZIP_BYTES_MIN && bytes[0] === 0x1f && bytes[1] === 0x8b;
  return isGzip ? new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true) : 0;
}
