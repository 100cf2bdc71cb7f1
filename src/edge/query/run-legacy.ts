/** A legacy query carried out. */
import { Problem } from "../../problem.ts";
import { QueryFault } from "./apl/fault.ts";
import { describeFault, parseExpression } from "./apl/parse.ts";
import type { Expression } from "./apl/syntax.ts";
import type { Asked } from "./asked.ts";
import { positionOf, withCursors } from "./cursor.ts";
import { compileLegacy, type LegacyPlan } from "./legacy/compile.ts";
import { type Means, mayEstimate, run, statusOf } from "./means.ts";
import { prepare } from "./prepare.ts";
import type { Result, ResultTable } from "./reply/result.ts";
import type { LegacyRequest } from "./request/legacy.ts";
import { cursorsOf, tableOf } from "./table.ts";
import { TOTALS } from "./totals.ts";

type Groups = Extract<LegacyPlan, { kind: "groups" }>;

const NOTHING: ReadonlySet<string> = new Set();
const NO_CURSORS = { min: "", max: "" };

/** @throws Problem for what is wrong with the query or its cursor. */
export async function runLegacy(request: LegacyRequest, dataset: string, asked: Asked, means: Means): Promise<Result> {
  try {
    const plan = compileLegacy(request, dataset, asked.now * 1_000, virtualField);
    return plan.kind === "events" ? await runEvents(plan, request, asked, means) : await runGroups(plan, request, asked, means);
  } catch (thrown) {
    throw thrown instanceof QueryFault ? new Problem("query-invalid", thrown.message) : thrown;
  }
}

function virtualField(text: string): Expression {
  try {
    return parseExpression(text);
  } catch (thrown) {
    if (!(thrown instanceof QueryFault)) throw thrown;
    throw new Problem(
      "query-invalid",
      `the virtual field ${JSON.stringify(text.slice(0, 80))} is no expression: ${describeFault(text, thrown)}`,
    );
  }
}

async function runEvents(
  plan: Extract<LegacyPlan, { kind: "events" }>,
  request: LegacyRequest,
  asked: Asked,
  means: Means,
): Promise<Result> {
  const started = means.clock();
  const prepared = prepare(plan.query, request.cursor !== null);
  if (request.cursor && !prepared.pages)
    throw new Problem("body-invalid", "a cursor goes on in the order of time: order by _time alone, or leave the cursor out");
  const position = request.cursor && positionOf(request.cursor, prepared.descending);
  const reading = means.open(true);
  const ran = await run(prepared.query, request.range, asked.now * 1_000, withCursors(reading.scan, position, true), means);
  // an event's id and times stand beside what it holds, so nothing is left out
  const table = tableOf(ran, "0", NOTHING, false);
  const cursors = prepared.pages ? cursorsOf(ran) : NO_CURSORS;
  const status = statusOf(reading.examined(), ran, false, started, means.clock(), null, cursors, means.messages);
  return { datasets: Object.keys(asked.destinations), range: request.range, status, tables: [table] };
}

async function runGroups(plan: Groups, request: LegacyRequest, asked: Asked, means: Means): Promise<Result> {
  const started = means.clock();
  const now = asked.now * 1_000;
  const { scan, examined } = means.open(false);
  const ran = await run(plan.series, request.range, now, scan, means, plan.totals);
  const whole = labelled(tableOf(ran.beside ?? ran, TOTALS, NOTHING, false), plan);
  const byInterval = labelled(tableOf(ran, "0", NOTHING, false), plan);
  const status = statusOf(examined(), ran, mayEstimate(plan.series, ran, means), started, means.clock(), whole, NO_CURSORS, means.messages);
  return { datasets: Object.keys(asked.destinations), range: request.range, status, tables: [byInterval, whole] };
}

/** Columns under the names that the request knows them by. */
function labelled(table: ResultTable, { groups, aggregations }: Groups): ResultTable {
  const labels = new Map([...groups, ...aggregations].map(({ name, label }) => [name, label]));
  const label = (name: string) => labels.get(name) ?? name;
  return { ...table, columns: table.columns.map((column) => ({ ...column, name: label(column.name) })), groups: table.groups.map(label) };
}
