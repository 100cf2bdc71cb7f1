/** The events of a page as a store that queries are carried out over: everything but the bucket is what runs in a region. */
import { parseExpression } from "../../src/edge/query/apl/parse.ts";
import type { Scan } from "../../src/edge/query/apl/source.ts";
import type { Row } from "../../src/edge/query/apl/value.ts";
import type { Answer } from "../../src/edge/query/asked.ts";
import type { Means } from "../../src/edge/query/means.ts";
import { readAplRequest } from "../../src/edge/query/request/apl.ts";
import { runQuery } from "../../src/edge/query/run-query.ts";
import { openEvents } from "../../src/edge/query/source/events.ts";
import { openFields, ROW_ID } from "../../src/edge/query/source/fields.ts";

/** Lines of NDJSON by dataset. */
type Datasets = Readonly<Record<string, readonly string[]>>;

export interface Stage {
  readonly datasets: Datasets;
  /** By name, of all datasets. */
  readonly virtual: Readonly<Record<string, string>>;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Of all of the day of the examples. */
const TIMES = { startTime: "2026-01-02T00:00:00Z", endTime: "2026-01-03T00:00:00Z" };

/** Rows of the answer's first table; the value where there is but one. */
export async function resultOf(apl: string, stage: Stage): Promise<unknown> {
  const answer = await ask(apl, stage);
  if (answer.kind === "refused") throw new Error(`${apl}: ${answer.detail}`);
  const { tables } = JSON.parse(new TextDecoder().decode(answer.body)) as { tables: { columns: unknown[][] }[] };
  const columns = tables[0]?.columns ?? [];
  const table = (columns[0] ?? []).map((_, at) => columns.map((column) => column[at]));
  return table.length === 1 && columns.length === 1 ? table[0]?.[0] : table;
}

/** As the edge asks storage, and is answered. */
export function ask(apl: string, { datasets, virtual, now }: Stage): Promise<Answer> {
  const body = new TextEncoder().encode(JSON.stringify({ apl, ...TIMES }));
  const request = readAplRequest(body, new URLSearchParams(), now * 1_000);
  const names = Object.keys(datasets);
  const destination = (dataset: string) => ({ org: "o", dataset, datasetId: dataset, region: "r" });
  const destinations = Object.fromEntries(names.map((name) => [name, destination(name)]));
  const fields = new Map(Object.entries(virtual).map(([name, text]) => [name, parseExpression(text)]));
  const means: Means = {
    open: () => ({ scan: scanOf(datasets), examined: () => NOTHING_EXAMINED }),
    virtualFields: new Map(names.map((name) => [name, fields])),
    messages: [],
    clock: () => now,
  };
  return runQuery({ question: { kind: "apl", request }, destinations, shards: 1, now }, means);
}

const NOTHING_EXAMINED = { rowsExamined: 0, blocksExamined: 0, minBlockTime: null, maxBlockTime: null, isPartial: false, messages: [] };

function scanOf(datasets: Datasets): Scan {
  return async function* (dataset, { names, from, to }, columns) {
    const known = names?.filter((name) => name !== ROW_ID) ?? null;
    const fields = openFields({ names: known, mapFields: new Map(), columns, crowded: () => undefined });
    const blank = () => columns.list.map(() => undefined);
    const events = openEvents({ fields, wide: names === null, from, to, blank });
    const bytes = new TextEncoder().encode((datasets[dataset] ?? []).map((line) => `${line}\n`).join(""));
    const text = Buffer.from(bytes).toString("latin1");
    const rows: Row[] = [];
    events.open({ bytes, text });
    for (let start = 0; start < text.length; start = text.indexOf("\n", start) + 1) {
      const row = events.read(start, true);
      if (row) rows.push(row);
      if (row && (names?.includes(ROW_ID) ?? true)) row[columns.slot(ROW_ID, "string")] = `${dataset}-${start}`;
    }
    yield rows;
  };
}
