/**
 * A query's text to its tree, and what is said of a text that is none. Functions and columns are not known here.
 * Time and memory are linear in the text, whatever it holds, and every walk of the tree is at most NESTING_MAX levels deep.
 */
import type { QueryFault } from "./fault.ts";
import { type Cursor, openCursor } from "./parse/cursor.ts";
import { expression } from "./parse/expression.ts";
import { letHere } from "./parse/let.ts";
import { tabular } from "./parse/tabular.ts";
import type { Expression, Let, Query } from "./syntax.ts";

export { datasetsIn } from "./parse/datasets-in.ts";

/** @throws QueryFault alone. */
export function parseQuery(text: string): Query {
  const cursor = openCursor(text);
  const lets: Let[] = [];
  skipEmpty(cursor);
  while (cursor.isWord("let") && cursor.look(1).kind === "name") {
    lets.push(letHere(cursor));
    if (!cursor.takeSign(";")) throw cursor.fault('an operator or ";"');
    skipEmpty(cursor);
  }
  const body = tabular(cursor);
  skipEmpty(cursor);
  if (cursor.look().kind !== "end") throw cursor.fault("the end of the query");
  return { lets, body };
}

/** The whole text is one expression, as that of a virtual field. @throws QueryFault alone. */
export function parseExpression(text: string): Expression {
  const cursor = openCursor(text);
  const parsed = expression(cursor);
  if (cursor.look().kind !== "end") throw cursor.fault("an operator or the end of the expression");
  return parsed;
}

/** Line and column of an offset, from 1, in UTF-16 units. */
export function placeOf(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at);
  return { line: before.split("\n").length, column: before.length - before.lastIndexOf("\n") };
}

export function describeFault(text: string, { at, message }: QueryFault): string {
  const { line, column } = placeOf(text, at);
  return `line ${line}, column ${column}: ${message}`;
}

function skipEmpty(cursor: Cursor): void {
  while (cursor.takeSign(";"));
}
