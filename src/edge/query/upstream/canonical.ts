/**
 * A query on its way to a server that reads it by itself, with a credential that may read more than the caller. What is sent must mean
 * there what it means here: texts and comments are written anew so that no two readers can see their ends in different places, and what
 * only looks like a value here but may be a table there is refused.
 */
import { AGGREGATES } from "../apl/aggregates/aggregates.ts";
import { partsOf } from "../apl/aggregates/derived.ts";
import { QueryFault } from "../apl/fault.ts";
import { SCALAR_FUNCTIONS } from "../apl/functions/scalar-functions.ts";
import { type Token, tokensOf } from "../apl/lexer.ts";
import { BARE } from "../apl/parse/tabular.ts";
import { datasetsIn, parseQuery } from "../apl/parse.ts";
import type { Expression, Operator, Query, Source, Tabular } from "../apl/syntax.ts";

/**
 * The same query, of another name for its one dataset.
 * @param variables names that the request gives values to.
 * @throws QueryFault, also for a query over another dataset.
 */
export function forwardedText(text: string, dataset: string, upstream: string, variables: readonly string[]): string {
  const query = parseQuery(text);
  const named = datasetsIn(query);
  const stray = named.find(({ name }) => name !== dataset);
  if (stray)
    throw new QueryFault(
      stray.at,
      `${stray.name} is not dataset ${dataset}, which another server answers, so they cannot stand in one query`,
    );
  requirePlain(query, upstream, variables);
  const written = rewritten(text, new Set(named.map(({ at }) => at)), upstream);
  // read again: what goes out names that one dataset, and as often as before
  const again = datasetsIn(parseQuery(written));
  if (again.length !== named.length || again.some(({ name }) => name !== upstream))
    throw new QueryFault(0, "the query cannot be forwarded; write it more simply");
  return written;
}

function rewritten(text: string, places: ReadonlySet<number>, name: string): string {
  const pieces: string[] = [];
  let end = 0;
  for (const token of tokensOf(text)) {
    if (token.at < end) continue;
    // what touches may be one name, such as web-logs
    if (token.at > end) pieces.push(" ");
    const replaced = places.has(token.at);
    pieces.push(replaced ? `[${quoted(name)}]` : written(token, text));
    end = replaced ? endOfName(text, token.at) : token.end;
  }
  return pieces.join("");
}

/** A union and an arm of it may stand at the same place as their name, in which case there are signs before it. */
function endOfName(text: string, at: number): number {
  if (text[at] === "[") {
    const bracket = tokensOf(text).find((token) => token.at > at && token.kind === "sign" && token.text === "]");
    return bracket?.end ?? at;
  }
  BARE.lastIndex = at;
  return BARE.test(text) ? BARE.lastIndex : at;
}

function written(token: Token, text: string): string {
  return token.kind === "text" ? quoted(token.text) : text.slice(token.at, token.end);
}

/** With the escapes of JSON, which are those of every reader. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** @throws QueryFault for what could be a table to another reader. */
function requirePlain({ lets, body }: Query, upstream: string, variables: readonly string[]): void {
  const scalars = new Set(variables);
  if (scalars.has(upstream)) throw new QueryFault(0, `the variable ${upstream} has a name that means something else there; rename it`);
  for (const { name, value, at } of lets) {
    if (name === upstream) throw new QueryFault(at, `the name ${name} means something else there; give it another one`);
    if (value.kind === "table") requireTable(value.table, scalars);
    else {
      requireValue(value.expression, scalars);
      if (value.expression.kind === "column" && !scalars.has(value.expression.name)) throw asTable(value.expression.at);
      scalars.add(name);
    }
  }
  requireTable(body, scalars);
}

function asTable(at: number): QueryFault {
  return new QueryFault(
    at,
    "a column's name alone may mean a table there, so the query cannot be forwarded; write tostring() around it, or a constant",
  );
}

function requireTable({ source, operators }: Tabular, scalars: ReadonlySet<string>): void {
  for (const table of tablesOf(source)) requireTable(table, scalars);
  for (const operator of operators) {
    for (const one of expressionsOf(operator)) requireValue(one, scalars);
    if (operator.kind === "join") requireTable(operator.right, scalars);
    if (operator.kind === "union") for (const other of operator.others) requireTable(other, scalars);
  }
  if (source.kind === "print") for (const { value } of source.items) requireValue(value, scalars);
}

function tablesOf(source: Source): readonly Tabular[] {
  return source.kind === "union" ? source.of : [];
}

/** Kusto's `in`, `has_any` and their like take a table as well, and some of its functions do. */
function requireValue(expression: Expression, scalars: ReadonlySet<string>): void {
  if (expression.kind === "call" && !SCALAR_FUNCTIONS.has(expression.name) && !AGGREGATES.has(expression.name))
    throw new QueryFault(expression.at, `there is no function ${expression.name}()`);
  if (expression.kind === "among") {
    const bare = expression.items.find((item) => item.kind === "column" && !scalars.has(item.name));
    if (bare) throw asTable(bare.at);
  }
  for (const part of partsOf(expression)) requireValue(part, scalars);
}

function expressionsOf(operator: Operator): readonly Expression[] {
  switch (operator.kind) {
    case "where":
    case "search":
      return [operator.predicate];
    case "extend":
    case "project":
    case "distinct":
    case "mv-expand":
      return operator.items.map(({ value }) => value);
    case "summarize":
      return [...operator.aggregates, ...operator.by].map(({ value }) => value);
    case "sort":
    case "top":
      return operator.keys.map(({ by }) => by);
    case "parse":
      return [operator.of];
    case "make-series": {
      const { aggregates, on, from, to, step, by } = operator;
      const fallbacks = aggregates.map(({ fallback }) => fallback);
      return [...aggregates.map(({ value }) => value), on, step, from, to, ...fallbacks, ...by.map(({ value }) => value)].filter(
        (one) => one !== null,
      );
    }
    default:
      return [];
  }
}
