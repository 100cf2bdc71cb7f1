/** Where a format puts what it finds: under the event rules into a batch, and for a large body into one batch after another. */
import { Problem } from "../../problem.ts";
import { type Batch, type BatchWriter, MEMBERS_MAX, openBatch } from "../event/batch.ts";
import { FAILURES_LISTED_MAX } from "../event/rejects.ts";
import { reshape } from "../event/reshape.ts";
import type { EventRules } from "../event/rules.ts";
import { DEPTH_MAX, newScanned, type Scanned, STRING_BYTES_MAX, scanValue, type Watch, watchNames } from "../scan/scan.ts";

/** What one body may come to. */
export interface Limits {
  /** Rows, rejected ones included. */
  rows: number;
  /** Bytes of the finished lines of all batches. */
  lineBytes: number;
  /** Bytes of all CSV records as JSON, rejected ones included. */
  csvBytes: number;
  /** Bytes of one event as it is sent. */
  eventBytes: number;
  /** Bytes of lines after which a batch is full and another must follow. */
  batchBytes: number;
}

export interface EventSink {
  watch: Watch;
  /** The scanner's findings, to be filled before each `add`. */
  found: Scanned;
  limits: Limits;
  /** The batch is full: a decoder stops before the next row and is called again with what is left. */
  full: boolean;
  add(bytes: Uint8Array, start: number, end: number, index: number): void;
  reject: BatchWriter["reject"];
  /** Over all batches; see BatchWriter. */
  understood: BatchWriter["understood"];
}

export interface Events {
  events: EventSink;
  /** Takes the batch; what comes after goes into another. */
  close(): Batch;
}

/** @param sizeHint bytes of the body that go into one batch. */
export function openEvents(rules: EventRules, limits: Limits, sizeHint: number): Events {
  const watch = watchNames(rules.timeField, rules.reshapeNames);
  const found = newScanned();
  let writer = openBatch(rules, sizeHint);
  let stale = false;
  let lineBytes = 0;
  let understood = 0;
  let listed = 0;

  function current(): BatchWriter {
    if (stale) writer = openBatch(rules, sizeHint);
    stale = false;
    return writer;
  }

  const events: EventSink = {
    watch,
    found,
    limits,
    full: false,
    reject(index, reason, detail, raw) {
      requireRoom(index, limits);
      current().reject(index, reason, detail, raw);
    },
    understood: () => understood + (stale ? 0 : writer.understood()),
    add(bytes, start, end, index) {
      requireRoom(index, limits);
      const batch = stale ? current() : writer;
      // an event that will be rejected for its size is not worth rewriting, nor safe to take apart
      if (found.reshape && found.members <= MEMBERS_MAX) {
        const object = reshape(bytes.subarray(start, end), rules, { depthMax: DEPTH_MAX, stringBytesMax: STRING_BYTES_MAX });
        scanValue(object, 0, object.length, watch, false, found);
        batch.add(object, 0, object.length, found, index);
      } else batch.add(bytes, start, end, found, index);
      const length = batch.length();
      if (lineBytes + length > limits.lineBytes)
        throw new Problem(
          "body-too-large",
          `the events come to more than ${limits.lineBytes} bytes with their times and labels; send smaller batches`,
        );
      if (length > limits.batchBytes) events.full = true;
    },
  };

  function close(): Batch {
    const batch = current().close();
    lineBytes += batch.ndjson.length;
    understood += writer.understood();
    batch.rejected.length = Math.min(batch.rejected.length, FAILURES_LISTED_MAX - listed);
    listed += batch.rejected.length;
    events.full = false;
    stale = true;
    return batch;
  }

  return { events, close };
}

function requireRoom(index: number, { rows }: Limits): void {
  if (index >= rows) throw new Problem("body-too-large", `the body has more than ${rows} rows; send smaller batches`);
}
