/** Calls of scalar functions by name. */
import { AGGREGATES } from "../aggregates/aggregates.ts";
import { constant } from "../expression/fold.ts";
import { nearest, QueryFault } from "../fault.ts";
import type { Meter } from "../meter.ts";
import type { Scope } from "../scope.ts";
import type { Expression } from "../syntax.ts";
import type { Compiled } from "../value.ts";
import { costOf, counted, weighed } from "./cost.ts";
import { SCALAR_FUNCTIONS } from "./scalar-functions.ts";

export function compileCall(
  call: Extract<Expression, { kind: "call" }>,
  part: (expression: Expression) => Compiled,
  scope: Scope,
  meter: Meter,
): Compiled {
  const { name, at, args } = call;
  if (name === "typeof" && args[0]?.kind === "column" && args.length === 1) return constant("string", args[0].name.toLowerCase());
  const found = SCALAR_FUNCTIONS.get(name);
  if (found === undefined) throw unknown(name, at);
  const { least, most } = found;
  if (args.length < least || args.length > most) throw new QueryFault(at, `${name}() takes ${numbered(least, most)}, not ${args.length}`);
  const cost = costOf(name);
  meter.cost += cost.call;
  const parts = args.map((arg) => counted(part(arg), cost, meter, arg.at));
  const compiled = found.compile(parts, { name, at, ats: args.map((arg) => arg.at), scope });
  return weighed(compiled, name, meter, at);
}

function unknown(name: string, at: number): QueryFault {
  if (AGGREGATES.has(name)) return new QueryFault(at, `${name}() is an aggregation: it stands in summarize, as in summarize ${name}(…)`);
  const near = nearest(name, SCALAR_FUNCTIONS.keys());
  return new QueryFault(at, `there is no function ${name}()${near === null ? "" : `; did you mean ${near}()?`}`);
}

function numbered(least: number, most: number): string {
  const words = (count: number) => `${count === 0 ? "no" : count} argument${count === 1 ? "" : "s"}`;
  if (least === most) return words(least);
  if (!Number.isFinite(most)) return `at least ${words(least)}`;
  return most === least + 1 ? `${least} or ${words(most)}` : `${least} to ${words(most)}`;
}
