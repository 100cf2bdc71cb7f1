/** Functions of times. Days begin at midnight UTC, weeks on Sundays, and bins are counted from the year 1, a Monday. */
import { TIME_MIN } from "../../apl/expression/time-text.ts";
import { QueryFault } from "../../apl/fault.ts";
import { MICROSECONDS } from "../../apl/value.ts";
import { type Call, constantText, type Written, written } from "./call.ts";
import { asNumber, asSpan, asTime, fromMicros, made, nullOf, type Sql } from "./sql.ts";

export type { Written } from "./call.ts";

const UTC = "'UTC'";

export function micros(text: string): string {
  return `toUnixTimestamp64Micro(toDateTime64(${text}, 6, ${UTC}))`;
}

const bin: Written = ({ bind, type }, [of, step]) => {
  if (of === undefined || step === undefined) return made(type, "NULL");
  if (type === "datetime") {
    const value = bind(made("timespan", micros(asTime(bind, of).text))).text;
    const length = bind(asSpan(bind, step)).text;
    const width = `nullIf(greatest(${length}, 0), 0)`;
    // the remainder of each by itself: their sum may be past what an Int64 holds
    return made(
      "datetime",
      fromMicros(`(${value} - positiveModulo(${value} + positiveModulo(toInt64(${-TIME_MIN}), ${width}), ${width}))`),
    );
  }
  const value = bind(type === "timespan" ? of : asNumber(bind, of)).text;
  const width = bind(type === "timespan" ? asSpan(bind, step) : asNumber(bind, step)).text;
  const positive = `if(${width} > 0, ${width}, NULL)`;
  if (type === "long" || type === "timespan") return made(type, `(${value} - positiveModulo(${value}, ${positive}))`);
  const binned = `(floor(${value} / ${positive}) * ${positive})`;
  return type === "dynamic" ? made("dynamic", `nullIf(toJSONString(${binned}), 'null')`) : made(type, binned);
};

const floor: Written = (call, args) =>
  args.length === 2 ? bin(call, args) : written(["number"], (value) => `toInt64(floor(${value}))`)(call, args);

function unixtime(perMicrosecond: number): Written {
  const scale = perMicrosecond >= 1 ? ` * ${perMicrosecond}` : ` / ${1 / perMicrosecond}`;
  return written(["number"], (value) => fromMicros(`toInt64(round(${value}${scale}))`));
}

function part(name: string): Written {
  return written(["time"], (time) => `toInt64(${name}(${time}, ${UTC}))`);
}

const STARTS: Record<string, readonly [unit: string, start: (time: string) => string]> = {
  year: ["Year", (time) => `toStartOfYear(${time}, ${UTC})`],
  month: ["Month", (time) => `toStartOfMonth(${time}, ${UTC})`],
  week: ["Week", (time) => `toStartOfWeek(${time}, 0, ${UTC})`],
  day: ["Day", (time) => `toStartOfDay(${time}, ${UTC})`],
};

function edges(): Record<string, Written> {
  return Object.fromEntries(
    Object.entries(STARTS).flatMap(([name, [unit, start]]): [string, Written][] => [
      [`startof${name}`, boundary(unit, start, false)],
      [`endof${name}`, boundary(unit, start, true)],
    ]),
  );
}

/** The beginning of a stretch, or its last microsecond; or of one so many later. */
function boundary(unit: string, start: (time: string) => string, end: boolean): Written {
  return ({ bind }, [of, offset]) => {
    const begun = start(asTime(bind, of ?? nullOf("datetime")).text);
    const moved = offset === undefined ? begun : `add${unit}s(${begun}, ${asNumber(bind, offset).text})`;
    const time = (text: string) => `toDateTime64(${text}, 6, ${UTC})`;
    return made("datetime", end ? `addMicroseconds(${time(`add${unit}s(${moved}, 1)`)}, -1)` : time(moved));
  };
}

/** Microseconds within the next greater unit. */
const within = (unit: number, of: number): Written =>
  written(["time"], (time) => `intDiv(positiveModulo(${micros(time)}, ${of}), ${unit})`);

const { millisecond, second } = MICROSECONDS;

/** Days since Sunday; ClickHouse's Sunday is 7. */
const WEEKDAY = written(["time"], (time) => `toInt64(modulo(toDayOfWeek(${time}, 0, ${UTC}), 7))`);

const PARTS: Record<string, Written> = {
  year: part("toYear"),
  quarter: part("toQuarter"),
  month: part("toMonth"),
  week: part("toISOWeek"),
  weekofyear: part("toISOWeek"),
  week_of_year: part("toISOWeek"),
  dayofyear: part("toDayOfYear"),
  dayofweek: WEEKDAY,
  day: part("toDayOfMonth"),
  hour: part("toHour"),
  minute: part("toMinute"),
  second: part("toSecond"),
  millisecond: within(millisecond, second),
  microsecond: within(1, second),
};

const UNITS: Record<string, string> = {
  year: "Year",
  quarter: "Quarter",
  month: "Month",
  week: "Week",
  day: "Day",
  hour: "Hour",
  minute: "Minute",
  second: "Second",
  millisecond: "Millisecond",
  microsecond: "Microsecond",
};

function unitOf<T>(call: Call, arg: Sql | undefined, units: Record<string, T>): T {
  const unit = constantText(call, arg).toLowerCase();
  const found = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (found === undefined) throw new QueryFault(call.at, `${call.name}() of ${unit} is not available for datasets answered by ClickHouse`);
  return found;
}

export const TIME_FUNCTIONS: Record<string, Written> = {
  bin,
  floor,
  unixtime_seconds_todatetime: unixtime(second),
  unixtime_milliseconds_todatetime: unixtime(millisecond),
  unixtime_microseconds_todatetime: unixtime(1),
  unixtime_nanoseconds_todatetime: unixtime(1 / 1000),
  ...edges(),
  getyear: part("toYear"),
  getmonth: part("toMonth"),
  monthofyear: part("toMonth"),
  dayofmonth: part("toDayOfMonth"),
  dayofyear: part("toDayOfYear"),
  hourofday: part("toHour"),
  week_of_year: part("toISOWeek"),
  minuteofhour: part("toMinute"),
  secondofminute: part("toSecond"),
  dayofweek: WEEKDAY,
  datetime_part: (call, [unit, ...time]) => unitOf(call, unit, PARTS)(call, time),
  datetime_add: (call, [unit, amount, time]) => {
    const add = `add${unitOf(call, unit, UNITS)}s`;
    const [of, by] = [asTime(call.bind, time ?? nullOf("datetime")).text, asNumber(call.bind, amount ?? nullOf("long")).text];
    return made("datetime", `toDateTime64(${add}(${of}, toInt64(${by})), 6, ${UTC})`);
  },
};
