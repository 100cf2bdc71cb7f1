/** The second implementation: DuckDB over the same objects. What Kusto rules otherwise than SQL is spelt out here, or in the case. */
import { type DuckDBConnection, DuckDBInstance, DuckDBIntervalValue, DuckDBTimestampValue } from "@duckdb/node-api";
import type { Objects } from "./bucket.ts";
import { FIELDS } from "./fields.ts";
import type { Result } from "./result.ts";
import { type Cell, plain, span, time } from "./result.ts";
import { RULES } from "./rules.ts";

const MILLIS_PER_DAY = 86_400_000;

export interface Oracle {
  ask(sql: string): Promise<Result>;
  close(): void;
}

export async function openOracle(objects: Objects): Promise<Oracle> {
  const duckdb = await (await DuckDBInstance.create(":memory:")).connect();
  await duckdb.run("SET threads = 1");
  await duckdb.run("SET TimeZone = 'UTC'");
  for (const rule of RULES) await duckdb.run(rule);
  for (const [dataset, files] of objects) await load(duckdb, dataset, files);
  return { ask: (sql) => ask(duckdb, sql), close: () => duckdb.closeSync() };
}

async function load(duckdb: DuckDBConnection, dataset: string, files: readonly string[]): Promise<void> {
  const list = files.map((file) => `'${file}'`).join(", ");
  const fields = Object.entries(FIELDS[dataset] ?? {}).map(([name, sql]) => `${sql} AS "${name}"`);
  await duckdb.run(`CREATE TABLE ${dataset} AS SELECT ${fields.join(", ")} FROM (SELECT json AS j FROM read_ndjson_objects([${list}]))`);
}

async function ask(duckdb: DuckDBConnection, sql: string): Promise<Result> {
  const answer = await duckdb.runAndReadAll(sql);
  const isJson = answer.columnTypes().map((type) => type.alias === "JSON");
  const rows = answer
    .getRows()
    .map((row) => row.map((value, i) => (isJson[i] && typeof value === "string" ? JSON.parse(value) : cellOf(value))));
  return { columns: answer.columnNames(), rows };
}

/** An interval of months would have no length. */
function cellOf(value: unknown): Cell {
  if (value instanceof DuckDBTimestampValue) return time(Number(value.micros));
  if (value instanceof DuckDBIntervalValue) {
    if (value.months !== 0) throw new Error("an interval of months has no length");
    return span(value.days * MILLIS_PER_DAY * 1000 + Number(value.micros));
  }
  return plain(value);
}
