/** `and`, `or` and `between`. What is null is not true. The right side is not looked at where the left side has decided. */
import { QueryFault } from "../fault.ts";
import type { Compiled } from "../value.ts";
import { arithmetic } from "./arithmetic.ts";
import { readBool } from "./coerce.ts";
import { compare } from "./comparison.ts";
import { constant, made } from "./fold.ts";

export function condition(at: number, what: string, of: Compiled): Compiled {
  if (of.type !== "bool" && of.type !== "dynamic") throw new QueryFault(at, `${what} needs a condition, not ${of.type}`);
  if (of.type === "bool") return of;
  return made("bool", [of], readBool(of));
}

export function logic(at: number, op: "and" | "or", left: Compiled, right: Compiled): Compiled {
  const a = condition(at, op, left);
  const b = condition(at, op, right);
  const [first, second] = [a.run, b.run];
  const decides = op === "or";
  for (const side of [a, b]) {
    if (side.constant === undefined) continue;
    if ((side.constant.value === true) === decides) return constant("bool", decides);
    const other = side === a ? b.run : a.run;
    return made("bool", [a, b], (row) => other(row) === true);
  }
  if (op === "and") return made("bool", [a, b], (row) => first(row) === true && second(row) === true);
  return made("bool", [a, b], (row) => first(row) === true || second(row) === true);
}

/** Both ends belong to it. `time between (start .. 1h)` ends an hour after its start. */
export function between(at: number, negated: boolean, of: Compiled, low: Compiled, high: Compiled): Compiled {
  const end = high.type === "timespan" && low.type === "datetime" ? arithmetic(at, "+", low, high) : high;
  const [above, below] = [compare(at, ">=", of, low).run, compare(at, "<=", of, end).run];
  const within = (row: Parameters<typeof above>[0]) => above(row) === true && below(row) === true;
  return made("bool", [of, low, end], negated ? (row) => !within(row) : within);
}
