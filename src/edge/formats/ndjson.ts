import { scanValue } from "../scan/scan.ts";
import { type EventSink, type Format, skipSpace } from "./format.ts";
import { decodeArray, decodeObjects } from "./json.ts";
import { decodeLines } from "./lines.ts";

export const ndjson: Format = {
  name: "ndjson",
  // application/x-ndjson is what clients send; application/nd-json stands in Axiom's documentation, the others are common elsewhere
  types: ["application/x-ndjson", "application/nd-json", "application/ndjson", "application/jsonl", "application/x-jsonlines"],
  decode(body, events) {
    const first = skipSpace(body, 0);
    if (isArray(body, events, first)) decodeArray(body, events, first);
    else if (spansLines(body, events, first)) decodeObjects(body, events, first);
    else decodeLines(body, events, first);
  },
};

/** Whether the whole body is one JSON array under the wrong content type. */
function isArray(body: Uint8Array, { watch, found }: EventSink, first: number): boolean {
  if (body[first] !== 0x5b) return false;
  const end = scanValue(body, first, body.length, watch, false, found);
  return end >= 0 && skipSpace(body, end) === body.length;
}

/** Whether the first object is cut by its line's end but whole without regard to lines: indented JSON under the wrong content type. */
function spansLines(body: Uint8Array, { watch, found }: EventSink, first: number): boolean {
  const cut = scanValue(body, first, body.length, watch, true, found);
  if (cut >= 0 || body[-1 - cut] !== 0x0a) return false;
  return scanValue(body, first, body.length, watch, false, found) >= 0 && found.object;
}
