/** Events made of lines, and batches made of events. */
import { hostname } from "node:os";
import type { Line } from "./lines.ts";

export const BATCH_EVENTS = 10_000;

export type Event = Record<string, string | number>;

export const FORMATS = ["ndjson", "csv"] as const;
export type Format = (typeof FORMATS)[number];

export const CONTENT_TYPES: Record<Format, string> = { ndjson: "application/x-ndjson", csv: "text/csv" };

const COLUMNS = ["_time", "seq", "source", "line", "host", "text"] as const;
/** Between two events; odd, so that every digit of the nanoseconds moves. */
const STEP_NS = 1_001;
const NS_PER_S = 1_000_000_000;
const NS_PER_MS = 1_000_000;

/** The event with sequence number `seq` of a run that began at `startMs`: one of the lines, at a time that no other event has. */
export function eventAt(seq: number, lines: Line[], startMs: number): Event {
  const { source, line, text } = lines[seq % lines.length] as Line;
  return { _time: timeOf(startMs, seq * STEP_NS), seq, source, line, host: hostname(), text };
}

/** One request's body. */
export function encodeBatch(events: Event[], format: Format): Buffer {
  const rows = format === "ndjson" ? events.map((event) => JSON.stringify(event)) : [COLUMNS.join(","), ...events.map(csvRow)];
  return Buffer.from(`${rows.join("\n")}\n`);
}

/** What becomes of an event on its way through a format: CSV has only texts. */
export function asStored(event: Event, format: Format): Event {
  if (format === "ndjson") return event;
  return Object.fromEntries(Object.entries(event).map(([name, value]) => [name, String(value)]));
}

function csvRow(event: Event): string {
  return COLUMNS.map((column) => quoted(String(event[column]))).join(",");
}

function quoted(value: string): string {
  return /[",\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function timeOf(startMs: number, offsetNs: number): string {
  const ns = (startMs % 1_000) * NS_PER_MS + offsetNs;
  const second = Math.floor(startMs / 1_000) + Math.floor(ns / NS_PER_S);
  return `${new Date(second * 1_000).toISOString().slice(0, 19)}.${String(ns % NS_PER_S).padStart(9, "0")}Z`;
}
