/** Values written out. */
import { QueryFault } from "../fault.ts";
import type { Token } from "../lexer.ts";
import type { Expression } from "../syntax.ts";
import type { Type, Value } from "../value.ts";
import type { Cursor } from "./cursor.ts";
import { datetimeOf, timespanIn } from "./instant.ts";
import { jsonHere } from "./json.ts";

const TYPES: ReadonlyMap<string, Type> = new Map([
  ["bool", "bool"],
  ["boolean", "bool"],
  ["int", "long"],
  ["long", "long"],
  ["real", "real"],
  ["double", "real"],
  ["decimal", "real"],
  ["string", "string"],
  ["datetime", "datetime"],
  ["date", "datetime"],
  ["timespan", "timespan"],
  ["time", "timespan"],
  ["dynamic", "dynamic"],
]);
const WORDS: ReadonlyMap<string, { type: Type; value: Value }> = new Map([
  ["true", { type: "bool", value: true }],
  ["false", { type: "bool", value: false }],
  ["null", { type: "dynamic", value: null }],
]);

/** The name of a type, as in `to typeof(long)`. */
export function typeHere(cursor: Cursor): Type {
  const token = cursor.look();
  const type = token.kind === "name" ? TYPES.get(token.text) : undefined;
  if (type === undefined) throw cursor.fault("a type: bool, long, real, string, datetime, timespan or dynamic");
  cursor.take();
  return type;
}

/** Null, and nothing taken, if what stands here is no literal. */
export function literalHere(cursor: Cursor): Expression | null {
  const token = cursor.look();
  const { at } = token;
  const literal = (type: Type, value: Value) => {
    cursor.take();
    return cursor.built({ kind: "literal", at, type, value });
  };
  if (token.kind === "text") return literal("string", token.text);
  if (token.kind === "number") return literal(token.type, token.value);
  if (token.kind === "enclosed") return literal(...enclosedValue(token));
  if (token.kind !== "name") return null;
  if (!cursor.isSign("(", 1)) {
    const word = WORDS.get(token.text);
    return word ? literal(word.type, word.value) : null;
  }
  const type = TYPES.get(token.text.toLowerCase());
  if (type === undefined) return null;
  if (type === "dynamic") {
    cursor.take();
    cursor.take();
    const value = jsonHere(cursor);
    cursor.expectSign(")");
    return cursor.built({ kind: "literal", at, type, value });
  }
  const typed = typedValue(cursor, type);
  if (!typed) return null;
  for (let taken = 0; taken < typed.tokens; taken++) cursor.take();
  return cursor.built({ kind: "literal", at, type, value: typed.value });
}

function enclosedValue(token: Token & { kind: "enclosed" }): [Type, Value] {
  const type = TYPES.get(token.word) === "datetime" ? "datetime" : "timespan";
  const value = type === "datetime" ? datetimeOf(token.text) : timespanIn(token.text);
  if (value !== undefined) return [type, value];
  const expected = type === "datetime" ? "a time such as 2024-05-01T10:00:00Z" : "a length of time such as 5m or 1.02:03:04";
  throw new QueryFault(
    token.at,
    `expected ${expected} in ${token.word}(…), found ${JSON.stringify(token.text.slice(0, 40).toWellFormed())}`,
  );
}

/** `long(5)`, `real(-1.5)`, `bool(null)`: null if there stands anything else, which makes it a call. */
function typedValue(cursor: Cursor, type: Type): { value: Value; tokens: number } | null {
  const minus = cursor.isSign("-", 2);
  const ahead = minus || cursor.isSign("+", 2) ? 3 : 2;
  if (!cursor.isSign(")", ahead + 1)) return null;
  const value = valueFor(type, cursor.look(ahead));
  if (value === undefined || (ahead === 3 && typeof value !== "number")) return null;
  return { value: minus && typeof value === "number" ? 0 - value : value, tokens: ahead + 2 };
}

function valueFor(type: Type, token: Token): Value {
  if (token.kind === "name" && token.text === "null") return null;
  if (type === "string") return token.kind === "text" ? token.text : undefined;
  if (token.kind === "number" && token.type !== "timespan") {
    if (type === "bool") return token.value !== 0;
    return type === "real" || token.type === "long" ? token.value : undefined;
  }
  if (token.kind !== "name") return undefined;
  const word = token.text.toLowerCase();
  if (type === "bool") return word === "true" ? true : word === "false" ? false : undefined;
  if (type === "real") return word === "nan" ? Number.NaN : word === "inf" ? Number.POSITIVE_INFINITY : undefined;
  return undefined;
}
