import type { SealedSegment } from "./sink.ts";

/** What stands beside a segment in an object store. Stores reached over S3 keep the names in lower case. */
export function metadataOf({
  destination,
  rows,
  rawBytes,
  minTime,
  maxTime,
  createdAt,
}: Omit<SealedSegment, "id" | "key" | "body">): Record<string, string> {
  const { org, dataset, region } = destination;
  return {
    v: "1",
    org,
    dataset,
    region,
    rows: String(rows),
    rawBytes: String(rawBytes),
    minTime: String(minTime),
    maxTime: String(maxTime),
    createdAt: String(createdAt),
  };
}
