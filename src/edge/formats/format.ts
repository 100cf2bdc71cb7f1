/** A format turns the bytes of a body into events; which one is chosen by content type, else by the first byte. */

import { Problem } from "../../problem.ts";
import { BATCH_BYTES_MAX, type Batch, type BatchWriter, MEMBERS_MAX, openBatch, ROWS_MAX } from "../event/batch.ts";
import { reshape } from "../event/reshape.ts";
import type { EventRules } from "../event/rules.ts";
import { DEPTH_MAX, newScanned, type Scanned, STRING_BYTES_MAX, scanValue, type Watch, watchNames } from "../scan/scan.ts";

export interface FormatOptions {
  /** One byte. */
  csvDelimiter: number;
  /** Column names; null: the first record holds them. */
  csvFields: string[] | null;
}

export interface Format {
  name: "json" | "ndjson" | "csv";
  /** Content types, without parameters. */
  types: readonly string[];
  /** @throws Problem `body-invalid` when the body as a whole is not what it should be. */
  decode(body: Uint8Array, events: EventSink, options: FormatOptions): void;
}

/** Where a format puts what it finds. */
export interface EventSink {
  watch: Watch;
  /** The scanner's findings, to be filled before each `add`. */
  found: Scanned;
  add(bytes: Uint8Array, start: number, end: number, index: number): void;
  reject: BatchWriter["reject"];
  understood: BatchWriter["understood"];
}

/** Runs one format over one body under the event rules. */
export function decodeWith(format: Format, body: Uint8Array, rules: EventRules, options: FormatOptions): Batch {
  const writer = openBatch(rules, body.length);
  const watch = watchNames(rules.timeField, rules.reshapeNames);
  const found = newScanned();
  const sink: EventSink = {
    watch,
    found,
    reject(index, reason, detail, raw) {
      requireRoom(index);
      writer.reject(index, reason, detail, raw);
    },
    understood: writer.understood,
    add(bytes, start, end, index) {
      requireRoom(index);
      // an event that will be rejected for its size is not worth rewriting, nor safe to take apart
      if (found.reshape && found.members <= MEMBERS_MAX) {
        const object = reshape(bytes.subarray(start, end), rules, { depthMax: DEPTH_MAX, stringBytesMax: STRING_BYTES_MAX });
        scanValue(object, 0, object.length, watch, false, found);
        writer.add(object, 0, object.length, found, index);
      } else writer.add(bytes, start, end, found, index);
      if (writer.length() > BATCH_BYTES_MAX)
        throw new Problem(
          "body-too-large",
          `the events come to more than ${BATCH_BYTES_MAX} bytes with their times and labels; send smaller batches`,
        );
    },
  };
  const text = withoutMark(body);
  if (skipSpace(text, 0) < text.length) format.decode(text, sink, options); // nothing but white space is no event, in any format
  return writer.close();
}

function requireRoom(index: number): void {
  if (index >= ROWS_MAX) throw new Problem("body-too-large", `the body has more than ${ROWS_MAX} rows; send smaller batches`);
}

/** Without the byte order mark some Windows tools write first. */
function withoutMark(body: Uint8Array): Uint8Array {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.subarray(3) : body;
}

/** Index of the first byte that is not white space. */
export function skipSpace(bytes: Uint8Array, from: number): number {
  let p = from;
  while (p < bytes.length && isSpace(bytes[p] as number)) p++;
  return p;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** What is wrong with a text at the place where the scanner stopped. */
export function syntaxError(bytes: Uint8Array, at: number, start: number, end: number): string {
  const compressed = compressionOf(bytes);
  if (compressed) return `invalid JSON: these are ${compressed} bytes; add the header Content-Encoding: ${compressed}`;
  if (at >= end) return `invalid JSON: it ends early, after ${end - start} bytes; send each event whole, on one line`;
  const byte = bytes[at] as number;
  const shown = byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte 0x${byte.toString(16).padStart(2, "0")}`;
  return `invalid JSON: unexpected ${shown} at byte ${at - start}${byte >= 0x80 ? " (is it UTF-8?)" : ""}`;
}

/** What a body without its Content-Encoding most often is. */
function compressionOf(bytes: Uint8Array): "gzip" | "zstd" | null {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return "gzip";
  return bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd ? "zstd" : null;
}
