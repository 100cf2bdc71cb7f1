/**
 * A large body, decoded while it comes: its chunks become windows of about a mebibyte, and each window's whole rows one batch. Memory is
 * that of a window and a batch, however long the body is; what comes out is what `decodeWith` makes of the same bytes at once, but for
 * events over `EVENT_BYTES_MAX`, which only a small body may hold.
 */
import type { Batch } from "../event/batch.ts";
import type { EventRules } from "../event/rules.ts";
import { type Limits, openEvents } from "./events.ts";
import { type Decoder, eventTooLong, type Format, type FormatOptions, restOf, skipSpace, type Window, withoutMark } from "./format.ts";

const WINDOW_BYTES = 1_048_576;
/** As much as tells compressed bytes from text. */
const HEAD_BYTES = 4;
/** Bytes of one event as it is sent. */
const EVENT_BYTES_MAX = 4 * 1_048_576;
/** Rows of one body: a million of the dearest ones (each one rewritten) is some seconds of a processor. */
const LARGE_ROWS_MAX = 1_000_000;
/** Bytes of the finished lines of one body, and of its CSV records as JSON. */
const LARGE_LINES_BYTES_MAX = 150_000_000;

export interface WindowLimits extends Limits {
  windowBytes: number;
}

export const LARGE_LIMITS: WindowLimits = {
  windowBytes: WINDOW_BYTES,
  rows: LARGE_ROWS_MAX,
  lineBytes: LARGE_LINES_BYTES_MAX,
  csvBytes: LARGE_LINES_BYTES_MAX,
  eventBytes: EVENT_BYTES_MAX,
  batchBytes: 2 * WINDOW_BYTES,
};

/** What a body is read as, told from its first bytes. */
export type Choice = (first: Uint8Array) => { format: Format; options: FormatOptions };

/**
 * Batches in the body's order. Rows keep their number in the whole body, and over all batches no more rejected ones are listed than in
 * one; a batch may hold nothing but rejected rows. A Problem may come after some batches: who takes them must be able to drop them.
 * @param chunks each is read before the next is asked for, and never after.
 * @throws Problem as `decodeWith`, and `body-too-large` for an event over `EVENT_BYTES_MAX` that is no line by itself.
 */
export async function* decodeChunks(
  chunks: AsyncIterable<Uint8Array>,
  rules: EventRules,
  choose: Choice,
  limits: WindowLimits = LARGE_LIMITS,
): AsyncGenerator<Batch, void, undefined> {
  const { windowBytes, eventBytes } = limits;
  const { events, close } = openEvents(rules, limits, windowBytes);
  let decode: Decoder | null = null;
  let rows = 0;

  function open(window: Window): Decoder | null {
    if (skipSpace(window.bytes, 0) === window.bytes.length) return null;
    const { format, options } = choose(window.bytes);
    return format.open(window, events, options);
  }

  for await (const window of windowsOf(chunks, limits)) {
    decode ??= open(window);
    for (let more = decode !== null; decode && more; ) {
      window.done += decode(restOf(window, window.done));
      more = events.full;
      const batch = close();
      rows += batch.rows + batch.failed;
      if (batch.rows + batch.failed > 0) yield batch;
    }
    if (window.bytes.length - window.done > windowBytes + eventBytes) throw eventTooLong(rows, limits);
  }
}

interface Moving extends Window {
  /** How many of its bytes need not come again; whoever reads the window says so. */
  done: number;
}

/**
 * Windows of `windowBytes`, or of twice what the last one left over where that is more: what is read again and again is read at most
 * twice on average. All stand in one buffer, which belongs to this body, and a window is overwritten by the next.
 */
async function* windowsOf(chunks: AsyncIterable<Uint8Array>, { windowBytes, eventBytes }: WindowLimits): AsyncGenerator<Moving> {
  const source = chunks[Symbol.asyncIterator]();
  let buffer = new Uint8Array(windowBytes);
  let length = 0; // of what stands in the buffer
  let chunk = new Uint8Array(0) as Uint8Array;
  let read = 0; // of the chunk
  let base = 0;
  let head: Uint8Array | null = null;
  let last = false;

  async function fill(wanted: number): Promise<void> {
    while (length < wanted) {
      if (read === chunk.length) {
        const next = await source.next();
        if (next.done) {
          last = true;
          return;
        }
        chunk = next.value;
        read = 0;
      }
      const part = chunk.subarray(read, read + wanted - length);
      buffer.set(part, length);
      length += part.length;
      read += part.length;
    }
  }

  function drop(bytes: number): void {
    buffer.copyWithin(0, bytes, length);
    length -= bytes;
  }

  try {
    while (!last) {
      const wanted = Math.min(windowBytes + eventBytes + 1, Math.max(windowBytes, 2 * length));
      if (wanted > buffer.length) {
        const larger = new Uint8Array(wanted);
        larger.set(buffer);
        buffer = larger;
      }
      await fill(wanted);
      if (!head) {
        drop(length - withoutMark(buffer.subarray(0, length)).length);
        head = buffer.slice(0, HEAD_BYTES);
      }
      const window: Moving = { bytes: buffer.subarray(0, length), base, last, head, done: 0 };
      yield window;
      base += window.done;
      drop(window.done);
    }
  } finally {
    await source.return?.();
  }
}
