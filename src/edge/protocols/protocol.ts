/**
 * A protocol is how one family of senders speaks: where its credential stands, what its bodies hold, how it wants to be
 * answered and refused. Pure: it sees no settings, no store and no clock.
 */

import type { Problem } from "../../problem.ts";
import type { Batch } from "../event/batch.ts";
import type { EventRules } from "../event/rules.ts";

/** The request without its body. */
export interface Call {
  /** The dataset named in the path, decoded; null where the path names none. */
  dataset: string | null;
  query: URLSearchParams;
  headers: Headers;
  /** Receive time in epoch milliseconds. */
  now: number;
  /** Told of each event's time as it is read. */
  observe?: EventRules["observe"];
}

export interface Outcome {
  batch: Batch;
  /** Bytes of the inflated body. */
  bodyBytes: number;
  /** Whether the same append was stored before, and this one was not stored again. */
  duplicate: boolean;
}

export interface Protocol {
  name: string;
  /** @throws Problem when there is no credential or it is malformed. Does not check it. */
  credential(call: Call): string;
  /** @throws Problem when a parameter is wrong or the body as a whole cannot be read; single rows are rejected inside the batch. */
  decode(body: Uint8Array, call: Call): Batch;
  /**
   * The same of a body too large to be held, read once and in order; absent where a protocol needs the whole of it. A Problem may come
   * after some batches: who takes them must be able to drop them.
   */
  decodeLarge?(chunks: AsyncIterable<Uint8Array>, call: Call): AsyncIterable<Batch>;
  /** What of the call, beside the body, decides what the events become: two calls that differ in it are no retry of each other. */
  shape(call: Call): string;
  reply(outcome: Outcome, call: Call): Response;
  refuse(problem: Problem, traceId: string): Response;
}
