/** One JSON object per line. A bad line is rejected alone; blank lines and a missing last line feed are harmless. */
import { Problem } from "../../problem.ts";
import type { Raw } from "../event/rejects.ts";
import { scanValue } from "../scan/scan.ts";
import type { EventSink } from "./events.ts";
import { type Decoder, skipSpace, syntaxError, type Window } from "./format.ts";

const LINE_FEED = 0x0a;

/**
 * Reads lines; `index` is the number of the first. A line longer than an event may be is rejected like any bad one, and passed over
 * without being held.
 * @throws Problem `body-invalid` when the body holds lines and not one of them is JSON.
 */
export function linesDecoder(events: EventSink, index = 0): Decoder {
  const { found, watch } = events;
  const { eventBytes } = events.limits;
  let row = index;
  let firstError: string | null = null;
  /** Whether the window before ended in a line that was too long. */
  let passing = false;

  /** Reads the whole lines in [from, to); stops earlier when the batch is full. */
  function readLines(window: Window, from: number, to: number): number {
    const { bytes } = window;
    let p = skipSpace(bytes, from, to);
    while (p < to && !events.full) {
      const start = p;
      const end = scanValue(bytes, start, to, watch, true, found);
      const stop = end < 0 ? -1 - end : skipBlanks(bytes, end, to);
      let next = stop;
      if (end >= 0 && (stop === to || bytes[stop] === LINE_FEED)) {
        if (stop - start > eventBytes) rejectLong({ bytes, start, end: stop });
        else if (found.object) events.add(bytes, start, end, row);
        else events.reject(row, "not-an-object", "the line is JSON but not an object; send {…}", { bytes, start, end });
      } else {
        const lineFeed = bytes.indexOf(LINE_FEED, stop);
        const stopAt = lineFeed < 0 ? to : lineFeed;
        next = stopAt;
        if (stopAt - start > eventBytes) rejectLong({ bytes, start, end: stopAt });
        else {
          const error = () => syntaxError(window, stop, start, stopAt);
          firstError ??= error(); // in words at once, for the window does not last
          events.reject(row, "syntax", error, { bytes, start, end: stopAt });
        }
      }
      row++;
      p = skipSpace(bytes, next + 1, to);
    }
    return Math.min(p, to);
  }

  /** @param raw the line, or its beginning where the rest is passed over. */
  function rejectLong(raw: Raw): void {
    events.reject(row, "row", `the line is longer than ${eventBytes} bytes, the most for one event in a body of this size`, raw);
  }

  return (window) => {
    const { bytes, last } = window;
    let from = 0;
    if (passing) {
      from = bytes.indexOf(LINE_FEED) + 1;
      passing = from === 0;
      if (passing) from = bytes.length;
    }
    const to = last ? bytes.length : Math.max(from, bytes.lastIndexOf(LINE_FEED) + 1);
    const read = readLines(window, from, to);
    if (read < to) return read;
    if (last && row > 0 && events.understood() === 0)
      throw new Problem(
        "body-invalid",
        `no line of the body is a JSON object: ${firstError ?? "no object"}; send one object per line, or an array of objects`,
      );
    const begun = skipSpace(bytes, to); // of a line that goes on after the window
    if (bytes.length - begun <= eventBytes) return begun;
    rejectLong({ bytes, start: begun, end: bytes.length });
    row++;
    passing = true;
    return bytes.length;
  };
}

function skipBlanks(bytes: Uint8Array, from: number, to: number): number {
  let p = from;
  while (p < to && (bytes[p] === 0x20 || bytes[p] === 0x0d || bytes[p] === 0x09)) p++;
  return p;
}
