/** Request bodies for measuring: the same ones in every run, and no two alike, because a repeated batch would not be stored again. */
import { gzipSync, zstdCompressSync } from "node:zlib";

export const FORMATS = ["ndjson", "json", "csv"] as const;
export type Format = (typeof FORMATS)[number];
export type Encoding = "plain" | "gzip" | "zstd";

/** Bodies that differ in one number only. */
export interface Template {
  bytes: Buffer;
  /** Where that number's digits are. */
  at: number;
  events: number;
}

type Event = Record<string, string | number>;

const DIGITS = 12;
const PLACE = "#".repeat(DIGITS);
const COLUMNS = ["_time", "n", "service", "level", "method", "path", "status", "duration_ms", "client", "agent", "message"];
/** Mostly ASCII, as logs are; the few others cost a decoder that takes a whole body for one string dearly. */
const MESSAGES = [
  "request finished",
  'upstream answered late, "retry" scheduled',
  "user signed in from a new device",
  "cache miss for key session:9f3c – fetched from the origin",
  "Bestellung geprüft und für Zürich freigegeben",
];
const AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/**
 * A body of about `bytesWanted` bytes as sent without compression; another one for each seed.
 * @param first number of its first event, which all times follow.
 */
export function template(format: Format, bytesWanted: number, seed = bytesWanted, first = 0): Template {
  const random = generator(seed);
  const rows: string[] = [];
  for (let bytes = 0; bytes < bytesWanted; ) {
    const row = encode(eventOf(rows.length, first, random), format);
    bytes += Buffer.byteLength(row) + 1;
    rows.push(row);
  }
  const text =
    format === "json" ? `[${rows.join(",")}]` : format === "csv" ? `${COLUMNS.join(",")}\n${rows.join("\n")}\n` : `${rows.join("\n")}\n`;
  const bytes = Buffer.from(text);
  return { bytes, at: bytes.indexOf(PLACE), events: rows.length };
}

/** The `number`th body of a template. */
export function body({ bytes, at }: Template, number: number, encoding: Encoding): Buffer {
  const own = Buffer.from(bytes);
  own.write(String(number).padStart(DIGITS, "0"), at, "latin1");
  return encoding === "gzip" ? gzipSync(own) : encoding === "zstd" ? zstdCompressSync(own) : own;
}

function encode(event: Event, format: Format): string {
  if (format !== "csv") return JSON.stringify(event);
  return COLUMNS.map((column) => {
    const value = String(event[column]);
    return /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  }).join(",");
}

function eventOf(index: number, first: number, random: () => number): Event {
  const pick = <T>(from: T[]): T => from[Math.floor(random() * from.length)] as T;
  return {
    _time: new Date(Date.UTC(2026, 0, 1) + (first + index) * 37).toISOString(),
    n: index === 0 ? PLACE : String(index).padStart(DIGITS, "0"),
    service: pick(["checkout", "search", "gateway", "billing"]),
    level: pick(["info", "info", "info", "warn", "error"]),
    method: pick(["GET", "POST", "PUT"]),
    path: `/api/v2/orders/${Math.floor(random() * 1e9).toString(36)}/items`,
    status: pick([200, 200, 200, 201, 404, 503]),
    duration_ms: Math.round(random() * 1e6) / 1e3,
    client: `10.${Math.floor(random() * 256)}.${Math.floor(random() * 256)}.${Math.floor(random() * 256)}`,
    agent: AGENT,
    message: pick(MESSAGES),
  };
}

/** Numbers from 0 to 1 that are the same in every run (a 32-bit linear congruential generator; its low bits are not used). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
