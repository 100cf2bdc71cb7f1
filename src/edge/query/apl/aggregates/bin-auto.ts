/** The step of `bin_auto(_time)`, and how long one group of a query lasts. */
import type { Expression } from "../syntax.ts";
import { MICROSECONDS, type Value } from "../value.ts";

/** More points than that make no chart clearer. */
export const AUTO_BINS_MAX = 100;

const { millisecond, second, minute, hour, day } = MICROSECONDS;

/** No step is more than 2.5 times the one before, so there are at least 40 bins; each divides the next larger unit. */
const STEPS: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((count) => count * millisecond),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 3, 6, 12].map((count) => count * hour),
  ...[1, 2, 5, 10, 20].map((count) => count * day),
];

/** @param from @param to the query's range, microseconds. The least step that makes at most `AUTO_BINS_MAX` bins; of months, whole tens of days. */
export function binAutoStep(from: number, to: number): number {
  const range = to - from;
  const step = STEPS.find((one) => range <= one * AUTO_BINS_MAX);
  if (step !== undefined) return step;
  return Number.isFinite(range) ? Math.ceil(range / AUTO_BINS_MAX / (10 * day)) * 10 * day : 10 * day;
}

/**
 * What `rate` divides by: the step of the bin of time among what rows are grouped by, else the whole range.
 * @param constantOf the value of an expression that is the same for all rows; undefined: it is not
 */
export function secondsOfGroup(by: readonly Expression[], from: number, to: number, constantOf: (expression: Expression) => Value): number {
  for (const one of by) {
    if (one.kind !== "call" || one.args[0]?.kind !== "column" || one.args[0].name !== "_time") continue;
    if (one.name === "bin_auto") return binAutoStep(from, to) / second;
    const step = (one.name === "bin" || one.name === "floor") && one.args[1] !== undefined ? constantOf(one.args[1]) : undefined;
    if (typeof step === "number" && step > 0) return step / second;
  }
  return (to - from) / second;
}
