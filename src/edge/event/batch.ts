/**
 * The batch a request becomes: final NDJSON lines. Each event is stored as
 *
 *     {"_sysTime":"<received>",<labels>,<the sender's members>}        its `_time` is among the sender's members
 *     {"_time":"<time>","_sysTime":"<received>",<labels>,<members>}    it has none, or another member holds the time
 *
 * so the sender's bytes are copied once and only the spelling of an odd time is replaced.
 */
import { openRejects, type RejectReason, type Rejects, type RejectsWriter } from "./rejects.ts";
import { type EventRules, TIME } from "./rules.ts";
import { type Instant, readEpoch, readTimeText, readUtcBytes } from "./time.ts";

/** Top-level members of one event. */
export const MEMBERS_MAX = 1_024;
/** Rows of one request, rejected ones included: each costs its share of a processor whatever its size. */
export const ROWS_MAX = 250_000;
/** Bytes of the finished lines. Labels and CSV column names come back in every line, so a small body can become a large batch. */
export const BATCH_BYTES_MAX = 48 * 1_048_576;
export interface Batch extends Rejects {
  /** Lines, each with its line feed. */
  ndjson: Uint8Array;
  rows: number;
  /** Epoch milliseconds of the earliest and latest event; the receive time when there is none. */
  minTime: number;
  maxTime: number;
  /** Whether each event that was taken brought its own time, so that equal bytes mean the same events. */
  everyEventHasItsOwnTime: boolean;
}

/** What is known of an object's bytes; the scanner's findings have this shape. */
export interface EventShape {
  timeStart: number;
  timeEnd: number;
  members: number;
  lineBreak: boolean;
  loneSurrogate: boolean;
  longName: boolean;
}

export interface BatchWriter {
  /** Adds the object at [start, end) of valid JSON bytes, or rejects it under its number. */
  add(bytes: Uint8Array, start: number, end: number, shape: EventShape, index: number): void;
  reject: RejectsWriter["add"];
  /** Bytes of the lines so far; whoever adds must stop at BATCH_BYTES_MAX. */
  length(): number;
  /** Rejected so far for a reason other than `syntax`, and rows taken: a body without either is no data at all. */
  understood(): number;
  close(): Batch;
}

const COMMA = 0x2c;
const QUOTE = 0x22;
const LINE_FEED = 0x0a;
/** Copies shorter than this are cheaper byte by byte than through a view. */
const SHORT_COPY = 48;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** @param sizeHint bytes of the body; the lines are somewhat longer. */
export function openBatch(rules: EventRules, sizeHint: number): BatchWriter {
  const system = `"_sysTime":${JSON.stringify(rules.nowText)}${rules.labels && `,${rules.labels}`}`;
  const prefix = encoder.encode(`{${system}`);
  const prefixNow = encoder.encode(`{"${TIME}":${JSON.stringify(rules.nowText)},${system}`);
  const inPlace = rules.timeField === TIME;

  let out = new Uint8Array(sizeHint + (sizeHint >> 2) + 1_024);
  let at = 0;
  let rows = 0;
  let minTime = Number.POSITIVE_INFINITY;
  let maxTime = Number.NEGATIVE_INFINITY;
  let ownTimes = true;
  const rejects = openRejects(rules.nowText);

  function reserve(length: number): void {
    if (at + length <= out.length) return;
    const larger = new Uint8Array(Math.max(Math.min(out.length * 2, BATCH_BYTES_MAX), at + length));
    larger.set(out.subarray(0, at));
    out = larger;
  }

  function copy(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < SHORT_COPY) for (let p = start; p < end; p++) out[at++] = bytes[p] as number;
    else {
      out.set(bytes.subarray(start, end), at);
      at += end - start;
    }
  }

  function add(bytes: Uint8Array, start: number, end: number, shape: EventShape, index: number): void {
    const { timeStart, timeEnd } = shape;
    const reject = (reason: RejectReason, detail: string | (() => string)) => rejects.add(index, reason, detail, { bytes, start, end });
    if (shape.members > MEMBERS_MAX) {
      reject("too-many-members", `the event has more than ${MEMBERS_MAX} fields`);
      return;
    }
    if (shape.longName) {
      reject("name-too-long", "a field's name is longer than 200 bytes");
      return;
    }
    // null counts as none, and so does an empty text, which is what CSV has for it
    const absent = timeStart < 0 || bytes[timeStart] === 0x6e || (bytes[timeStart] === QUOTE && timeEnd - timeStart === 2);
    let ms = rules.now;
    /** The time as it is stored, where that is not how it was sent. */
    let spelled: string | null = absent && timeStart >= 0 ? rules.nowText : null;
    if (absent) ownTimes = false;
    else {
      const canonical = bytes[timeStart] === QUOTE && !rules.timeReader;
      ms = canonical ? readUtcBytes(bytes, timeStart + 1, timeEnd - 1) : Number.NaN;
      if (Number.isNaN(ms)) {
        const instant = readTime(bytes, timeStart, timeEnd, rules);
        if (!instant) {
          reject("time", () => unreadable(bytes, timeStart, timeEnd, rules));
          return;
        }
        ms = instant.ms;
        spelled = instant.text;
      } else if (!inPlace) spelled = decoder.decode(bytes.subarray(timeStart + 1, timeEnd - 1));
    }

    rules.observe?.({ index, sent: absent ? null : decoder.decode(bytes.subarray(timeStart, timeEnd)).trim(), ms, stored: spelled });
    const head = timeStart < 0 ? prefixNow : inPlace ? prefix : encoder.encode(`{"${TIME}":${JSON.stringify(spelled)},${system}`);
    reserve(head.length + (end - start) + 64);
    copy(head, 0, head.length);
    const from = at;
    if (shape.members > 0) out[at++] = COMMA;
    if (spelled !== null && inPlace) {
      copy(bytes, start + 1, timeStart);
      const time = encoder.encode(`"${spelled}"`);
      copy(time, 0, time.length);
      copy(bytes, timeEnd, end);
    } else copy(bytes, start + 1, end);
    if (shape.lineBreak) blankLineBreaks(out, from, at);
    if (shape.loneSurrogate) mendSurrogates(out, from, at);
    out[at++] = LINE_FEED;

    rows++;
    if (ms < minTime) minTime = ms;
    if (ms > maxTime) maxTime = ms;
  }

  return {
    add,
    reject: rejects.add,
    length: () => at,
    understood: () => rows + rejects.count() - rejects.count("syntax"),
    close: () => ({
      ...rejects.close(),
      ndjson: out.subarray(0, at),
      rows,
      minTime: rows > 0 ? minTime : rules.now,
      maxTime: rows > 0 ? maxTime : rules.now,
      everyEventHasItsOwnTime: ownTimes,
    }),
  };
}

function readTime(bytes: Uint8Array, start: number, end: number, rules: EventRules): Instant | null {
  const source = decoder.decode(bytes.subarray(start, end)).trimEnd();
  if (bytes[start] === QUOTE) {
    const text = JSON.parse(source) as string;
    return rules.timeReader ? rules.timeReader(text) : readTimeText(text);
  }
  return rules.timeReader ? rules.timeReader(source) : readEpoch(source);
}

function unreadable(bytes: Uint8Array, start: number, end: number, rules: EventRules): string {
  const shown = decoder.decode(bytes.subarray(start, Math.min(end, start + 64)));
  const wanted = rules.timeReader
    ? "the layout in timestamp-format"
    : "an RFC 3339 text or a Unix epoch in s, ms, us or ns, or name the layout in timestamp-format";
  return `${rules.timeField} ${shown} cannot be read as a time: send ${wanted}`;
}

/** Between tokens a line break is as good as a space; inside a string none can stand. */
function blankLineBreaks(out: Uint8Array, from: number, to: number): void {
  for (let p = from; p < to; p++) if (out[p] === 0x0a || out[p] === 0x0d) out[p] = 0x20;
}

/** Writes U+FFFD over each half of a surrogate pair that lacks the other: strict readers refuse a whole file for one. */
function mendSurrogates(out: Uint8Array, from: number, to: number): void {
  for (let p = from; p < to - 5; p++) {
    if (out[p] !== 0x5c) continue;
    const unit = out[p + 1] === 0x75 ? Number.parseInt(decoder.decode(out.subarray(p + 2, p + 6)), 16) : 0;
    if (unit < 0xd800 || unit > 0xdfff) {
      p++;
      continue;
    }
    const low = out[p + 6] === 0x5c && out[p + 7] === 0x75 ? Number.parseInt(decoder.decode(out.subarray(p + 8, p + 12)), 16) : 0;
    if (unit < 0xdc00 && low >= 0xdc00 && low <= 0xdfff) p += 11;
    else {
      out.set(encoder.encode("\\ufffd"), p);
      p += 5;
    }
  }
}
