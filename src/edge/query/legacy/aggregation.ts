/** An aggregation of the legacy query as a call of APL's. */
import { Problem } from "../../../problem.ts";
import { nearest } from "../apl/fault.ts";
import type { Expression } from "../apl/syntax.ts";
import type { Value } from "../apl/value.ts";
import type { LegacyAggregation } from "../request/legacy.ts";
import { call, column, literal } from "./tree.ts";

type Make = (field: Expression, argument: unknown, fail: (what: string) => never) => Expression;

const TOPK_DEFAULT = 10;
const HISTOGRAM_BUCKETS_DEFAULT = 15;
const PERCENTILES_DEFAULT = [95];

const of =
  (name: string): Make =>
  (field) =>
    call(name, field);

const sized =
  (name: string, fallback: number | null): Make =>
  (field, argument, fail) => {
    const size = argument ?? fallback;
    if (size === null) return call(name, field);
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 1) return fail("a whole number from 1 on");
    return call(name, field, literal(size));
  };

const extreme =
  (name: string): Make =>
  (field, argument, fail) => {
    if (argument === null) return call(name, field, field);
    if (typeof argument !== "string" || argument === "") return fail("the name of the field whose value is wanted");
    return call(name, field, column(argument));
  };

const MAKERS: Record<string, Make> = {
  count: (field) => (field.kind === "star" ? call("count") : call("countif", call("isnotnull", field))),
  distinct: of("dcount"),
  makeset: sized("make_set", null),
  makelist: sized("make_list", null),
  sum: of("sum"),
  avg: of("avg"),
  min: of("min"),
  max: of("max"),
  topk: sized("topk", TOPK_DEFAULT),
  percentiles: (field, argument, fail) => {
    const list = argument === null ? PERCENTILES_DEFAULT : Array.isArray(argument) ? argument : [argument];
    if (list.length === 0 || !list.every((one) => typeof one === "number" && one >= 0 && one <= 100))
      return fail("an array of numbers from 0 to 100");
    return call("percentiles_array", field, ...list.map((one: number) => literal(one)));
  },
  histogram: sized("histogram", HISTOGRAM_BUCKETS_DEFAULT),
  stdev: of("stdev"),
  variance: of("variance"),
  argmin: extreme("arg_min"),
  argmax: extreme("arg_max"),
};

/** @throws Problem `body-invalid` naming an unknown op, a missing field, or an argument that the op cannot use. */
export function aggregationCall({ op, field, argument }: LegacyAggregation, resolve: (field: string) => string): Expression {
  const make = Object.hasOwn(MAKERS, op) ? MAKERS[op] : undefined;
  if (!make) {
    const meant = nearest(op, Object.keys(MAKERS));
    throw new Problem(
      "body-invalid",
      `there is no aggregation ${JSON.stringify(op)}; ${meant ? `did you mean ${meant}?` : `there is ${Object.keys(MAKERS).join(", ")}`}`,
    );
  }
  const all = field === "" || field === "*";
  if (all && op !== "count") throw new Problem("body-invalid", `the aggregation ${op} needs a field`);
  return make(all ? { kind: "star", at: 0 } : column(resolve(field)), argument as Value, (what) => {
    throw new Problem("body-invalid", `the argument of the aggregation ${op} must be ${what}`);
  });
}
