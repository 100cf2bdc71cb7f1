/**
 * The body of a request: read whole within a bound, then inflated within another. Small bodies are read at once, large ones
 * through 64 KiB windows; the idiomatic chunk loop costs more than parsing. Inflation is one bounded call of node:zlib, because
 * `DecompressionStream` refuses gzip of several members and knows neither zstd nor brotli.
 */
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import { Problem } from "../problem.ts";
import { inflateZstd, OUTPUT_SLACK_BYTES } from "./zstd.ts";

/** Bytes of a body as sent, and after inflation. Both fit a 128 MB isolate together with the batch they become. */
export const BODY_BYTES_MAX = 32 * 1_048_576;
export const INFLATED_BYTES_MAX = 32 * 1_048_576;
/** Bytes of bodies held by one isolate at a time; beyond that senders are told to come again. */
const HELD_BYTES_MAX = 64 * 1_048_576;

/** A sender that sends nothing for so long is given up; it would hold its share of the memory for ever. */
const STALL_MAX_MS = 20_000;
/** What is set aside for a body before it arrives: an announced length is only a promise. */
const PROMISED_BYTES_MAX = 1_048_576;

const WHOLE_BYTES_MAX = 262_144;
const WINDOW_BYTES = 65_536;
const CHUNK_BYTES = 65_536;

let heldBytes = 0;

/**
 * Reads a body and hands it, inflated, to `use`; the memory counts as held until `use` is done.
 * @throws Problem `body-too-large`, `encoding-broken`, `encoding-unsupported`, `body-invalid` (cut short), `overloaded`.
 */
export async function withBody<T>(request: Request, use: (inflated: Uint8Array) => Promise<T>): Promise<T> {
  const encodings = contentEncodings(request.headers.get("content-encoding"));
  const announced = Number(request.headers.get("content-length") ?? Number.NaN);
  if (announced > BODY_BYTES_MAX) throw tooLarge("as sent", BODY_BYTES_MAX);
  let mine = 0;
  const hold = (bytes: number): void => {
    if (heldBytes + bytes > HELD_BYTES_MAX)
      throw new Problem("overloaded", "this location holds as many bodies as it can; send again in a second");
    heldBytes += bytes;
    mine += bytes;
  };
  try {
    const sent = await readBody(request, announced, hold);
    let body = sent;
    for (const encoding of encodings) {
      body = inflate(body, encoding);
      if (body.length > INFLATED_BYTES_MAX) throw tooLarge(`after inflating ${encoding}`, INFLATED_BYTES_MAX);
      hold(body.length);
    }
    return await use(body);
  } finally {
    heldBytes -= mine;
  }
}

async function readBody(request: Request, announced: number, hold: (bytes: number) => void): Promise<Uint8Array> {
  if (!request.body) return new Uint8Array(0);
  try {
    if (announced <= WHOLE_BYTES_MAX) {
      hold(announced);
      return await inTime(request.bytes());
    }
    return await readWindows(request.body, announced, hold);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem("body-invalid", "the connection ended before the whole body was there; send it again");
  }
}

async function readWindows(stream: ReadableStream<Uint8Array>, announced: number, hold: (bytes: number) => void): Promise<Uint8Array> {
  const reader = stream.getReader({ mode: "byob" });
  let body = new Uint8Array(Math.min(Number.isNaN(announced) ? WHOLE_BYTES_MAX : announced, PROMISED_BYTES_MAX));
  hold(body.length);
  let length = 0;
  let window = new Uint8Array(WINDOW_BYTES);
  for (;;) {
    const { done, value } = await inTime(reader.readAtLeast(WINDOW_BYTES, window));
    if (value) {
      if (length + value.length > BODY_BYTES_MAX) {
        await reader.cancel();
        throw tooLarge("as sent", BODY_BYTES_MAX);
      }
      if (length + value.length > body.length) {
        const larger = new Uint8Array(Math.min(BODY_BYTES_MAX, Math.max(body.length * 2, length + value.length)));
        hold(larger.length - body.length);
        larger.set(body.subarray(0, length));
        body = larger;
      }
      body.set(value, length);
      length += value.length;
    }
    if (done) return body.subarray(0, length);
    window = new Uint8Array(value.buffer);
  }
}

type Encoding = "gzip" | "zstd" | "deflate" | "br";

/** Encodings to undo, the last applied first. Absent, empty, `identity` and axiom-py's literal `1` all mean none. */
function contentEncodings(header: string | null): Encoding[] {
  const named = (header ?? "").split(",").map((name) => name.trim().toLowerCase());
  const encodings: Encoding[] = [];
  for (const name of named) {
    if (name === "" || name === "identity" || name === "1") continue;
    if (name === "gzip" || name === "x-gzip") encodings.unshift("gzip");
    else if (name === "zstd" || name === "deflate" || name === "br") encodings.unshift(name);
    else
      throw new Problem(
        "encoding-unsupported",
        `Content-Encoding ${JSON.stringify(name)} is not known: send gzip, zstd, deflate, br or identity`,
      );
  }
  if (encodings.length > 2) throw new Problem("encoding-unsupported", "Content-Encoding names more than two encodings");
  return encodings;
}

function inflate(bytes: Uint8Array, encoding: Encoding): Uint8Array {
  const options = { chunkSize: CHUNK_BYTES, maxOutputLength: INFLATED_BYTES_MAX + OUTPUT_SLACK_BYTES };
  const withInfo = { ...options, info: true };
  if (bytes.length === 0) return bytes;
  try {
    if (encoding === "zstd") return inflateZstd(bytes, INFLATED_BYTES_MAX);
    if (encoding === "gzip") return gunzipSync(bytes, options);
    if (encoding === "br") return wholly(bytes, brotliDecompressSync(bytes, withInfo));
    // "deflate" means the zlib form (RFC 9110 8.4.1.2), but raw deflate is sent under that name too
    return wholly(bytes, isZlib(bytes) ? inflateSync(bytes, withInfo) : inflateRawSync(bytes, withInfo));
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if (error instanceof RangeError || /memory limit exceeded|larger than/i.test(text))
      throw tooLarge(`after inflating ${encoding}`, INFLATED_BYTES_MAX);
    throw new Problem(
      "encoding-broken",
      `the body is not whole ${encoding} as its Content-Encoding says; send what the header names, or no header`,
    );
  }
}

/** These two end at their stream's end and say nothing of what follows, which would be lost. With `info` they tell how far they read. */
function wholly(bytes: Uint8Array, inflated: unknown): Uint8Array {
  const { buffer, engine } = inflated as { buffer: Uint8Array; engine: { bytesWritten: number } };
  if (engine.bytesWritten !== bytes.length) throw new Error("bytes after the end of the stream");
  return buffer;
}

/** @throws Problem `overloaded`, which a sender repeats. */
async function inTime<T>(read: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const problem = new Problem("overloaded", `nothing of the body came for ${STALL_MAX_MS / 1_000} s; send it again`);
    timer = setTimeout(() => reject(problem), STALL_MAX_MS);
  });
  try {
    return await Promise.race([read, late]);
  } finally {
    clearTimeout(timer);
  }
}

function isZlib(bytes: Uint8Array): boolean {
  const [method = 0, flags = 0] = bytes;
  return (method & 0x0f) === 8 && ((method << 8) | flags) % 31 === 0;
}

function tooLarge(what: string, limit: number): Problem {
  return new Problem("body-too-large", `the body is larger than ${limit} bytes ${what}; send smaller batches`);
}
