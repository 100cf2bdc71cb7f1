/**
 * Reads events out of stored lines: the wanted values only, and nothing behind the last of them. The lines are valid JSON, as the strict
 * scanner has let them in, so this one does not check what it passes over. Of members with one name, in flattened form too, the first counts.
 */
import type { Row, Value } from "../apl/value.ts";
import { type Field, type Fields, LATER, type Level, NONE, type Step, SYSTEM_TIME, TIME } from "./fields.ts";
import type { Window } from "./lines.ts";
import { isNumber, numberIn } from "./numbers.ts";
import { microsecondsIn } from "./time.ts";

export interface EventsReader {
  /** What the following lines are in. */
  open(window: Window): void;
  /** The event of the line that begins there; null: it is out of the range, or no event. `check`: whether its time must be looked at. */
  read(start: number, check: boolean): Row | null;
}

export interface EventsOptions {
  fields: Fields;
  /** Whether all fields are wanted. */
  wide: boolean;
  /** Of `_time`, microseconds: from, inclusive, to, exclusive. */
  from: number;
  to: number;
  /** An event with nothing in it, with a place for each column. */
  blank(): Row;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const SPACE = 0x20;

/** 1: stands in a string for itself, and is ASCII; for itself in any string. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) => (byte < SPACE || byte === QUOTE || byte === BACKSLASH || byte > 127 ? 0 : 1));
const SKIPPED = Uint8Array.from(PLAIN, (plain, byte) => (byte > 127 ? 1 : plain));
/** 1: within a number or a word. */
const IN_SCALAR = Uint8Array.from({ length: 256 }, (_, byte) => (/[\w.+-]/.test(String.fromCharCode(byte)) ? 1 : 0));
/** From here on the native search for a string's end, and the native decoder, are faster than a loop. */
const LONG_SKIPPED = 24;
const LONG_MADE = 48;

export function openEvents({ fields, wide, from, to, blank }: EventsOptions): EventsReader {
  let bytes: Uint8Array = new Uint8Array(0);
  let text = "";
  let buffer = Buffer.alloc(0);
  /** Where the next backslash is, at or behind `at`, unless it is before that. */
  let slash = -1;
  /** Whether the string whose end was looked for last had an escape on the way there. */
  let escaped = false;
  let at = 0;
  let row: Row = [];
  let left = 0;
  let timed = false;
  let checked = false;
  /** When the event arrived, which is the first that a line says; of one that says nothing, before all times. */
  let arrived = Number.NEGATIVE_INFINITY;

  function read(start: number, check: boolean): Row | null {
    at = start;
    checked = check;
    timed = !check;
    arrived = Number.NEGATIVE_INFINITY;
    left = fields.wanted;
    row = blank();
    if (left > 0 || wide || check) {
      if (bytes[at] !== OPEN_OBJECT) throw new SyntaxError("not an event");
      members(fields.top);
    }
    return timed ? row : null;
  }

  /** @returns whether the line has nothing more to tell. */
  function members(level: Level): boolean {
    at++;
    space();
    if (bytes[at] === CLOSE_OBJECT) {
      at++;
      return false;
    }
    for (let before: Step = level.start; ; ) {
      const expected = before.next;
      const field: Field = expected !== null && isHere(expected.spelled) ? expected : found(level, before);
      at += field.spelled.length;
      space();
      if (bytes[at++] !== COLON) throw new SyntaxError("a name without a value");
      space();
      if (value(field)) return true;
      before = field;
      space();
      const after = bytes[at++];
      if (after === CLOSE_OBJECT) return false;
      if (after !== COMMA) throw new SyntaxError("a value without an end");
      space();
    }
  }

  function space(): void {
    if ((bytes[at] as number) > SPACE) return;
    while ((bytes[at] as number) <= SPACE) at++;
  }

  function isHere(spelled: Uint8Array): boolean {
    const line = bytes;
    const start = at;
    for (let i = 0; i < spelled.length; i++) if (line[start + i] !== spelled[i]) return false;
    return true;
  }

  /** The field whose name begins at `at`, which is expected after `before` from now on. */
  function found(level: Level, before: Step): Field {
    const { next, other } = before;
    before.other = next;
    if (other !== null && isHere(other.spelled)) {
      before.next = other;
      return other;
    }
    if (bytes[at] !== QUOTE) throw new SyntaxError("not a name");
    const end = endOf(at + 1) + 1;
    const spelled = text.slice(at, end);
    const field =
      level.fields.get(spelled) ?? fields.learn(level, spelled, bytes.slice(at, end), JSON.parse(buffer.toString("utf8", at, end)));
    before.next = field;
    return field;
  }

  function value(field: Field): boolean {
    const first = bytes[at];
    if (first === QUOTE) return string(field);
    if (first === OPEN_OBJECT) {
      const whole = arrived < field.wholeUntil;
      if (field.descends && !whole) return members(fields.below(field));
      const start = at;
      nested();
      return whole && field.slot !== NONE && put(field, JSON.parse(buffer.toString("utf8", start, at)));
    }
    const start = at;
    if (first === OPEN_ARRAY) nested();
    else at = behind(IN_SCALAR, start);
    if (field.slot === NONE) return false;
    if (first === OPEN_ARRAY) return put(field, JSON.parse(buffer.toString("utf8", start, at)));
    if (isNumber(first)) return put(field, numberIn(bytes, text, start, at));
    return put(field, first === 0x6e ? null : first === 0x74);
  }

  function string(field: Field): boolean {
    const start = ++at;
    if (field.isTime && (field.slot !== NONE || !timed || fields.byArrival)) {
      at = behind(PLAIN, start) + 1;
      return time(field, microsecondsIn(bytes, start, at - 1));
    }
    if (field.slot === NONE) {
      if (field.length <= LONG_SKIPPED) at = behind(SKIPPED, start);
      if (bytes[at] !== QUOTE || at === start) at = endOf(at);
      field.length = at - start;
      at++;
      return false;
    }
    if (field.length <= LONG_MADE) at = behind(PLAIN, start);
    const plain = bytes[at] === QUOTE;
    if (!plain) at = endOf(at);
    const end = at++;
    field.length = end - start;
    return put(field, field.strings.make(buffer, text, start, end, plain ? "plain" : escaped ? "escaped" : "utf-8"));
  }

  function time(field: Field, microseconds: number): boolean {
    if (field.name === SYSTEM_TIME) arrived = microseconds;
    if (checked && !timed && field.name === TIME) {
      if (!(microseconds >= from && microseconds < to)) return true;
      timed = true;
    }
    if (field.slot === NONE) return left === 0 && timed && !wide;
    return put(field, Number.isNaN(microseconds) ? null : microseconds);
  }

  function put(field: Field, value: Value): boolean {
    const slot = field.slot === LATER ? fields.slotOf(field) : field.slot;
    if (slot === NONE) return false;
    while (row.length <= slot) row.push(undefined);
    if (row[slot] !== undefined) return false;
    row[slot] = value;
    return --left === 0 && timed && !wide;
  }

  /** The first byte from there on that is not one of a set. The loops that run most know only what is their own. */
  function behind(set: Uint8Array, start: number): number {
    const line = bytes;
    let p = start;
    while (set[line[p] as number] === 1) p++;
    return p;
  }

  /** Passes over an object or an array. */
  function nested(): void {
    for (let depth = 0; ; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) at = endOf(at + 1);
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        if (--depth === 0) break;
      } else if (byte === undefined) throw new SyntaxError("a value without an end");
    }
    at++;
  }

  /** The closing quote of the string that `from` is in. */
  function endOf(from: number): number {
    escaped = false;
    for (let p = from; ; p = slash + 2) {
      const end = text.indexOf('"', p);
      if (end < 0) throw new SyntaxError("a string without an end");
      if (slash < p) {
        const next = text.indexOf("\\", p);
        slash = next < 0 ? text.length : next;
      }
      if (slash > end) return end;
      escaped = true;
    }
  }

  return {
    open(window) {
      ({ bytes, text } = window);
      buffer = Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
      slash = -1;
    },
    read,
  };
}
