/** What became of the events that each token sent. received = stored + deduplicated + quarantined + refused, always. */
import type { Reasons } from "./segment.ts";

export interface Counts {
  received: number;
  stored: number;
  deduplicated: number;
  quarantined: number;
  /** By reason; a body that was refused whole counts as one. */
  refused: Reasons;
}

/** By token id. */
export type Counters = Map<string, Counts>;

/** Tokens counted one by one in a shard; those beyond share the last entry. */
export const TOKENS_COUNTED_MAX = 1_000;
const OTHERS = "other";

export const emptyCounts = (): Counts => ({ received: 0, stored: 0, deduplicated: 0, quarantined: 0, refused: {} });

export function addCounts(into: Counts, { received, stored, deduplicated, quarantined, refused }: Counts): Counts {
  into.received += received;
  into.stored += stored;
  into.deduplicated += deduplicated;
  into.quarantined += quarantined;
  addReasons(into.refused, refused);
  return into;
}

export function addReasons(into: Reasons, reasons: Reasons): Reasons {
  for (const [reason, rows] of Object.entries(reasons)) into[reason] = (into[reason] ?? 0) + rows;
  return into;
}

export function totalOf(reasons: Reasons): number {
  return Object.values(reasons).reduce((sum, rows) => sum + rows, 0);
}

/** Under which name a token is counted. */
export function nameIn(counters: Counters, token: string): string {
  return counters.has(token) || counters.size < TOKENS_COUNTED_MAX ? token : OTHERS;
}

export function count(counters: Counters, token: string, counts: Counts): void {
  counters.set(token, addCounts(counters.get(token) ?? emptyCounts(), counts));
}

export function countAll(into: Counters, from: Counters): void {
  for (const [token, counts] of from) count(into, token, counts);
}

export function writeCounters(counters: Counters): string {
  return counters.size === 0 ? "" : JSON.stringify([...counters]);
}

export function readCounters(text: string): Counters {
  return new Map(text === "" ? [] : (JSON.parse(text) as [string, Counts][]));
}
