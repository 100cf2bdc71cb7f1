/** The sinks there are. */
import { type SinkSettings, type SinkType, sinkFault } from "../../access/dataset-settings.ts";
import { axiomSink } from "./axiom.ts";
import { clickhouseSink } from "./clickhouse.ts";
import { elasticsearchSink } from "./elasticsearch.ts";
import { httpSink } from "./http.ts";
import { OWNER_PAUSE_MS } from "./outcome.ts";
import { r2Sink } from "./r2.ts";
import { s3Sink } from "./s3.ts";
import { type Sink, SinkFailure } from "./sink.ts";

/**
 * What any number of writes of one segment leave: one copy; one copy while the receiver remembers the segment's id; or one copy
 * only where the receiver honours `Idempotency-Key`.
 */
export type Grade = "exactly once" | "exactly once in a window" | "at least once";

interface SinkKind {
  grade: Grade;
  /** Settings as `sinkFault` passes them, secrets opened. */
  open(settings: SinkSettings, fetch: typeof globalThis.fetch): Sink;
}

export const SINKS: Record<SinkType, SinkKind> = {
  s3: { grade: "exactly once", open: s3Sink },
  clickhouse: { grade: "exactly once in a window", open: clickhouseSink },
  elasticsearch: { grade: "exactly once", open: elasticsearchSink },
  http: { grade: "at least once", open: httpSink },
  axiom: { grade: "at least once", open: axiomSink },
};

/** The sink of a region, which every segment reaches first: its bucket. */
export function sinkOf({ SEGMENTS }: { SEGMENTS: R2Bucket }): Sink {
  return r2Sink(SEGMENTS);
}

/**
 * A sink of a dataset, secrets opened. Settings that cannot work give a sink that fails until the owner mends them, so that one
 * bad sink never stops the others.
 */
export function openSink(settings: SinkSettings, fetch: typeof globalThis.fetch): Sink {
  const fault = sinkFault(settings);
  if (fault === null) return SINKS[settings.type].open(settings, fetch);
  return {
    name: settings.name,
    async write() {
      throw new SinkFailure(`the sink's settings cannot work: ${fault}`, { retryAfterMs: OWNER_PAUSE_MS });
    },
  };
}
