import { r2Sink } from "./r2.ts";
import type { Sink } from "./sink.ts";

/** The sink of a region: its bucket. */
export function sinkOf({ SEGMENTS }: { SEGMENTS: R2Bucket }): Sink {
  return r2Sink(SEGMENTS);
}
