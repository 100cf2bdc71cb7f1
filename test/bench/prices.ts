/**
 * List prices of the platform in US dollars, as read on PRICES_DATE in Cloudflare's documentation at the pages named. The amounts
 * that a plan includes are left out, and so is what is stored: that depends on how long, not on how events arrive.
 */
import type { Counts } from "./counts.ts";

export const PRICES_DATE = "2026-11-22";

/** What is billed: what was counted, and the time that the Worker's process spent on a processor. */
export type Usage = Counts & { cpuMs: number };

export interface Price {
  what: string;
  counted: keyof Usage;
  usdPerMillion: number;
  page: string;
}

/** An object is billed as 128 MB for as long as it has something to do: GB-seconds at $12.50 per million. */
const OBJECT_GB = 0.128;

export const PRICES: Price[] = [
  { what: "Worker requests", counted: "workerRequests", usdPerMillion: 0.3, page: "workers/platform/pricing" },
  { what: "Worker CPU ms", counted: "cpuMs", usdPerMillion: 0.02, page: "workers/platform/pricing" },
  { what: "object requests", counted: "objectRequests", usdPerMillion: 0.15, page: "durable-objects/platform/pricing" },
  { what: "object ms", counted: "objectMs", usdPerMillion: (12.5 * OBJECT_GB) / 1_000, page: "durable-objects/platform/pricing" },
  { what: "rows written", counted: "rowsWritten", usdPerMillion: 1, page: "durable-objects/platform/pricing" },
  { what: "rows read", counted: "rowsRead", usdPerMillion: 0.001, page: "durable-objects/platform/pricing" },
  { what: "R2 class A", counted: "bucketWrites", usdPerMillion: 4.5, page: "r2/pricing" },
  { what: "R2 class B", counted: "bucketReads", usdPerMillion: 0.36, page: "r2/pricing" },
  { what: "KV reads", counted: "kvReads", usdPerMillion: 0.5, page: "kv/platform/pricing" },
];
