/** A query of APL as one SELECT of ClickHouse, answered in rows whose columns are known before. */
import { OUTPUT_ROWS_MAX } from "../apl/execute/output.ts";
import { QueryFault } from "../apl/fault.ts";
import type { Expression, Query, Tabular } from "../apl/syntax.ts";
import type { Type } from "../apl/value.ts";
import { type EventsTable, openEvents } from "./clickhouse-sql/events.ts";
import { expressionSql, type Place } from "./clickhouse-sql/expression.ts";
import { type Making, operate } from "./clickhouse-sql/operators.ts";
import { openPipeline, type Pipeline } from "./clickhouse-sql/pipeline.ts";
import { quotedName, quotedText } from "./clickhouse-sql/quote.ts";
import { made, type Sql } from "./clickhouse-sql/sql.ts";
import { type Meanings, namesOf } from "./clickhouse-sql/summarize.ts";
import { union } from "./clickhouse-sql/tables.ts";

export type { TableColumn } from "./clickhouse-sql/column-types.ts";
export type { EventsTable } from "./clickhouse-sql/events.ts";

export interface ClickHouseQuery {
  /** With `FORMAT JSONCompact`: times and their lengths are microseconds, what is dynamic is JSON in a text. */
  readonly sql: string;
  readonly columns: readonly { readonly name: string; readonly type: Type }[];
  /** Which column of the answer holds events whole, as JSON in a text, beside those that were computed; null: none does. */
  readonly whole: number | null;
  readonly meanings: Meanings;
  readonly order: readonly { readonly field: string; readonly desc: boolean }[];
}

export interface ClickHouseOptions {
  /** Of `_time`, microseconds of the epoch: from, inclusive, to, exclusive. */
  readonly from: number;
  readonly to: number;
  /** Microseconds of the epoch. */
  readonly now: number;
  readonly virtualFields: ReadonlyMap<string, Expression>;
}

interface Given {
  readonly table: Tabular;
  readonly known: ReadonlyMap<string, Given>;
}

/** Levels of tables in tables. */
const TABLES_DEPTH_MAX = 20;

const NO_MEANINGS: Meanings = { groups: [], aggregations: new Map(), bucket: null };

/**
 * @param table of a dataset, as ClickHouse keeps it.
 * @throws QueryFault for what is wrong with the query, and for what ClickHouse cannot say.
 */
export function toClickHouse(query: Query, table: (dataset: string) => EventsTable, options: ClickHouseOptions): ClickHouseQuery {
  let last = 0;
  const nextId = () => `c${++last}`;
  const scalars = new Map<string, Expression>();
  /** Each with the tables that were given before it: inside it, its own name is a dataset's. */
  const tables = new Map<string, Given>();
  let depth = 0;

  function tabular({ source, operators }: Tabular, known: ReadonlyMap<string, Given>): { pipeline: Pipeline; meanings: Meanings } {
    if (++depth > TABLES_DEPTH_MAX) throw new QueryFault(source.at, `tables stand in tables at most ${TABLES_DEPTH_MAX} levels deep`);
    const begun = begin(source, known);
    const making: Making = { range: options, nextId, tableOf: (one) => tabular(one, known).pipeline };
    let { meanings } = begun;
    for (const operator of operators) meanings = operate(operator, placeOf(begun.pipeline), making) ?? meanings;
    depth--;
    return { pipeline: begun.pipeline, meanings };
  }

  function begin(source: Tabular["source"], known: ReadonlyMap<string, Given>): { pipeline: Pipeline; meanings: Meanings } {
    if (source.kind === "table") {
      const given = known.get(source.name);
      if (given !== undefined) return tabular(given.table, given.known);
      const events = openEvents(table(source.name), options.from, options.to, nextId);
      return { pipeline: openPipeline(nextId, () => `(${events.sql()})`, events), meanings: NO_MEANINGS };
    }
    if (source.kind === "union") return { pipeline: united(source, known), meanings: NO_MEANINGS };
    const pipeline = openPipeline(nextId, () => "(SELECT 1)", null);
    const values = source.items.map(({ value }) => pipeline.bind(expressionSql(value, placeOf(pipeline))));
    for (const [i, name] of namesOf(source.items).entries()) pipeline.columns.set(name, values[i] as Sql);
    return { pipeline, meanings: NO_MEANINGS };
  }

  function united({ of, sourceColumn, at }: Extract<Tabular["source"], { kind: "union" }>, known: ReadonlyMap<string, Given>): Pipeline {
    const [first, ...others] = of.map((one) => tabular(one, known).pipeline);
    if (first === undefined) throw new QueryFault(at, "union takes at least one table");
    const names = of.map(({ source }) => quotedText(source.kind === "table" ? source.name : ""));
    union(first, others, nextId, sourceColumn === null ? null : { name: sourceColumn, values: names });
    return first;
  }

  const placeOf = (pipeline: Pipeline): Place => ({ pipeline, lets: scalars, virtual: options.virtualFields, now: options.now });

  for (const { name, value } of query.lets) {
    if (value.kind === "scalar") scalars.set(name, value.expression);
    else tables.set(name, { table: value.table, known: new Map(tables) });
  }
  const { pipeline, meanings } = tabular(query.body, tables);
  return finished(pipeline, meanings);
}

function finished(pipeline: Pipeline, meanings: Meanings): ClickHouseQuery {
  const whole = pipeline.events?.whole ?? null;
  const event = whole === null ? null : (pipeline.events?.find(whole) ?? null);
  const columns = [...pipeline.all()];
  const order = pipeline.order;
  const shows = new Set(columns.map(([name]) => name));
  pipeline.wrap();
  // one more, so that it is known whether there were more
  const limit = pipeline.most !== null && pipeline.most <= OUTPUT_ROWS_MAX ? "" : ` LIMIT ${OUTPUT_ROWS_MAX + 1}`;
  const shown = [...columns.map(([, sql]) => answered(sql)), ...(event === null ? [] : [event.text])];
  const sql = `${pipeline.select(shown.map((text, i) => `${text} AS ${quotedName(`a${i}`)}`).join(", ") || "1", `${pipeline.orderBy()}${limit}`)} FORMAT JSONCompact`;
  return {
    sql,
    columns: columns.map(([name, { type }]) => ({ name, type })),
    whole: event === null ? null : columns.length,
    meanings,
    order: order.flatMap(({ field, descending }) => (field !== null && shows.has(field) ? [{ field, desc: descending }] : [])),
  };
}

function answered({ text, type }: Sql): string {
  if (type === "bool") return `CAST(${text}, 'Nullable(Bool)')`;
  return type === "datetime" ? made("long", `toUnixTimestamp64Micro(toDateTime64(${text}, 6, 'UTC'))`).text : text;
}
