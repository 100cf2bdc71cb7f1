/** Numbers, and lengths of time such as `1.5h`. */
import type { Token } from "../lexer.ts";
import { MICROSECONDS } from "../value.ts";

const NUMBER = /0[xX][0-9a-fA-F]+|\d+(\.\d+)?([eE][+-]?\d+)?/y;
const UNIT = /[\p{L}\p{M}\p{N}_$]*/uy;
const MICROSECOND = 1;
const TICK = 0.1;
const LENGTHS: readonly (readonly [length: number, words: string])[] = [
  [MICROSECONDS.day, "d day days"],
  [MICROSECONDS.hour, "h hr hrs hour hours"],
  [MICROSECONDS.minute, "m min minute minutes"],
  [MICROSECONDS.second, "s sec second seconds"],
  [MICROSECONDS.millisecond, "ms milli millis millisec millisecond milliseconds"],
  [MICROSECOND, "us micro micros microsec microsecond microseconds"],
  [TICK, "tick ticks"],
];
const UNITS = new Map(LENGTHS.flatMap(([length, words]) => words.split(" ").map((word) => [word, length])));
/** A float holds this many decimal digits exactly; the noise behind them must not decide what is cut. */
const EXACT_DIGITS = 15;

/** @param at of a digit. */
export function readNumber(text: string, at: number): Token {
  NUMBER.lastIndex = at;
  const [digits = "", fraction, exponent] = NUMBER.exec(text) ?? [];
  UNIT.lastIndex = at + digits.length;
  const unit = UNIT.exec(text)?.[0] ?? "";
  const end = at + digits.length + unit.length;
  const bad = (message: string): Token => ({ kind: "bad", at, end, faultAt: at, message });
  const value = Number(digits);
  if (!Number.isFinite(value)) return bad("the number is too large");
  if (unit === "") return { kind: "number", at, end, type: fraction || exponent ? "real" : "long", value };
  const span = timespanOf(digits, unit);
  if (span !== null) return { kind: "number", at, end, type: "timespan", value: span };
  if (UNITS.has(unit)) return bad("the timespan is too long");
  return bad(`${JSON.stringify(unit.slice(0, 20))} is no unit of time; units are d, h, m, s, ms, us and tick`);
}

/** Whole microseconds; null: no such unit, or too long to be exact. */
export function timespanOf(digits: string, unit: string): number | null {
  const span = wholeMicroseconds(Number(digits) * (UNITS.get(unit) ?? Number.NaN));
  return Number.isSafeInteger(span) ? span : null;
}

export function wholeMicroseconds(length: number): number {
  return Math.trunc(Number(length.toPrecision(EXACT_DIGITS)));
}
