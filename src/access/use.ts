/** What the regions tell management of the use of tokens. */

/** Of one token on one day, since the isolate's last report. */
export interface Use {
  /** The token's id. */
  tokenId: string;
  org: string;
  /** UTC, YYYY-MM-DD. */
  day: string;
  /** The last request that its standing and address allowed, epoch milliseconds; null: there was none. */
  lastUsedAt: number | null;
  /** All that showed the token, the refused ones included. */
  requests: number;
  /** Of bodies, as sent. */
  bytes: number;
  /** Requests that were answered with a refusal of any kind. */
  refused: number;
}

/** Uses in one report. */
export const USES_PER_REPORT_MAX = 1_000;
