import { QueryFault } from "../fault.ts";
import { compileIn, type PlanOperator, passing } from "../plan/flow.ts";

export const where: PlanOperator<"where"> = (flow, { predicate }, planning) => {
  const { makers } = planning.meter;
  const { type, run, constant } = compileIn(flow, predicate, planning);
  if (type !== "bool" && type !== "dynamic")
    throw new QueryFault(
      predicate.at,
      `where needs a condition that is true or false, and this is of type ${type}; compare it with something`,
    );
  if (constant?.value === true) return;
  if (planning.meter.makers === makers) {
    flow.steps.push((next) => passing(next, (rows) => rows.filter((row) => run(row) === true)));
    return;
  }
  flow.steps.push((next, { meter }) =>
    passing(next, (rows) => {
      const { live } = meter;
      return rows.filter((row) => {
        const isTrue = run(row) === true;
        meter.live = live;
        return isTrue;
      });
    }),
  );
};
