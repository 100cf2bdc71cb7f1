import { compileIn, type PlanOperator, passing, passingMade } from "../plan/flow.ts";
import { without } from "../plan/meanings.ts";
import { namesOf } from "../plan/names.ts";
import { put } from "../plan/relay.ts";

/** An item sees those before it. Rows are changed where they are: nobody else has them. */
export const extend: PlanOperator<"extend"> = (flow, { items }, planning) => {
  const names = namesOf(items);
  const { makers } = planning.meter;
  const sets = items.map(({ value }, i) => {
    const { type, run } = compileIn(flow, value, planning);
    return { run, slot: flow.layout.define(names[i] ?? "", type) };
  });
  flow.meanings = without(flow.meanings, names);
  if (planning.meter.makers > makers) {
    // copies, or the portion that they came with would hold all that is made of it
    flow.steps.push((next, run) =>
      passingMade(next, run, (row) => {
        const copy = row.slice();
        for (const { run: value, slot } of sets) put(copy, slot, value(copy) ?? null);
        return copy;
      }),
    );
    return;
  }
  flow.steps.push((next) =>
    passing(next, (rows) => {
      for (const row of rows) for (const { run, slot } of sets) put(row, slot, run(row) ?? null);
      return rows;
    }),
  );
};
