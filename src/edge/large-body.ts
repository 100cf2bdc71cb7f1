/** A body too large to be held: chunks of it, inflated, in memory that does not grow with it. */
import { Problem } from "../problem.ts";
import { type Encoding, tooLarge } from "./encoding.ts";
import type { Held } from "./held.ts";
import { inflateChunks } from "./inflate-stream.ts";
import { readWindow, WINDOW_BYTES } from "./reading.ts";

/** Bytes of a body as sent: what the platform itself takes on most plans. */
export const LARGE_BODY_BYTES_MAX = 100_000_000;

/** Set aside for whoever takes the chunks: a window of them, twice over while an event is long, the batch it becomes, and what is uploaded of it. */
const WORKING_BYTES = 12 * 1_048_576;

/** What is there of a body as sent. */
export interface Sent {
  /** Read already, and held. */
  bytes: Uint8Array;
  /** Where the rest comes from; null when all is read. */
  reader: ReadableStreamBYOBReader | null;
}

/**
 * The inflated body in chunks of at most 256 KiB, none of them empty. A chunk is the caller's until it asks for the next.
 * @param came is told of the bytes that are read here, as sent.
 * @throws Problem `body-too-large`, `encoding-broken`, `body-invalid` (cut short), `overloaded`; at once, or from the iteration.
 */
export function openLargeBody(
  sent: Sent,
  encodings: readonly Encoding[],
  held: Held,
  came: (bytes: number) => void,
): AsyncIterable<Uint8Array> {
  const [encoding, second] = encodings;
  if (second) throw new Problem("body-too-large", "a body of this size may have one Content-Encoding, not two; send smaller batches");
  held.becomeLarge();
  held.hold(WORKING_BYTES);
  const chunks = asSent(sent, held, came);
  return encoding ? inflateChunks(chunks, encoding, held) : chunks;
}

async function* asSent(sent: Sent, held: Held, came: (bytes: number) => void): AsyncGenerator<Uint8Array, void, undefined> {
  let length = sent.bytes.length;
  for (let at = 0; at < length; at += WINDOW_BYTES) yield sent.bytes.subarray(at, at + WINDOW_BYTES);
  held.release(sent.bytes.buffer.byteLength);
  sent.bytes = new Uint8Array(0);
  if (!sent.reader) return;
  for (let window = new Uint8Array(WINDOW_BYTES); ; ) {
    const { done, value } = await readWindow(sent.reader, window);
    if (value && value.length > 0) {
      came(value.length);
      length += value.length;
      if (length > LARGE_BODY_BYTES_MAX) throw tooLarge("as sent", LARGE_BODY_BYTES_MAX);
      yield value;
    }
    if (done) return;
    window = new Uint8Array(value.buffer as ArrayBuffer);
  }
}
