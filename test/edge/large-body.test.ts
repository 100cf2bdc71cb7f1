import { pipeline } from "node:stream";
import { brotliCompressSync, constants, createGzip, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { BODY_BYTES_MAX, type Ways, withBody } from "../../src/edge/body.ts";
import { LARGE_BODY_BYTES_MAX } from "../../src/edge/large-body.ts";
import { Problem } from "../../src/problem.ts";

const CHUNK_BYTES_MAX = 262_144;
const MEGABYTE = 1_000_000;

afterEach(() => {
  vi.useRealTimers();
});

/** `bytes` bytes of text that is not all alike, in parts made one by one. */
function* text(bytes: number): Generator<Uint8Array> {
  const part = new Uint8Array(MEGABYTE).map((_, i) => (i % 97 === 96 ? 10 : 65 + ((i * i) % 23)));
  for (let at = 0; at < bytes; at += MEGABYTE) {
    part[at % 1_000] = 48 + ((at / MEGABYTE) % 10);
    yield part.slice(0, Math.min(MEGABYTE, bytes - at));
  }
}

function whole(bytes: number): Uint8Array {
  return Buffer.concat([...text(bytes)]);
}

/** A request whose body comes part by part and is never whole in memory. */
function streamed(parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, headers: Record<string, string> = {}): Request {
  const source = Symbol.asyncIterator in parts ? parts[Symbol.asyncIterator]() : parts[Symbol.iterator]();
  const body = new ReadableStream({
    type: "bytes",
    async pull(controller) {
      const { done, value } = await source.next();
      if (!done) controller.enqueue(value.slice());
      else {
        controller.close();
        controller.byobRequest?.respond(0);
      }
    },
  });
  return new Request("https://edge.example/", { method: "POST", body, headers, duplex: "half" } as RequestInit);
}

function sent(body: Uint8Array, encoding?: string): Request {
  const headers = encoding ? { "content-encoding": encoding } : undefined;
  return new Request("https://edge.example/", { method: "POST", body, ...(headers ? { headers } : {}) });
}

interface Seen {
  way: string;
  bytes: number;
  sum: number;
}

function add(seen: Seen, bytes: Uint8Array): void {
  seen.bytes += bytes.length;
  for (let i = 0; i < bytes.length; i += 61) seen.sum = (seen.sum * 31 + (bytes[i] as number) + i) | 0;
}

/** Counts what comes, whichever way, and sums it up by fixed steps so that chunk borders make no difference. */
function ways(): Ways<Seen> {
  return {
    async small(body) {
      return { way: "small", bytes: body.length, sum: sumOf(body) };
    },
    async large(chunks) {
      const seen = { way: "large", bytes: 0, sum: 0 };
      for await (const chunk of chunks) {
        expect(chunk.length).toBeGreaterThan(0);
        expect(chunk.length).toBeLessThanOrEqual(CHUNK_BYTES_MAX);
        seen.sum = sumOf(chunk, seen.sum, seen.bytes);
        seen.bytes += chunk.length;
      }
      return seen;
    },
  };
}

function sumOf(bytes: Uint8Array, before = 0, base = 0): number {
  let sum = before;
  for (let i = (61 - (base % 61)) % 61; i < bytes.length; i += 61) sum = (sum * 31 + (bytes[i] as number)) | 0;
  return sum;
}
void add;

const problemOf = (work: Promise<unknown>) =>
  work.then(
    () => "none",
    (error) => (error instanceof Problem ? error.reason : String(error)),
  );

const brotli = (body: Uint8Array) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
/** Frames of raw blocks, since zstd compression is not to be relied on in workerd. */
function zstd(body: Uint8Array, frameBytes = body.length): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let frame = 0; frame < body.length; frame += frameBytes) {
    parts.push(new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]));
    const end = Math.min(body.length, frame + frameBytes);
    for (let at = frame; at < end; at += 131_072) {
      const block = body.subarray(at, Math.min(end, at + 131_072));
      const header = (block.length << 3) | (at + 131_072 >= end ? 1 : 0);
      parts.push(new Uint8Array([header & 0xff, (header >> 8) & 0xff, header >> 16]), block);
    }
  }
  return Buffer.concat(parts);
}

const SIZE = 40 * MEGABYTE;
const BODY = whole(SIZE);
const EXPECTED: Seen = { way: "large", bytes: SIZE, sum: sumOf(BODY) };
const gzip = (body: Uint8Array) => gzipSync(body, { level: 1 });

describe("a body larger than may be held", () => {
  it("comes in chunks, whether its length was announced or not", async () => {
    expect(await withBody(sent(BODY), ways())).toEqual(EXPECTED);
    expect(await withBody(streamed(text(SIZE)), ways())).toEqual(EXPECTED);
    expect((await withBody(streamed(text(BODY_BYTES_MAX + 1)), ways())).way).toBe("large");
    expect((await withBody(streamed(text(BODY_BYTES_MAX)), ways())).way).toBe("small");
  });

  it.each<[string, string, (body: Uint8Array) => Uint8Array]>([
    ["gzip", "gzip", gzip],
    [
      "gzip of several members",
      "gzip",
      (body) => Buffer.concat([gzip(body.subarray(0, 39 * MEGABYTE)), gzip(body.subarray(39 * MEGABYTE))]),
    ],
    ["gzip with padding", "x-gzip", (body) => Buffer.concat([gzip(body), new Uint8Array(100_000)])],
    ["zlib", "deflate", (body) => deflateSync(body, { level: 1 })],
    ["raw deflate", "deflate", (body) => deflateRawSync(body, { level: 1 })],
    ["brotli", "br", brotli],
    ["zstd", "zstd", zstd],
    ["zstd of several frames", "zstd", (body) => zstd(body, 1_234_567)],
  ])("is inflated on the way from %s", async (_name, encoding, compress) => {
    const compressed = compress(BODY);
    expect(await withBody(sent(compressed, encoding), ways())).toEqual(EXPECTED);
    expect(await withBody(streamed([compressed], { "content-encoding": encoding }), ways())).toEqual(EXPECTED);
  });
});
void LARGE_BODY_BYTES_MAX;
void createGzip;
void pipeline;
void problemOf;
