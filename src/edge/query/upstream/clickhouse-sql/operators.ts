/** Operators of APL, each upon the SELECT so far. What ClickHouse cannot say in place of our own engine is refused. */

import { pathOf } from "../../apl/aggregates/derived.ts";
import { QueryFault } from "../../apl/fault.ts";
import type { NamePattern, Operator, SortKey, Tabular } from "../../apl/syntax.ts";
import type { Type } from "../../apl/value.ts";
import { expressionSql, type Place, unavailable } from "./expression.ts";
import type { Order, Pipeline } from "./pipeline.ts";
import { as, asCondition, asJson, asNumber, asPrinted, type Bind, made, type Sql } from "./sql.ts";
import { type Meanings, namesOf, type Range, summarize } from "./summarize.ts";
import { join, union } from "./tables.ts";

/** What `rand()` stays below. */
const RAND_END = 2 ** 32;

export interface Making {
  readonly range: Range;
  readonly nextId: () => string;
  /** What a table in another one makes. */
  readonly tableOf: (table: Tabular) => Pipeline;
}

/** @returns what columns mean from now on; null: what they meant. */
export function operate(operator: Operator, place: Place, making: Making): Meanings | null {
  const { pipeline } = place;
  const { at } = operator;
  switch (operator.kind) {
    case "where":
      pipeline.filter(asCondition(pipeline.bind, expressionSql(operator.predicate, place)).text);
      return null;
    case "extend":
      // each sees those before it
      for (const [i, name] of namesOf(operator.items).entries()) {
        const value = operator.items[i]?.value;
        if (value) pipeline.columns.set(name, pipeline.bind(expressionSql(value, place)));
      }
      return null;
    case "project": {
      const values = operator.items.map(({ value }) => pipeline.bind(expressionSql(value, place)));
      choose(
        pipeline,
        namesOf(operator.items).map((name, i) => [name, values[i] as Sql]),
      );
      return null;
    }
    case "project-away":
      return closing(pipeline, at, operator.kind, (all) => all.filter(([name]) => !operator.names.some((one) => matches(one, name))));
    case "project-keep":
      for (const { pattern } of operator.names) if (!pattern.includes("*")) pipeline.find(pattern);
      if (operator.names.every(({ pattern }) => !pattern.includes("*"))) {
        choose(
          pipeline,
          operator.names.flatMap(({ pattern }): [string, Sql][] => {
            const sql = pipeline.find(pattern);
            return sql ? [[pattern, sql]] : [];
          }),
        );
        return null;
      }
      return closing(pipeline, at, operator.kind, (all) => all.filter(([name]) => operator.names.some((one) => matches(one, name))));
    case "project-rename":
      return closing(pipeline, at, operator.kind, (all) =>
        all.map(([name, sql]) => [operator.items.find(({ from }) => from === name)?.to ?? name, sql]),
      );
    case "project-reorder":
      return closing(pipeline, at, operator.kind, (all) => reordered(operator.names, all));
    case "summarize":
      return summarize(operator, place, making.range, making.nextId);
    case "count": {
      const id = making.nextId();
      pipeline.wrap();
      pipeline.wrap("", `toInt64(count()) AS ${id}`);
      choose(pipeline, [["Count", made("long", id, false)]]);
      pipeline.order = [];
      return { groups: [], aggregations: new Map(), bucket: null };
    }
    case "distinct": {
      if (operator.items.length === 0) throw unavailable(at, "distinct * of all fields");
      const by = operator.items;
      return { ...summarize({ kind: "summarize", aggregates: [], by, at }, place, making.range, making.nextId), groups: [] };
    }
    case "sort":
      pipeline.order = orderOf(operator.keys, place);
      return null;
    case "top":
      pipeline.order = orderOf(operator.keys, place);
      limit(pipeline, operator.count);
      return null;
    case "take":
      limit(pipeline, operator.count);
      return null;
    case "sample":
      pipeline.order = [];
      if (operator.count > 0 && operator.count < 1) pipeline.filter(`rand() < ${Math.round(operator.count * RAND_END)}`);
      else pipeline.wrap(` ORDER BY rand() LIMIT ${operator.count}`);
      return null;
    case "mv-expand":
      return expand(operator, place, making.nextId);
    case "join":
      join(operator, pipeline, making);
      return null;
    case "union":
      union(pipeline, operator.others.map(making.tableOf), making.nextId);
      return null;
    default:
      throw unavailable(at, operator.kind === "parse" && operator.drops ? "parse-where" : operator.kind);
  }
}

function choose(pipeline: Pipeline, columns: readonly (readonly [string, Sql])[]): void {
  const chosen = [...columns];
  pipeline.events = null;
  pipeline.columns.clear();
  for (const [name, sql] of chosen) pipeline.columns.set(name, sql);
}

type Columns = readonly (readonly [string, Sql])[];

/** What needs to know all columns. */
function closing(pipeline: Pipeline, at: number, kind: string, change: (all: Columns) => Columns): null {
  if (pipeline.events?.whole != null)
    throw new QueryFault(at, `${kind} is not available where ClickHouse holds events whole in one column; name the fields with project`);
  choose(pipeline, change([...pipeline.all()]));
  return null;
}

function matches({ pattern }: NamePattern, name: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return pattern === name;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const middle of rest) {
    const found = name.indexOf(middle, at);
    if (found < 0) return false;
    at = found + middle.length;
  }
  return at <= name.length - last.length;
}

function reordered(names: Extract<Operator, { kind: "project-reorder" }>["names"], all: Columns): Columns {
  const left = [...all];
  const front = names.flatMap((one) => {
    const found = left.filter(([name]) => matches(one, name));
    for (const column of found) left.splice(left.indexOf(column), 1);
    const sign = one.order === "desc" ? -1 : one.order === "asc" ? 1 : 0;
    return found.sort(([a], [b]) => sign * (a < b ? -1 : a > b ? 1 : 0));
  });
  return [...front, ...left];
}

/** Numbers before texts before what is true or false, as our own engine has them. */
function keysOf(bind: Bind, value: Sql): Sql[] {
  const { text } = value;
  const rank = `multiIf(isNull(${text}), NULL, JSONType(${text}) IN ('Int64', 'UInt64', 'Double'), 0, JSONType(${text}) = 'String', 1, JSONType(${text}) = 'Bool', 2, 3)`;
  return [made("long", rank), asNumber(bind, value), asPrinted(bind, value)].map(bind);
}

function orderOf(keys: readonly SortKey[], place: Place): Order[] {
  const { bind } = place.pipeline;
  return keys.flatMap(({ by, descending, nulls }) => {
    const sql = expressionSql(by, place);
    if (sql.literal !== undefined) return [];
    const columns = sql.type === "dynamic" ? keysOf(bind, bind(sql)) : [bind(sql)];
    const field = pathOf(by);
    return columns.map(({ text }, i) => ({ id: text, descending, nulls, field: i === 0 ? field : null }));
  });
}

/** The same order, whatever ClickHouse makes of the rows in between. */
function limit(pipeline: Pipeline, count: number): void {
  pipeline.wrap(`${pipeline.orderBy()} LIMIT ${count}`);
  pipeline.most = Math.min(count, pipeline.most ?? count);
}

/** An array becomes a row for each element; what is none stays. */
function expand({ items, indexName, limit: most, at }: Extract<Operator, { kind: "mv-expand" }>, place: Place, nextId: () => string): null {
  const { pipeline } = place;
  const [item] = items;
  if (item === undefined || items.length > 1) throw unavailable(at, "mv-expand of several fields at once");
  const json = pipeline.bind(asJson(pipeline.bind, expressionSql(item.value, place)));
  const elements = `if(JSONType(${json.text}) = 'Array', arrayMap(x -> nullIf(x, 'null'), JSONExtractArrayRaw(ifNull(${json.text}, ''))), [${json.text}])`;
  const list = pipeline.bind(made("dynamic", most === null ? elements : `arraySlice(${elements}, 1, ${most})`));
  pipeline.most = null;
  const [element, position, index] = [nextId(), nextId(), nextId()];
  pipeline.wrap();
  pipeline.wrap(
    ` ARRAY JOIN ${list.text} AS ${element}, arrayEnumerate(${list.text}) AS ${position}`,
    `*, ${element}, toInt64(${position} - 1) AS ${index}`,
  );
  const [name = "Column1"] = namesOf(items);
  const value = made("dynamic", element);
  pipeline.columns.set(name, item.type === null ? value : pipeline.bind(asType(item.type, pipeline, value)));
  if (indexName !== null) pipeline.columns.set(indexName, made("long", index, false));
  return null;
}

function asType(type: Type, { bind }: Pipeline, value: Sql): Sql {
  return type === "string" ? asPrinted(bind, value) : as(type, bind, value);
}
