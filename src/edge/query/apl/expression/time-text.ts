/** Times and lengths of time as texts: RFC 3339 and its neighbours in ISO 8601, the timespans of Kusto and the durations of Go. */
import { MICROSECONDS } from "../value.ts";

const { millisecond, second, minute, hour, day } = MICROSECONDS;

/** Of 0001-01-01 and of the end of the year 9999, microseconds of the epoch: what lies outside is no time. */
export const TIME_MIN = -62_135_596_800e6;
export const TIME_END = 253_402_300_800e6;
const SPAN_TEXT_LENGTH_MAX = 64;

/** Null for what is outside the years 0001 to 9999. */
export function timeInRange(microseconds: number): number | null {
  return microseconds >= TIME_MIN && microseconds < TIME_END ? Math.floor(microseconds) : null;
}

/**
 * `2026-01-02`, `2026-01-02T03:04`, `2026-01-02 03:04:05.678+02:00`; without a zone it is UTC, and digits past the microsecond are cut.
 * Null for all else. Runs on every row where a field is compared with a time, so it takes nothing apart and allocates nothing.
 */
export function readTime(text: string): number | null {
  const length = text.length;
  if (length < 10 || text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return null;
  const year = pair(text, 0) * 100 + pair(text, 2);
  const month = pair(text, 5);
  const date = pair(text, 8);
  // NaN, of what is no digit, fails every comparison
  if (!(year >= 1 && month >= 1 && month <= 12 && date >= 1 && date <= daysIn(year, month))) return null;
  const midnight = dayNumber(year, month, date) * day;
  if (length === 10) return midnight;
  const separator = text.charCodeAt(10);
  if ((separator !== 84 && separator !== 116 && separator !== 32) || text.charCodeAt(13) !== 58) return null;
  const hours = pair(text, 11);
  const minutes = pair(text, 14);
  if (!(hours <= 23 && minutes <= 59)) return null;
  let time = midnight + hours * hour + minutes * minute;
  let at = 16;
  if (text.charCodeAt(at) === 58) {
    const seconds = pair(text, 17);
    if (!(seconds <= 60)) return null;
    time += seconds * second;
    at = 19;
    if (text.charCodeAt(at) === 46) {
      let unit = second / 10;
      for (at++; isDigit(text.charCodeAt(at)); at++, unit = Math.floor(unit / 10)) time += (text.charCodeAt(at) - 48) * unit;
      if (at === 20) return null;
    }
  }
  const offset = zoneAt(text, at);
  return offset === null ? null : timeInRange(time - offset);
}

/** Microseconds east of UTC of the zone that ends the text. */
function zoneAt(text: string, at: number): number | null {
  const left = text.length - at;
  const sign = text.charCodeAt(at);
  if (left === 0) return 0;
  if (left === 1) return sign === 90 || sign === 122 ? 0 : null;
  if (sign !== 43 && sign !== 45) return null;
  const colon = text.charCodeAt(at + 3) === 58 ? 1 : 0;
  if (left !== 3 && left !== 5 + colon) return null;
  const hours = pair(text, at + 1);
  const minutes = left === 3 ? 0 : pair(text, at + 3 + colon);
  if (!(hours <= 23 && minutes <= 59)) return null;
  return (hours * hour + minutes * minute) * (sign === 45 ? -1 : 1);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** The number of two digits; NaN for anything else. */
function pair(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

export function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days since 1970-01-01 in the Gregorian calendar; the month counts from 1 and may lie outside the year. */
export function dayNumber(year: number, month: number, date: number): number {
  // years begin in March, so that the leap day ends one
  const march = year * 12 + (month - 3);
  const years = Math.floor(march / 12);
  const months = march - years * 12;
  const leapDays = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400);
  return years * 365 + leapDays + Math.floor((months * 153 + 2) / 5) + date - 1 - 719_468;
}

/** RFC 3339 in UTC with as many digits of a second as there are: `2026-01-02T03:04:05.5Z`. Empty for what is outside the years 0001 to 9999. */
export function printTime(microseconds: number): string {
  if (timeInRange(microseconds) === null) return "";
  const ms = Math.floor(microseconds / millisecond);
  const text = new Date(ms).toISOString();
  const fraction = microseconds - Math.floor(microseconds / second) * second;
  return fraction === 0 ? `${text.slice(0, 19)}Z` : `${text.slice(0, 19)}.${digits(fraction, 6).replace(/0+$/, "")}Z`;
}

const UNITS: Record<string, number> = {
  ns: 1e-3,
  us: 1,
  µs: 1,
  μs: 1,
  microsecond: 1,
  tick: 0.1,
  ms: millisecond,
  s: second,
  m: minute,
  h: hour,
  d: day,
};

const CLOCK = /^(-?)(?:(\d{1,7})\.)?(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?$/;
const PART = /(\d+(?:\.\d+)?|\.\d+)(ns|us|µs|μs|ms|microsecond|tick|s|m|h|d)/y;

/** Kusto's `1.02:03:04.5` and `90m`, Go's `1h30m` and `45.632µs`. Null for all else, a bare number too: nobody knows its unit. */
export function readSpan(text: string): number | null {
  if (text.length > SPAN_TEXT_LENGTH_MAX) return null;
  const clock = CLOCK.exec(text);
  if (clock) {
    const [, minus, days = "0", hours, minutes, seconds = "0", fraction = ""] = clock;
    if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return null;
    const whole = Number(days) * day + Number(hours) * hour + Number(minutes) * minute + Number(seconds) * second;
    const length = whole + Number(fraction.slice(0, 6).padEnd(6, "0"));
    return minus === "-" ? -length : length;
  }
  const negative = text.startsWith("-");
  let length = 0;
  PART.lastIndex = negative ? 1 : 0;
  if (PART.lastIndex === text.length) return null;
  while (PART.lastIndex < text.length) {
    const part = PART.exec(text);
    if (part === null) return null;
    length += Number(part[1]) * (UNITS[part[2] ?? ""] ?? Number.NaN);
  }
  return Math.round(negative ? -length : length);
}

/** As Kusto prints it: `[-][d.]hh:mm:ss[.fffffff]`. */
export function printSpan(microseconds: number): string {
  const length = Math.abs(microseconds);
  const days = Math.floor(length / day);
  const clock = [Math.floor(length / hour) % 24, Math.floor(length / minute) % 60, Math.floor(length / second) % 60];
  const fraction = Math.floor(length % second);
  const text = `${days > 0 ? `${days}.` : ""}${clock.map((part) => digits(part, 2)).join(":")}`;
  return `${microseconds < 0 ? "-" : ""}${text}${fraction > 0 ? `.${digits(fraction, 6)}0` : ""}`;
}

export function digits(number: number, width: number): string {
  return String(number).padStart(width, "0");
}
