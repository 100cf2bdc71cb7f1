import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { Encoding } from "../../src/edge/encoding.ts";
import { openHeld } from "../../src/edge/held.ts";
import { inflate } from "../../src/edge/inflate.ts";
import { inflateChunks } from "../../src/edge/inflate-stream.ts";
import { Problem } from "../../src/problem.ts";
import { runLengthFrame, skippableFrame, zstdOf } from "./zstd-frames.ts";

const MAX = 100_000_000;
const gzip = (body: Uint8Array) => gzipSync(body, { level: 1 });
const brotli = (body: Uint8Array) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });

async function* chunksOf(body: Uint8Array, length: number): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = new Uint8Array(length);
  for (let at = 0; at < body.length; at += length) {
    const part = body.subarray(at, at + length);
    buffer.set(part);
    yield buffer.subarray(0, part.length);
    buffer.fill(0xff); // as a window that is read into again
  }
}

async function streamed(body: Uint8Array, encoding: Encoding, chunkBytes: number): Promise<string> {
  const held = openHeld();
  try {
    const pieces: Uint8Array[] = [];
    for await (const piece of inflateChunks(chunksOf(body, chunkBytes), encoding, held)) pieces.push(piece);
    return Buffer.concat(pieces).toString("latin1");
  } catch (error) {
    return error instanceof Problem ? error.reason : String(error);
  } finally {
    held.releaseAll();
  }
}

function atOnce(body: Uint8Array, encoding: Encoding): string {
  try {
    const inflated = inflate(body, encoding, MAX);
    return inflated ? Buffer.from(inflated).toString("latin1") : "body-too-large";
  } catch (error) {
    return error instanceof Problem ? error.reason : String(error);
  }
}

const part = fc.uint8Array({ minLength: 1, maxLength: 300 });
const compressed = fc.oneof(
  fc.array(part, { minLength: 1, maxLength: 4 }).map((parts): [Encoding, Uint8Array] => ["gzip", Buffer.concat(parts.map(gzip))]),
  part.map((body): [Encoding, Uint8Array] => ["deflate", deflateSync(body)]),
  part.map((body): [Encoding, Uint8Array] => ["deflate", deflateRawSync(body)]),
  part.map((body): [Encoding, Uint8Array] => ["br", brotli(body)]),
  fc
    .tuple(fc.array(part, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 200 }), fc.nat({ max: 9 }))
    .map(([parts, block, skip]): [Encoding, Uint8Array] => [
      "zstd",
      Buffer.concat([...parts.map((body) => zstdOf(body, block)), skippableFrame(skip)]),
    ]),
);
const harm = fc.oneof(
  { weight: 2, arbitrary: fc.constant((body: Uint8Array) => body) },
  fc.nat().map((at) => (body: Uint8Array) => body.subarray(0, 1 + (at % body.length))),
  fc.uint8Array({ minLength: 1, maxLength: 20 }).map((junk) => (body: Uint8Array) => Buffer.concat([body, junk])),
  fc.integer({ min: 1, max: 20 }).map((zeros) => (body: Uint8Array) => Buffer.concat([body, new Uint8Array(zeros)])),
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(
    ([at, flip]) =>
      (body: Uint8Array) =>
        body.map((byte, i) => (i === at % body.length ? byte ^ flip : byte)),
  ),
);

describe("inflation on the way", () => {
  it("63 gives what inflation at once gives, and refuses what it refuses, wherever chunks end", { timeout: 20_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(compressed, harm, fc.integer({ min: 2, max: 400 }), async ([encoding, whole], broken, chunkBytes) => {
        const body = broken(whole);
        expect(await streamed(body, encoding, chunkBytes)).toBe(atOnce(body, encoding));
      }),
      { numRuns: 1_000 },
    );
  });

  const zeros = new Uint8Array(10_000_000);
  const tooMuch = new Uint8Array(MAX + 1);
  it.each<[string, Encoding, Uint8Array]>([
    ["gzip", "gzip", Buffer.concat(Array.from({ length: 11 }, () => gzip(zeros)))],
    ["zlib", "deflate", deflateSync(tooMuch, { level: 1 })],
    ["raw deflate", "deflate", deflateRawSync(tooMuch, { level: 1 })],
    ["brotli", "br", brotli(tooMuch)],
    ["zstd", "zstd", runLengthFrame(763)],
    ["zstd of many frames", "zstd", Buffer.concat(Array.from({ length: 8 }, () => runLengthFrame(100)))],
  ])("63 ends at the limit for a bomb of %s, of which it never holds more than two pieces", async (_name, encoding, bomb) => {
    const held = openHeld();
    let bytes = 0;
    let largest = 0;
    const run = async () => {
      for await (const piece of inflateChunks(chunksOf(bomb, 65_536), encoding, held)) {
        bytes += piece.length;
        largest = Math.max(largest, piece.length);
      }
    };
    await expect(run()).rejects.toMatchObject({ reason: "body-too-large" });
    held.releaseAll();
    expect(bytes).toBeLessThanOrEqual(MAX);
    expect(bytes).toBeGreaterThan(MAX - 1_000_000);
    expect(largest).toBeLessThanOrEqual(262_144);
  });

  it.each<[string, Encoding, Uint8Array]>([
    ["gzip", "gzip", gzip(zeros)],
    ["brotli", "br", brotli(zeros)],
    ["zstd", "zstd", runLengthFrame(80)],
  ])("lets go of %s that nobody takes to its end", async (_name, encoding, body) => {
    let isOpen = true;
    async function* source() {
      try {
        yield* chunksOf(body, 2_000);
        await new Promise(() => {}); // more would come
      } finally {
        isOpen = false;
      }
    }
    const held = openHeld();
    for await (const piece of inflateChunks(source(), encoding, held)) if (piece.length > 0) break;
    held.releaseAll();
    await vi.waitFor(() => expect(isOpen).toBe(false));
  });

  it.each<[string, number[]]>([
    ["a window of 64 MB", [0x00, 0x80]],
    ["one segment of 64 MB", [0xa0, 0, 0, 0, 4]],
    ["one segment without end", [0xe0, 255, 255, 255, 255, 255, 255, 255, 255]],
  ])("63 refuses zstd with %s before it takes that memory", async (_name, header) => {
    const frame = new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, ...header, 1, 0, 0]);
    expect(await streamed(frame, "zstd", 65_536)).toBe("body-too-large");
    expect(atOnce(frame, "zstd")).toBe("body-too-large");
  });

  it("counts zstd's window as held while its frame lasts, and brotli's", async () => {
    const frames = Buffer.concat([runLengthFrame(1), new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x78, 1, 0, 0])]); // 128 KiB, 32 MiB
    const others = openHeld();
    others.hold(40 * 1_048_576);
    expect(await streamed(frames, "zstd", 65_536)).toBe("overloaded");
    expect((await streamed(runLengthFrame(1), "zstd", 65_536)).length).toBe(131_072);
    expect((await streamed(brotli(zeros), "br", 65_536)).length).toBe(10_000_000);
    others.hold(10 * 1_048_576);
    expect(await streamed(brotli(zeros), "br", 65_536)).toBe("overloaded");
    others.releaseAll();
    expect((await streamed(frames, "zstd", 65_536)).length).toBe(131_072);
  });
});
