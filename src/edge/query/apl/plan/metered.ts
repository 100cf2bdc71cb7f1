/** The stages of an operator, whose work counts. */
import { type Meter, OutOfWork } from "../meter.ts";
import type { Operator } from "../syntax.ts";
import type { Flow, Step } from "./flow.ts";

/** For a row, beside what expressions cost. */
const ROW_UNITS = 2;
/** For a row and each of the aggregations of a `summarize` or `make-series`. */
const AGGREGATE_UNITS = 8;
/** For a row whose values are written into one key, or looked through. */
const WHOLE_ROW_UNITS = 40;

/** @param before the steps that the flow had before the operator, which are left as they are. @param cost of the operator's expressions */
export function metered(flow: Flow, before: number, operator: Operator, cost: number, meter: Meter): void {
  const units = ROW_UNITS + cost + own(operator);
  for (let i = before; i < flow.steps.length; i++) {
    const step = flow.steps[i];
    if (step !== undefined) flow.steps[i] = guarded(step, units);
    meter.stages++;
  }
}

function own(operator: Operator): number {
  switch (operator.kind) {
    case "summarize":
    case "make-series":
      return operator.aggregates.length * AGGREGATE_UNITS + operator.by.length * AGGREGATE_UNITS;
    case "distinct":
      return operator.items.length === 0 ? WHOLE_ROW_UNITS : operator.items.length * AGGREGATE_UNITS;
    case "search":
    case "parse":
    case "join":
      return WHOLE_ROW_UNITS;
    case "sort":
    case "top":
      return operator.keys.length * AGGREGATE_UNITS;
    default:
      return 0;
  }
}

function guarded(step: Step, units: number): Step {
  return (next, run) => {
    const { meter } = run;
    let isFinished = false;
    const finishNext = () => {
      if (isFinished) return;
      isFinished = true;
      next.finish();
    };
    const stage = step(
      {
        push: (rows) => next.push(rows),
        finish: finishNext,
        get isDone() {
          return next.isDone;
        },
      },
      run,
    );
    return {
      push(rows) {
        if (meter.isOver && !meter.isFinishing) return;
        const { live } = meter;
        within(() => {
          meter.spend(rows.length * units);
          stage.push(rows);
        });
        meter.live = live;
      },
      finish() {
        meter.finish();
        within(() => stage.finish());
        finishNext();
      },
      get isDone() {
        return stage.isDone;
      },
    };
  };
}

/** What is done when there is no more work to do is left as it is. */
function within(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof OutOfWork)) throw error;
  }
}
