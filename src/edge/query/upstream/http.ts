/**
 * Any server that answers a query over HTTP. It is sent `{dataset, apl, startTime, endTime, …}` as JSON and answers with what Axiom would
 * answer, which is passed on, or with rows: a JSON array of objects, or `{"rows": [objects]}`.
 */
import type { UpstreamSettings } from "../../../access/upstream-settings.ts";
import { openColumns } from "../apl/columns.ts";
import { readTime } from "../apl/expression/time-text.ts";
import type { Row, Value } from "../apl/value.ts";
import type { ClosedRange } from "../range.ts";
import { legacyAplReply } from "../reply/legacy.ts";
import type { Result, ResultTable } from "../reply/result.ts";
import { tabularReply } from "../reply/tabular.ts";
import type { AplRequest } from "../request/apl.ts";
import { isObject, type Json } from "../request/members.ts";
import { forwardedBody, isAxiomAnswer, refused } from "./axiom.ts";
import { forwardedText } from "./canonical.ts";
import { isOk, jsonOf, openExchange } from "./exchange.ts";

const TIMES = ["_time", "_sysTime"];

/** @param settings secrets opened. @returns the answer's body, as values. @throws Problem; QueryFault for the query. */
export async function askHttp(
  request: AplRequest,
  range: ClosedRange,
  settings: UpstreamSettings,
  dataset: string,
  fetch: typeof globalThis.fetch,
  clock: () => number,
): Promise<unknown> {
  const started = clock();
  const exchange = openExchange(fetch, settings, dataset);
  const apl = forwardedText(request.apl, dataset, dataset, Object.keys(request.variables));
  const body = { dataset, format: request.format, ...forwardedBody({ ...request, range }, apl) };
  const headers = { ...settings.secrets, "content-type": "application/json", accept: "application/json" };
  const reply = await exchange.send(new URL(settings.url), { method: "POST", headers, body: JSON.stringify(body) });
  if (!isOk(reply)) throw refused(exchange, reply);
  const answer = jsonOf(exchange, reply);
  if (isAxiomAnswer(answer)) return answer;
  const rows = isObject(answer) ? answer["rows"] : answer;
  if (!Array.isArray(rows) || !rows.every(isObject)) throw exchange.failure("answered with what is neither rows nor an answer to a query");
  const result = resultOf(rows, dataset, range, (clock() - started) * 1_000);
  return request.format === "tabular" ? tabularReply(result) : legacyAplReply(result);
}

function resultOf(objects: readonly Json[], dataset: string, range: ClosedRange, elapsed: number): Result {
  const columns = openColumns();
  const rows = objects.map((object) => {
    const row: Row = [];
    for (const [name, value] of Object.entries(object)) {
      const isTime = TIMES.includes(name);
      row[columns.slot(name, isTime ? "datetime" : "dynamic")] = isTime && typeof value === "string" ? readTime(value) : (value as Value);
    }
    return row;
  });
  const table: ResultTable = {
    name: "0",
    columns: columns.list.map((column, slot) => ({ ...column, slot, aggregation: null })),
    rows,
    order: [],
    groups: [],
    bucket: null,
  };
  const none = {
    blocksExamined: 0,
    numGroups: 0,
    isPartial: false,
    isEstimate: false,
    blockTimes: null,
    minCursor: "",
    maxCursor: "",
    messages: [],
  };
  return { datasets: [dataset], range, status: { ...none, elapsed, rowsExamined: rows.length, rowsMatched: rows.length }, tables: [table] };
}
