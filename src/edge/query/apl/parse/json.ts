/** What stands in `dynamic(…)`: JSON, whose texts may have either quote. */
import type { Value } from "../value.ts";
import type { Cursor } from "./cursor.ts";

const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);

export function jsonHere(cursor: Cursor): Value {
  const token = cursor.look();
  if (cursor.takeSign("[")) return cursor.nested(() => listed(cursor, "]", () => jsonHere(cursor)));
  if (cursor.takeSign("{")) return Object.fromEntries(cursor.nested(() => listed(cursor, "}", () => member(cursor))));
  const minus = cursor.takeSign("-");
  const plain = cursor.look();
  if (plain.kind === "number" && plain.type !== "timespan") {
    cursor.take();
    return minus ? 0 - plain.value : plain.value;
  }
  if (!minus && token.kind === "text") {
    cursor.take();
    return token.text;
  }
  const word = !minus && token.kind === "name" ? WORDS.get(token.text) : undefined;
  if (word === undefined) throw cursor.fault("a JSON value");
  cursor.take();
  return word;
}

function member(cursor: Cursor): [name: string, value: Value] {
  const token = cursor.look();
  if (token.kind !== "text") throw cursor.fault("a member's name in quotes");
  cursor.take();
  cursor.expectSign(":");
  return [token.text, jsonHere(cursor)];
}

function listed<T>(cursor: Cursor, close: string, item: () => T): T[] {
  const items: T[] = [];
  if (cursor.takeSign(close)) return items;
  do items.push(item());
  while (cursor.takeSign(","));
  if (!cursor.takeSign(close)) throw cursor.fault(`"," or "${close}"`);
  return items;
}
