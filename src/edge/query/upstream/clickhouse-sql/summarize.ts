/** `summarize`: what is grouped by and what is aggregated are columns of the rows first, then of the groups. */

import type { Origin } from "../../apl/aggregates/aggregate.ts";
import { AGGREGATES, openAggregate } from "../../apl/aggregates/aggregates.ts";
import type { CallExpression } from "../../apl/aggregates/arguments.ts";
import { binAutoStep, secondsOfGroup } from "../../apl/aggregates/bin-auto.ts";
import { pathOf } from "../../apl/aggregates/derived.ts";
import { splitAggregates } from "../../apl/aggregates/split.ts";
import { openColumns } from "../../apl/columns.ts";
import { QueryFault } from "../../apl/fault.ts";
import type { Expression, Named, Operator } from "../../apl/syntax.ts";
import type { Compiled, Type } from "../../apl/value.ts";
import { aggregateSql, beside } from "./aggregates.ts";
import { expressionSql, type Place, unavailable } from "./expression.ts";
import { asCondition, made, type Sql } from "./sql.ts";

export interface Meanings {
  readonly groups: readonly string[];
  readonly aggregations: ReadonlyMap<string, Origin>;
  readonly bucket: { readonly field: string; readonly size: number } | null;
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

type Summarize = Extract<Operator, { kind: "summarize" }>;

export function summarize({ aggregates, by }: Summarize, place: Place, range: Range, nextId: () => string): Meanings {
  const { pipeline } = place;
  let bucket: Meanings["bucket"] = null;
  const keys = by.map((item, i) => {
    const value = withStep(item.value, range);
    const sql = keyOf(expressionSql(value, place), pipeline.bind);
    const name = item.name ?? pathOf(item.value) ?? `Column${i + 1}`;
    const size = stepOf(value, place);
    if (size !== null) bucket = { field: name, size };
    return { name, sql };
  });
  const seconds = secondsOfGroup(
    by.map(({ value }) => value),
    range.from,
    range.to,
    (one) => expressionSql(one, place).literal?.value,
  );
  const results: { text: string; id: string }[] = [];
  const columns: [string, Sql][] = keys.map(({ name, sql }) => [name, sql]);
  const later: { name: string; rest: Expression; known: [string, Sql][] }[] = [];
  const aggregations = new Map<string, Origin>();
  const give = (sql: Sql): Sql => {
    const id = nextId();
    results.push({ text: sql.text, id });
    return { ...made(sql.type, id, sql.nullable) };
  };
  for (const [i, item] of aggregates.entries()) {
    const { calls, rest } = splitAggregates(item.value, `\u0000${i}.`);
    const alone = rest.kind === "column" && rest.name === calls[0]?.name;
    const known: [string, Sql][] = [];
    for (const { name, call } of calls) {
      const made = aggregateOf(
        call,
        place,
        seconds,
        keys.map((key) => key.name),
      );
      for (const [position, [own, sql]] of made.columns.entries()) {
        const shown = alone ? (position === 0 ? (item.name ?? own) : own) : name;
        const given = give(sql);
        if (alone) {
          const free = unique(shown, columns);
          columns.push([free, given]);
          aggregations.set(free, made.origin);
        } else known.push([name, given]);
      }
    }
    if (!alone) {
      const name = unique(item.name ?? `Column${i + 1}`, columns);
      columns.push([name, made("dynamic", "NULL")]);
      later.push({ name, rest, known });
    }
  }
  pipeline.wrap();
  const selected = [...keys.map(({ sql }) => sql.text), ...results.map(({ text, id }) => `${text} AS ${id}`)];
  pipeline.wrap(keys.length > 0 ? ` GROUP BY ${keys.map(({ sql }) => sql.text).join(", ")}` : "", selected.join(", ") || "1");
  pipeline.events = null;
  pipeline.order = [];
  pipeline.columns.clear();
  for (const { name, rest, known } of later) {
    for (const [own, sql] of [...columns, ...known]) pipeline.columns.set(own, sql);
    const value = pipeline.bind(expressionSql(rest, place));
    columns[columns.findIndex(([own]) => own === name)] = [name, value];
    pipeline.columns.clear();
  }
  for (const [name, sql] of columns) pipeline.columns.set(name, sql);
  return { groups: keys.map(({ name }) => name), aggregations, bucket };
}

/** Literals are no groups to ClickHouse, which would take a number for a column's place. */
function keyOf(sql: Sql, bind: (sql: Sql) => Sql): Sql {
  const { literal: _, ...plain } = sql;
  return bind({ ...plain, text: sql.literal === undefined ? sql.text : `materialize(${sql.text})` });
}

function withStep(value: Expression, { from, to }: Range): Expression {
  if (value.kind !== "call" || value.name !== "bin_auto") return value;
  const step: Expression = { kind: "literal", type: "timespan", value: binAutoStep(from, to), at: value.at };
  return { ...value, name: "bin", args: [...value.args, step] };
}

/** The length of an interval of `_time`; null: it is none. */
function stepOf(value: Expression, place: Place): number | null {
  if (value.kind !== "call" || (value.name !== "bin" && value.name !== "floor")) return null;
  const [of, step] = value.args;
  if (of?.kind !== "column" || of.name !== "_time" || step === undefined) return null;
  const size = expressionSql(step, place).literal?.value;
  return typeof size === "number" ? size : null;
}

function unique(name: string, taken: readonly [string, Sql][]): string {
  let free = name;
  for (let i = 1; taken.some(([own]) => own === free); i++) free = `${name}${i}`;
  return free;
}

function aggregateOf(call: CallExpression, place: Place, seconds: number, groupedBy: readonly string[]) {
  const { pipeline } = place;
  const { bind } = pipeline;
  const definition = AGGREGATES.get(call.name);
  const values = new Map<Expression, Sql>(
    call.args.flatMap((arg) => (arg.kind === "star" ? [] : [[arg, bind(expressionSql(arg, place))]])),
  );
  const columns = openColumns([...pipeline.columns].map(([name, { type }]) => ({ name, type })));
  // our own engine judges numbers and kinds of arguments, and says what the result is called
  const judged = openAggregate(call, (one) => standIn(values.get(one)), { columns, groupedBy, seconds });
  const predicateAt = definition?.isIf
    ? definition.predicateAt < 0
      ? call.args.length + definition.predicateAt
      : definition.predicateAt
    : -1;
  const predicate = call.args[predicateAt];
  const args = call.args.filter((arg, i) => i !== predicateAt && arg.kind !== "star").flatMap((arg) => values.get(arg) ?? []);
  const condition = predicate === undefined ? null : bind(asCondition(bind, values.get(predicate) ?? made("bool", "NULL")));
  const { origin } = judged;
  if (call.name === "arg_max" || call.name === "arg_min") return { origin, columns: argColumns(call, args, values, place, groupedBy) };
  if (judged.isWide || definition?.isWide) throw unavailable(call.at, `${call.name}()`);
  const sql = aggregateSql({ call, args, condition, bind, type: judged.type, seconds });
  return { origin, columns: [[judged.name, sql]] as [string, Sql][] };
}

function standIn(sql: Sql | undefined): Compiled {
  const type: Type = sql?.type ?? "dynamic";
  return { type, run: () => sql?.literal?.value ?? null, ...(sql?.literal === undefined ? {} : { constant: sql.literal }) };
}

/** `arg_max(x, *)`: the whole row in which x is greatest. */
function argColumns(
  call: CallExpression,
  args: readonly Sql[],
  values: ReadonlyMap<Expression, Sql>,
  place: Place,
  groupedBy: readonly string[],
): [string, Sql][] {
  const [by] = args;
  const [first, ...rest] = call.args;
  if (by === undefined || first === undefined) throw new QueryFault(call.at, `${call.name}() takes a value`);
  const name = pathOf(first) ?? `${call.name}_`;
  const key = by.type === "dynamic" ? place.pipeline.bind(orderable(place, by)).text : by.text;
  const function_ = call.name === "arg_max" ? "argMax" : "argMin";
  if (rest.some(({ kind }) => kind === "star")) {
    if (place.pipeline.events?.whole != null)
      throw unavailable(call.at, `${call.name}() of all fields, where one column holds events whole,`);
    const all = [...place.pipeline.all()].filter(([own]) => own !== name && !groupedBy.includes(own));
    return [[name, beside(function_, by, key)], ...all.map(([own, sql]): [string, Sql] => [own, beside(function_, sql, key)])];
  }
  const named = rest.map((one, i): [string, Sql] => [
    pathOf(one) ?? `${call.name}_${i}`,
    beside(function_, values.get(one) ?? made("dynamic", "NULL"), key),
  ]);
  return [[name, beside(function_, by, key)], ...named];
}

/** Numbers by their size, below them texts. */
function orderable(_: Place, { text }: Sql): Sql {
  return made(
    "dynamic",
    `if(isNull(${text}), NULL, tuple(JSONType(${text}) IN ('Int64', 'UInt64', 'Double'), JSONExtractFloat(${text}), ${text}))`,
  );
}

export function namesOf(items: readonly Named[]): string[] {
  return items.map(({ name, value }, i) => name ?? pathOf(value) ?? `Column${i + 1}`);
}
