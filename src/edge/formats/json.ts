/** An array of objects, one object, or objects one after another (NDJSON sent as JSON). */
import { Problem } from "../../problem.ts";
import { scanValue } from "../scan/scan.ts";
import type { EventSink } from "./events.ts";
import { type Decoder, eventTooLong, type Format, isCut, restOf, skipSpace, syntaxError, type Window } from "./format.ts";
import { linesDecoder } from "./lines.ts";

const COMMA = 0x2c;
const OPENING_BRACE = 0x7b;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;

export const json: Format = {
  name: "json",
  types: ["application/json", "text/json"],
  open(window, events) {
    const first = skipSpace(window.bytes, 0);
    if (window.bytes[first] === OPENING_BRACKET) return arrayDecoder(events);
    if (window.bytes[first] === OPENING_BRACE) return objectsDecoder(events);
    throw new Problem(
      "body-invalid",
      `${syntaxError(window, first, 0, window.bytes.length)}; send an object, an array of objects, or one object per line`,
    );
  },
};

/** Where an array has got to: what may come next, beside white space. */
const OPENING = 0;
const FIRST = 1; // an element, or the end
const NEXT = 2; // a comma, or the end
const ELEMENT = 3;
const ENDED = 4;

/**
 * The elements of an array. Elements that are no events are rejected alone; a broken array is refused whole, because after the
 * break nothing tells one element from the next.
 */
export function arrayDecoder(events: EventSink): Decoder {
  const { found, watch } = events;
  let state = OPENING;
  let index = 0;
  return (window) => {
    const { bytes, last } = window;
    for (let p = 0; ; ) {
      p = skipSpace(bytes, p);
      if (p === bytes.length) {
        if (last && state !== ENDED) throw broken(window, p, index);
        return p;
      }
      const c = bytes[p] as number;
      if (state === OPENING) {
        state = FIRST;
        p++;
      } else if (state === ENDED) {
        throw new Problem("body-invalid", `${syntaxError(window, p, -window.base, bytes.length)}, after the array's end`);
      } else if (c === CLOSING_BRACKET && state !== ELEMENT) {
        state = ENDED;
        p++;
      } else if (state === NEXT) {
        if (c !== COMMA) throw broken(window, p, index);
        state = ELEMENT;
        p++;
      } else {
        if (events.full) return p;
        const end = scanValue(bytes, p, bytes.length, watch, false, found);
        if (!last && isCut(end, bytes.length, found)) return p;
        if (end < 0) throw broken(window, -1 - end, index);
        if (end - p > events.limits.eventBytes) throw eventTooLong(index, events.limits);
        if (found.object) events.add(bytes, p, end, index);
        else events.reject(index, "not-an-object", "the array's element is not an object; send {…}", { bytes, start: p, end });
        state = NEXT;
        index++;
        p = end;
      }
    }
  };
}

/** Objects with any white space between them, each free to span lines. From the first broken one on, lines decide. */
export function objectsDecoder(events: EventSink): Decoder {
  const { found, watch } = events;
  let lines: Decoder | null = null;
  let index = 0;
  return (window) => {
    if (lines) return lines(window);
    const { bytes, last } = window;
    for (let p = 0; ; index++) {
      p = skipSpace(bytes, p);
      if (p === bytes.length || events.full) return p;
      const end = scanValue(bytes, p, bytes.length, watch, false, found);
      if (!last && isCut(end, bytes.length, found)) return p;
      if (end < 0 || !found.object) {
        lines = linesDecoder(events, index);
        return p + lines(restOf(window, p));
      }
      if (end - p > events.limits.eventBytes) throw eventTooLong(index, events.limits);
      events.add(bytes, p, end, index);
      p = end;
    }
  };
}

function broken(window: Window, at: number, index: number): Problem {
  const what = syntaxError(window, at, -window.base, window.bytes.length);
  return new Problem("body-invalid", `${what}, in element ${index} of the array; nothing of it was stored`);
}
