import { openAggregate } from "../aggregates/aggregates.ts";
import { openBudget } from "../aggregates/budget.ts";
import { openSeries } from "../aggregates/series.ts";
import { splitAggregates } from "../aggregates/split.ts";
import { QueryFault } from "../fault.ts";
import { becomes, compileIn, type Meaning, type Planning, type PlanOperator, pushAll } from "../plan/flow.ts";
import { openLayout } from "../plan/layout.ts";
import { checkTwice, namesOf, unlike } from "../plan/names.ts";
import type { Expression } from "../syntax.ts";
import type { Row, Type, Value } from "../value.ts";
import { converter } from "./convert.ts";

/** Of constants, which no row and no bin has a part in. */
const NO_RANGE = { from: 0, to: 0 };

export const makeSeries: PlanOperator<"make-series"> = (flow, operator, planning) => {
  checkTwice([...operator.aggregates, ...operator.by]);
  const names = namesOf(operator.by);
  const by = operator.by.map(({ value }) => compileIn(flow, value, planning));
  const on = compileIn(flow, operator.on, planning);
  const taken = new Set(names);
  const step = fixed(operator.step, planning);
  const seconds = (on.type === "datetime" ? step.value : 0) / 1e6;
  const surroundings = { columns: flow.layout, groupedBy: names, seconds };
  const made = operator.aggregates.map((item) => {
    const { calls, rest } = splitAggregates(item.value);
    const [one] = calls;
    if (one === undefined || rest.kind !== "column")
      throw new QueryFault(item.at, "make-series takes aggregations alone: compute with their arrays behind it, by extend");
    const aggregate = openAggregate(one.call, (argument) => compileIn(flow, argument, planning), surroundings);
    if (aggregate.isWide) throw new QueryFault(item.at, `${one.call.name}() makes several columns here, and a series has one`);
    const name = unlike(item.name ?? aggregate.name, taken);
    taken.add(name);
    return { aggregate, name, fallback: item.fallback === null ? 0 : constantOf(item.fallback, planning).value };
  });
  const axisName = unlike(namesOf([{ name: null, value: operator.on, at: operator.at }])[0] ?? "", taken);
  const axis = {
    on,
    from: operator.from && fixed(operator.from, planning, on.type).value,
    to: operator.to && fixed(operator.to, planning, on.type).value,
    step: step.value,
    at: operator.at,
  };
  checkAxis(on.type, step.type, operator.step);
  // what is wrong with the axis is said before an event is read
  openSeries(axis, [], [], { budget: openBudget() });

  const meanings = new Map<string, Meaning>(names.map((name) => [name, { kind: "group" }]));
  for (const { name, aggregate } of made) meanings.set(name, { kind: "aggregation", origin: aggregate.origin });
  const columns = [
    ...names.map((name, i) => ({ name, type: by[i]?.type ?? ("dynamic" as const) })),
    ...[...made.map(({ name }) => name), axisName].map((name) => ({ name, type: "dynamic" as const })),
  ];
  becomes(flow, openLayout(columns), { meanings });
  // times in an array are texts, as in JSON
  const shown = converter(on.type, "dynamic");
  const arrays = made.map(({ aggregate }) => converter(aggregate.type, "dynamic"));
  flow.steps.push((next, run) => {
    const limits = { budget: run.openBudget(), groupsMax: run.limits.groups };
    const series = openSeries(axis, by, made, limits);
    return {
      push(rows) {
        const { live } = run.meter;
        for (const row of rows) {
          series.add(row);
          run.meter.live = live;
        }
      },
      finish() {
        pushAll(next, finished(series.results(), by.length, [...arrays, shown]), run);
        if (series.isCut)
          run.cut(
            "apl_make_series_limit",
            `make-series keeps at most ${run.limits.groups} groups, and points as there is room for: others are left out`,
          );
        next.finish();
      },
      get isDone() {
        return next.isDone;
      },
    };
  });
};

function* finished(results: Iterable<Row>, groups: number, shown: readonly ((value: Value) => Value)[]): Iterable<Row> {
  for (const row of results) {
    shown.forEach((show, i) => {
      const array = row[groups + i];
      if (Array.isArray(array)) row[groups + i] = array.map((value: Value) => show(value));
    });
    yield row;
  }
}

function constantOf(expression: Expression, planning: Planning): { type: Type; value: Value } {
  const { type, constant } = compileIn({ layout: openLayout(), open: false, range: NO_RANGE }, expression, planning);
  if (constant === undefined) throw new QueryFault(expression.at, "make-series needs a constant here");
  return { type, value: constant.value };
}

function fixed(expression: Expression, planning: Planning, type?: Type): { type: Type; value: number } {
  const found = constantOf(expression, planning);
  const value = type === "datetime" && found.type === "string" ? converter("string", type)(found.value) : found.value;
  if (typeof value !== "number") throw new QueryFault(expression.at, "make-series needs a number, a time or a timespan here");
  if (type !== undefined && type !== "dynamic" && (type === "datetime") !== (found.type === "datetime" || found.type === "string"))
    throw new QueryFault(expression.at, `the axis is of type ${type}, and this of type ${found.type}`);
  return { type: found.type, value };
}

function checkAxis(on: Type, step: Type, { at }: Expression): void {
  if ((on === "datetime" || on === "timespan") !== (step === "timespan"))
    throw new QueryFault(
      at,
      on === "datetime" || on === "timespan"
        ? "the step of a time is a timespan, such as 5m"
        : `the step of an axis of type ${on} is a number`,
    );
}
