import { scanValue } from "../scan/scan.ts";
import type { EventSink } from "./events.ts";
import { type Decoder, type Format, isCut, skipSpace, type Window } from "./format.ts";
import { arrayDecoder, objectsDecoder } from "./json.ts";
import { linesDecoder } from "./lines.ts";

const LINE_FEED = 0x0a;
const OPENING_BRACE = 0x7b;
const OPENING_BRACKET = 0x5b;

export const ndjson: Format = {
  name: "ndjson",
  // application/x-ndjson is what clients send; application/nd-json stands in Axiom's documentation, the others are common elsewhere
  types: ["application/x-ndjson", "application/nd-json", "application/ndjson", "application/jsonl", "application/x-jsonlines"],
  open(window, events) {
    const first = skipSpace(window.bytes, 0);
    if (window.bytes[first] === OPENING_BRACKET) return openBracket(window, events, first);
    if (window.bytes[first] === OPENING_BRACE) return openBrace(window, events, first);
    return linesDecoder(events);
  },
};

/**
 * One JSON array under the wrong content type, when that is what the whole body is; lines otherwise. Of a large body only the first
 * window can be asked: an array that spans lines there and breaks later is refused as an array.
 */
function openBracket({ bytes, last }: Window, events: EventSink, first: number): Decoder | null {
  const { watch, found, limits } = events;
  const end = scanValue(bytes, first, bytes.length, watch, false, found);
  const isWhole = end >= 0 && skipSpace(bytes, end) === bytes.length;
  const isOpen = !last && (isWhole || (end < 0 && isCut(end, bytes.length, found)));
  if (!isOpen) return isWhole ? arrayDecoder(events) : linesDecoder(events);
  const spansLines = bytes.indexOf(LINE_FEED, first) >= 0 && !isWhole;
  return spansLines || bytes.length - first > limits.eventBytes ? arrayDecoder(events) : null;
}

/** Indented JSON under the wrong content type, when the first object is cut by its line's end but whole without regard to lines. */
function openBrace({ bytes, last }: Window, events: EventSink, first: number): Decoder | null {
  const { watch, found, limits } = events;
  const isLong = bytes.length - first > limits.eventBytes;
  const cut = scanValue(bytes, first, bytes.length, watch, true, found);
  if (cut >= 0) return linesDecoder(events);
  if (bytes[-1 - cut] !== LINE_FEED) return last || isLong || !isCut(cut, bytes.length, found) ? linesDecoder(events) : null;
  const end = scanValue(bytes, first, bytes.length, watch, false, found);
  if (!last && isCut(end, bytes.length, found)) return isLong ? objectsDecoder(events) : null;
  return end >= 0 ? objectsDecoder(events) : linesDecoder(events);
}
