import { becomes, type PlanOperator } from "../plan/flow.ts";
import { openLayout } from "../plan/layout.ts";

export const count: PlanOperator<"count"> = (flow) => {
  const origin = { op: "count", fields: [], args: [] };
  becomes(flow, openLayout([{ name: "Count", type: "long" }]), { meanings: new Map([["Count", { kind: "aggregation", origin }]]) });
  flow.steps.push((next) => {
    let rows = 0;
    return {
      push(more) {
        rows += more.length;
      },
      finish() {
        next.push([[rows]]);
        next.finish();
      },
      get isDone() {
        return next.isDone;
      },
    };
  });
};
