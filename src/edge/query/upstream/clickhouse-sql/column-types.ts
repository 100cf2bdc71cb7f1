/** What ClickHouse's types of columns are in APL. */
import type { Type } from "../../apl/value.ts";
import { made, type Sql } from "./sql.ts";

/** A column as `DESCRIBE TABLE` tells of it. */
export interface TableColumn {
  readonly name: string;
  readonly type: string;
}

const SIMPLE: Record<string, Type> = { Bool: "bool", String: "string", DateTime64: "datetime" };
const WHOLE = /^U?Int(8|16|32|64)$/;
const REAL = /^(Float(32|64)|BFloat16)$/;
const TO_REAL = /^(Decimal\d*|U?Int(128|256))$/;
const TO_TEXT = /^(FixedString|UUID|IPv4|IPv6|Enum8|Enum16)$/;
const TO_TIME = /^(Date|Date32|DateTime)$/;

/** The type without what only says how it is kept. */
function bare(type: string): { type: string; nullable: boolean } {
  const wrapped = /^(Nullable|LowCardinality)\((.*)\)$/s.exec(type);
  if (!wrapped) return { type, nullable: false };
  const inner = bare(wrapped[2] ?? "");
  return { type: inner.type, nullable: inner.nullable || wrapped[1] === "Nullable" };
}

export function isJson({ type }: TableColumn): boolean {
  return /^(JSON|Object)\b/.test(bare(type).type);
}

/** @param text that stands for the column. */
export function read(text: string, column: TableColumn): Sql {
  const { type, nullable } = bare(column.type);
  const name = /^\w+/.exec(type)?.[0] ?? "";
  const simple = SIMPLE[name];
  if (simple !== undefined) return made(simple, text, nullable);
  if (WHOLE.test(name)) return made("long", text, nullable);
  if (REAL.test(name)) return made("real", text, nullable);
  if (TO_REAL.test(name)) return made("real", `toFloat64(${text})`, nullable);
  if (TO_TEXT.test(name)) return made("string", `toString(${text})`, nullable);
  if (TO_TIME.test(name)) return made("datetime", `toDateTime64(${text}, 6, 'UTC')`, nullable);
  // arrays, maps, tuples, and what differs from row to row
  return made("dynamic", `nullIf(toJSONString(${text}), 'null')`);
}
