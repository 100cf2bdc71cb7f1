/** What stands in `datetime(…)` and `timespan(…)`. */
import { MICROSECONDS } from "../value.ts";
import { timespanOf, wholeMicroseconds } from "./number.ts";

const DATETIME =
  /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:(?:T|\s+)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?)?$/i;
const CLOCK = /^([+-]?)(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?$/;
const WITH_UNIT = /^([+-]?)(\d+(?:\.\d+)?)(?:\s*([a-z]+))?$/i;
const QUOTED = /^(["'])(.*)\1$/s;
/** Digits of a second's fraction that make a microsecond; finer ones are cut. */
const FRACTION_DIGITS = 6;

/** Microseconds of the epoch; null: `null`; undefined: no datetime. Without a zone it is UTC. */
export function datetimeOf(text: string): number | null | undefined {
  const plain = unquoted(text);
  if (plain === "null") return null;
  const found = DATETIME.exec(plain);
  if (!found) return undefined;
  const [, year, month = "1", day = "1", hour = "0", minute = "0", second = "0", fraction = "", zone = "Z"] = found;
  const [h, m, s] = [Number(hour), Number(minute), Number(second)];
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(h, m, s);
  const exists = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day) && h < 24 && m < 60 && s < 60;
  const offset = offsetOf(zone);
  if (!exists || offset === undefined || Number(year) === 0) return undefined;
  return date.getTime() * MICROSECONDS.millisecond + microseconds(fraction) - offset;
}

function offsetOf(zone: string): number | undefined {
  if (zone.toUpperCase() === "Z") return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
  if (hours > 14 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * MICROSECONDS.hour + minutes * MICROSECONDS.minute);
}

/** Microseconds; null: `null`; undefined: no timespan. A bare number is days. */
export function timespanIn(text: string): number | null | undefined {
  const plain = unquoted(text);
  if (plain === "null") return null;
  const clock = CLOCK.exec(plain);
  if (clock) {
    const [, sign, days = "0", hours, minutes, seconds = "0", fraction = ""] = clock;
    const [h, m, s] = [Number(hours), Number(minutes), Number(seconds)];
    if (h > 23 || m > 59 || s > 59) return undefined;
    const { day, hour, minute, second } = MICROSECONDS;
    return signed(sign, Number(days) * day + h * hour + m * minute + s * second + microseconds(fraction));
  }
  const [, sign, digits = "", unit] = WITH_UNIT.exec(plain) ?? [];
  if (digits === "") return undefined;
  return signed(sign, unit ? timespanOf(digits, unit.toLowerCase()) : wholeMicroseconds(Number(digits) * MICROSECONDS.day));
}

function signed(sign: string | undefined, length: number | null): number | undefined {
  if (length === null || !Number.isSafeInteger(length)) return undefined;
  return sign === "-" ? 0 - length : length;
}

function microseconds(fraction: string): number {
  return Number(fraction.slice(0, FRACTION_DIGITS).padEnd(FRACTION_DIGITS, "0"));
}

function unquoted(text: string): string {
  return QUOTED.exec(text)?.[2]?.trim() ?? text;
}
