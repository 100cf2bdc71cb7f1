/**
 * Reads times by a layout of Go's package time, which is what `timestamp-format` holds: the reference time
 * `Mon Jan 2 15:04:05 MST 2006` written as the sender writes it. https://pkg.go.dev/time#Layout, as of Go 1.26.
 * A text is taken or refused as `time.Parse` does under UTC, with three differences: the instant must lie in the years 0001 to 9999
 * (so a layout without a year, which means the year 0 to Go, reads nothing), `MST` takes a bare `Z`, and numbers are digits only.
 */
import { daysIn, type Instant, instantOfCivil, MONTHS, nanosOf, yearOfPair } from "./time.ts";

/** Null when the text does not follow the layout to its last character, or names no instant of the years 0001 to 9999. */
export type TimeReader = (text: string) => Instant | null;

/** Longest layout, in characters; the longest of Go's own has 35. */
export const LAYOUT_LENGTH_MAX = 128;

type NumberField = "year" | "month" | "day" | "dayOfYear" | "hour" | "minute" | "second";

/** A text read as far as `at`, and what it has said. A field that the layout leaves out is absent. */
interface Reading extends Partial<Record<NumberField, number>> {
  text: string;
  at: number;
  nanos: number;
  afternoon?: boolean;
  /** From "Z" or "UTC": outweighs a numeric offset beside it. */
  utc?: boolean;
  offsetS: number;
}

/** Reads one part of the layout at the reading's place and moves that on; false when the text has something else there. */
type Step = (reading: Reading) => boolean;

/** Where two elements begin alike, the longer comes first; `Jan` and `Mon` within a word and `_2` before `006` are literal text. */
const ELEMENT =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|002|0[1-6]|15|__2|_2(?!006)|[1-5]|PM|pm|[-Z]07(?:(?:00){1,2}|(?::00){1,2})?|[.,](?:0+|9+)(?!\d)/g;
const SECONDS = /^0?5$/;
const FRACTION = /^[.,]/;
/** What Go takes for an abbreviation: three capitals, or four or five that end in T, some odd ones, and hours from UTC. */
const ABBREVIATION = /ChST|MeST|GMT(?:[+-]0*(?:2[0-3]|1?\d)(?!\d))?|[+-]0*(?:2[0-3]|1?\d)(?!\d)|(?:WITA|[A-Z]{3,4}T|[A-Z]{3})(?![A-Z])/y;

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** Elements of fixed spelling; offsets and fractions are made by their length. */
const STEPS: Record<string, Step> = {
  "2006": number("year", 4, 4, 0, 9999),
  "06": number("year", 2, 2, 0, 99, yearOfPair),
  January: name(MONTHS, "month"),
  Jan: name(abbreviated(MONTHS), "month"),
  "01": number("month", 2, 2, 1, 12),
  "1": number("month", 1, 2, 1, 12),
  Monday: name(WEEKDAYS), // any day will do: Go does not hold it against the date
  Mon: name(abbreviated(WEEKDAYS)),
  // days have no bounds of their own: as in Go, the calendar judges the last one read
  "02": number("day", 2, 2, 0, 99),
  _2: both(spaces(1), number("day", 1, 2, 0, 99)),
  "2": number("day", 1, 2, 0, 99),
  "002": number("dayOfYear", 3, 3, 0, 999),
  __2: both(spaces(2), number("dayOfYear", 1, 3, 0, 999)),
  "15": number("hour", 1, 2, 0, 23),
  "03": number("hour", 2, 2, 0, 12),
  "3": number("hour", 1, 2, 0, 12),
  "04": number("minute", 2, 2, 0, 59),
  "4": number("minute", 1, 2, 0, 59),
  "05": number("second", 2, 2, 0, 59),
  "5": number("second", 1, 2, 0, 59),
  PM: halfDay("AM", "PM"),
  pm: halfDay("am", "pm"),
  MST: zoneName,
};

/** Compiles a layout, once per request. Null when it holds no element of a time, or is longer than LAYOUT_LENGTH_MAX. */
export function compileLayout(layout: string): TimeReader | null {
  if (layout.length > LAYOUT_LENGTH_MAX) return null;
  const elements = [...layout.matchAll(ELEMENT)];
  if (elements.length === 0) return null;
  const steps: Step[] = [];
  let end = 0;
  for (const [place, { 0: spelling, index }] of elements.entries()) {
    steps.push(...literal(layout.slice(end, index)), stepOf(spelling));
    // Go reads a fraction after the seconds even when the layout has none, unless the next element is one.
    if (SECONDS.test(spelling) && !FRACTION.test(elements[place + 1]?.[0] ?? "")) steps.push(anyFraction);
    end = index + spelling.length;
  }
  steps.push(...literal(layout.slice(end)));
  return (text) => {
    const reading: Reading = { text, at: 0, nanos: 0, offsetS: 0 };
    return steps.every((step) => step(reading)) && reading.at === text.length ? instantOfReading(reading) : null;
  };
}

function instantOfReading(reading: Reading): Instant | null {
  const { year = 0, month, day, dayOfYear, hour = 0, minute = 0, second = 0, nanos, afternoon } = reading;
  const date = { month: month ?? 1, day: day ?? 1 };
  if (dayOfYear !== undefined) {
    date.month = 1;
    date.day = dayOfYear;
    while (date.month <= 12 && date.day > daysIn(year, date.month)) date.day -= daysIn(year, date.month++);
    if ((month ?? date.month) !== date.month || (day ?? date.day) !== date.day) return null;
  }
  const hourOfDay = afternoon === true && hour < 12 ? hour + 12 : afternoon === false && hour === 12 ? 0 : hour;
  return instantOfCivil({ year, ...date, hour: hourOfDay, minute, second, nanos, offsetS: reading.utc ? 0 : reading.offsetS });
}

function stepOf(spelling: string): Step {
  if (FRACTION.test(spelling)) return spelling[1] === "9" ? anyFraction : fraction(spelling.length - 1);
  return STEPS[spelling] ?? offset(spelling);
}

/** Literal text matches exactly, but for spaces: to Go a run of them is any run of them, or the end of the text. */
function literal(text: string): Step[] {
  return (text.match(/ +|[^ ]+/g) ?? []).map((run) => {
    if (run.startsWith(" ")) return (reading) => reading.at === reading.text.length || take(reading, / +/y) !== null;
    return (reading) => reading.text.startsWith(run, reading.at) && moveOn(reading, run.length);
  });
}

type Meaning = (value: number) => number;

function number(field: NumberField, digitsMin: number, digitsMax: number, least: number, most: number, meaning?: Meaning): Step {
  return (reading) => {
    let value = 0;
    let count = 0;
    for (; count < digitsMax; count++) {
      const digit = reading.text.charCodeAt(reading.at + count) - 0x30;
      if (!(digit >= 0 && digit <= 9)) break; // past the end it is NaN
      value = value * 10 + digit;
    }
    reading[field] = meaning ? meaning(value) : value;
    return count >= digitsMin && value >= least && value <= most && moveOn(reading, count);
  };
}

/** An English name in any case; for a month its number is kept. */
function name(names: readonly string[], field?: NumberField): Step {
  const lower = names.map((entry) => entry.toLowerCase());
  return (reading) => {
    const found = lower.findIndex((entry) => reading.text.slice(reading.at, reading.at + entry.length).toLowerCase() === entry);
    if (field) reading[field] = found + 1;
    return found >= 0 && moveOn(reading, lower[found]?.length ?? 0);
  };
}

function abbreviated(names: readonly string[]): string[] {
  return names.map((entry) => entry.slice(0, 3));
}

function spaces(most: number): Step {
  return (reading) => {
    for (let count = 0; count < most && reading.text[reading.at] === " "; count++) reading.at++;
    return true;
  };
}

function both(first: Step, second: Step): Step {
  return (reading) => first(reading) && second(reading);
}

function halfDay(morning: string, afternoon: string): Step {
  return (reading) => {
    const mark = reading.text.slice(reading.at, reading.at + 2);
    reading.afternoon = mark === afternoon;
    return (reading.afternoon || mark === morning) && moveOn(reading, 2);
  };
}

function fraction(digits: number): Step {
  return (reading) => {
    const text = reading.text.slice(reading.at + 1, reading.at + 1 + digits);
    reading.nanos = nanosOf(text);
    return FRACTION.test(reading.text.slice(reading.at)) && text.length === digits && !/\D/.test(text) && moveOn(reading, 1 + digits);
  };
}

/** Any number of digits, or no fraction at all. */
function anyFraction(reading: Reading): boolean {
  const match = take(reading, /[.,](\d+)/y);
  if (match) reading.nanos = nanosOf(match[1] ?? "");
  return true;
}

/** `-0700` and its kin: a sign and digits of the element's own shape. Those that begin with `Z` also take a `Z`. */
function offset(spelling: string): Step {
  const shape = shapeOf(spelling.slice(1));
  return (reading) => {
    const sign = reading.text[reading.at];
    if (sign === "Z" && spelling.startsWith("Z")) {
      reading.utc = true;
      return moveOn(reading, 1);
    }
    const value = reading.text.slice(reading.at + 1, reading.at + spelling.length);
    const [hours = 0, minutes = 0, seconds = 0] = (value.match(/\d\d/g) ?? []).map(Number);
    reading.offsetS = (hours * 3600 + minutes * 60 + seconds) * (sign === "-" ? -1 : 1);
    const inBounds = hours <= 24 && minutes <= 60 && seconds <= 60; // Go's bounds
    return (sign === "+" || sign === "-") && shapeOf(value) === shape && inBounds && moveOn(reading, spelling.length);
  };
}

function shapeOf(text: string): string {
  return text.replace(/\d/g, "0");
}

/**
 * A zone by its abbreviation, which is read and then ignored: no abbreviation but UTC names one offset the world over, so Go, away from
 * the sender's own zone, counts each as 0 (even `GMT+3`). A sender who is not at UTC should send, and the layout have, `-0700`.
 */
function zoneName(reading: Reading): boolean {
  if (take(reading, /UTC|Z(?![A-Z])/y)) reading.utc = true;
  else return take(reading, ABBREVIATION) !== null;
  return true;
}

function take(reading: Reading, sticky: RegExp): RegExpExecArray | null {
  sticky.lastIndex = reading.at;
  const match = sticky.exec(reading.text);
  if (match) reading.at = sticky.lastIndex;
  return match;
}

function moveOn(reading: Reading, length: number): true {
  reading.at += length;
  return true;
}
