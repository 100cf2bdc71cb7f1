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
  /** Resolves only when the segment is durable, and any number of calls with one id leave one copy. Rejects to be called again. */
  write(segment: SealedSegment): Promise<void>;
}
