import { becomes, compileIn, type PlanOperator, passing, passingMade } from "../plan/flow.ts";
import { openLayout } from "../plan/layout.ts";
import { columnOf, renamed } from "../plan/meanings.ts";
import { namesOf } from "../plan/names.ts";

export const project: PlanOperator<"project"> = (flow, { items }, planning) => {
  const names = namesOf(items);
  const { makers } = planning.meter;
  const values = items.map(({ value }) => compileIn(flow, value, planning));
  const runs = values.map(({ run }) => run);
  const kept = renamed(
    flow,
    items.map(({ value }, i) => ({ name: names[i] ?? "", from: columnOf(value) })),
  );
  const columns = names.map((name, i) => ({ name, type: values[i]?.type ?? "dynamic" }));
  becomes(flow, openLayout(columns), { ...kept, isOfEvents: flow.isOfEvents });
  if (planning.meter.makers > makers) {
    flow.steps.push((next, run) => passingMade(next, run, (row) => runs.map((value) => value(row))));
    return;
  }
  flow.steps.push((next) => passing(next, (rows) => rows.map((row) => runs.map((run) => run(row)))));
};
