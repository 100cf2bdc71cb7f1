/** What a request is to those who check it, beside its credential. */
export interface Visit {
  /** Receive time in epoch milliseconds. */
  now: number;
  /** Where it comes from, by the platform's word (CF-Connecting-IP); null: not said. No other header is believed. */
  ip: string | null;
  /** Lets work go on after the answer. */
  waitUntil(work: Promise<unknown>): void;
  /** Ingest goes on for longer than all else while neither store can be asked. */
  purpose: "ingest" | "other";
}
