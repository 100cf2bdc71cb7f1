/**
 * CSV (RFC 4180, and what common tools make of it) to JSON objects: bytes in and bytes out, no string and no object per record.
 * Every value becomes a JSON string, exactly as it was sent: whether `007` is a number is for whoever knows the column.
 */
import { Problem, type Reason } from "../../problem.ts";
import type { Raw } from "../event/rejects.ts";
import { scanUtf8 } from "../scan/tokens.ts";
import type { Decoder } from "./format.ts";

export const CSV_COLUMNS_MAX = 1024;
/** Axiom's limit on the name of a field, in bytes of UTF-8. */
export const CSV_NAME_BYTES_MAX = 200;

export interface CsvOptions {
  /** One byte, as `readDelimiter` returns it. */
  delimiter: number;
  /** Names of the columns; null: the first record is the header. */
  fields: string[] | null;
  /** Bytes of all records as JSON, column names included. */
  bytesMax: number;
  /** Bytes of one record as it is sent. */
  recordBytesMax: number;
}

export interface CsvSink {
  /** Whether to stop before the next record. */
  isFull(): boolean;
  /** Bytes [start, end) hold one JSON object without a newline. The next record overwrites them: copy what is to stay. */
  object(bytes: Uint8Array, start: number, end: number, index: number): void;
  /** Record `index`, from 0 without the header, is left out. The reason shows nothing of its content. */
  reject(index: number, reason: string, raw: Raw): void;
}

/** The JSON around the values of a record, made once: `{"a":"` value `","b":"` value `"}`. */
interface Frame {
  /** Of the columns. */
  names: string[];
  /** Goes before the value of each column; `beforeMore` before any further one. */
  before: Uint8Array[];
  beforeMore: Uint8Array;
  after: Uint8Array;
}

/** A body being read, from `at` on. The last record read began at `start` and is in `scratch` up to `length`. */
interface Cursor {
  body: Uint8Array;
  /** Whether the body ends where these bytes do. */
  last: boolean;
  at: number;
  start: number;
  delimiter: number;
  /** Kinds of bytes outside quotes. */
  outside: Uint8Array;
  scratch: Uint8Array;
  /** Grown beyond this, it grows no more. */
  scratchMax: number;
  length: number;
  columns: number;
  /** Why the last record cannot be used, or null. */
  fault: string | null;
}

const HEADER = -1;
const SCRATCH_BYTES = 16_384;
/** Room for what one byte can become at most: `\u001f`. */
const ESCAPE_BYTES = 6;
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/** What a byte is to the loop that copies values; all but PLAIN interrupt it. */
const PLAIN = 0;
const ESCAPED = 1; // control characters and the backslash
const QUOTES = 2;
const WIDE = 3; // UTF-8 beyond ASCII
const ENDS = 4; // delimiter and line ends, outside quotes
const INSIDE = new Uint8Array(256).fill(ESCAPED, 0, 0x20).fill(WIDE, 0x80);
INSIDE[BACKSLASH] = ESCAPED;
INSIDE[QUOTE] = QUOTES;

const INVALID_UTF8 = "the record is not valid UTF-8; convert it before sending";
const TEXT_AFTER_QUOTE = 'text follows a closing quote; write a quote within quotes as ""';

const encoder = new TextEncoder();
/** JSON's escapes, by byte, of all that INSIDE does not call PLAIN or WIDE. */
const ESCAPES = Array.from({ length: 0x80 }, (_, byte) => encoder.encode(JSON.stringify(String.fromCharCode(byte)).slice(1, -1)));

/** What reading a record came to. */
const RECORD = 0;
const CUT = 1; // by the end of the window: nothing of it counts
const END = 2;

/**
 * Turns each record into one JSON object for `sink`. One with another number of values than columns, with text after a closing quote
 * or with invalid UTF-8 is rejected, and the others go on. Output can be some hundred times the input, since long column names come
 * back in every record: the sink must keep count.
 * @throws Problem `body-invalid`: no header, a name in it that is empty, twice there or too long, or a quote that is never closed (by
 * then the sink has the records before it); `parameter-invalid`: such a name in `options.fields`; `body-too-large`.
 */
export function csvDecoder(options: CsvOptions, sink: CsvSink): Decoder {
  const { delimiter, fields, bytesMax, recordBytesMax } = options;
  const outside = INSIDE.slice();
  for (const byte of [delimiter, CR, LF]) outside[byte] = ENDS;
  const scratch = new Uint8Array(SCRATCH_BYTES);
  const unread = { body: scratch, last: false, at: 0, start: 0 };
  const cursor: Cursor = { ...unread, delimiter, outside, scratch, scratchMax: 2 * recordBytesMax, length: 0, columns: 0, fault: null };
  let frame = fields ? frameOf(namesOf(fields)) : null;
  let written = 0;
  let index = 0;

  return ({ bytes, base, last }) => {
    cursor.body = bytes;
    cursor.last = last;
    cursor.at = base === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
    if (!frame) {
      const names = readHeader(cursor);
      if (!names) return 0;
      frame = frameOf(names);
    }
    for (; !sink.isFull(); index++) {
      const outcome = readRecord(cursor, frame, index);
      if (outcome === END) return bytes.length;
      if (outcome === CUT) return cursor.at;
      if (cursor.at - cursor.start > recordBytesMax) throw recordTooLong(index, recordBytesMax);
      written += cursor.length; // of rejected records too: they cost the same
      if (written > bytesMax)
        throw new Problem(
          "body-too-large",
          `the CSV comes to more than ${bytesMax} bytes as JSON; send smaller batches or shorter column names`,
        );
      const { fault, columns } = cursor;
      const wanted = frame.before.length;
      const raw = () => ({ bytes, start: cursor.start, end: cursor.at, csvFields: frame?.names ?? [] });
      if (fault !== null) sink.reject(index, fault, raw());
      else if (columns === wanted) sink.object(cursor.scratch, 0, cursor.length, index);
      else sink.reject(index, unequal(columns, wanted), raw());
    }
    return cursor.at;
  };
}

function frameOf(names: string[]): Frame {
  return {
    names,
    before: names.map((name, column) => encoder.encode(`${column === 0 ? "{" : '",'}${JSON.stringify(name)}:"`)),
    beforeMore: new Uint8Array(0),
    after: encoder.encode('"}'),
  };
}

function unequal(values: number, columns: number): string {
  const fix =
    values > columns ? "quote a value that holds the delimiter" : "send empty values too, or name another delimiter in csv-delimiter";
  return `the record has ${values} values for ${columns} columns; ${fix}`;
}

/** The delimiter of a `csv-delimiter` parameter, a comma when there is none. @throws Problem `parameter-invalid` */
export function readDelimiter(parameter: string | null): number {
  if (parameter === null) return COMMA;
  if (parameter === "\\t") return TAB;
  const code = parameter.charCodeAt(0);
  if (parameter.length === 1 && code < 0x80 && code !== QUOTE && code !== CR && code !== LF) return code;
  throw new Problem("parameter-invalid", "csv-delimiter must be one ASCII character other than a quote or line end, or \\t for a tab");
}

/** The header is read as a record whose frame makes it a JSON array, so that one reader knows all of CSV's rules. Null when it is cut. */
function readHeader(cursor: Cursor): string[] | null {
  const frame: Frame = { names: [], before: [encoder.encode('["')], beforeMore: encoder.encode('","'), after: encoder.encode('"]') };
  const outcome = readRecord(cursor, frame, HEADER);
  if (outcome === CUT || (outcome === END && !cursor.last)) return null;
  if (outcome === END)
    throw new Problem("body-invalid", "the CSV has no header; send one as its first record, or the names in X-Axiom-CSV-Fields");
  if (cursor.fault !== null) throw new Problem("body-invalid", `the CSV header cannot be used: ${cursor.fault}`);
  checkCount(cursor.columns, "body-invalid");
  const text = new TextDecoder().decode(cursor.scratch.subarray(0, cursor.length));
  return checkedNames(JSON.parse(text) as string[], "body-invalid");
}

function namesOf(fields: string[]): string[] {
  checkCount(fields.length, "parameter-invalid");
  return checkedNames(fields, "parameter-invalid");
}

function checkedNames(fields: string[], reason: Reason): string[] {
  const names = fields.map((field) => field.trim());
  const seen = new Set<string>();
  for (const [column, name] of names.entries()) {
    const where = `the name of CSV column ${column + 1}`;
    if (name === "") throw new Problem(reason, `${where} is empty; name every column`);
    if (seen.has(name)) throw new Problem(reason, `${where} is that of an earlier one; name each differently`);
    if (encoder.encode(name).length > CSV_NAME_BYTES_MAX)
      throw new Problem(reason, `${where} is too long; use at most ${CSV_NAME_BYTES_MAX} bytes`);
    seen.add(name);
  }
  return names;
}

/** Before any work that grows with the columns. */
function checkCount(columns: number, reason: Reason): void {
  if (columns > CSV_COLUMNS_MAX) throw new Problem(reason, `the CSV has ${columns} columns; send at most ${CSV_COLUMNS_MAX}`);
}

/**
 * Reads the next record into the scratch buffer. A record with a fault is read to its end like any other.
 * Measured: copying while looking beats looking first (values are short), and a function per value would cost a quarter of the speed.
 */
function readRecord(cursor: Cursor, frame: Frame, index: number): typeof RECORD | typeof CUT | typeof END {
  const { body, last, delimiter, outside, scratchMax } = cursor;
  const end = body.length;
  let { at, scratch } = cursor;
  while (at < end && (body[at] === LF || body[at] === CR)) at++; // blank lines, and the LF of a CRLF
  if (at === end) return END;
  cursor.start = at;
  let length = 0;
  let columns = 0;
  let fault: string | null = null;
  for (let more = true; more; ) {
    const before = frame.before[columns++] ?? frame.beforeMore;
    if (length + before.length > scratch.length) scratch = grown(scratch, before.length, index, scratchMax);
    for (let from = 0; from < before.length; from++) scratch[length++] = before[from] as number;
    // A quote has a meaning only as the first byte of a value: `5" disk` stays as it is.
    let kinds = body[at] === QUOTE ? INSIDE : outside;
    if (kinds === INSIDE) at++;
    while (true) {
      if (length + ESCAPE_BYTES >= scratch.length) scratch = grown(scratch, ESCAPE_BYTES, index, scratchMax);
      const stop = Math.min(end, at + scratch.length - length - ESCAPE_BYTES);
      let kind = PLAIN;
      for (; at < stop; at++) {
        const byte = body[at] as number;
        kind = kinds[byte] as number;
        if (kind !== PLAIN) break;
        scratch[length++] = byte;
      }
      if (kind === ENDS || at === end) break;
      if (kind === QUOTES && kinds === INSIDE && body[at + 1] !== QUOTE) {
        kinds = outside;
        at++;
        if (at < end && outside[body[at] as number] !== ENDS) fault ??= TEXT_AFTER_QUOTE;
      } else if (kind === WIDE) {
        const next = scanUtf8(body, at, end);
        if (next < 0) fault ??= INVALID_UTF8;
        for (const after = next < 0 ? at + 1 : next; at < after; at++) scratch[length++] = body[at] as number;
      } else if (kind !== PLAIN) {
        length = appendEscape(scratch, length, body[at] as number);
        at += kind === QUOTES && kinds === INSIDE ? 2 : 1; // a quote within quotes is written twice
      }
    }
    if (kinds === INSIDE && last) throw unclosedQuote(index);
    more = at < end && body[at] === delimiter;
    if (more) at++;
  }
  cursor.scratch = scratch;
  if (at === end && !last) return CUT;
  // the copying loop leaves ESCAPE_BYTES free, which is more than this takes
  for (let from = 0; from < frame.after.length; from++) scratch[length++] = frame.after[from] as number;
  cursor.at = at;
  cursor.length = length;
  cursor.columns = columns;
  cursor.fault = fault;
  return RECORD;
}

/** Doubled until `more` bytes fit after what is there. */
function grown(scratch: Uint8Array, more: number, index: number, max: number): Uint8Array {
  if (scratch.length > max) throw recordTooLong(index, max);
  const larger = new Uint8Array(2 ** Math.ceil(Math.log2(scratch.length + more + ESCAPE_BYTES)));
  larger.set(scratch);
  return larger;
}

/** Writes the JSON escape of a control character, quote or backslash; returns the new length. */
function appendEscape(scratch: Uint8Array, length: number, byte: number): number {
  const escaped = ESCAPES[byte] as Uint8Array;
  for (let at = 0; at < escaped.length; at++) scratch[length + at] = escaped[at] as number;
  return length + escaped.length;
}

function recordTooLong(index: number, max: number): Problem {
  return new Problem(
    "body-too-large",
    `${placeOf(index)} is longer than ${max} bytes, the most in a body of this size; nothing was stored`,
  );
}

function unclosedQuote(index: number): Problem {
  return new Problem("body-invalid", `a quote opened in ${placeOf(index)} is never closed; close it, or write a quote within quotes as ""`);
}

function placeOf(index: number): string {
  return index === HEADER ? "the CSV header" : `CSV record ${index} (from 0, without the header)`;
}
