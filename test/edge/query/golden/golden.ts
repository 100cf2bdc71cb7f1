/** One query with its meaning in SQL: written from Kusto's and Axiom's documentation, never from what the engine answers. */
import { execute } from "../../../../src/edge/query/apl/execute.ts";
import { LIMITS } from "../../../../src/edge/query/apl/limits.ts";
import { parseQuery } from "../../../../src/edge/query/apl/parse.ts";
import { planQuery } from "../../../../src/edge/query/apl/plan.ts";
import type { Scan } from "../../../../src/edge/query/apl/source.ts";
import type { Type, Value } from "../../../../src/edge/query/apl/value.ts";
import { type Accepted, type Cell, type Result, span, time } from "./result.ts";

export interface Golden extends Accepted {
  readonly apl: string;
  readonly sql: string;
  /** No row is the right answer. */
  readonly isEmpty?: boolean;
}

/** When all queries begin: the events are of the week before. */
const NOW = Date.parse("2026-03-06T00:00:00Z") * 1000;
const WEEKS = { from: NOW - 14 * 86_400e6, to: NOW };

/** @throws what the engine says of the query; and where it leaves something out, which it is not to do for a corpus of this size */
export async function answer(apl: string, scan: Scan): Promise<Result> {
  const plan = planQuery(parseQuery(apl), { now: NOW, range: WEEKS, isRangeGiven: true, virtualFields: () => new Map() });
  const { columns, rows, cuts } = await execute(plan, scan, { ...LIMITS, defaultRows: LIMITS.outputRows });
  if (cuts.length > 0) throw new Error(`something is left out: ${cuts.map(({ text }) => text).join("; ")}`);
  return {
    columns: columns.list.map(({ name }) => name),
    rows: rows.map((row) => columns.list.map(({ type }, i) => cellOf(type, row[i]))),
  };
}

function cellOf(type: Type, value: Value): Cell {
  if (value === null || value === undefined) return null;
  if (type === "datetime") return time(Number(value));
  return type === "timespan" ? span(Number(value)) : value;
}
