/** Days, weeks, months and years, in UTC. Weeks begin on Sundays, except that `week_of_year` counts as ISO 8601 does. */

import { made } from "../expression/fold.ts";
import { dayNumber, daysIn, timeInRange } from "../expression/time-text.ts";
import { type Compiled, MICROSECONDS } from "../value.ts";
import { type Call, define, read, type ScalarFunction, special, wrong } from "./define.ts";

const { millisecond, second, minute, hour, day } = MICROSECONDS;

const dayOf = (time: number) => Math.floor(time / day);
const dateOf = (time: number) => new Date(Math.floor(time / millisecond));
const yearOf = (time: number) => dateOf(time).getUTCFullYear();
const monthOf = (time: number) => dateOf(time).getUTCMonth() + 1;
const within = (time: number, length: number, unit: number) => Math.floor((time - Math.floor(time / length) * length) / unit);
// 1970-01-01 was a Thursday
const weekday = (time: number) => (((dayOf(time) + 4) % 7) + 7) % 7;
const dayOfYear = (time: number) => dayOf(time) - dayNumber(yearOf(time), 1, 1) + 1;

function isoWeek(time: number): number {
  // the year of a week is that of its Thursday
  const thursday = dayOf(time) - ((weekday(time) + 6) % 7) + 3;
  return Math.floor((thursday - dayNumber(yearOf(thursday * day), 1, 1)) / 7) + 1;
}

/** The start of a unit that a time stands in, so many units later. */
const STARTS: Record<string, (time: number, offset: number) => number> = {
  year: (time, offset) => dayNumber(yearOf(time) + offset, 1, 1) * day,
  quarter: (time, offset) => dayNumber(yearOf(time), (Math.floor((monthOf(time) - 1) / 3) + offset) * 3 + 1, 1) * day,
  month: (time, offset) => dayNumber(yearOf(time), monthOf(time) + offset, 1) * day,
  week: (time, offset) => (dayOf(time) - weekday(time) + offset * 7) * day,
  day: (time, offset) => (dayOf(time) + offset) * day,
};

/** Lengths of the units that are always as long. */
const LENGTHS: Record<string, number> = { week: 7 * day, day, hour, minute, second, millisecond, microsecond: 1, nanosecond: 1e-3 };

const PARTS: Record<string, (time: number) => number> = {
  year: yearOf,
  quarter: (time) => Math.floor((monthOf(time) - 1) / 3) + 1,
  month: monthOf,
  week_of_year: isoWeek,
  weekofyear: isoWeek,
  week: isoWeek,
  dayofyear: dayOfYear,
  dayofweek: weekday,
  day: (time) => dateOf(time).getUTCDate(),
  hour: (time) => within(time, day, hour),
  minute: (time) => within(time, hour, minute),
  second: (time) => within(time, minute, second),
  millisecond: (time) => within(time, second, millisecond),
  microsecond: (time) => within(time, second, 1),
  nanosecond: (time) => within(time, second, 1) * 1000,
};

function shiftMonths(time: number, months: number): number | null {
  const date = dateOf(time);
  const month = date.getUTCFullYear() * 12 + date.getUTCMonth() + months;
  const [year, ofYear] = [Math.floor(month / 12), month - Math.floor(month / 12) * 12 + 1];
  // the 31st of a month that has none is its last day
  const days = dayNumber(year, ofYear, Math.min(date.getUTCDate(), daysIn(year, ofYear)));
  return timeInRange(days * day + (time - dayOf(time) * day));
}

const MONTHS_IN: Record<string, number> = { year: 12, quarter: 3, month: 1 };

function add(unit: string, amount: number, time: number): number | null {
  const months = MONTHS_IN[unit];
  return months === undefined ? timeInRange(time + Math.round(amount * (LENGTHS[unit] ?? Number.NaN))) : shiftMonths(time, amount * months);
}

/** How many starts of units lie between, as Kusto counts; of weeks, how many sevens of days, as Axiom does. */
function difference(unit: string, later: number, earlier: number): number {
  const months = MONTHS_IN[unit];
  if (months !== undefined) {
    const count = (time: number) => Math.floor((yearOf(time) * 12 + monthOf(time) - 1) / months);
    return count(later) - count(earlier);
  }
  if (unit === "week") return Math.trunc((dayOf(later) - dayOf(earlier)) / 7) + 0;
  const length = LENGTHS[unit] ?? Number.NaN;
  return Math.floor(later / length) - Math.floor(earlier / length);
}

/** A function whose first argument names one of the units. It may be given in the plural. */
function byUnit(
  doc: string,
  units: Record<string, unknown>,
  kinds: readonly ("datetime" | "number" | "whole")[],
  gives: "datetime" | "long",
  run: (unit: string, a: number, b: number) => number | null,
): ScalarFunction {
  const unitAt = (value: unknown, call: Call) => {
    const name = typeof value === "string" ? value.toLowerCase() : "";
    const unit = Object.hasOwn(units, name) ? name : name.replace(/s$/, "");
    if (!Object.hasOwn(units, unit)) throw wrong(0, call, `must be one of the texts ${Object.keys(units).join(", ")}`);
    return unit;
  };
  return special(doc, [kinds.length + 1, kinds.length + 1], (args, call) => {
    const unit = unitAt(args[0]?.constant?.value, call);
    const reads = args.slice(1).map((arg: Compiled, i) => read(arg, kinds[i] ?? "datetime", i + 1, call));
    return made(gives, args, (row) => {
      const [a, b = 0] = reads.map((one) => one(row));
      return typeof a === "number" && typeof b === "number" ? run(unit, a, b) : null;
    });
  });
}

function start(unit: string): ScalarFunction {
  return define(
    `The start of the ${unit} that a time is in, or of one so many later.`,
    ["datetime", "whole?"],
    "datetime",
    (time, offset = 0) => timeInRange(STARTS[unit]?.(time, offset) ?? Number.NaN),
  );
}

function end(unit: string): ScalarFunction {
  return define(
    `The last microsecond of the ${unit} that a time is in, or of one so many later.`,
    ["datetime", "whole?"],
    "datetime",
    (time, offset = 0) => timeInRange((STARTS[unit]?.(time, offset + 1) ?? Number.NaN) - 1),
  );
}

function part(doc: string, name: string): ScalarFunction {
  return define(doc, ["datetime"], "long", (time) => PARTS[name]?.(time) ?? null);
}

const UNITS = { ...MONTHS_IN, ...LENGTHS };

export const CALENDAR_FUNCTIONS: Record<string, ScalarFunction> = {
  ...Object.fromEntries(Object.keys(STARTS).map((unit) => [`startof${unit}`, start(unit)])),
  ...Object.fromEntries(Object.keys(STARTS).map((unit) => [`endof${unit}`, end(unit)])),
  datetime_add: byUnit("A time so many units later: (unit, amount, time).", UNITS, ["number", "datetime"], "datetime", add),
  datetime_diff: byUnit(
    "Units from the second time to the first: (unit, time, time).",
    UNITS,
    ["datetime", "datetime"],
    "long",
    difference,
  ),
  datetime_part: byUnit(
    "A part of a time as a number: (part, time).",
    PARTS,
    ["datetime"],
    "long",
    (name, time) => PARTS[name]?.(time) ?? null,
  ),
  dayofweek: part("Days since Sunday.", "dayofweek"),
  dayofmonth: part("Day of the month, from 1.", "day"),
  dayofyear: part("Day of the year, from 1.", "dayofyear"),
  hourofday: part("Hour of the day, from 0.", "hour"),
  minuteofhour: part("Minute of the hour, from 0.", "minute"),
  secondofminute: part("Second of the minute, from 0.", "second"),
  monthofyear: part("Month of the year, from 1.", "month"),
  getmonth: part("Month of the year, from 1.", "month"),
  getyear: part("Year.", "year"),
  week_of_year: part("Week of the year as in ISO 8601.", "week_of_year"),
};
