/** What a live tail takes of the query language: one dataset, and operators that look at one event at a time. */
import { QueryFault } from "../apl/fault.ts";
import { parseQuery } from "../apl/parse.ts";
import type { Operator, Query } from "../apl/syntax.ts";

const TAKEN: readonly Operator["kind"][] = ["where", "extend", "project", "project-away", "project-keep", "project-rename"];

/** @throws QueryFault for what is wrong with the text, for another operator or another source. Columns and functions are not looked at. */
export function readQuestion(apl: string, dataset: string): Query {
  const query = parseQuery(apl);
  const { lets, body } = query;
  const table = lets.find(({ value }) => value.kind === "table");
  if (table) throw new QueryFault(table.at, `a live tail reads one dataset: let can give a name to a value here, not to a table`);
  const { source } = body;
  if (source.kind !== "table" || source.name !== dataset)
    throw new QueryFault(source.at, `a live tail reads the dataset of its path and no other: begin the query with ${nameOf(dataset)}`);
  const other = body.operators.find(({ kind }) => !TAKEN.includes(kind));
  if (other)
    throw new QueryFault(
      other.at,
      `a live tail takes ${TAKEN.slice(0, -1).join(", ")} and ${TAKEN.at(-1)}, not ${other.kind}; POST /v1/query/_apl takes that`,
    );
  return query;
}

function nameOf(dataset: string): string {
  return `['${dataset}']`;
}
