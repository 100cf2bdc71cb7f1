/** `format=tabular`: tables whose values stand by column. */
import type { Result, ResultColumn, ResultTable } from "./result.ts";
import { statusReply } from "./status.ts";
import { timeText, typeName, wireValue } from "./value.ts";

const NANOSECONDS_PER_MICROSECOND = 1_000;

/** No member but those that axiom-go knows: it refuses the others. */
export function tabularReply(result: Result) {
  const { datasets, range } = result;
  return {
    format: "tabular",
    status: statusReply(result.status),
    tables: result.tables.map((table) => ({
      name: table.name,
      sources: datasets.map((name) => ({ name })),
      fields: table.columns.map((column) => fieldOf(column, table)),
      order: table.order,
      groups: table.groups.map((name) => ({ name })),
      range: { field: "_time", start: timeText(range.from), end: timeText(range.to) },
      ...(table.bucket ? { buckets: { field: table.bucket.field, size: table.bucket.size * NANOSECONDS_PER_MICROSECOND } } : {}),
      columns: table.columns.map(({ slot, type }) => table.rows.map((row) => wireValue(row[slot], type))),
    })),
    datasetNames: datasets,
    fieldsMetaMap: Object.fromEntries(datasets.map((name) => [name, []])),
  };
}

function fieldOf({ name, type, slot, aggregation }: ResultColumn, { rows }: ResultTable) {
  return { name, type: typeName(type, valuesAt(rows, slot)), ...(aggregation ? { agg: aggregationReply(aggregation) } : {}) };
}

function* valuesAt(rows: ResultTable["rows"], slot: number) {
  for (const row of rows) yield row[slot];
}

/** Lists that would be empty are left out, as Axiom does. */
function aggregationReply({ name, fields, args }: NonNullable<ResultColumn["aggregation"]>) {
  return { name, ...(fields.length > 0 ? { fields } : {}), ...(args.length > 0 ? { args } : {}) };
}
