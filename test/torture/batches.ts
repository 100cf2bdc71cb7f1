/** Batches of events that are told apart by `id`, each with a time of its own. */
import { createCipheriv } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { Random } from "./random.ts";

/** The bytes that are sent, at each attempt the same. */
export interface Batch {
  /** Its events have the ids from `first` on. */
  first: number;
  count: number;
  headers: Record<string, string>;
  body: Buffer;
}

const EVENTS_MAX = 500;
const TEXT_LENGTH_MAX = 200;
export const LARGE_BYTES_LEAST = 6_500_000;
/**
 * NDJSON of a large batch, from and to; base64 of chance shrinks by a quarter. The first fit one object, the next need several, the last
 * are too large to be held by an edge.
 */
const LARGE_BYTES: [number, number][] = [
  [LARGE_BYTES_LEAST, 9_000_000],
  [LARGE_BYTES_LEAST, 9_000_000],
  [12_000_000, 26_000_000],
  [34_000_000, 38_000_000],
];
const LARGE_TEXT_LENGTH = 150_000;
const NOISE_BYTES = 20_000_000;

const TYPES = { ndjson: "application/x-ndjson", json: "application/json", csv: "text/csv" };
const FORMATS = Object.keys(TYPES) as (keyof typeof TYPES)[];
const ENCODINGS = ["identity", "identity", "gzip", "zstd"] as const;
const BEGAN_MS = Date.UTC(2026, 0, 1);

/** Any slice of it is text that hardly shrinks, the same in every run; two slices rarely overlap within the reach of gzip. */
const noise = createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(NOISE_BYTES)).toString("base64");

export function smallBatch(random: Random, first: number): Batch {
  // small ones are the common case, large ones the bulk of the events
  const count = Math.floor(EVENTS_MAX ** random.next());
  const events = Array.from({ length: count }, (_, i) => eventOf(first + i, noiseOf(random, random.between(1, TEXT_LENGTH_MAX))));
  const format = random.pick(FORMATS);
  const encoding = random.pick(ENCODINGS);
  const body = encoded(Buffer.from(formatted(events, format)), encoding);
  return { first, count, headers: { "content-type": TYPES[format], "content-encoding": encoding }, body };
}

export function largeBatch(random: Random, first: number): Batch {
  const count = Math.ceil(random.between(...random.pick(LARGE_BYTES)) / LARGE_TEXT_LENGTH);
  const events = Array.from({ length: count }, (_, i) => eventOf(first + i, noiseOf(random, LARGE_TEXT_LENGTH)));
  return { first, count, headers: { "content-type": TYPES.ndjson }, body: Buffer.from(formatted(events, "ndjson")) };
}

/** The id in a stored line; CSV has only texts. */
export function idIn(line: string): number {
  const [, id] = /"id":"?(\d+)/.exec(line) ?? [];
  if (id === undefined) throw new Error(`a stored line has no id: ${line.slice(0, 200)}`);
  return Number(id);
}

interface Event {
  _time: string;
  id: number;
  text: string;
}

function eventOf(id: number, text: string): Event {
  return { _time: new Date(BEGAN_MS + id).toISOString(), id, text };
}

function noiseOf(random: Random, length: number): string {
  const at = random.between(0, noise.length - length);
  return noise.slice(at, at + length);
}

function formatted(events: Event[], format: keyof typeof TYPES): string {
  if (format === "json") return JSON.stringify(events);
  if (format === "ndjson") return events.map((event) => `${JSON.stringify(event)}\n`).join("");
  return ["_time,id,text", ...events.map(({ _time, id, text }) => `${_time},${id},${text}`)].map((row) => `${row}\n`).join("");
}

function encoded(bytes: Buffer, encoding: (typeof ENCODINGS)[number]): Buffer {
  if (encoding === "gzip") return gzipSync(bytes, { level: 1 });
  return encoding === "zstd" ? zstdCompressSync(bytes) : bytes;
}
