/** An APL query carried out. */
import { Problem } from "../../problem.ts";
import { advice, DEFAULT_RANGE, defaultLimit } from "./advice.ts";
import { QueryFault } from "./apl/fault.ts";
import { parseQuery } from "./apl/parse.ts";
import type { Let, Query } from "./apl/syntax.ts";
import type { Value } from "./apl/value.ts";
import type { Asked } from "./asked.ts";
import { type Position, positionOf, withCursors } from "./cursor.ts";
import { faultProblem } from "./fault.ts";
import { literal } from "./legacy/tree.ts";
import { type Means, mayEstimate, run, statusOf } from "./means.ts";
import { type Prepared, prepare, ROWS_DEFAULT } from "./prepare.ts";
import { closedRange } from "./range.ts";
import type { Result } from "./reply/result.ts";
import type { AplRequest } from "./request/apl.ts";
import { cursorsOf, tableOf } from "./table.ts";
import { inOrder, TOTALS, totalsBeside } from "./totals.ts";

const NOTHING: ReadonlySet<string> = new Set();

/** @throws Problem for what is wrong with the query or its cursor. */
export async function runApl(request: AplRequest, asked: Asked, means: Means): Promise<Result> {
  try {
    return await carriedOut(request, asked, means);
  } catch (thrown) {
    throw thrown instanceof QueryFault ? faultProblem(request.apl, thrown) : thrown;
  }
}

async function carriedOut(request: AplRequest, asked: Asked, means: Means): Promise<Result> {
  const started = means.clock();
  const now = asked.now * 1_000;
  const query = withVariables(parseQuery(request.apl), request.variables);
  const range = closedRange(request.range, query, now);
  const prepared = shownIn(request, prepare(query, request.cursor !== null));
  const reading = means.open(prepared.events);
  const scan = withCursors(reading.scan, positionIn(request, prepared), prepared.events);
  const ran = await run(prepared.query, range, now, scan, means, totalsBeside(query));
  const table = inOrder(tableOf(ran, "0", prepared.hidden, request.cursorField));
  const totals = table.bucket && ran.beside ? inOrder(tableOf(ran.beside, TOTALS, NOTHING, false)) : null;
  const isGrouped = table.groups.length > 0;
  const messages = [
    ...means.messages,
    ...advice(request.apl, query),
    ...(range.isDefault ? [DEFAULT_RANGE] : []),
    ...(prepared.limited && ran.rowsMatched > ROWS_DEFAULT ? [defaultLimit(ROWS_DEFAULT)] : []),
  ];
  const cursors = prepared.pages ? cursorsOf(ran) : { min: "", max: "" };
  const groups = isGrouped ? (totals ?? table) : null;
  const status = statusOf(reading.examined(), ran, mayEstimate(query, ran, means), started, means.clock(), groups, cursors, messages);
  return { datasets: Object.keys(asked.destinations), range, status, tables: totals ? [table, totals] : [table] };
}

/** The legacy format has an event's times and id beside what it shows. */
function shownIn({ format }: AplRequest, prepared: Prepared): Prepared {
  return format === "legacy" ? { ...prepared, hidden: NOTHING } : prepared;
}

/** @throws Problem `body-invalid` where the query's events are not the first in the order that a cursor goes on in. */
function positionIn({ cursor }: AplRequest, { pages, descending }: Prepared): Position | null {
  if (cursor === null) return null;
  if (!pages)
    throw new Problem(
      "body-invalid",
      "a cursor goes on in the order of time: let the query give events sorted by their own _time alone and cut after that, as in sort by _time asc | take 500, or leave the cursor out",
    );
  return positionOf(cursor, descending);
}

/** What `let` gives in the text goes first. */
function withVariables(query: Query, variables: AplRequest["variables"]): Query {
  const given = new Set(query.lets.map(({ name }) => name));
  const lets = Object.entries(variables).flatMap(([name, value]): Let[] =>
    given.has(name) ? [] : [{ name, value: { kind: "scalar", expression: literal(value as Value) }, at: 0 }],
  );
  return { ...query, lets: [...lets, ...query.lets] };
}
