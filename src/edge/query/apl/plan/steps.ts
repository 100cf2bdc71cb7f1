/** Bins of time: `bin_auto(_time)` becomes `bin(_time, step)`, now that the range of the query is known. */
import { binAutoStep } from "../aggregates/bin-auto.ts";
import { compile } from "../compile.ts";
import type { Expression } from "../syntax.ts";
import type { Planning } from "./flow.ts";
import { openLayout } from "./layout.ts";
import { changed, visited } from "./tree.ts";

/** Microseconds. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export function withSteps(expression: Expression, { from, to }: Range): Expression {
  return changed(expression, (one) => {
    if (one.kind !== "call" || one.name !== "bin_auto" || one.args.length !== 1) return one;
    const step: Expression = { kind: "literal", type: "timespan", value: binAutoStep(from, to), at: one.at };
    return { ...one, name: "bin", args: [...one.args, step] };
  });
}

/** The step, in microseconds, where the expression is a bin of `_time`; else null. */
export function stepOfBin(expression: Expression, range: Range, { lets, now, meter }: Planning): number | null {
  const bin = withSteps(expression, range);
  if (bin.kind !== "call" || (bin.name !== "bin" && bin.name !== "floor")) return null;
  const [of, step] = bin.args;
  if (of?.kind !== "column" || of.name !== "_time" || step === undefined) return null;
  let isFixed = true;
  visited(step, (one) => {
    if (one.kind === "column" && !lets.has(one.name)) isFixed = false;
  });
  if (!isFixed) return null;
  const { constant } = compile(step, { columns: openLayout(), open: false, lets, now, virtual: new Map(), meter });
  return typeof constant?.value === "number" && constant.value > 0 ? constant.value : null;
}
