/** Tables beside tables: `join` and `union`. */

import { QueryFault } from "../../apl/fault.ts";
import type { Operator } from "../../apl/syntax.ts";
import type { Making } from "./operators.ts";
import type { Pipeline } from "./pipeline.ts";
import { asJson, made, nullOf, type Sql } from "./sql.ts";

type Join = Extract<Operator, { kind: "join" }>;

/** Keys of either side that are equal. What both sides have is the left one's; the right one's has a number behind it. */
export function join({ how, right, on, at }: Join, left: Pipeline, making: Making): void {
  const other = making.tableOf(right);
  requireKnown(left, at);
  requireKnown(other, at);
  const pairs = on.map((one) => ({ left: keyOf(left, one.left, one.at), right: keyOf(other, one.right, one.at) }));
  for (const pipeline of [left, other]) pipeline.wrap();
  const keys = pairs.map((pair) => ({
    left: left.bind(comparable(pair.left, pair.right)),
    right: other.bind(comparable(pair.right, pair.left)),
  }));
  const one = how === "innerunique" ? ` LIMIT 1 BY ${keys.map((key) => key.left.text).join(", ")}` : "";
  // nulls where there is no partner: a column that cannot be null would be 0 or empty
  const shown = [...other.columns].map(([name, sql]) => [name, other.bind(made(sql.type, `toNullable(${sql.text})`))] as const);
  left.wrap(one);
  other.wrap();
  const condition = keys.map((key) => `${key.left.text} = ${key.right.text}`).join(" AND ");
  const [from, to] = [left.select(), other.select()];
  const columns = [...left.columns];
  const taken = new Set(columns.map(([name]) => name));
  for (const [name, sql] of shown) {
    let free = name;
    for (let i = 1; taken.has(free); i++) free = `${name}${i}`;
    taken.add(free);
    columns.push([free, sql]);
  }
  left.restart(() => `(SELECT * FROM (${from}) AS l ${how === "leftouter" ? "LEFT" : "INNER"} JOIN (${to}) AS r ON ${condition})`, columns);
}

function keyOf(pipeline: Pipeline, name: string, at: number): Sql {
  const known = pipeline.find(name);
  if (known === null) throw new QueryFault(at, `there is no column ${name}`);
  return known;
}

/** Sides of different types are compared by their JSON. */
function comparable(own: Sql, other: Sql): Sql {
  return own.type === other.type ? own : asJson((sql) => sql, own);
}

/** Which columns there are must be known before. */
function requireKnown(pipeline: Pipeline, at: number): void {
  if (pipeline.events?.whole != null)
    throw new QueryFault(at, "where ClickHouse holds events whole in one column, name the fields of both tables with project before join");
  pipeline.all();
  pipeline.events = null;
}

/** All rows of all tables; a column that one of them lacks is null there. */
export function union(
  first: Pipeline,
  others: readonly Pipeline[],
  nextId: () => string,
  sourceColumn: { name: string; values: readonly string[] } | null = null,
): void {
  const tables = [first, ...others];
  for (const table of tables) requireUnited(table);
  const names = [...new Set(tables.flatMap((table) => [...table.columns.keys()]))];
  const columns = names.map((name) => {
    const types = new Set(tables.flatMap((table) => table.columns.get(name)?.type ?? []));
    const [only] = types;
    const type =
      types.size === 1 && only !== undefined ? only : types.size === 2 && types.has("long") && types.has("real") ? "real" : "dynamic";
    return { name, type, id: nextId() };
  });
  const sourceId = nextId();
  const selects = tables.map((table, i) => {
    const shown = columns.map(({ name, type, id }) => {
      const own = table.columns.get(name);
      const value =
        own === undefined
          ? nullOf(type)
          : type === "dynamic"
            ? asJson((sql) => sql, own)
            : type === "real"
              ? made("real", `toFloat64(${own.text})`)
              : own;
      return `${value.nullable ? value.text : `toNullable(${value.text})`} AS ${id}`;
    });
    const source = sourceColumn === null ? [] : [`${sourceColumn.values[i] ?? "''"} AS ${sourceId}`];
    table.wrap(table.order.length > 0 ? table.orderBy() : "");
    return table.select([...shown, ...source].join(", ") || "1");
  });
  const all: [string, Sql][] = columns.map(({ name, type, id }) => [name, made(type, id)]);
  if (sourceColumn !== null) all.unshift([sourceColumn.name, made("string", sourceId, false)]);
  first.restart(() => `(${selects.join(" UNION ALL ")})`, all);
}

function requireUnited(pipeline: Pipeline): void {
  if (pipeline.events?.whole != null)
    throw new QueryFault(0, "where ClickHouse holds events whole in one column, name the fields of each table with project before union");
  pipeline.all();
  pipeline.events = null;
}
