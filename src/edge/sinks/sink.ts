import type { Destination } from "../buffer/segment.ts";

/** A segment as it lands: the same id and the same bytes at every attempt. */
export interface SealedSegment {
  id: string;
  key: string;
  destination: Destination;
  rows: number;
  rawBytes: number;
  /** Epoch milliseconds. */
  minTime: number;
  maxTime: number;
  createdAt: number;
  /** Gzip members of NDJSON. */
  body: Uint8Array;
}

export interface Sink {
  name: string;
  /**
   * Resolves only when the segment is durable, and any number of calls with one id leave one copy, as far as the sink's grade goes.
   * @throws SinkFailure; anything else thrown counts as one that may be tried again.
   */
  write(segment: SealedSegment): Promise<void>;
}

/** Why a segment did not land. */
export class SinkFailure extends Error {
  /** The receiver will never take this segment: trying again is of no use. */
  readonly permanent: boolean;
  /** When the receiver asked to be tried again; null: it did not say. */
  readonly retryAfterMs: number | null;

  constructor(message: string, { permanent = false, retryAfterMs = null }: { permanent?: boolean; retryAfterMs?: number | null } = {}) {
    super(message);
    this.name = "SinkFailure";
    this.permanent = permanent;
    this.retryAfterMs = retryAfterMs;
  }
}
