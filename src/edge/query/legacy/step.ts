/** The length of a series' intervals. */
import type { TimeRange } from "../request/time-range.ts";

/** As many intervals as a graph has room for: Axiom takes from 100 to 1,000. */
const INTERVALS_WANTED_MAX = 100;
const INTERVALS_MAX = 1_000;
const SECOND = 1e6;
/** Lengths that people read off an axis. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800].map(
  (seconds) => seconds * SECOND,
);

/** Microseconds: what was asked for, but no more than INTERVALS_MAX of them; null: to be chosen. */
export function step({ from, to }: TimeRange, asked: number | null): number {
  const length = to - from;
  if (asked !== null) return Math.max(asked, Math.ceil(length / INTERVALS_MAX));
  const chosen = STEPS.find((one) => length / one <= INTERVALS_WANTED_MAX);
  return chosen ?? Math.ceil(length / INTERVALS_WANTED_MAX / (STEPS.at(-1) ?? 1)) * (STEPS.at(-1) ?? 1);
}
