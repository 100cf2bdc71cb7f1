/** Lists that several operators have: named values, sort keys, counts. */
import type { Named, SortKey } from "../syntax.ts";
import type { Cursor } from "./cursor.ts";
import { expression } from "./expression.ts";
import { assignedName } from "./name.ts";

export function separated<T>(cursor: Cursor, item: () => T): T[] {
  const items: T[] = [];
  do items.push(item());
  while (cursor.takeSign(","));
  return items;
}

/** `name = value`, or a value alone. */
export function named(cursor: Cursor): Named {
  const { at } = cursor.look();
  const name = assignedName(cursor)?.text ?? null;
  return { at, name, value: expression(cursor) };
}

/** What `by` begins, if it stands here and is no column's name. */
export function grouping(cursor: Cursor): Named[] {
  return cursor.takeWord("by") ? separated(cursor, () => named(cursor)) : [];
}

/** As Kusto has it, the order is descending unless told, and nulls are where the least values are. */
export function sortKeys(cursor: Cursor): SortKey[] {
  return separated(cursor, () => {
    const { at } = cursor.look();
    const by = expression(cursor);
    const descending = !cursor.takeWord("asc");
    if (descending) cursor.takeWord("desc");
    if (!cursor.takeWord("nulls")) return { at, by, descending, nulls: descending ? "last" : "first" };
    if (cursor.takeWord("first")) return { at, by, descending, nulls: "first" };
    if (cursor.takeWord("last")) return { at, by, descending, nulls: "last" };
    throw cursor.fault('"first" or "last"');
  });
}

/** A whole number, or the name that a `let` has given to one; with `fractions`, also part of 1. */
export function countHere(cursor: Cursor, fractions = false): number {
  const token = cursor.look();
  const given = token.kind === "name" ? cursor.lets.get(token.text) : undefined;
  const literal = given?.kind === "scalar" && given.expression.kind === "literal" ? given.expression : token;
  const value = "value" in literal && "type" in literal && literal.type !== "timespan" ? literal.value : undefined;
  const fits = typeof value === "number" && (Number.isSafeInteger(value) ? value >= 0 : fractions && value > 0 && value < 1);
  if (!fits) throw cursor.fault(fractions ? "a whole number, or a part of 1 such as 0.1" : "a whole number");
  cursor.take();
  return value;
}

/** `word = choice`, as in `kind=inner`; null if that is not what stands here. */
export function parameter(cursor: Cursor, word: string, choices: readonly string[]): string | null {
  if (!cursor.isWord(word) || !cursor.isSign("=", 1)) return null;
  cursor.take();
  cursor.take();
  const choice = choices.find((one) => cursor.isWord(one));
  if (choice === undefined) throw cursor.fault(choices.map((one) => `"${one}"`).join(" or "));
  cursor.take();
  return choice;
}
