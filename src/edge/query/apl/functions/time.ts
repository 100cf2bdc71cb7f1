/** Now, rounding, and times made of numbers. */
import { arithmetic } from "../expression/arithmetic.ts";
import { binNumber, binTime } from "../expression/bins.ts";
import { readDatetime, readNumber, readTimespan } from "../expression/coerce.ts";
import { constant, made } from "../expression/fold.ts";
import { dayNumber, daysIn, timeInRange } from "../expression/time-text.ts";
import { QueryFault } from "../fault.ts";
import { type Compiled, MICROSECONDS } from "../value.ts";
import { define, read, type ScalarFunction, special, wrong } from "./define.ts";
import { formatTime, formatTimespan } from "./time-format.ts";

const { second, minute, hour, day } = MICROSECONDS;

const now = special("When the query began, or a timespan later.", [0, 1], ([offset], { at, scope }) => {
  const began = constant("datetime", scope.now);
  return offset === undefined ? began : arithmetic(at, "+", began, offset);
});

const ago = special("A timespan before the query began.", [1, 1], (args, call) => {
  const [length = constant("timespan", null)] = args;
  const span = read(length, "timespan", 0, call);
  return made("datetime", args, (row) => {
    const value = span(row);
    return typeof value === "number" ? timeInRange(call.scope.now - value) : null;
  });
});

/** Times by timespans, timespans by timespans, numbers by numbers. */
const bin = special("A value rounded down to a multiple of another: bin(_time, 5m).", [2, 2], ([of, step], call) => {
  if (of === undefined || step === undefined) throw wrong(0, call, "is missing");
  if (of.type === "datetime" || (step.type === "timespan" && of.type !== "timespan")) {
    if (step.type !== "timespan" && step.type !== "dynamic") throw wrong(1, call, `must be a timespan such as 5m, not ${step.type}`);
    requirePositive(step, call);
    if (!["datetime", "string", "dynamic"].includes(of.type)) throw wrong(0, call, `must be a datetime, not ${of.type}`);
    return rounded("datetime", of, readDatetime(of), step, readTimespan(step), (time, length) =>
      timeInRange(binTime(time, length) ?? Number.NaN),
    );
  }
  if (of.type === "timespan") {
    if (step.type !== "timespan") throw wrong(1, call, `must be a timespan, not ${step.type}`);
    requirePositive(step, call);
    return rounded("timespan", of, readTimespan(of), step, readTimespan(step), binNumber);
  }
  const [value, width] = [read(of, "number", 0, call), read(step, "number", 1, call)];
  if (value === null || width === null) throw wrong(0, call, "must be a number");
  const type = of.type === "long" && step.type === "long" ? "long" : of.type === "real" || step.type === "real" ? "real" : "dynamic";
  return rounded(type, of, readNumber(of), step, readNumber(step), binNumber);
});

/** Of timespans that are the same for all rows; times are whole microseconds. */
function requirePositive(step: Compiled, call: Parameters<typeof wrong>[1]): void {
  const length = step.type === "timespan" ? step.constant?.value : undefined;
  if (typeof length === "number" && !(length >= 1))
    throw wrong(1, call, "must be a positive timespan of at least a microsecond, such as 5m");
}

function rounded(
  type: Compiled["type"],
  of: Compiled,
  value: (row: Parameters<Compiled["run"]>[0]) => number | null,
  step: Compiled,
  width: (row: Parameters<Compiled["run"]>[0]) => number | null,
  round: (value: number, width: number) => number | null,
): Compiled {
  return made(type, [of, step], (row) => {
    const x = value(row);
    if (x === null) return null;
    const y = width(row);
    return y === null ? null : round(x, y);
  });
}

const floor = special("The greatest whole number that is not above; with two arguments, bin().", [1, 2], (args, call) =>
  args.length === 2 ? bin.compile(args, call) : wholeFloor.compile(args, call),
);
const wholeFloor = define("The greatest whole number that is not above.", ["number"], "long", Math.floor);

function unixtime(unit: string, microseconds: number): ScalarFunction {
  return define(`The datetime of ${unit} since 1970.`, ["number"], "datetime", (value) => timeInRange(Math.round(value * microseconds)));
}

function makeDatetime(year: number, month: number, date: number, hours = 0, minutes = 0, seconds = 0): number | null {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || date < 1 || date > daysIn(year, month)) return null;
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds >= 60) return null;
  return timeInRange(dayNumber(year, month, date) * day + hours * hour + minutes * minute + Math.floor(seconds * second));
}

/** Hours and minutes; and seconds; and days before them all. */
function makeTimespan(a: number, b: number, c?: number, d?: number): number {
  const [days, hours, minutes, seconds] = d === undefined ? [0, a, b, c ?? 0] : [a, b, c ?? 0, d];
  return Math.round(days * day + hours * hour + minutes * minute + seconds * second);
}

const binAuto = special("A time rounded down by a step that suits the query's range.", [1, 1], (_, { at }) => {
  // the plan puts bin() in its place where rows are grouped
  throw new QueryFault(at, "bin_auto() stands behind the by of summarize; use bin(_time, 5m) elsewhere");
});

export const TIME_FUNCTIONS: Record<string, ScalarFunction> = {
  now,
  ago,
  bin,
  bin_auto: binAuto,
  floor,
  unixtime_seconds_todatetime: unixtime("seconds", second),
  unixtime_milliseconds_todatetime: unixtime("milliseconds", MICROSECONDS.millisecond),
  unixtime_microseconds_todatetime: unixtime("microseconds", 1),
  unixtime_nanoseconds_todatetime: unixtime("nanoseconds", 1e-3),
  make_datetime: define(
    "(year, month, day, hour, minute, second)",
    ["whole", "whole", "whole", "whole?", "whole?", "number?"],
    "datetime",
    makeDatetime,
  ),
  make_timespan: define(
    "(hour, minute), (hour, minute, second) or (day, hour, minute, second)",
    ["number", "number", "number?", "number?"],
    "timespan",
    makeTimespan,
  ),
  format_datetime: define("A time as yyyy-MM-dd HH:mm:ss.fff says.", ["datetime", "text"], "string", formatTime),
  format_timespan: define("A timespan as d.hh:mm:ss.fff says.", ["timespan", "text"], "string", formatTimespan),
};
