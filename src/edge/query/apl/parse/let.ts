/** `let x = 5`, `let t = ['name'] | where …` */
import { QueryFault } from "../fault.ts";
import type { Let } from "../syntax.ts";
import type { Cursor } from "./cursor.ts";
import { expression } from "./expression.ts";
import { BARE, beginsSource, tabular } from "./tabular.ts";

const LITERALS = new Set(["true", "false", "null"]);

/** Without the `;` behind it. A name is given once: what it stands for must not depend on who reads it. */
export function letHere(cursor: Cursor): Let {
  cursor.expectWord("let");
  const { at, text: name } = cursor.expectName("a name");
  if (cursor.lets.has(name)) throw new QueryFault(at, `the name "${name.slice(0, 40).toWellFormed()}" is given twice`);
  cursor.expectSign("=");
  const value: Let["value"] = holdsTable(cursor)
    ? { kind: "table", table: tabular(cursor) }
    : { kind: "scalar", expression: expression(cursor) };
  cursor.lets.set(name, value);
  return { at, name, value };
}

/** Whether a table is what follows. `let a = b` is one unless `b` is known as something else: no columns are at hand for it to be one. */
function holdsTable(cursor: Cursor): boolean {
  let open = 0;
  while (cursor.isSign("(", open)) open++;
  if (beginsSource(cursor, open)) return true;
  for (let ahead = open; ; ahead++) {
    if (cursor.isSign("|", ahead)) return true;
    if (cursor.isSign(";", ahead) || cursor.look(ahead).kind === "end") break;
  }
  const bracketed = cursor.look(open + 1);
  const inBrackets = cursor.isSign("[", open) && bracketed.kind === "text" && cursor.isSign("]", open + 2);
  const name = inBrackets ? { text: bracketed.text, tokens: 3 } : cursor.match(BARE, open);
  if (name === null || (!inBrackets && isScalar(cursor, name.text))) return false;
  let ahead = open + name.tokens;
  while (cursor.isSign(")", ahead)) ahead++;
  return (cursor.isSign(";", ahead) || cursor.look(ahead).kind === "end") && cursor.lets.get(name.text)?.kind !== "scalar";
}

/** `true`, or `a.b` and `a-b` where `a` is known as a value. */
function isScalar(cursor: Cursor, name: string): boolean {
  const first = /^[^-.]*/.exec(name)?.[0] ?? name;
  return LITERALS.has(first) || cursor.lets.get(first)?.kind === "scalar";
}
