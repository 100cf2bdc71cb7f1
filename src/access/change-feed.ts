/** What management tells the edges of what has changed. A change says which document is outdated, never what it says now. */

export interface ChangedDocument {
  /** Its key in KV. */
  key: string;
  /** The version it has at least: whatever is older is outdated. */
  ver: number;
  /** A token that will never count again, whatever its document says elsewhere. */
  revoked: boolean;
}

export interface Changes {
  /** Where the next question goes on. */
  seq: number;
  /** Each document once, the last state of it. Empty when `reset`. */
  changed: ChangedDocument[];
  /** There is more than one answer holds, or the past is another one than before: whoever asks has to forget what it remembers. */
  reset: boolean;
}
