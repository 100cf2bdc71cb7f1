/**
 * The body of a request. One that fits is read whole within a bound and inflated within another, in one call each, which is the fast
 * way; a larger one is handed on in chunks, where the caller can take it so.
 */
import { contentEncodings, type Encoding, tooLarge } from "./encoding.ts";
import { type Held, openHeld } from "./held.ts";
import { claimedBytes, inflate } from "./inflate.ts";
import { LARGE_BODY_BYTES_MAX, openLargeBody, type Sent } from "./large-body.ts";
import { inTime, readWindow, WINDOW_BYTES } from "./reading.ts";

/** Bytes of a body as sent, and after inflation. Both fit a 128 MB isolate together with the batch they become. */
export const BODY_BYTES_MAX = 32 * 1_048_576;
export const INFLATED_BYTES_MAX = 32 * 1_048_576;

/** What is set aside for a body before it arrives: an announced length is only a promise. */
const PROMISED_BYTES_MAX = 1_048_576;
const WHOLE_BYTES_MAX = 262_144;

/** What is done with a body; the memory counts as held until it is done. */
export interface Ways<T> {
  /** Takes the whole body, inflated. */
  small(inflated: Uint8Array): Promise<T>;
  /** Takes one that is larger than that as sent or inflated; see `openLargeBody`. A Problem may come at any chunk, the last included. */
  large(chunks: AsyncIterable<Uint8Array>): Promise<T>;
}

/**
 * Reads a body and hands it, inflated, to `use`: whole, or the large way once it proves too large for that. Nothing is read twice.
 * Without a large way such a body is refused.
 * @param came is told of the bytes as sent, as they come. @param inflatedMax of a body without a large way.
 * @throws Problem `body-too-large`, `encoding-broken`, `encoding-unsupported`, `body-invalid` (cut short), `overloaded`.
 */
export async function withBody<T>(
  request: Request,
  use: Ways<T>["small"] | Ways<T>,
  came: (bytes: number) => void = () => {},
  inflatedMax = INFLATED_BYTES_MAX,
): Promise<T> {
  const { small, large } = typeof use === "function" ? { small: use, large: null } : use;
  const encodings = contentEncodings(request.headers.get("content-encoding"));
  const announced = Number(request.headers.get("content-length") ?? Number.NaN);
  const max = large ? LARGE_BODY_BYTES_MAX : BODY_BYTES_MAX;
  if (announced > max) throw tooLarge("as sent", max);
  const held = openHeld();
  let sent: Sent = { bytes: new Uint8Array(0), reader: null };
  try {
    sent = await readSent(request, announced, held, came);
    if (sent.reader && !large) throw tooLarge("as sent", BODY_BYTES_MAX);
    const isLarge = sent.reader !== null || (large !== null && claimsMore(sent.bytes, encodings));
    const inflated = isLarge ? null : inflateAll(sent.bytes, encodings, inflatedMax, held);
    if (inflated) return await small(inflated);
    if (!large) throw tooLarge(`after inflating ${encodings.join(" and ")}`, inflatedMax);
    return await large(openLargeBody(sent, encodings, held, came));
  } finally {
    held.releaseAll();
    sent.reader?.cancel().catch(() => {}); // where the body was not read to its end
  }
}

/** Whether it says so itself; to find that out by inflating would cost the time and memory of a whole small body. */
function claimsMore(sent: Uint8Array, encodings: readonly Encoding[]): boolean {
  return encodings.length === 1 && encodings[0] === "gzip" && claimedBytes(sent) > INFLATED_BYTES_MAX;
}

/** Null when it is larger than `max` at any step. */
function inflateAll(sent: Uint8Array, encodings: readonly Encoding[], max: number, held: Held): Uint8Array | null {
  let body = sent;
  for (const encoding of encodings) {
    const inflated = inflate(body, encoding, max);
    if (!inflated) return null;
    held.hold(inflated.length);
    body = inflated;
  }
  return body;
}

/** The whole body, or as much of it as may be held and a reader of the rest. */
async function readSent(request: Request, announced: number, held: Held, came: (bytes: number) => void): Promise<Sent> {
  // before the body is looked at, because the runtime then makes a stream, which this needs not
  if (announced <= WHOLE_BYTES_MAX) {
    held.hold(announced);
    const bytes = await inTime(request.bytes());
    came(bytes.length);
    return { bytes, reader: null };
  }
  if (!request.body) return { bytes: new Uint8Array(0), reader: null };
  const reader = request.body.getReader({ mode: "byob" });
  if (announced > BODY_BYTES_MAX) return { bytes: new Uint8Array(0), reader };
  let body = new Uint8Array(Math.min(Number.isNaN(announced) ? WHOLE_BYTES_MAX : announced, PROMISED_BYTES_MAX));
  held.hold(body.length);
  let length = 0;
  for (let window = new Uint8Array(WINDOW_BYTES); ; ) {
    const { done, value } = await readWindow(reader, window);
    if (value) {
      came(value.length);
      if (length + value.length > body.length) {
        const larger = new Uint8Array(Math.min(BODY_BYTES_MAX + WINDOW_BYTES, Math.max(body.length * 2, length + value.length)));
        held.hold(larger.length - body.length);
        larger.set(body.subarray(0, length));
        body = larger;
      }
      body.set(value, length);
      length += value.length;
    }
    if (length > BODY_BYTES_MAX) return { bytes: body.subarray(0, length), reader };
    if (done) return { bytes: body.subarray(0, length), reader: null };
    window = new Uint8Array(value.buffer as ArrayBuffer);
  }
}
