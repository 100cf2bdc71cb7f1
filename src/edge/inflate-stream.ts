/**
 * Inflation of a body as it comes, for one too large to be held. node:zlib's streams hold back what is not asked for and know gzip of
 * several members; zstd is given one stream per frame, since it stops silently after the first.
 */
import { pipeline, type Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from "node:zlib";
import { Problem } from "../problem.ts";
import { type Encoding, isZlib, notWhole, tooLarge } from "./encoding.ts";
import type { Held } from "./held.ts";
import { walkFrames } from "./zstd.ts";

export const LARGE_INFLATED_BYTES_MAX = 100_000_000;

/** Bytes of one piece of output; a stream may join two of them. */
const PIECE_BYTES = 131_072;
/** What brotli may look back on, at most (RFC 7932 section 9.1). */
const BROTLI_WINDOW_BYTES = 16 * 1_048_576;

type Engine = Transform & { readonly bytesWritten: number };
type Chunks = AsyncIterable<Uint8Array, void, undefined>;

/**
 * The inflated body in pieces of at most twice PIECE_BYTES. A chunk is done with before the next one is asked for.
 * @throws Problem `encoding-broken`, `body-too-large`, `overloaded`, and what `sent` throws.
 */
export async function* inflateChunks(sent: Chunks, encoding: Encoding, held: Held): AsyncGenerator<Uint8Array, void, undefined> {
  let length = 0;
  try {
    for await (const piece of piecesOf(sent, encoding, held)) {
      length += piece.length;
      if (length > LARGE_INFLATED_BYTES_MAX) throw tooLarge(`after inflating ${encoding}`, LARGE_INFLATED_BYTES_MAX);
      yield piece;
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (error instanceof RangeError)
      throw new Problem("body-too-large", `the body wants too large a ${encoding} window; use a lower level`);
    throw notWhole(encoding);
  }
}

async function* piecesOf(sent: Chunks, encoding: Encoding, held: Held): Chunks {
  // a stream takes in each chunk whole before it asks for the next
  const options = { chunkSize: PIECE_BYTES, writableHighWaterMark: 1, readableHighWaterMark: PIECE_BYTES };
  if (encoding === "zstd") yield* zstdPieces(sent, held, () => createZstdDecompress(options));
  else if (encoding === "gzip") yield* through(sent, createGunzip(options), false);
  else if (encoding === "br") {
    held.hold(BROTLI_WINDOW_BYTES);
    yield* through(sent, stepwise(createBrotliDecompress(options)), true);
  } else {
    const source = sent[Symbol.asyncIterator]();
    const first = await source.next();
    const chunks = resumed(first, source);
    yield* through(chunks, !first.done && isZlib(first.value) ? createInflate(options) : createInflateRaw(options), true);
  }
}

/** @param wholly whether bytes after the stream's end are a fault; gzip looks at them itself, and lets zeros pass as padding. */
async function* through(sent: Chunks, engine: Engine, wholly: boolean): Chunks {
  let fed = 0;
  async function* counted(): Chunks {
    for await (const chunk of sent) {
      fed += chunk.length;
      yield chunk;
    }
  }
  pipeline(counted(), engine, () => {}); // whatever fails comes out of the engine
  try {
    for await (const piece of engine) yield piece as Uint8Array;
  } finally {
    engine.destroy();
  }
  if (wholly && engine.bytesWritten !== fed) throw new Error("bytes after the end of the stream");
}

async function* zstdPieces(sent: Chunks, held: Held, open: () => Engine): Chunks {
  const source = sent[Symbol.asyncIterator]();
  const nextFrame = walkFrames();
  let chunk: Uint8Array = new Uint8Array(0);
  let at = 0;

  async function hasMore(): Promise<boolean> {
    while (at === chunk.length) {
      const next = await source.next();
      if (next.done) return false;
      chunk = next.value;
      at = 0;
    }
    return true;
  }

  try {
    while (await hasMore()) {
      const frame = nextFrame();
      let window = 0;
      async function* bytesOfFrame(): Chunks {
        while (!frame.ended) {
          if (!(await hasMore())) throw new Error("zstd frame ends early");
          const part = chunk.subarray(at, at + frame.take(chunk.subarray(at)));
          at += part.length;
          held.hold(frame.windowBytes - window);
          window = frame.windowBytes;
          yield part;
        }
      }
      yield* through(bytesOfFrame(), open(), true);
      held.release(window);
    }
  } finally {
    await source.return?.();
  }
}

/** An iteration whose first step is taken already. */
async function* resumed(first: IteratorResult<Uint8Array, void>, source: AsyncIterator<Uint8Array, void>): Chunks {
  try {
    for (let next = first; !next.done; next = await source.next()) yield next.value;
  } finally {
    await source.return?.();
  }
}

/**
 * workerd runs brotli's callback inside the write, where its siblings' waits for a microtask: one read then inflates all of a chunk,
 * however large that becomes, before it returns. This makes the write wait instead.
 */
function stepwise(engine: Engine): Engine {
  const handle = (engine as unknown as { _handle: { write(...step: unknown[]): void } })._handle;
  const write = handle.write.bind(handle);
  handle.write = (...step) => queueMicrotask(() => engine.destroyed || write(...step));
  return engine;
}
