/** `format=legacy`, and the answer of the legacy query: events one by one, or groups as totals and by interval. */
import type { Row, Value } from "../apl/value.ts";
import type { Result, ResultColumn, ResultTable } from "./result.ts";
import { statusReply } from "./status.ts";
import { NO_TIME, timeText, wireValue } from "./value.ts";

/** Columns that stand beside an event's data, not in it. */
const BESIDE: Record<string, "time" | "sysTime" | "rowId"> = { _time: "time", _sysTime: "sysTime", _rowID: "rowId" };

interface Group {
  id: number;
  group: Record<string, unknown>;
  aggregations: { op: string; value: unknown }[];
}

/** The answer of `POST /v1/datasets/{dataset}/query`: what axiom-go refuses beside these members is not said. */
export function legacyQueryReply(result: Result) {
  return { status: statusReply(result.status), ...bodyOf(result) };
}

/** The answer of `POST …/_apl?format=legacy`. */
export function legacyAplReply(result: Result) {
  const { datasets, range } = result;
  const [{ groups, order }] = result.tables;
  return {
    format: "legacy",
    request: { startTime: timeText(range.from), endTime: timeText(range.to), resolution: "auto", groupBy: groups, order },
    ...legacyQueryReply(result),
    datasetNames: datasets,
    fieldsMetaMap: Object.fromEntries(datasets.map((name) => [name, []])),
  };
}

function bodyOf({ tables, range }: Result) {
  const [table, totals] = tables;
  if (!isGrouped(table)) return { matches: table.rows.map((row) => matchOf(row, table.columns)), buckets: { series: [], totals: [] } };
  const ids = new Map<string, number>();
  if (!table.bucket) return { matches: [], buckets: { series: [], totals: table.rows.map((row) => groupOf(row, table, ids)) } };
  return {
    matches: [],
    buckets: {
      series: seriesOf(table, table.bucket, range.to, ids),
      totals: (totals?.rows ?? []).map((row) => groupOf(row, totals as ResultTable, ids)),
    },
  };
}

function isGrouped({ columns, groups }: ResultTable): boolean {
  return groups.length > 0 || columns.some(({ aggregation }) => aggregation !== null);
}

function matchOf(row: Row, columns: readonly ResultColumn[]) {
  const match = { _time: NO_TIME, _sysTime: NO_TIME, _rowId: "", data: {} as Record<string, unknown> };
  for (const { name, type, slot } of columns) {
    const value = row[slot];
    const beside = Object.hasOwn(BESIDE, name) ? BESIDE[name] : undefined;
    if (beside === "rowId") match._rowId = String(value ?? "");
    else if (beside && typeof value === "number") match[name as "_time" | "_sysTime"] = timeText(value);
    else if (!beside && value !== undefined) define(match.data, name, wireValue(value, type));
  }
  return match;
}

/** The same group has the same id wherever it stands. */
function groupOf(row: Row, { columns, groups, bucket }: ResultTable, ids: Map<string, number>): Group {
  const group: Record<string, unknown> = {};
  const aggregations: Group["aggregations"] = [];
  for (const { name, type, slot, aggregation } of columns) {
    const value = wireValue(row[slot], type);
    if (aggregation) aggregations.push({ op: name, value });
    else if (groups.includes(name) && name !== bucket?.field) define(group, name, value);
  }
  const key = JSON.stringify(Object.values(group));
  const id = ids.get(key) ?? ids.size;
  ids.set(key, id);
  return { id, group, aggregations };
}

function seriesOf(table: ResultTable, bucket: NonNullable<ResultTable["bucket"]>, end: number, ids: Map<string, number>) {
  const slot = table.columns.find(({ name }) => name === bucket.field)?.slot ?? 0;
  const intervals = new Map<number, Row[]>();
  for (const row of table.rows) {
    const start: Value = row[slot];
    if (typeof start !== "number") continue;
    const rows = intervals.get(start);
    if (rows) rows.push(row);
    else intervals.set(start, [row]);
  }
  return [...intervals]
    .sort(([one], [other]) => one - other)
    .map(([start, rows]) => ({
      startTime: timeText(start),
      endTime: timeText(Math.min(start + bucket.size, Math.max(end, start))),
      groups: rows.map((row) => groupOf(row, table, ids)),
    }));
}

/** A field may have any name, `__proto__` too. */
function define(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
