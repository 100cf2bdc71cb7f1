/** `percentile` and its like, and `histogram`: what is read off distributions. */
import type { Compiled, Row, Value } from "../value.ts";
import type { States } from "./aggregate.ts";
import type { Budget } from "./budget.ts";
import { type Distribution, openDistribution } from "./distribution.ts";

/** Of a distribution without values. */
const GROUP_BYTES = 1500;
/** Of a percentile, or a bucket with its three members. */
const RESULT_BYTES = 80;

function distributionStates({ run, type }: Compiled, results: number, budget: Budget, put: (of: Distribution, into: Row) => void) {
  const distributions: Distribution[] = [];
  const states: States = {
    groupBytes: GROUP_BYTES + results * RESULT_BYTES,
    begin() {
      distributions.push(openDistribution(budget, type === "datetime"));
    },
    add(group, row) {
      const value = run(row);
      if (typeof value === "number" && Number.isFinite(value)) (distributions[group] as Distribution).add(value);
    },
    put: (group, into) => put(distributions[group] as Distribution, into),
  };
  return { states, distributions };
}

/** @param spread one column each; otherwise one array */
export function percentileStates(argument: Compiled, percents: readonly number[], spread: boolean, budget: Budget): States {
  const whole = argument.type === "long" || argument.type === "datetime" || argument.type === "timespan";
  const read = (of: Distribution) =>
    percents.map((percent) => {
      const value = of.percentile(percent);
      return value !== null && whole ? Math.round(value) : value;
    });
  return distributionStates(argument, percents.length, budget, (of, into) => void (spread ? into.push(...read(of)) : into.push(read(of))))
    .states;
}

/**
 * `[{from, to, count}]` in buckets of equal width, from the least value of all groups to the greatest, so that groups can be compared.
 * A bucket holds what is at least `from` and less than `to`; the last one `to` as well.
 */
export function histogramStates(argument: Compiled, buckets: number, budget: Budget): States {
  const { states, distributions } = distributionStates(argument, buckets, budget, (of, into) => void into.push(histogram(of)));
  let edges: { least: number; width: number } | null = null;

  function measure() {
    let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const of of distributions) {
      least = Math.min(least, of.least);
      greatest = Math.max(greatest, of.greatest);
    }
    return { least, width: (greatest - least) / buckets };
  }

  function histogram(of: Distribution): Value {
    if (of.count === 0) return [];
    edges ??= measure();
    const { least, width } = edges;
    if (width === 0) return [{ from: least, to: least, count: of.count }];
    const counts = new Array<number>(buckets).fill(0);
    of.each((value, count) => {
      const at = Math.min(buckets - 1, Math.floor((value - least) / width));
      counts[at] = (counts[at] as number) + count;
    });
    return counts.map((count, i) => ({ from: least + i * width, to: least + (i + 1) * width, count }));
  }

  return {
    ...states,
    add(group, row) {
      edges = null;
      states.add(group, row);
    },
  };
}
