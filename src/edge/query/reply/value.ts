/** Values as they stand in an answer, and the names that Axiom has for their types. */
import type { Type, Value } from "../apl/value.ts";

const MICROS_PER_SECOND = 1_000_000;
/** Of the year 1, which Go takes for no time at all. */
export const NO_TIME = "0001-01-01T00:00:00Z";

/** Nothing that JSON cannot say: what is no finite number is null. */
export function wireValue(value: Value, type: Type): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value !== "number") return value;
  if (!Number.isFinite(value)) return null;
  if (type === "datetime") return timeText(value);
  if (type === "timespan") return spanText(value);
  return value;
}

/** RFC 3339 in UTC with as many digits of the second as there are, at most six. */
export function timeText(micros: number): string {
  const seconds = Math.floor(micros / MICROS_PER_SECOND);
  const date = new Date(seconds * 1_000);
  if (Number.isNaN(date.getTime())) return NO_TIME;
  const fraction = String(micros - seconds * MICROS_PER_SECOND)
    .padStart(6, "0")
    .replace(/0+$/, "");
  return `${date.toISOString().slice(0, -5)}${fraction && `.${fraction}`}Z`;
}

/** A length of time as Go writes it, which is what Axiom's own clients read: `1h0m0.5s`, `1.5ms`, `20µs`. */
export function spanText(micros: number): string {
  const sign = micros < 0 ? "-" : "";
  const all = Math.abs(micros);
  if (all === 0) return "0s";
  if (all < 1_000) return `${sign}${all}µs`;
  if (all < MICROS_PER_SECOND) return `${sign}${all / 1_000}ms`;
  const hours = Math.floor(all / 3.6e9);
  const minutes = Math.floor((all - hours * 3.6e9) / 6e7);
  const seconds = (all - hours * 3.6e9 - minutes * 6e7) / MICROS_PER_SECOND;
  return `${sign}${hours ? `${hours}h` : ""}${hours || minutes ? `${minutes}m` : ""}${seconds}s`;
}

const NAMES: Record<Exclude<Type, "dynamic">, string> = {
  bool: "boolean",
  long: "integer",
  real: "float",
  string: "string",
  datetime: "datetime",
  timespan: "timespan",
};

/** A column's type in Axiom's words. Of a dynamic one it is what its values are, joined by `|` where they differ, as Axiom does. */
export function typeName(type: Type, values: Iterable<Value>): string {
  if (type !== "dynamic") return NAMES[type];
  const seen = new Set<string>();
  for (const value of values) {
    const name = nameOf(value);
    if (name) seen.add(name);
  }
  return [...seen].sort().join("|") || "unknown";
}

function nameOf(value: Value): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "float";
  if (typeof value === "string") return "string";
  return Array.isArray(value) ? "array" : "map";
}
