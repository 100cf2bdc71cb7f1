/** A format turns the bytes of a body into events; which one is chosen by content type, else by the first byte. */

import { Problem } from "../../problem.ts";
import { BATCH_BYTES_MAX, type Batch, ROWS_MAX } from "../event/batch.ts";
import type { EventRules } from "../event/rules.ts";
import type { Scanned } from "../scan/scan.ts";
import { type EventSink, type Limits, openEvents } from "./events.ts";

export interface FormatOptions {
  /** One byte. */
  csvDelimiter: number;
  /** Column names; null: the first record holds them. */
  csvFields: string[] | null;
}

/** A stretch of a body, without its byte order mark: all of it, or one of the windows that a large one is read through. */
export interface Window {
  bytes: Uint8Array;
  /** Bytes of the body before it. */
  base: number;
  /** Whether the body ends with it. */
  last: boolean;
  /** The first bytes of the body. */
  head: Uint8Array;
}

/**
 * Takes the windows of one body in turn and returns how many bytes of this one it is done with; the others come again at the head of the
 * next, with more behind them. It stops where the sink is full, and at what the window's end has cut; a last window has no such end.
 * @throws Problem `body-invalid` when the body as a whole is not what it should be.
 */
export type Decoder = (window: Window) => number;

export interface Format {
  name: "json" | "ndjson" | "csv";
  /** Content types, without parameters. */
  types: readonly string[];
  /** Tells from its first window what a body holds, which is something beside white space; null: that takes a longer one. */
  open(window: Window, events: EventSink, options: FormatOptions): Decoder | null;
}

/** CSV comes to more as JSON than as lines, because rejected records count too. */
const CSV_BYTES_MAX = 64 * 1_048_576;

const LIMITS: Limits = {
  rows: ROWS_MAX,
  lineBytes: BATCH_BYTES_MAX,
  csvBytes: CSV_BYTES_MAX,
  eventBytes: Number.POSITIVE_INFINITY,
  batchBytes: Number.POSITIVE_INFINITY,
};

/** Runs one format over one body under the event rules. */
export function decodeWith(format: Format, body: Uint8Array, rules: EventRules, options: FormatOptions): Batch {
  const { events, close } = openEvents(rules, LIMITS, body.length);
  const window = wholeBody(withoutMark(body));
  if (skipSpace(window.bytes, 0) < window.bytes.length) format.open(window, events, options)?.(window); // white space is no event, in any format
  return close();
}

export function wholeBody(bytes: Uint8Array): Window {
  return { bytes, base: 0, last: true, head: bytes };
}

/** Without the byte order mark some Windows tools write first. */
export function withoutMark(body: Uint8Array): Uint8Array {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.subarray(3) : body;
}

export function restOf({ bytes, base, last, head }: Window, from: number): Window {
  return { bytes: bytes.subarray(from), base: base + from, last, head };
}

/** The scanner's longest token that it judges as one: an escaped pair of surrogates. */
const TOKEN_BYTES_MAX = 12;

/**
 * Whether a scan that ended like this over a window of `length` bytes may end otherwise with more behind it: it ran into the window's
 * end, or stopped at a character or escape that the end has cut, or took a number that may have more digits.
 */
export function isCut(end: number, length: number, found: Scanned): boolean {
  return end < 0 ? -1 - end > length - TOKEN_BYTES_MAX : end === length && !found.object;
}

/** Index of the first byte that is not white space. */
export function skipSpace(bytes: Uint8Array, from: number, to = bytes.length): number {
  let p = from;
  while (p < to && isSpace(bytes[p] as number)) p++;
  return p;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** What is wrong with a text at the place where the scanner stopped. */
export function syntaxError({ bytes, head }: Window, at: number, start: number, end: number): string {
  const compressed = compressionOf(head);
  if (compressed) return `invalid JSON: these are ${compressed} bytes; add the header Content-Encoding: ${compressed}`;
  if (at >= end) return `invalid JSON: it ends early, after ${end - start} bytes; send each event whole, on one line`;
  const byte = bytes[at] as number;
  const shown = byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte 0x${byte.toString(16).padStart(2, "0")}`;
  return `invalid JSON: unexpected ${shown} at byte ${at - start}${byte >= 0x80 ? " (is it UTF-8?)" : ""}`;
}

/** An event that is too long where nothing tells its end from the next one's beginning but reading it. */
export function eventTooLong(index: number, { eventBytes }: Limits): Problem {
  return new Problem(
    "body-too-large",
    `event ${index} (from 0) is longer than ${eventBytes} bytes, the most for one event in a body of this size; nothing of it was stored`,
  );
}

/** What a body without its Content-Encoding most often is. */
function compressionOf(bytes: Uint8Array): "gzip" | "zstd" | null {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return "gzip";
  return bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd ? "zstd" : null;
}
