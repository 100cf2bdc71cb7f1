/**
 * The strict scanner: checks one JSON text (RFC 8259, UTF-8) byte by byte without building a value, and notes what the event
 * rules need to know about a top-level object. It keeps the bytes apart from their meaning: whoever calls it copies slices.
 *
 * One function, `scanValue`, with one table of cases in its test: another implementation may take its place behind both.
 */
import { SPECIAL, scanNumber, scanString, scanWord } from "./tokens.ts";

/** What one scan found out; reused from call to call, so read it before the next one. */
export interface Scanned {
  /** Whether the value is an object. */
  object: boolean;
  /** Span of the time member's value, quotes included; -1 without one. With several the last one counts. */
  timeStart: number;
  timeEnd: number;
  /** Members of the top-level object. */
  members: number;
  /** Something must be rewritten: a watched or escaped name, two times, too deep a value, too long a string. */
  reshape: boolean;
  /** A line break stands between tokens, so the slice is no line by itself. */
  lineBreak: boolean;
  /** A `\uD800`-like escape without its other half, which many readers refuse. */
  loneSurrogate: boolean;
  /** A member's name, at any depth, is longer than NAME_BYTES_MAX. */
  longName: boolean;
  /** The string scanned last held an escape. */
  escaped: boolean;
}

/** Names to be noticed at the top level of an object. */
export interface Watch {
  time: Uint8Array;
  reshape: readonly Uint8Array[];
  /** 1 for each first byte of a watched name, so that most names cost one look. */
  first: Uint8Array;
}

/** Values nested deeper are rewritten to null (Axiom's documented limit). */
export const DEPTH_MAX = 100;
/** Levels that are followed at all: one byte of memory each. */
const SCAN_DEPTH_MAX = 262_144;
/** Bytes of one string between its quotes; longer ones are rewritten. */
export const STRING_BYTES_MAX = 1_048_576;
/** Bytes of a member's name between its quotes. */
export const NAME_BYTES_MAX = 200;

export function watchNames(time: string, reshape: readonly string[]): Watch {
  const encoder = new TextEncoder();
  const watch = { time: encoder.encode(time), reshape: reshape.map((name) => encoder.encode(name)), first: new Uint8Array(256) };
  for (const name of [watch.time, ...watch.reshape]) if (name.length > 0) watch.first[name[0] as number] = 1;
  return watch;
}

export function newScanned(): Scanned {
  return {
    object: false,
    timeStart: -1,
    timeEnd: -1,
    members: 0,
    reshape: false,
    lineBreak: false,
    loneSurrogate: false,
    longName: false,
    escaped: false,
  };
}

/** What may come next. The first three may also close the container they stand in. */
const AFTER = 0;
const FIRST_NAME = 1;
const FIRST_ELEMENT = 2;
const NAME = 3;
const COLON = 4;
const VALUE = 5;

const OUTSIDE = 0;
const OBJECT = 0x7d;
const ARRAY = 0x5d;

/** The byte that closes each open container. Shared between calls, never across an await: a scan is one synchronous call. */
let stack = new Uint8Array(256);

/**
 * Scans the value at `from`, leading white space allowed. With `lines`, a line feed ends the text: it is no white space.
 * @returns the index after the value, or `-1 - at` where `at` is the byte that cannot stand there (`to`: the text ends early).
 */
export function scanValue(bytes: Uint8Array, from: number, to: number, watch: Watch, lines: boolean, found: Scanned): number {
  found.object = found.reshape = found.lineBreak = found.loneSurrogate = found.longName = false;
  found.timeStart = found.timeEnd = -1;
  found.members = 0;
  stack[0] = OUTSIDE;
  let p = from;
  let depth = 0;
  let state = VALUE;
  let isTime = false;
  const special = SPECIAL; // strings without anything special end right here: a call for each costs a third of the speed

  for (;;) {
    let c = p < to ? (bytes[p] as number) : -1;
    while (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) {
      if (c === 0x0a && lines) return -1 - p;
      if (c < 0x20 && c !== 0x09 && depth > 0) found.lineBreak = true;
      c = ++p < to ? (bytes[p] as number) : -1;
    }

    if (c === OBJECT || c === ARRAY) {
      if (state > FIRST_ELEMENT || stack[depth] !== c) return -1 - p;
      p++;
      depth--;
    } else if (state === AFTER) {
      if (c !== 0x2c) return -1 - p;
      p++;
      state = stack[depth] === OBJECT ? NAME : VALUE;
      continue;
    } else if (state === COLON) {
      if (c !== 0x3a) return -1 - p;
      p++;
      state = VALUE;
      continue;
    } else if (state === NAME || state === FIRST_NAME) {
      if (c !== 0x22) return -1 - p;
      const name = ++p;
      while (p < to && special[bytes[p] as number] === 0) p++;
      if (p < to && bytes[p] === 0x22) {
        p++;
        found.escaped = false;
      } else {
        p = scanString(bytes, name, to, found);
        if (p < 0) return p;
      }
      if (p - 1 - name > NAME_BYTES_MAX) found.longName = true;
      if (depth === 1) isTime = noteName(bytes, name, p - 1 - name, watch, found);
      if (p < to && bytes[p] === 0x3a) {
        p++;
        state = VALUE;
      } else state = COLON;
      continue;
    } else {
      if (isTime && depth === 1) found.timeStart = p;
      if (c === 0x7b || c === 0x5b) {
        if (++depth > DEPTH_MAX) found.reshape = true;
        if (depth === SCAN_DEPTH_MAX) return -1 - p;
        if (depth === stack.length) stack = grown(stack);
        stack[depth] = c === 0x7b ? OBJECT : ARRAY;
        if (depth === 1) found.object = c === 0x7b;
        state = c === 0x7b ? FIRST_NAME : FIRST_ELEMENT;
        p++;
        continue;
      }
      if (c === 0x22) {
        const start = ++p;
        while (p < to && special[bytes[p] as number] === 0) p++;
        if (p < to && bytes[p] === 0x22) p++;
        else p = scanString(bytes, start, to, found);
        if (p - 1 - start > STRING_BYTES_MAX) found.reshape = true;
      } else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) p = scanNumber(bytes, p, to);
      else p = scanWord(bytes, p, to);
      if (p < 0) return p;
    }

    // a value has ended
    if (depth === 0) return p;
    if (isTime && depth === 1) {
      found.timeEnd = p;
      isTime = false;
    }
    state = AFTER;
  }
}

/** Notes one top-level name; true when it is the time's. */
function noteName(bytes: Uint8Array, from: number, length: number, watch: Watch, found: Scanned): boolean {
  found.members++;
  if (found.escaped) found.reshape = true;
  else if (length > 0 && watch.first[bytes[from] as number] === 1) {
    if (isName(bytes, from, length, watch.time)) {
      if (found.timeStart >= 0) found.reshape = true;
      return true;
    }
    for (const name of watch.reshape) if (isName(bytes, from, length, name)) found.reshape = true;
  }
  return false;
}

function isName(bytes: Uint8Array, from: number, length: number, name: Uint8Array): boolean {
  if (length !== name.length) return false;
  for (let i = 0; i < length; i++) if (bytes[from + i] !== name[i]) return false;
  return true;
}

function grown(small: Uint8Array): Uint8Array<ArrayBuffer> {
  const large = new Uint8Array(small.length * 2);
  large.set(small);
  return large;
}
