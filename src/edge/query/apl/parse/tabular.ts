/** Tables and what is done with them: `['name'] | where …`, `union A, (B | take 1)`, `print x = 1`, `search in (A, B) "x"`. */
import { QueryFault } from "../fault.ts";
import type { Operator, Source, Tabular } from "../syntax.ts";
import type { Cursor } from "./cursor.ts";
import { named, parameter, separated } from "./item.ts";
import { bracketedName, columnName } from "./name.ts";
import { operatorHere, searchFor, searchKind } from "./operator.ts";

/** A dataset's name without brackets: `-` and `.` may stand inside. */
export const BARE = /[\p{L}_][\p{L}\p{M}\p{N}_]*(?:[-.][\p{L}\p{M}\p{N}_]+)*/uy;
const SOURCE_WORDS = ["union", "print", "search"];
const AFTER_TABLE = ["|", ";", ")", ","];

/** Whoever is given one may go on with it: `(A | where x) | count` is one table with two operators. */
interface Begun extends Tabular {
  readonly operators: Operator[];
}

export function tabular(cursor: Cursor): Begun {
  const table = sourceHere(cursor);
  while (cursor.takeSign("|")) {
    table.operators.push(operatorHere(cursor, () => arm(cursor)));
    if (!endsHere(cursor)) throw cursor.fault('an operator, "|" or the end of the query');
  }
  return table;
}

/** Whether `union`, `print` or `search` stands here and is no dataset's name. */
export function beginsSource(cursor: Cursor, ahead = 0): boolean {
  if (!SOURCE_WORDS.some((word) => cursor.isWord(word, ahead))) return false;
  const [word, next] = [cursor.look(ahead), cursor.look(ahead + 1)];
  const inName = next.at === word.end && (cursor.isSign("-", ahead + 1) || cursor.isSign(".", ahead + 1));
  return !inName && next.kind !== "end" && !AFTER_TABLE.some((sign) => cursor.isSign(sign, ahead + 1));
}

function endsHere(cursor: Cursor): boolean {
  return cursor.look().kind === "end" || ["|", ";", ")"].some((sign) => cursor.isSign(sign));
}

function sourceHere(cursor: Cursor): Begun {
  const { at } = cursor.look();
  const table = !beginsSource(cursor)
    ? arm(cursor)
    : cursor.takeWord("print")
      ? beginning(at, { at, kind: "print", items: separated(cursor, () => named(cursor)) })
      : cursor.takeWord("union")
        ? beginning(at, unionHere(cursor, at))
        : searchHere(cursor);
  if (!endsHere(cursor)) throw cursor.fault('"|" or the end of the query');
  return table;
}

function beginning(at: number, source: Source): Begun {
  return { at, source, operators: [] };
}

function unionHere(cursor: Cursor, at: number): Source {
  let sourceColumn: string | null = null;
  for (let more = true; more; ) {
    more = parameter(cursor, "kind", ["outer"]) !== null;
    if (cursor.isWord("withsource") && cursor.isSign("=", 1)) {
      cursor.take();
      cursor.take();
      sourceColumn = columnName(cursor).text;
      more = true;
    }
  }
  return { at, kind: "union", of: separated(cursor, () => arm(cursor)), sourceColumn };
}

function searchHere(cursor: Cursor): Begun {
  const { at } = cursor.take();
  searchKind(cursor);
  if (!cursor.takeWord("in")) throw cursor.fault('"in" and the datasets to search, as in search in (A, B) "text"');
  cursor.expectSign("(");
  const of = cursor.nested(() => separated(cursor, () => arm(cursor)));
  cursor.expectSign(")");
  const [only] = of;
  const table = only && of.length === 1 ? only : beginning(at, { at, kind: "union", of, sourceColumn: null });
  table.operators.push(searchFor(cursor, at));
  return table;
}

/** A table that stands inside something: a name, or a whole tabular expression in parentheses. */
export function arm(cursor: Cursor): Begun {
  const { at } = cursor.look();
  if (cursor.takeSign("(")) {
    const inner = cursor.nested(() => tabular(cursor));
    cursor.expectSign(")");
    return inner;
  }
  const name = cursor.isSign("[") ? bracketedName(cursor).text : cursor.takeMatch(BARE);
  if (name === null) throw cursor.fault("a dataset");
  if (cursor.isSign("*") || name.includes("*")) throw new QueryFault(at, 'a dataset is named whole, without "*"');
  return beginning(at, { at, kind: "table", name });
}
