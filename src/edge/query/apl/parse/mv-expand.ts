/** `mv-expand with_itemindex=i x to typeof(long), y = z limit 10` */
import type { Operator } from "../syntax.ts";
import type { Cursor } from "./cursor.ts";
import { countHere, named, parameter, separated } from "./item.ts";
import { typeHere } from "./literal.ts";
import { columnName } from "./name.ts";

export function mvExpand(cursor: Cursor, at: number): Operator {
  let indexName: string | null = null;
  for (let more = true; more; ) {
    more = parameter(cursor, "kind", ["bag"]) !== null || parameter(cursor, "bagexpansion", ["bag"]) !== null;
    if (cursor.isWord("with_itemindex") && cursor.isSign("=", 1)) {
      cursor.take();
      cursor.take();
      indexName = columnName(cursor).text;
      more = true;
    }
  }
  const items = separated(cursor, () => ({ ...named(cursor), type: cursor.takeWord("to") ? typeOf(cursor) : null }));
  const limit = cursor.takeWord("limit") ? countHere(cursor) : null;
  return { at, kind: "mv-expand", items, indexName, limit };
}

function typeOf(cursor: Cursor) {
  cursor.expectWord("typeof");
  cursor.expectSign("(");
  const type = typeHere(cursor);
  cursor.expectSign(")");
  return type;
}
