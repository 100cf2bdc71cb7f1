/** Names of columns where they are named and not computed with. */
import type { NamePattern } from "../syntax.ts";
import type { Cursor } from "./cursor.ts";

interface Name {
  readonly at: number;
  readonly text: string;
}

/** Letters, digits, `_`, `$`, `.` and `*`. */
const PATTERN = /[\p{L}\p{M}\p{N}_$.*]+/uy;

/** `['x y']` */
export function bracketedName(cursor: Cursor): Name {
  const at = cursor.expectSign("[");
  const token = cursor.look();
  if (token.kind !== "text" || token.text === "") throw cursor.fault("a name in quotes");
  cursor.take();
  cursor.expectSign("]");
  return { at, text: token.text };
}

/** `a`, `a.b`, `['a b'].c`: the flattened field. */
export function columnName(cursor: Cursor): Name {
  const first = cursor.isSign("[") ? bracketedName(cursor) : cursor.expectName("a column's name");
  return { at: first.at, text: first.text + furtherPath(cursor) };
}

/** A column's name in which `*` may stand for any text. */
export function namePattern(cursor: Cursor): NamePattern {
  const { at } = cursor.look();
  if (cursor.isSign("[")) return { at, pattern: columnName(cursor).text };
  const pattern = cursor.takeMatch(PATTERN);
  if (pattern === null) throw cursor.fault('a column\'s name, in which "*" may stand for any text');
  return { at, pattern: pattern + furtherPath(cursor) };
}

function furtherPath(cursor: Cursor): string {
  const steps: string[] = [];
  for (;;) {
    const dotted = cursor.takeSign(".");
    if (cursor.isSign("[")) steps.push(".", bracketedName(cursor).text);
    else if (dotted) steps.push(".", cursor.expectName("a member's name").text);
    else return steps.join("");
  }
}

/** The name before a `=`, which is taken as well; null, and nothing taken, if what stands here is no assignment. */
export function assignedName(cursor: Cursor): Name | null {
  let ahead = 0;
  for (let first = true; ; first = false) {
    if (cursor.isSign("=", ahead) && !first) break;
    if (!first && cursor.isSign(".", ahead)) ahead++;
    else if (!first && !cursor.isSign("[", ahead)) return null;
    if (cursor.isSign("[", ahead)) {
      if (cursor.look(ahead + 1).kind !== "text" || !cursor.isSign("]", ahead + 2)) return null;
      ahead += 3;
    } else if (cursor.look(ahead).kind === "name") ahead++;
    else return null;
  }
  const name = columnName(cursor);
  cursor.expectSign("=");
  return name;
}
