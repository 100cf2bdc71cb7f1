/**
 * How numbers are spread: exact up to a bound, then counted in bins whose width grows with the distance from a base, so that what is read
 * off is within `RELATIVE_ERROR` of the true value, whatever the order of the values (DDSketch, arXiv:1908.10693, without collapsing).
 */
import type { Budget } from "./budget.ts";

export const EXACT_VALUES_MAX = 1024;
/** Of the distance between the value at the asked rank and the base. */
export const RELATIVE_ERROR = 0.005;

const GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LOG_GROWTH = Math.log(GROWTH);
/** Bins are made in blocks of so many. */
const BLOCK_LENGTH = 64;

export interface Distribution {
  /** Finite numbers only. */
  add(value: number): void;
  readonly count: number;
  readonly least: number;
  readonly greatest: number;
  /** The least value that at least so many percent of all are not greater than; null of nothing. */
  percentile(percent: number): number | null;
  /** From the least to the greatest. */
  each(visit: (value: number, count: number) => void): void;
}

/** Bins on one side of the base; bin i holds distances in (GROWTH^(i-1), GROWTH^i]. */
interface Side {
  first: number;
  counts: Float64Array;
}

/** @param fromLeast takes the least of the exact values for the base, not 0: for times, whose distance from 1970 says nothing */
export function openDistribution(budget: Budget, fromLeast: boolean): Distribution {
  let exact: number[] | null = [];
  let [count, zeros, base] = [0, 0, 0];
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const above: Side = { first: 0, counts: new Float64Array(0) };
  const below: Side = { first: 0, counts: new Float64Array(0) };

  function add(value: number): void {
    if (!keep(value)) return;
    count++;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }

  function keep(value: number): boolean {
    if (exact === null) return bin(value);
    if (exact.length % BLOCK_LENGTH === 0 && !budget.take(8 * BLOCK_LENGTH)) return false;
    exact.push(value);
    if (exact.length > EXACT_VALUES_MAX) {
      const values = exact;
      exact = null;
      base = fromLeast ? Math.min(least, value) : 0;
      budget.giveBack(8 * Math.ceil(values.length / BLOCK_LENGTH) * BLOCK_LENGTH);
      let lost = 0;
      for (const one of values) if (!bin(one)) lost++;
      count -= lost;
    }
    return true;
  }

  function bin(value: number): boolean {
    const distance = Math.abs(value - base);
    if (distance === 0) {
      zeros++;
      return true;
    }
    const side = value > base ? above : below;
    const at = Math.ceil(Math.log(distance) / LOG_GROWTH);
    if (!reach(side, at, budget)) return false;
    side.counts[at - side.first] = (side.counts[at - side.first] as number) + 1;
    return true;
  }

  function each(visit: (value: number, count: number) => void): void {
    if (exact !== null) {
      exact.sort((a, b) => a - b);
      for (const value of exact) visit(value, 1);
      return;
    }
    const inside = (value: number) => Math.min(greatest, Math.max(least, value));
    for (let i = below.counts.length - 1; i >= 0; i--) {
      const found = below.counts[i] as number;
      if (found > 0) visit(inside(base - middle(below.first + i)), found);
    }
    if (zeros > 0) visit(base, zeros);
    for (let i = 0; i < above.counts.length; i++) {
      const found = above.counts[i] as number;
      if (found > 0) visit(inside(base + middle(above.first + i)), found);
    }
  }

  function percentile(percent: number): number | null {
    if (count === 0) return null;
    // what 7 % of 100 is in binary digits must not become the 8th
    const rank = Math.min(count, Math.max(1, Math.ceil((percent * count) / 100 - 1e-9)));
    if (rank === 1) return least;
    if (rank === count) return greatest;
    let [seen, found] = [0, least];
    each((value, times) => {
      if (seen < rank) found = value;
      seen += times;
    });
    return found;
  }

  return {
    add,
    percentile,
    each,
    get count() {
      return count;
    },
    get least() {
      return least;
    },
    get greatest() {
      return greatest;
    },
  };
}

/** Off by the same share from both ends of the bin. */
const middle = (bin: number) => (2 * GROWTH ** bin) / (GROWTH + 1);

/** Makes a side hold the bin. False: no room. */
function reach(side: Side, bin: number, budget: Budget): boolean {
  const end = side.first + side.counts.length;
  if (bin >= side.first && bin < end) return true;
  const block = Math.floor(bin / BLOCK_LENGTH) * BLOCK_LENGTH;
  const isNew = side.counts.length === 0;
  const first = isNew ? block : Math.min(side.first, block);
  const counts = isNew ? BLOCK_LENGTH : Math.max(end, block + BLOCK_LENGTH) - first;
  if (!budget.take(8 * (counts - side.counts.length))) return false;
  const wider = new Float64Array(counts);
  if (!isNew) wider.set(side.counts, side.first - first);
  side.first = first;
  side.counts = wider;
  return true;
}
