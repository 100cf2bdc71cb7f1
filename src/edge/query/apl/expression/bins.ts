/** Rounding down to a multiple, and up. */
import { TIME_MIN } from "./time-text.ts";

/** The greatest multiple of `step` that is not above; null for a step that is not above 0. */
export function binNumber(value: number, step: number): number | null {
  if (!(step > 0)) return null;
  return Number.isInteger(value) && Number.isInteger(step) ? value - floored(value, step) : Math.floor(value / step) * step;
}

/**
 * Times and steps in microseconds. Bins are counted from 0001-01-01, a Monday, as Kusto and Go count: those of 7 days begin on Mondays.
 * Null for a step that is not above 0.
 */
export function binTime(time: number, step: number): number | null {
  if (!(step > 0)) return null;
  // the remainder of each by itself: their sum is past what a number holds exactly
  return time - floored(time + (-TIME_MIN % step), step);
}

function floored(value: number, step: number): number {
  const left = value % step;
  return left < 0 ? left + step : left;
}
