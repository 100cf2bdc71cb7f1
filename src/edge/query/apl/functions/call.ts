/** Calls of scalar functions by name. */
import { constant } from "../expression/fold.ts";
import { nearest, QueryFault } from "../fault.ts";
import type { Scope } from "../scope.ts";
import type { Expression } from "../syntax.ts";
import type { Compiled } from "../value.ts";
import { SCALAR_FUNCTIONS } from "./scalar-functions.ts";

const AGGREGATIONS = new Set(
  (
    "count countif dcount dcountif sum sumif avg avgif min minif max maxif stdev stdevif variance varianceif percentile percentileif " +
    "percentiles percentiles_array percentiles_arrayif topk topkif histogram histogramif make_list make_list_if make_set make_set_if " +
    "arg_min arg_max rate spotlight phrases any take_any"
  ).split(" "),
);

export function compileCall(
  call: Extract<Expression, { kind: "call" }>,
  part: (expression: Expression) => Compiled,
  scope: Scope,
): Compiled {
  const { name, at, args } = call;
  if (name === "typeof" && args[0]?.kind === "column" && args.length === 1) return constant("string", args[0].name.toLowerCase());
  const found = SCALAR_FUNCTIONS.get(name);
  if (found === undefined) throw unknown(name, at);
  const { least, most } = found;
  if (args.length < least || args.length > most) throw new QueryFault(at, `${name}() takes ${counted(least, most)}, not ${args.length}`);
  return found.compile(args.map(part), { name, at, ats: args.map((arg) => arg.at), scope });
}

function unknown(name: string, at: number): QueryFault {
  if (AGGREGATIONS.has(name)) return new QueryFault(at, `${name}() is an aggregation: it stands in summarize, as in summarize ${name}(…)`);
  const near = nearest(name, SCALAR_FUNCTIONS.keys());
  return new QueryFault(at, `there is no function ${name}()${near === null ? "" : `; did you mean ${near}()?`}`);
}

function counted(least: number, most: number): string {
  const words = (count: number) => `${count === 0 ? "no" : count} argument${count === 1 ? "" : "s"}`;
  if (least === most) return words(least);
  if (!Number.isFinite(most)) return `at least ${words(least)}`;
  return most === least + 1 ? `${least} or ${words(most)}` : `${least} to ${words(most)}`;
}
