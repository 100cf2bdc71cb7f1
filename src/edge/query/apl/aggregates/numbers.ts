/** Aggregations whose state is a few numbers. What is no number is passed over, and so is NaN, which has no place in an order. */
import type { Compiled } from "../value.ts";
import type { States } from "./aggregate.ts";

const NUMBER_BYTES = 16;

export function countStates(): States {
  const counts: number[] = [];
  return {
    groupBytes: NUMBER_BYTES,
    begin() {
      counts.push(0);
    },
    add(group) {
      counts[group] = (counts[group] as number) + 1;
    },
    put(group, into) {
      into.push(counts[group]);
    },
  };
}

/** @param per what the sum is divided by, for a rate. The sum of nothing is 0. */
export function sumStates({ run }: Compiled, per = 1): States {
  const sums: number[] = [];
  return {
    groupBytes: NUMBER_BYTES,
    begin() {
      sums.push(0);
    },
    add(group, row) {
      const value = run(row);
      if (typeof value === "number" && !Number.isNaN(value)) sums[group] = (sums[group] as number) + value;
    },
    put(group, into) {
      into.push((sums[group] as number) / per);
    },
  };
}

/** Null of nothing. */
export function avgStates({ run }: Compiled): States {
  const sums: number[] = [];
  const counts: number[] = [];
  return {
    groupBytes: 2 * NUMBER_BYTES,
    begin() {
      sums.push(0);
      counts.push(0);
    },
    add(group, row) {
      const value = run(row);
      if (typeof value !== "number" || Number.isNaN(value)) return;
      sums[group] = (sums[group] as number) + value;
      counts[group] = (counts[group] as number) + 1;
    },
    put(group, into) {
      const count = counts[group] as number;
      into.push(count === 0 ? null : (sums[group] as number) / count);
    },
  };
}

const SECOND = 1e6;

/** Of times, to the microsecond. A few of them sum up past what a number holds exactly, so seconds are summed up by themselves. */
export function avgTimeStates({ run }: Compiled): States {
  const seconds: number[] = [];
  const rests: number[] = [];
  const counts: number[] = [];
  return {
    groupBytes: 3 * NUMBER_BYTES,
    begin() {
      seconds.push(0);
      rests.push(0);
      counts.push(0);
    },
    add(group, row) {
      const value = run(row);
      if (typeof value !== "number" || Number.isNaN(value)) return;
      const whole = Math.floor(value / SECOND);
      seconds[group] = (seconds[group] as number) + whole;
      rests[group] = (rests[group] as number) + (value - whole * SECOND);
      counts[group] = (counts[group] as number) + 1;
    },
    put(group, into) {
      const count = counts[group] as number;
      const whole = Math.floor((seconds[group] as number) / count);
      const left = ((seconds[group] as number) - whole * count) * SECOND + (rests[group] as number);
      into.push(count === 0 ? null : whole * SECOND + Math.round(left / count));
    },
  };
}

/**
 * Variance, or its root, by Welford's method, which loses no digits where the values are large and near to each other.
 * 0 of fewer than two values.
 * @param sample divides by one less than the count, as Kusto's `variance` and `stdev` do; otherwise of the whole population
 */
export function varianceStates({ run }: Compiled, sample: boolean, root: boolean): States {
  const counts: number[] = [];
  const means: number[] = [];
  const squares: number[] = [];
  return {
    groupBytes: 3 * NUMBER_BYTES,
    begin() {
      counts.push(0);
      means.push(0);
      squares.push(0);
    },
    add(group, row) {
      const value = run(row);
      if (typeof value !== "number" || Number.isNaN(value)) return;
      const count = (counts[group] as number) + 1;
      const before = means[group] as number;
      const mean = before + (value - before) / count;
      counts[group] = count;
      means[group] = mean;
      squares[group] = (squares[group] as number) + (value - before) * (value - mean);
    },
    put(group, into) {
      const count = counts[group] as number;
      const variance = count < 2 ? 0 : (squares[group] as number) / (sample ? count - 1 : count);
      into.push(root ? Math.sqrt(variance) : variance);
    },
  };
}
