/** What was sent in numbered events, and what came of it. */

export interface Batch {
  /** Number of its first event. */
  first: number;
  events: number;
  acknowledged: boolean;
}

export interface Verdict {
  /** Events of acknowledged batches. */
  acknowledged: number;
  /** Of these, the ones that are not stored. */
  lost: number;
  /** Events that are stored more than once, whether acknowledged or not. */
  repeated: number;
}

/** @param stored how often the event of each number is there. What was not acknowledged may be there once, or not at all. */
export function verdictOf(batches: Batch[], stored: Uint8Array): Verdict {
  const verdict = { acknowledged: 0, lost: 0, repeated: 0 };
  for (const { first, events, acknowledged } of batches) {
    for (const times of stored.subarray(first, first + events)) {
      if (acknowledged) verdict.acknowledged++;
      if (acknowledged && times === 0) verdict.lost++;
      if (times > 1) verdict.repeated++;
    }
  }
  return verdict;
}
