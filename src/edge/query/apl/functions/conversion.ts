/** From one type to another. What cannot be converted is null. */
import { readTimeText } from "../../../event/time.ts";
import { readDatetime, readPrinted, readTimespan } from "../expression/coerce.ts";
import { made } from "../expression/fold.ts";
import { timeInRange } from "../expression/time-text.ts";
import type { Compiled, Type, Value } from "../value.ts";
import { boundedText } from "./bounds.ts";
import { type Call, constantText, define, type ScalarFunction, special, wrong } from "./define.ts";

const NUMBER = /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?\s*$/i;
const HEX = /^\s*0x[0-9a-f]{1,14}\s*$/i;

export function numberIn(value: Value): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  return typeof value === "string" && (NUMBER.test(value) || HEX.test(value)) ? Number(value) : null;
}

function wholeIn(value: Value): number | null {
  const number = numberIn(value);
  return number === null || !Number.isFinite(number) ? null : Math.trunc(number) + 0;
}

function boolIn(value: Value): boolean | null {
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return value !== 0;
  if (typeof value !== "string") return null;
  const text = value.trim().toLowerCase();
  return text === "true" || text === "1" ? true : text === "false" || text === "0" ? false : null;
}

/** Any spelling that the ingest path reads; digits past the microsecond are cut. */
function timeIn(text: string): number | null {
  if (NUMBER.test(text)) return null;
  const instant = readTimeText(text);
  if (instant === null) return null;
  return timeInRange(instant.ms * 1000 + Number(instant.text.slice(23, 26).replace(/\D.*$/, "").padEnd(3, "0")));
}

const NAMED_TYPES: ReadonlyMap<string, Type> = new Map<string, Type>([
  ["string", "string"],
  ["bool", "bool"],
  ["boolean", "bool"],
  ["int", "long"],
  ["long", "long"],
  ["real", "real"],
  ["double", "real"],
  ["datetime", "datetime"],
  ["timespan", "timespan"],
  ["dynamic", "dynamic"],
]);

/** `typeof(long)`, or its name as a text. */
export function typeNamed(args: readonly Compiled[], position: number, call: Call): Type {
  const type = NAMED_TYPES.get(constantText(args, position, call));
  if (type === undefined) throw wrong(position, call, `must name a type, as typeof(long): ${[...NAMED_TYPES.keys()].join(", ")}`);
  return type;
}

export function convert(type: Type, of: Compiled): Compiled {
  const { run } = of;
  if (type === of.type) return of;
  if (type === "string") return made("string", [of], readPrinted(of));
  if (type === "long") return made("long", [of], (row) => wholeIn(run(row)));
  if (type === "real") return made("real", [of], (row) => numberIn(run(row)));
  if (type === "bool") return made("bool", [of], (row) => boolIn(run(row)));
  if (type === "timespan") return made("timespan", [of], readTimespan(of));
  if (type === "dynamic") return made("dynamic", [of], run);
  const read = readDatetime(of);
  return made("datetime", [of], (row) => {
    const value = run(row);
    return read(row) ?? (typeof value === "string" ? timeIn(value) : null);
  });
}

function converter(doc: string, type: Type, refused: readonly Type[], hint: string): ScalarFunction {
  return special(doc, [1, 1], (args, call) => {
    const [of] = args;
    if (of === undefined || refused.includes(of.type)) throw wrong(0, call, `cannot be ${of?.type ?? "absent"}; ${hint}`);
    return convert(type, of);
  });
}

const TIMES: readonly Type[] = ["datetime", "timespan"];
const DIVIDE = "divide a timespan by another one, as in (_time - datetime(1970-01-01)) / 1s";
const toLong = converter("A whole number, cut towards zero.", "long", TIMES, DIVIDE);
const toReal = converter("A real number.", "real", TIMES, DIVIDE);
const toBool = converter("true or false.", "bool", TIMES, "compare it instead");

/** Two's complement of 64 bits for what is negative. */
function toHex(value: number, width = 0): string {
  return BigInt.asUintN(64, BigInt(value))
    .toString(16)
    .padStart(Math.min(Math.max(width, 0), 64), "0");
}

function typeName(value: Value): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "number") return Number.isInteger(value) ? "long" : "real";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "string";
  return Array.isArray(value) ? "array" : "dictionary";
}

const getType = special("The name of a value's type.", [1, 1], ([of]) => {
  const { type, run } = of ?? { type: "dynamic" as Type, run: () => null };
  return made("string", of === undefined ? [] : [of], (row) => {
    const name = typeName(run(row));
    return name === "null" || type === "dynamic" ? name : type;
  });
});

export const CONVERSION_FUNCTIONS: Record<string, ScalarFunction> = {
  tostring: special("A value as a text, which is empty where there is no value.", [1, 1], (args) => {
    const { run } = convert("string", args[0] as Compiled);
    return made("string", args, (row) => run(row) ?? "");
  }),
  toint: toLong,
  tolong: toLong,
  todouble: toReal,
  toreal: toReal,
  tofloat: toReal,
  todecimal: toReal,
  tobool: toBool,
  toboolean: toBool,
  todatetime: converter(
    "A datetime of a text.",
    "datetime",
    ["long", "real", "bool", "timespan"],
    "unixtime_seconds_todatetime() and its like make one of a number",
  ),
  totimespan: special("A timespan of a text, or of a number of nanoseconds.", [1, 1], (args, call) => {
    const [of] = args;
    if (of === undefined || of.type === "datetime" || of.type === "bool") throw wrong(0, call, `cannot be ${of?.type ?? "absent"}`);
    return convert("timespan", of);
  }),
  tohex: define("A whole number in hexadecimal digits, at least so many.", ["whole", "whole?"], "string", toHex),
  dynamic_to_json: define("A value as JSON.", ["any"], "string", (value) => boundedText(JSON.stringify(value ?? null))),
  toarray: define("An array of a value, unless it is one.", ["any"], "dynamic", (value) =>
    value === null || value === undefined ? null : Array.isArray(value) ? (value as Value) : [value],
  ),
  gettype: getType,
  isbool: define("Whether a value is true or false.", ["any"], "bool", (value) => typeof value === "boolean"),
  isstring: define("Whether a value is a text.", ["any"], "bool", (value) => typeof value === "string"),
  isreal: define(
    "Whether a value is a number with a fraction.",
    ["any"],
    "bool",
    (value) => typeof value === "number" && !Number.isInteger(value),
  ),
};
