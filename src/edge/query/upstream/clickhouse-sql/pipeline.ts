/**
 * One SELECT under construction. Columns have names of our own, `c1` and on, each given once in the whole statement, so that no name of a
 * query can hide another one: what APL calls them is kept here. Conditions and computed columns are gathered until an operator needs
 * them done.
 */
import { QueryFault } from "../../apl/fault.ts";
import type { Events } from "./events.ts";
import { nullOf, type Sql } from "./sql.ts";

/** Characters of one statement: ClickHouse parses 262,144 bytes unless it is told otherwise. */
export const SQL_LENGTH_MAX = 240_000;
const SIMPLE = /^c\d+$/;

export interface Order {
  readonly id: string;
  readonly descending: boolean;
  readonly nulls: "first" | "last";
  /** What the query calls it; null: it has no name, or is the second key of a field. */
  readonly field: string | null;
}

export interface Pipeline {
  /** By the names that the query knows. */
  readonly columns: Map<string, Sql>;
  /** Where fields that nobody has named yet come from; null: there are no more. */
  events: Events | null;
  order: readonly Order[];
  /** Rows that there are at most; null: nobody has said. */
  most: number | null;
  /** A column under construction; null: there is none of the name. */
  find(name: string): Sql | null;
  /** All columns by name, but for fields of events that one column holds whole. */
  all(): ReadonlyMap<string, Sql>;
  /** A new column, for what is used more than once. What is one already stays. */
  bind(sql: Sql): Sql;
  filter(condition: string): void;
  /** Does all that was gathered, then this. `columns` replaces what is selected; `tail` is whatever follows WHERE. */
  wrap(tail?: string, columns?: string): void;
  /** Begins anew, from what is behind FROM. */
  restart(from: () => string, columns: Iterable<readonly [string, Sql]>): void;
  orderBy(): string;
  /** What may stand behind FROM, or as a whole query. */
  select(columns?: string, tail?: string): string;
}

export function openPipeline(nextId: () => string, begin: () => string, events: Events | null): Pipeline {
  let from = begin;
  let computed: string[] = [];
  let conditions: string[] = [];

  function select(columns = "*", tail = ""): string {
    return text(from, computed, conditions, columns, tail);
  }

  const pipeline: Pipeline = {
    columns: new Map(),
    events,
    order: [],
    most: null,
    find(name) {
      const known = pipeline.columns.get(name);
      if (known !== undefined) return known;
      const field = pipeline.events?.find(name) ?? null;
      if (field !== null) pipeline.columns.set(name, field);
      return field;
    },
    all() {
      const names = (pipeline.events?.names ?? []).filter((name) => name !== pipeline.events?.whole);
      const listed = names.flatMap((name): [string, Sql][] => {
        const sql = pipeline.find(name);
        return sql === null ? [] : [[name, sql]];
      });
      // as the table has them, and behind them what was computed
      const all = [...listed, ...[...pipeline.columns].filter(([name]) => !names.includes(name))];
      pipeline.columns.clear();
      for (const [name, sql] of all) pipeline.columns.set(name, sql);
      return pipeline.columns;
    },
    bind(sql) {
      if (SIMPLE.test(sql.text) || sql.literal !== undefined) return sql;
      const id = nextId();
      computed.push(`${sql.text} AS ${id}`);
      return { ...sql, text: id };
    },
    filter(condition) {
      conditions.push(condition);
    },
    wrap(tail = "", columns = "*") {
      const [source, columnsNow, conditionsNow] = [from, computed, conditions];
      if (columnsNow.length === 0 && conditionsNow.length === 0 && tail === "" && columns === "*") return;
      from = () => `(${text(source, columnsNow, conditionsNow, columns, tail)})`;
      computed = [];
      conditions = [];
    },
    restart(source, columns) {
      from = source;
      computed = [];
      conditions = [];
      pipeline.events = null;
      pipeline.order = [];
      pipeline.most = null;
      pipeline.columns.clear();
      for (const [name, sql] of columns) pipeline.columns.set(name, sql);
    },
    orderBy() {
      if (pipeline.order.length === 0) return "";
      const keys = pipeline.order.map(({ id, descending, nulls }) => `${id} ${descending ? "DESC" : "ASC"} NULLS ${nulls.toUpperCase()}`);
      return ` ORDER BY ${keys.join(", ")}`;
    },
    select,
  };
  return pipeline;
}

function text(from: () => string, computed: readonly string[], conditions: readonly string[], columns: string, tail: string): string {
  const where = conditions.length > 0 ? ` WHERE ${conditions.map((one) => `(${one})`).join(" AND ")}` : "";
  const made = `SELECT ${[columns, ...computed].join(", ")} FROM ${from()}${where}${tail}`;
  if (made.length > SQL_LENGTH_MAX)
    throw new QueryFault(0, `the query is too large for ClickHouse: its SQL would have more than ${SQL_LENGTH_MAX} characters`);
  return made;
}

/** What stands for a field that no event can have. */
export const NO_FIELD: Sql = nullOf("dynamic");
