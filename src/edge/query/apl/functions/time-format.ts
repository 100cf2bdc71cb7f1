/** Times and timespans printed as a pattern says. */
import { digits } from "../expression/time-text.ts";
import { MICROSECONDS } from "../value.ts";

const { second, minute, hour, day } = MICROSECONDS;

const MONTHS = "January February March April May June July August September October November December".split(" ");
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

type Piece = (width: number) => string;

/** `f` prints digits of a second; `F` too, but not the zeros at its end. */
function fraction(microseconds: number): { f: Piece; F: Piece } {
  const all = `${digits(microseconds, 6)}0`;
  return { f: (width) => all.slice(0, width), F: (width) => all.slice(0, width).replace(/0+$/, "") };
}

function number(value: number): Piece {
  return (width) => digits(value, width);
}

function filled(pattern: string, pieces: Record<string, Piece>): string {
  return pattern.replace(/([a-zA-Z])\1*/g, (run) => pieces[run.charAt(0)]?.(run.length) ?? run);
}

export function formatTime(time: number, pattern: string): string {
  const date = new Date(Math.floor(time / MICROSECONDS.millisecond));
  const [hours, month] = [date.getUTCHours(), date.getUTCMonth()];
  const name = (names: readonly string[], i: number, width: number) => (width > 3 ? (names[i] ?? "") : (names[i] ?? "").slice(0, 3));
  return filled(pattern, {
    y: (width) => (width <= 2 ? digits(date.getUTCFullYear() % 100, width) : digits(date.getUTCFullYear(), width)),
    M: (width) => (width <= 2 ? digits(month + 1, width) : name(MONTHS, month, width)),
    d: (width) => (width <= 2 ? digits(date.getUTCDate(), width) : name(DAYS, date.getUTCDay(), width)),
    H: number(hours),
    h: number(hours % 12 || 12),
    m: number(date.getUTCMinutes()),
    s: number(date.getUTCSeconds()),
    t: (width) => (hours < 12 ? "AM" : "PM").slice(0, width),
    ...fraction(time - Math.floor(time / second) * second),
  });
}

export function formatTimespan(span: number, pattern: string): string {
  const length = Math.abs(span);
  const hours = Math.floor(length / hour) % 24;
  const text = filled(pattern, {
    d: number(Math.floor(length / day)),
    H: number(hours),
    h: number(hours),
    m: number(Math.floor(length / minute) % 60),
    s: number(Math.floor(length / second) % 60),
    ...fraction(Math.floor(length % second)),
  });
  return span < 0 ? `-${text}` : text;
}
