/** Aggregations of APL by ClickHouse's, over columns that are bound before rows are grouped. */
import type { CallExpression } from "../../apl/aggregates/arguments.ts";
import { wholeNumber } from "../../apl/aggregates/arguments.ts";
import { LIST_LENGTH_MAX, SET_LENGTH_DEFAULT } from "../../apl/aggregates/collections.ts";
import type { Type, Value } from "../../apl/value.ts";
import { unavailable } from "./expression.ts";
import { asJson, asNumber, asPrinted, type Bind, fromMicros, made, type Sql } from "./sql.ts";
import { micros } from "./time-functions.ts";

export interface Aggregation {
  readonly call: CallExpression;
  /** Without the predicate; bound. */
  readonly args: readonly Sql[];
  /** Of an `if` form. */
  readonly condition: Sql | null;
  readonly bind: Bind;
  /** What our own engine makes of it. */
  readonly type: Type;
  /** How long a group lasts, for `rate`. */
  readonly seconds: number;
}

/** An aggregate function of ClickHouse with its combinators: of the rows where the condition holds, null where there are none. */
function apply(name: string, { condition }: Aggregation, args: readonly string[], orNull = true, parameters = ""): string {
  const all = condition === null ? args : [...args, condition.text];
  return `${name}${condition === null ? "" : "If"}${orNull ? "OrNull" : ""}${parameters && `(${parameters})`}(${all.join(", ")})`;
}

/** What numbers are made of: times and their lengths by their microseconds. */
function numberOf({ bind }: Aggregation, of: Sql): string {
  if (of.type === "datetime") return bind(made("long", micros(of.text))).text;
  if (of.type === "bool") return `CAST(NULL, 'Nullable(Float64)')`;
  return bind(asNumber(bind, of)).text;
}

/** Of a number in the type that the result is of. */
function back(type: Type, text: string): Sql {
  if (type === "datetime") return made("datetime", fromMicros(`toInt64(round(${text}))`));
  if (type === "timespan" || type === "long") return made(type, `toInt64(round(${text}))`);
  return type === "dynamic" ? made("dynamic", `nullIf(toJSONString(${text}), 'null')`) : made(type, text);
}

const count = (of: Aggregation) => made("long", `toInt64(${apply("count", of, [], false)})`, false);

function sum(of: Aggregation): Sql {
  const [first] = of.args;
  if (first === undefined) return count(of);
  return back(of.type, `ifNull(${apply("sum", of, [numberOf(of, first)])}, 0)`);
}

function numeric(name: string): (of: Aggregation) => Sql {
  return (of) => (of.args[0] ? back(of.type, apply(name, of, [numberOf(of, of.args[0])])) : count(of));
}

/** Of numbers where a field holds any, else of texts. */
function extreme(name: "min" | "max"): (of: Aggregation) => Sql {
  return (of) => {
    const [value] = of.args;
    if (value === undefined) return count(of);
    if (value.type !== "dynamic") return made(of.type, apply(name, of, [value.text]));
    const [number, text] = [numberOf(of, value), of.bind(asJson(of.bind, asPrinted(of.bind, value))).text];
    return made("dynamic", `coalesce(nullIf(toJSONString(${apply(name, of, [number])}), 'null'), ${apply(name, of, [text])})`);
  };
}

/** Of the values in their order, the first that so many of a hundred are not above; ClickHouse's own exact quantiles round otherwise. */
function ranked(of: Aggregation, number: string, level: number): string {
  const [sorted, size] = [`arraySort(${apply("groupArray", of, [number], false)})`, apply("count", of, [number], false)];
  return `if(${size} = 0, NULL, ${sorted}[toUInt64(greatest(1, ceil(${size} * ${level} / 100)))])`;
}

function percentile(of: Aggregation): Sql {
  const [value] = of.args;
  const [level] = percentsOf(of);
  if (value === undefined || level === undefined) throw unavailable(of.call.at, `${of.call.name}() of what is no constant`);
  return back(of.type, ranked(of, numberOf(of, value), level));
}

function percentsOf({ args }: Aggregation): number[] {
  return args
    .slice(1)
    .flatMap(({ literal }) => [literal?.value as Value].flat())
    .filter((one): one is number => typeof one === "number");
}

function percentilesArray(of: Aggregation): Sql {
  const [value] = of.args;
  if (value === undefined || value.type === "datetime" || value.type === "timespan")
    throw unavailable(of.call.at, `${of.call.name}() of times`);
  const number = numberOf(of, value);
  const levels = percentsOf(of).map((level) => ranked(of, number, level));
  return made("dynamic", `if(${apply("count", of, [number], false)} = 0, NULL, toJSONString([${levels.join(", ")}]))`);
}

/** Of less than two values nothing differs from another. */
function spread(name: string, least: number): (of: Aggregation) => Sql {
  return (of) => {
    const [value] = of.args;
    if (value === undefined) return count(of);
    const number = numberOf(of, value);
    return back(of.type, `if(${apply("count", of, [number], false)} < ${least}, 0, ${apply(name, of, [number])})`);
  };
}

/** JSON texts side by side are an array. */
function collected(name: string, lengthDefault: number): (of: Aggregation) => Sql {
  return (of) => {
    const [value] = of.args;
    if (value === undefined) return count(of);
    const most = wholeNumber(plain(of), 1, 1, LIST_LENGTH_MAX, lengthDefault);
    const json = of.bind(asJson(of.bind, value)).text;
    return made("dynamic", `concat('[', arrayStringConcat(${apply(name, of, [json], false, String(most))}, ','), ']')`, false);
  };
}

function plain({ call, args }: Aggregation) {
  const compile = (one: CallExpression["args"][number]) => {
    const value = args[call.args.indexOf(one)]?.literal;
    return { type: "long" as Type, run: () => value?.value ?? null, ...(value === undefined ? {} : { constant: value }) };
  };
  return {
    name: call.name,
    at: call.at,
    args: call.args.slice(0, args.length),
    compile,
    surroundings: { columns: { list: [], find: () => undefined, slot: () => 0 } },
  };
}

function topk(of: Aggregation): Sql {
  const [value, most] = of.args;
  const top = most?.literal?.value;
  if (value === undefined || typeof top !== "number") throw unavailable(of.call.at, "topk() of what is no constant number");
  const found = apply("topK", of, [of.bind(asJson(of.bind, value)).text], false, `${top}, 3, 'counts'`);
  const entry = `concat('{"key":', ifNull(tupleElement(x, 1), 'null'), ',"count":', toString(tupleElement(x, 2)), ',"error":', toString(tupleElement(x, 3)), '}')`;
  return made("dynamic", `concat('[', arrayStringConcat(arrayMap(x -> ${entry}, ${found}), ','), ']')`, false);
}

function dcount(of: Aggregation): Sql {
  return of.args[0] ? made("long", `toInt64(${apply("uniq", of, [of.args[0].text], false)})`, false) : count(of);
}

function rate(of: Aggregation): Sql {
  return back(of.type, `(${sum(of).text} / toFloat64(${of.seconds}))`);
}

const WRITTEN: Record<string, (of: Aggregation) => Sql> = {
  count,
  dcount,
  count_distinct: dcount,
  sum,
  avg: numeric("avg"),
  min: extreme("min"),
  max: extreme("max"),
  stdev: spread("stddevSamp", 2),
  variance: spread("varSamp", 2),
  stdevp: spread("stddevPop", 1),
  variancep: spread("varPop", 1),
  percentile,
  percentiles_array: percentilesArray,
  topk,
  make_list: collected("groupArray", LIST_LENGTH_MAX),
  makelist: collected("groupArray", LIST_LENGTH_MAX),
  make_set: collected("groupUniqArray", SET_LENGTH_DEFAULT),
  makeset: collected("groupUniqArray", SET_LENGTH_DEFAULT),
  rate,
};

/** @throws QueryFault for one that ClickHouse has no like of. */
export function aggregateSql(of: Aggregation): Sql {
  const name = of.condition === null ? of.call.name : of.call.name.replace(/_?if$/, "");
  const write = WRITTEN[name];
  if (write === undefined) throw unavailable(of.call.at, `${of.call.name}()`);
  return write(of);
}

/** The value that stands beside the greatest or the least; a tuple, so that a null counts as one too. */
export function beside(name: "argMax" | "argMin", value: Sql, by: string): Sql {
  return made(value.type, `tupleElement(${name}(tuple(${value.nullable ? value.text : `toNullable(${value.text})`}), ${by}), 1)`);
}
