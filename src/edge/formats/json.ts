/** An array of objects, one object, or objects one after another (NDJSON sent as JSON). */
import { Problem } from "../../problem.ts";
import { scanValue } from "../scan/scan.ts";
import { type EventSink, type Format, skipSpace, syntaxError } from "./format.ts";
import { decodeLines } from "./lines.ts";

const COMMA = 0x2c;
const OPENING_BRACE = 0x7b;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;

export const json: Format = {
  name: "json",
  types: ["application/json", "text/json"],
  decode(body, events) {
    const first = skipSpace(body, 0);
    if (body[first] === OPENING_BRACKET) decodeArray(body, events, first);
    else if (body[first] === OPENING_BRACE) decodeObjects(body, events, first);
    else
      throw new Problem(
        "body-invalid",
        `${syntaxError(body, first, 0, body.length)}; send an object, an array of objects, or one object per line`,
      );
  },
};

/**
 * The elements of an array. Elements that are no events are rejected alone; a broken array is refused whole, because after the
 * break nothing tells one element from the next.
 */
export function decodeArray(body: Uint8Array, events: EventSink, from: number): void {
  const { found, watch } = events;
  let p = skipSpace(body, from + 1);
  for (let index = 0; body[p] !== CLOSING_BRACKET; index++) {
    if (index > 0 && body[p++] !== COMMA) throw broken(body, p - 1, index);
    const start = skipSpace(body, p);
    const end = scanValue(body, start, body.length, watch, false, found);
    if (end < 0) throw broken(body, -1 - end, index);
    if (found.object) events.add(body, start, end, index);
    else events.reject(index, "not-an-object", "the array's element is not an object; send {…}", { bytes: body, start, end });
    p = skipSpace(body, end);
  }
  const rest = skipSpace(body, p + 1);
  if (rest < body.length) throw new Problem("body-invalid", `${syntaxError(body, rest, 0, body.length)}, after the array's end`);
}

/** Objects with any white space between them, each free to span lines. From the first broken one on, lines decide. */
export function decodeObjects(body: Uint8Array, events: EventSink, from: number): void {
  const { found, watch } = events;
  let index = 0;
  for (let start = from; start < body.length; index++) {
    const end = scanValue(body, start, body.length, watch, false, found);
    if (end < 0 || !found.object) {
      decodeLines(body, events, start, index);
      return;
    }
    events.add(body, start, end, index);
    start = skipSpace(body, end);
  }
}

function broken(body: Uint8Array, at: number, index: number): Problem {
  return new Problem(
    "body-invalid",
    `${syntaxError(body, at, 0, body.length)}, in element ${index} of the array; nothing of it was stored`,
  );
}
