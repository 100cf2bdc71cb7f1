/** The operators `parse` and `parse-where`: `parse kind=regex flags=U x with * "id=" id:long " " rest` */
import type { Operator, ParsePart } from "../syntax.ts";
import type { Cursor } from "./cursor.ts";
import { expression } from "./expression.ts";
import { parameter } from "./item.ts";
import { typeHere } from "./literal.ts";
import { columnName } from "./name.ts";

const MODES = ["simple", "regex", "relaxed"] as const;

export function parseText(cursor: Cursor, at: number, drops: boolean): Operator {
  const kind = parameter(cursor, "kind", MODES);
  const mode = MODES.find((one) => one === kind) ?? "simple";
  const flags = mode === "regex" ? flagsHere(cursor) : "";
  const of = expression(cursor);
  cursor.expectWord("with");
  const parts: ParsePart[] = [];
  for (let part = partHere(cursor); part; part = partHere(cursor)) parts.push(part);
  if (parts.length === 0) throw cursor.fault('a text, a column\'s name or "*"');
  return { at, kind: "parse", of, mode, flags, parts, drops };
}

function flagsHere(cursor: Cursor): string {
  if (!cursor.isWord("flags") || !cursor.isSign("=", 1)) return "";
  cursor.take();
  cursor.take();
  return cursor.expectName("letters of flags, such as U or i").text;
}

function partHere(cursor: Cursor): ParsePart | null {
  const token = cursor.look();
  if (cursor.takeSign("*")) return { kind: "any" };
  if (token.kind === "text") {
    cursor.take();
    return { kind: "text", text: token.text };
  }
  if (token.kind !== "name" && !cursor.isSign("[")) return null;
  const { at, text: name } = columnName(cursor);
  return { kind: "column", at, name, type: cursor.takeSign(":") ? typeHere(cursor) : "string" };
}
