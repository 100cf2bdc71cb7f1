/**
 * ClickHouse over HTTP in place of our own engine: the query becomes one SELECT, its answer a table of rows. Everything around it, replies,
 * totals and the older query language, is the same for both.
 * Spec: https://clickhouse.com/docs/interfaces/http
 */
import type { UpstreamSettings } from "../../../access/upstream-settings.ts";
import type { Origin } from "../apl/aggregates/aggregate.ts";
import { openColumns } from "../apl/columns.ts";
import { OUTPUT_ROWS_MAX } from "../apl/execute/output.ts";
import type { Executed } from "../apl/execute.ts";
import { readTime } from "../apl/expression/time-text.ts";
import { QueryFault } from "../apl/fault.ts";
import type { Expression, Query } from "../apl/syntax.ts";
import type { Row, Type, Value } from "../apl/value.ts";
import type { Examined, Means } from "../means.ts";
import { isObject } from "../request/members.ts";
import type { TimeRange } from "../request/time-range.ts";
import { quotedName } from "./clickhouse-sql/quote.ts";
import { type ClickHouseQuery, type EventsTable, type TableColumn, toClickHouse } from "./clickhouse-sql.ts";
import { type Exchange, isOk, jsonOf, openExchange } from "./exchange.ts";

/** Seconds of the server's time; it ends a little before we stop waiting. */
const EXECUTION_SECONDS_MAX = 50;

/**
 * `readonly`: whatever the SQL says, it changes nothing. An error must come with its status, so the answer is held back until it is whole.
 */
const SETTINGS = {
  readonly: "2",
  max_execution_time: String(EXECUTION_SECONDS_MAX),
  cancel_http_readonly_queries_on_client_close: "1",
  wait_end_of_query: "1",
  output_format_json_quote_64bit_integers: "0",
  output_format_json_quote_denormals: "0",
};

/** By the server's codes: what the query is to blame for, and what passes. TYPE_MISMATCH, UNKNOWN_FUNCTION, UNKNOWN_IDENTIFIER, … */
const OF_THE_QUERY = new Set([6, 10, 16, 27, 36, 42, 43, 44, 46, 47, 53, 62, 69, 70, 72, 125, 153, 169, 184, 190, 215, 352, 386, 407, 427]);
const PASSING = new Set([159, 160, 202, 209, 210, 241, 242, 252, 439]);
const READONLY = 164;

/** @param settings secrets opened. */
export function clickhouseMeans(settings: UpstreamSettings, dataset: string, means: Means, fetch: typeof globalThis.fetch): Means {
  const exchange = openExchange(fetch, settings, dataset);
  const from = [settings.options["database"] ?? "", settings.options["table"] ?? ""].map(quotedName).join(".");
  const virtualFields = means.virtualFields.get(dataset) ?? new Map<string, Expression>();
  const read = { rows: 0, runs: 0 };
  let described: EventsTable | null = null;
  return {
    ...means,
    // rows are read where they are
    open: () => ({ scan: nothing, examined: () => examinedOf(read) }),
    async elsewhere(query, range, now) {
      described ??= { from, columns: columnsIn(exchange, await ask(exchange, settings, `DESCRIBE TABLE ${from} FORMAT JSONCompact`)) };
      const made = toSql(query, dataset, described, range, now, virtualFields);
      const answer = await ask(exchange, settings, made.sql);
      read.rows += readRows(answer);
      read.runs++;
      return executedOf(exchange, made, answer);
    },
  };
}

async function* nothing(): AsyncGenerator<readonly Row[]> {}

function toSql(
  query: Query,
  dataset: string,
  events: EventsTable,
  range: TimeRange,
  now: number,
  virtualFields: ReadonlyMap<string, Expression>,
) {
  const table = (name: string) => {
    // the door has judged the name of this dataset and no other
    if (name !== dataset) throw new QueryFault(0, `there is no table ${name} beside dataset ${dataset}`);
    return events;
  };
  return toClickHouse(query, table, { ...range, now, virtualFields });
}

interface Answer {
  readonly data: readonly (readonly unknown[])[];
  readonly statistics: Readonly<Record<string, unknown>>;
  readonly rowsBeforeLimit: number | null;
}

async function ask(exchange: Exchange, { url, options, secrets }: UpstreamSettings, sql: string): Promise<Answer> {
  const address = new URL(url);
  address.search = new URLSearchParams(SETTINGS).toString();
  const { user } = options;
  const { password } = secrets;
  const headers = {
    "content-type": "text/plain; charset=utf-8",
    ...(user === undefined ? {} : { "x-clickhouse-user": user }),
    ...(password === undefined ? {} : { "x-clickhouse-key": password }),
  };
  const reply = await exchange.send(address, { method: "POST", headers, body: sql });
  const code = errorCode(reply.headers, reply.text, isOk(reply));
  if (code === READONLY) throw exchange.failure("lets its user change no settings: give the user readonly = 2 in place of 1");
  if (PASSING.has(code)) throw exchange.busy("has run out of time or memory, or has too many queries; ask for less, or later");
  if (OF_THE_QUERY.has(code)) throw exchange.refusal(reply.text);
  if (!isOk(reply) || code !== 0) throw exchange.failure(`answered ${reply.status}`, reply.text);
  const answer = jsonOf(exchange, reply);
  if (!isObject(answer) || !Array.isArray(answer["data"]) || !answer["data"].every(Array.isArray))
    throw exchange.failure("answered with what is no table");
  const before = answer["rows_before_limit_at_least"];
  return {
    data: answer["data"],
    statistics: isObject(answer["statistics"]) ? answer["statistics"] : {},
    rowsBeforeLimit: typeof before === "number" ? before : null,
  };
}

/** 0: no error. After a 200 an error stands in a header or behind the rows, which are no JSON then. */
function errorCode(headers: Headers, text: string, ok: boolean): number {
  const header = Number(headers.get("x-clickhouse-exception-code") ?? 0);
  if (header !== 0 || ok) return header;
  return Number(/^Code: (\d+)/.exec(text)?.[1] ?? 0);
}

function columnsIn(exchange: Exchange, { data }: Answer): TableColumn[] {
  return data.map(([name, type]) => {
    if (typeof name !== "string" || typeof type !== "string") throw exchange.failure("described its table as ClickHouse does not");
    return { name, type };
  });
}

function readRows({ statistics }: Answer): number {
  const rows = statistics["rows_read"];
  return typeof rows === "number" ? rows : 0;
}

function examinedOf({ rows, runs }: { readonly rows: number; readonly runs: number }): Examined {
  return { rowsExamined: rows, blocksExamined: runs, minBlockTime: null, maxBlockTime: null, isPartial: false, messages: [] };
}

/** What our own engine would have given. */
function executedOf(exchange: Exchange, made: ClickHouseQuery, { data, rowsBeforeLimit }: Answer): Executed {
  const columns = openColumns(made.columns);
  const { groups, aggregations, bucket } = made.meanings;
  const meanings = new Map<string, { readonly kind: "group" } | { readonly kind: "aggregation"; readonly origin: Origin }>();
  for (const name of groups) meanings.set(name, { kind: "group" });
  for (const [name, origin] of aggregations) meanings.set(name, { kind: "aggregation", origin });
  const isCut = data.length > OUTPUT_ROWS_MAX;
  const rows = data.slice(0, OUTPUT_ROWS_MAX).map((values) => {
    const row: Row = made.columns.map(({ type }, i) => valueIn(exchange, values[i], type));
    if (made.whole !== null)
      spread(valueIn(exchange, values[made.whole], "dynamic"), "", (name, value) => put(row, columns, made, name, value));
    return row;
  });
  return {
    columns,
    rows,
    meanings,
    order: made.order.length > 0 ? made.order : null,
    bucket,
    beside: null,
    rowsMatched: rowsBeforeLimit ?? rows.length,
    isPartial: isCut,
    cuts: isCut ? [{ code: "apl_output_limit", text: `an answer has at most ${OUTPUT_ROWS_MAX} rows; summarize, or take fewer` }] : [],
  };
}

function valueIn(exchange: Exchange, value: unknown, type: Type): Value {
  if (value === null || value === undefined) return null;
  if (type === "dynamic") return typeof value === "string" ? parsed(exchange, value) : (value as Value);
  if (type === "bool") return value === true || value === 1;
  if (type === "string") return String(value);
  // a server that is told otherwise puts whole numbers of 64 bits into quotes
  return typeof value === "string" ? Number(value) : (value as Value);
}

function parsed(exchange: Exchange, text: string): Value {
  try {
    return JSON.parse(text) as Value;
  } catch {
    throw exchange.failure("gave a value that is no JSON", text);
  }
}

/** Objects in objects are flattened, as those of our own engine are. */
function spread(value: Value, prefix: string, put: (name: string, value: Value) => void): void {
  if (typeof value !== "object" || value === null || value === undefined || Array.isArray(value)) return;
  for (const [name, inner] of Object.entries(value as Readonly<Record<string, Value>>)) {
    if (typeof inner === "object" && inner !== null && !Array.isArray(inner)) spread(inner, `${prefix}${name}.`, put);
    else put(prefix + name, inner);
  }
}

function put(row: Row, columns: ReturnType<typeof openColumns>, made: ClickHouseQuery, name: string, value: Value): void {
  if (made.columns.some((column) => column.name === name)) return;
  const isTime = name === "_sysTime";
  row[columns.slot(name, isTime ? "datetime" : "dynamic")] = isTime && typeof value === "string" ? readTime(value) : value;
}
