import type { PlanOperator } from "../plan/flow.ts";

/** Any so many rows: the scan stops when they are there. */
export const take: PlanOperator<"take"> = (flow, { count }) => {
  flow.isLimited = true;
  flow.steps.push((next) => {
    let left = count;
    return {
      push(rows) {
        if (left === 0) return;
        const taken = rows.length > left ? rows.slice(0, left) : rows;
        left -= taken.length;
        next.push(taken);
      },
      finish: () => next.finish(),
      get isDone() {
        return left === 0 || next.isDone;
      },
    };
  });
};
