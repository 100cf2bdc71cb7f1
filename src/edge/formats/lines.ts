/** One JSON object per line. A bad line is rejected alone; blank lines and a missing last line feed are harmless. */
import { Problem } from "../../problem.ts";
import { scanValue } from "../scan/scan.ts";
import { type EventSink, skipSpace, syntaxError } from "./format.ts";

const LINE_FEED = 0x0a;

/**
 * Reads lines from `from` on; `index` is the number of the first.
 * @throws Problem `body-invalid` when the body holds lines and not one of them is JSON.
 */
export function decodeLines(body: Uint8Array, events: EventSink, from = 0, index = 0): void {
  const { found, watch } = events;
  let row = index;
  let firstError: (() => string) | null = null;
  let p = skipSpace(body, from);
  while (p < body.length) {
    const start = p;
    const end = scanValue(body, start, body.length, watch, true, found);
    const stop = end < 0 ? -1 - end : skipBlanks(body, end);
    let next = stop;
    if (end >= 0 && (stop === body.length || body[stop] === LINE_FEED)) {
      if (found.object) events.add(body, start, end, row);
      else events.reject(row, "not-an-object", "the line is JSON but not an object; send {…}", { bytes: body, start, end });
    } else {
      const lineFeed = body.indexOf(LINE_FEED, stop);
      const stopAt = lineFeed < 0 ? body.length : lineFeed;
      next = stopAt;
      const error = () => syntaxError(body, stop, start, stopAt);
      firstError ??= error;
      events.reject(row, "syntax", error, { bytes: body, start, end: stopAt });
    }
    row++;
    p = skipSpace(body, next + 1);
  }
  if (row > 0 && events.understood() === 0)
    throw new Problem(
      "body-invalid",
      `no line of the body is a JSON object: ${firstError?.() ?? "no object"}; send one object per line, or an array of objects`,
    );
}

function skipBlanks(bytes: Uint8Array, from: number): number {
  let p = from;
  while (p < bytes.length && (bytes[p] === 0x20 || bytes[p] === 0x0d || bytes[p] === 0x09)) p++;
  return p;
}
