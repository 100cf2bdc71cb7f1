/** What the names of tables in a query mean, and what is done with rows right behind their sources. */
import { QueryFault } from "../fault.ts";
import type { Operator, Query, Source, Tabular } from "../syntax.ts";

/** A table, and which names mean another one in it: those that are given before this position among the query's `let`. */
export interface Placed {
  readonly table: Tabular;
  readonly before: number;
}

export interface Tables {
  /** Null: it is a dataset's. */
  find(name: string, before: number): Placed | null;
  /** Whether rows pass the table one by one, so that what stands behind it might as well stand behind its sources. */
  passes(placed: Placed): boolean;
}

/** Tables inside of tables, by `let` or by union. */
export const TABLE_DEPTH_MAX = 100;

export function openTables({ lets }: Query): Tables {
  const given = new Map<string, Placed>();
  lets.forEach(({ name, value }, i) => {
    if (value.kind === "table") given.set(name, { table: value.table, before: i });
  });
  const find = (name: string, before: number) => {
    const placed = given.get(name);
    return placed !== undefined && placed.before < before ? placed : null;
  };
  const known = new Map<Tabular, boolean>();

  function passes({ table, before }: Placed): boolean {
    const found = known.get(table);
    if (found !== undefined) return found;
    const made = table.operators.every(({ kind }) => PASSING.includes(kind)) && allPass(table.source, before);
    known.set(table, made);
    return made;
  }

  function allPass(source: Source, before: number): boolean {
    // a column that only the union has must not be looked for in events
    if (source.kind === "union") return source.sourceColumn === null && source.of.every((table) => passes({ table, before }));
    const placed = source.kind === "table" ? find(source.name, before) : null;
    return placed === null || passes(placed);
  }

  // in their order, so that none has far to go
  for (const placed of given.values()) passes(placed);
  return { find, passes };
}

/** @throws QueryFault */
export function checkDepth(depth: number, at: number): void {
  if (depth > TABLE_DEPTH_MAX) throw new QueryFault(at, `tables stand in each other at most ${TABLE_DEPTH_MAX} levels deep`);
}

const PASSING: readonly Operator["kind"][] = [
  ...(["where", "search", "parse", "extend"] as const),
  ...(["project", "project-away", "project-keep", "project-rename", "project-reorder"] as const),
];

/** The last filter that comes before anything else is done with rows than to change them one by one; below 0: there is none. */
export function lastFilter(operators: readonly Operator[]): number {
  const end = operators.findIndex(({ kind }) => !PASSING.includes(kind));
  return operators.slice(0, end < 0 ? operators.length : end).findLastIndex(isFilter);
}

function isFilter(operator: Operator): boolean {
  return operator.kind === "where" || operator.kind === "search" || (operator.kind === "parse" && operator.drops);
}
