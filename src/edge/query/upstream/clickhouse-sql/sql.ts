/**
 * Values of APL as ClickHouse carries them: a `long` is a whole number, a `datetime` a DateTime64, a `timespan` an Int64 of microseconds,
 * and whatever is `dynamic` its JSON text, null for JSON's null.
 */
import { readSpan, readTime } from "../../apl/expression/time-text.ts";
import type { Type, Value } from "../../apl/value.ts";
import { quotedText } from "./quote.ts";

export interface Sql {
  readonly text: string;
  readonly type: Type;
  /** Whether it may be null. */
  readonly nullable: boolean;
  /** Present when it is the same for all rows. */
  readonly literal?: { readonly value: Value };
}

export type Bind = (sql: Sql) => Sql;

const NULLS: Record<Type, string> = {
  bool: "CAST(NULL, 'Nullable(Bool)')",
  long: "CAST(NULL, 'Nullable(Int64)')",
  real: "CAST(NULL, 'Nullable(Float64)')",
  string: "CAST(NULL, 'Nullable(String)')",
  datetime: "CAST(NULL, 'Nullable(DateTime64(6, \\'UTC\\'))')",
  timespan: "CAST(NULL, 'Nullable(Int64)')",
  dynamic: "CAST(NULL, 'Nullable(String)')",
};

/** What a whole number of 64 bits holds. */
const WHOLE_MAX = 2 ** 63;

export function literal(type: Type, value: Value): Sql {
  const isNull = value === null || value === undefined;
  return { text: isNull ? NULLS[type] : literalText(type, value), type, nullable: isNull, literal: { value } };
}

function literalText(type: Type, value: Exclude<Value, null | undefined>): string {
  if (type === "dynamic") return quotedText(JSON.stringify(value));
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value !== "number") return quotedText(typeof value === "string" ? value : JSON.stringify(value));
  if (type === "datetime") return fromMicros(wholeText(value));
  return type === "real" || !Number.isInteger(value) || Math.abs(value) >= WHOLE_MAX ? `toFloat64(${realText(value)})` : wholeText(value);
}

function wholeText(value: number): string {
  return `toInt64(${BigInt(Math.trunc(value))})`;
}

function realText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  return Number.isFinite(value) ? String(value) : value > 0 ? "inf" : "-inf";
}

export function fromMicros(micros: string): string {
  return `fromUnixTimestamp64Micro(${micros}, 'UTC')`;
}

export function made(type: Type, text: string, nullable = true): Sql {
  return { text, type, nullable };
}

export function nullOf(type: Type): Sql {
  return literal(type, null);
}

const NUMERIC = "('Int64', 'UInt64', 'Double')";

/** A dynamic value where it is of one kind, null elsewhere. */
function ofKind(bind: Bind, dynamic: Sql, kinds: string, read: string): Sql {
  const { text } = bind(dynamic);
  return made("dynamic", `if(JSONType(${text}) IN ${kinds}, ${read}(${text}), NULL)`);
}

/** Read as one kind, as our own engine reads: what is of another kind is null. */
export function asNumber(bind: Bind, of: Sql): Sql {
  if (of.type === "long" || of.type === "real" || of.type === "timespan") return of;
  return of.type === "dynamic" ? { ...ofKind(bind, of, NUMERIC, "JSONExtractFloat"), type: "real" } : nullOf("real");
}

export function asWhole(bind: Bind, of: Sql): Sql {
  if (of.type === "long") return of;
  const number = asNumber(bind, of);
  return made("long", `toInt64OrNull(toString(trunc(${number.text})))`);
}

/** Strings only. */
export function asText(bind: Bind, of: Sql): Sql {
  if (of.type === "string") return of;
  return of.type === "dynamic" ? { ...ofKind(bind, of, "('String')", "JSONExtractString"), type: "string" } : nullOf("string");
}

export function asBool(bind: Bind, of: Sql): Sql {
  if (of.type === "bool") return of;
  return of.type === "dynamic" ? { ...ofKind(bind, of, "('Bool')", "JSONExtractBool"), type: "bool" } : nullOf("bool");
}

/** What is not null and not false. */
export function asCondition(bind: Bind, of: Sql): Sql {
  const { text, nullable } = asBool(bind, of);
  return made("bool", nullable ? `ifNull(${text}, false)` : text, false);
}

/** A text in a field may hold a time. */
export function asTime(bind: Bind, of: Sql): Sql {
  if (of.type === "datetime") return of;
  if (of.literal) return literal("datetime", typeof of.literal.value === "string" ? readTime(of.literal.value) : null);
  const { text } = asText(bind, of);
  return made("datetime", `parseDateTime64BestEffortOrNull(${text}, 6, 'UTC')`);
}

/** A number in a field is a length in nanoseconds. A text is read where it is a literal; ClickHouse reads none. */
export function asSpan(bind: Bind, of: Sql): Sql {
  if (of.type === "timespan") return of;
  if (of.literal && typeof of.literal.value === "string") return literal("timespan", readSpan(of.literal.value));
  return made("timespan", `toInt64(round(${asNumber(bind, of).text} / 1000))`);
}

/** Whatever it is, printed. */
export function asPrinted(bind: Bind, of: Sql): Sql {
  const { text, type, nullable } = of;
  if (type === "string") return of;
  if (type === "dynamic") {
    const bound = bind(of).text;
    return made("string", `if(JSONType(${bound}) = 'String', JSONExtractString(${bound}), ${bound})`);
  }
  if (type === "datetime") return made("string", timeText(text), nullable);
  if (type === "bool") return made("string", `toString(CAST(${text}, 'Nullable(Bool)'))`);
  return made("string", `toString(${text})`, nullable);
}

/** RFC 3339, without a fraction that is 0. */
function timeText(text: string): string {
  const printed = `toString(toDateTime64(${text}, 6, 'UTC'))`;
  return `concat(replaceOne(replaceRegexpOne(${printed}, '\\\\.?0{0,6}$', ''), ' ', 'T'), 'Z')`;
}

/** The JSON text of any value; null stays null. */
export function asJson(bind: Bind, of: Sql): Sql {
  if (of.type === "dynamic") return of;
  if (of.literal) return literal("dynamic", typeof of.literal.value === "number" && of.type === "datetime" ? null : of.literal.value);
  const value = of.type === "datetime" ? asPrinted(bind, of).text : of.type === "bool" ? `CAST(${of.text}, 'Nullable(Bool)')` : of.text;
  return made("dynamic", `nullIf(toJSONString(${value}), 'null')`);
}

export function as(type: Type, bind: Bind, of: Sql): Sql {
  switch (type) {
    case "bool":
      return asBool(bind, of);
    case "long":
      return asWhole(bind, of);
    case "real":
      return asNumber(bind, of);
    case "string":
      return asText(bind, of);
    case "datetime":
      return asTime(bind, of);
    case "timespan":
      return asSpan(bind, of);
    case "dynamic":
      return asJson(bind, of);
  }
}
