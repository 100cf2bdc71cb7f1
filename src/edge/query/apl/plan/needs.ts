/** What operators need of the rows that come to them, read off the tree alone. */
import type { Expression, Operator, Query } from "../syntax.ts";
import { isExact } from "./pattern.ts";
import { visited } from "./tree.ts";

/** Whether any of the operators takes rows as wholes before one chooses columns; where none does, whoever comes behind them decides. */
export function needsWhole(operators: readonly Operator[], behind: boolean): boolean {
  for (const operator of operators) {
    const needs = needsOf(operator);
    if (needs !== null) return needs;
  }
  return behind;
}

/** Null: it passes on what it gets, so what follows decides. */
function needsOf(operator: Operator): boolean | null {
  switch (operator.kind) {
    case "project":
    case "count":
      return false;
    case "summarize":
    case "make-series":
      return operator.aggregates.some(({ value }) => hasStar(value));
    case "distinct":
      return operator.items.length === 0;
    case "getschema":
    case "search":
      return true;
    case "project-keep":
      return !operator.names.every(isExact);
    default:
      return null;
  }
}

export function hasStar(expression: Expression): boolean {
  let found = false;
  // `count(*)` is `count()`
  visited(expression, (one) => {
    if (one.kind === "call" && one.args.length > (one.name === "count" ? 1 : 0)) found ||= one.args.some(({ kind }) => kind === "star");
  });
  return found;
}

/** Whatever in a query may be the name of a field: every name, and every beginning of a path. */
export function namesIn(query: Query): ReadonlySet<string> {
  const names = new Set<string>();
  collect(query, names);
  return names;
}

const NAMING = ["name", "pattern", "from", "left", "right"];

function collect(node: unknown, names: Set<string>): string | null {
  if (typeof node !== "object" || node === null) return null;
  if (Array.isArray(node)) {
    for (const one of node) collect(one, names);
    return null;
  }
  const members = node as Record<string, unknown>;
  const of = collect(members["of"], names);
  for (const [member, value] of Object.entries(members)) {
    if (typeof value === "string" && NAMING.includes(member)) names.add(value);
    else if (member !== "of") collect(value, names);
  }
  const path =
    members["kind"] === "column"
      ? String(members["name"])
      : members["kind"] === "member" && of !== null
        ? `${of}.${members["name"]}`
        : null;
  if (path !== null) names.add(path);
  return path;
}

/** Whether an expression reads one of the fields. */
export function mentions(expression: Expression, names: ReadonlySet<string>): boolean {
  const found = new Set<string>();
  collect(expression, found);
  return [...found].some((name) => names.has(name));
}
