/** What follows a `|`. */
import { nearest, QueryFault } from "../fault.ts";
import type { Operator, Tabular } from "../syntax.ts";
import type { Cursor } from "./cursor.ts";
import { expression } from "./expression.ts";
import { countHere, grouping, named, parameter, separated, sortKeys } from "./item.ts";
import { join } from "./join.ts";
import { mvExpand } from "./mv-expand.ts";
import { columnName, namePattern } from "./name.ts";
import { parseText } from "./parse-text.ts";
import { makeSeries } from "./series.ts";

/** Reads what stands behind an operator's word; `arm` reads a table that stands inside an operator. */
type Rest = (cursor: Cursor, at: number, arm: () => Tabular) => Operator;

const WORD = /[\p{L}_$][\p{L}\p{M}\p{N}_$]*(?:-[\p{L}\p{M}\p{N}_$]+)*/uy;

const OPERATORS: ReadonlyMap<string, Rest> = new Map<string, Rest>([
  ["where", where],
  ["filter", where],
  ["extend", (cursor, at) => ({ at, kind: "extend", items: separated(cursor, () => named(cursor)) })],
  ["project", (cursor, at) => ({ at, kind: "project", items: separated(cursor, () => named(cursor)) })],
  ["project-away", (cursor, at) => ({ at, kind: "project-away", names: separated(cursor, () => namePattern(cursor)) })],
  ["project-keep", (cursor, at) => ({ at, kind: "project-keep", names: separated(cursor, () => namePattern(cursor)) })],
  ["project-rename", (cursor, at) => ({ at, kind: "project-rename", items: separated(cursor, () => renaming(cursor)) })],
  ["project-reorder", (cursor, at) => ({ at, kind: "project-reorder", names: separated(cursor, () => reordering(cursor)) })],
  ["summarize", summarize],
  ["sort", sort],
  ["order", sort],
  ["top", top],
  ["take", take],
  ["limit", take],
  ["sample", (cursor, at) => ({ at, kind: "sample", count: countHere(cursor, true) })],
  ["count", (_, at) => ({ at, kind: "count" })],
  ["getschema", (_, at) => ({ at, kind: "getschema" })],
  ["distinct", (cursor, at) => ({ at, kind: "distinct", items: cursor.takeSign("*") ? [] : separated(cursor, () => named(cursor)) })],
  ["mv-expand", mvExpand],
  ["mvexpand", mvExpand],
  ["parse", (cursor, at) => parseText(cursor, at, false)],
  ["parse-where", (cursor, at) => parseText(cursor, at, true)],
  ["search", search],
  ["make-series", makeSeries],
  ["join", join],
  ["union", union],
]);

export function operatorHere(cursor: Cursor, arm: () => Tabular): Operator {
  const { at } = cursor.look();
  const word = cursor.takeMatch(WORD);
  if (word === null) throw cursor.fault("an operator");
  const rest = OPERATORS.get(word);
  if (rest) return rest(cursor, at, arm);
  const meant = nearest(word, OPERATORS.keys());
  const advice = meant === null ? `operators are ${[...OPERATORS.keys()].join(", ")}` : `did you mean "${meant}"?`;
  throw new QueryFault(at, `unknown operator "${word.slice(0, 40).toWellFormed()}"; ${advice}`);
}

function where(cursor: Cursor, at: number): Operator {
  return { at, kind: "where", predicate: expression(cursor) };
}

function renaming(cursor: Cursor) {
  const to = columnName(cursor);
  cursor.expectSign("=");
  return { at: to.at, to: to.text, from: columnName(cursor).text };
}

function reordering(cursor: Cursor) {
  const name = namePattern(cursor);
  const order = cursor.takeWord("asc") ? ("asc" as const) : cursor.takeWord("desc") ? ("desc" as const) : null;
  return { ...name, order };
}

function summarize(cursor: Cursor, at: number): Operator {
  const onlyGroups = cursor.isWord("by") && !["=", "(", "."].some((sign) => cursor.isSign(sign, 1));
  const aggregates = onlyGroups ? [] : separated(cursor, () => named(cursor));
  return { at, kind: "summarize", aggregates, by: grouping(cursor) };
}

function sort(cursor: Cursor, at: number): Operator {
  cursor.expectWord("by");
  return { at, kind: "sort", keys: sortKeys(cursor) };
}

function top(cursor: Cursor, at: number): Operator {
  const count = countHere(cursor);
  cursor.expectWord("by");
  return { at, kind: "top", count, keys: sortKeys(cursor) };
}

function take(cursor: Cursor, at: number): Operator {
  return { at, kind: "take", count: countHere(cursor) };
}

function search(cursor: Cursor, at: number): Operator {
  searchKind(cursor);
  return searchFor(cursor, at);
}

export function searchKind(cursor: Cursor): void {
  parameter(cursor, "kind", ["default", "case_insensitive"]);
}

export function searchFor(cursor: Cursor, at: number): Operator {
  cursor.searches = true;
  const predicate = expression(cursor);
  cursor.searches = false;
  return { at, kind: "search", predicate };
}

function union(cursor: Cursor, at: number, arm: () => Tabular): Operator {
  if (cursor.isWord("withsource") && cursor.isSign("=", 1))
    throw new QueryFault(cursor.look().at, "withsource= belongs to a union that begins a query: union withsource=name A, B");
  parameter(cursor, "kind", ["outer"]);
  return { at, kind: "union", others: separated(cursor, arm) };
}
