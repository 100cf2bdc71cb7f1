import type { Destination, Tally } from "../buffer/segment.ts";

/** What is told of a segment; `createdAt` in epoch milliseconds. */
interface Described extends Omit<Tally, "bytes"> {
  destination: Destination;
  createdAt: number;
}

/** What stands beside a segment in an object store. Stores reached over S3 keep the names in lower case. */
export function metadataOf({ destination, rows, rawBytes, minTime, maxTime, createdAt }: Described): Record<string, string> {
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
