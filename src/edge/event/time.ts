/**
 * Event time. An instant is kept as exact as its sender wrote it, down to the nanosecond, in the years 0001 to 9999.
 * `Date.parse` is never asked: what it takes beyond ISO 8601, and in which zone, is each engine's own choice.
 */

/**
 * An instant: whole epoch milliseconds (floor) for pruning, and the canonical text that is stored: RFC 3339 in UTC with `Z` and a
 * fraction of 3 digits, or of 6 or 9 when fewer would lose something. Equal instants have equal texts.
 */
export interface Instant {
  ms: number;
  text: string;
}

/** A date and time of day as written: month and day from 1, `offsetS` seconds east of UTC, `nanos` below 10^9. */
interface Civil {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  nanos: number;
  offsetS: number;
}

/** Longest text that is looked at at all, in characters: the longest spelling takes about 60, with room for a long fraction. */
export const TIME_LENGTH_MAX = 128;
/** Whole seconds of 0001-01-01T00:00:00Z and of the end of the year 9999. */
const EPOCH_MIN_S = -62_135_596_800;
const EPOCH_END_S = 253_402_300_800;
const DAY_S = 86_400;
const DAY_MS = 86_400_000;
/** Days from 0000-12-31, and from 0000-03-01, to 1970-01-01. */
const EPOCH_DAY = 719_163;
const EPOCH_DAY_FROM_MARCH = 719_468;
/** Numbers as two and as three digits: looking them up is what makes `textOf` fast. */
const TWO = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, "0"));
const THREE = Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, "0"));

export const MONTHS = "January February March April May June July August September October November December".split(" ");
const DAYS_BEFORE_MONTH = Uint16Array.of(0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334);

/**
 * Fast path over bytes [start, end) without quotes: `2026-01-02T03:04:05[.1-9 digits]Z`, a date of the calendar, second 0 to 59.
 * Returns epoch milliseconds (floor), or NaN when the bytes are anything else and `readTimeText` must decide. Allocates nothing.
 */
export function readUtcBytes(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length < 20 || length > 30 || bytes[end - 1] !== 0x5a || bytes[start + 10] !== 0x54) return Number.NaN;
  if (bytes[start + 4] !== 0x2d || bytes[start + 7] !== 0x2d || bytes[start + 13] !== 0x3a || bytes[start + 16] !== 0x3a) return Number.NaN;
  const century = pairAt(bytes, start);
  const yearOfCentury = pairAt(bytes, start + 2);
  const month = pairAt(bytes, start + 5);
  const day = pairAt(bytes, start + 8);
  const hour = pairAt(bytes, start + 11);
  const minute = pairAt(bytes, start + 14);
  const second = pairAt(bytes, start + 17);
  const year = century * 100 + yearOfCentury;
  if (century < 0 || yearOfCentury < 0 || year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return Number.NaN;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return Number.NaN;
  let ms = 0;
  if (length > 20) {
    if (bytes[start + 19] !== 0x2e || length === 21) return Number.NaN;
    for (let at = start + 20, unit = 100; at < end - 1; at++, unit = (unit / 10) | 0) {
      const digit = (bytes[at] as number) - 0x30;
      if (digit < 0 || digit > 9) return Number.NaN;
      ms += digit * unit; // the unit is 0 after the third digit
    }
  }
  return (epochDay(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second) * 1000 + ms;
}

const CLOCK = String.raw`(?<hour>\d\d?):(?<minute>\d\d)(?::(?<second>\d\d)(?:[.,](?<fraction>\d+))?)?`;
/** After an offset: Python's `isoformat() + "Z"`, Go's `Time.String()` (` -0700 MST`), the comment of RFC 5322 (` (MST)`). */
const OFFSET = String.raw`(?<sign>[+-])(?<zoneHour>\d\d)(?::?(?<zoneMinute>\d\d))?(?:Z| [A-Z]{3,5}| \([A-Z]{1,5}\))?`;
const ZONE = `(?: ?(?:${OFFSET}|(?<zone>[A-Z]{1,3})))?`;
const WEEKDAY = "(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,? +)?";
const MONTH = "(?<month>[A-Z]{3,9})";
const DASHED = String.raw`(?<year>\d{4})(?<separator>[-/])(?<month>\d\d?)\k<separator>(?<day>\d\d?)`;

/**
 * The spellings of auto-detection, each linear to match. RFC 3164 syslog (`Jan  2 15:04:05`) is not among them: it has no year, and
 * guessing one puts an event of 31 December that arrives on 1 January a year off. ISO week and ordinal dates are not either.
 */
const SPELLINGS = [
  // RFC 3339, ISO 8601 extended, date alone, "2006/01/02 15:04:05", Python logging's "2006-01-02 15:04:05,000"
  `${DASHED}(?:(?:T| +)${CLOCK}${ZONE})?`,
  // RFC 1123 and 5322, RFC 850, cookie dates, common log format "02/Jan/2006:15:04:05 -0700"
  String.raw`${WEEKDAY}(?<day>\d\d?)(?<separator>[ /-])${MONTH}\k<separator>(?<year>\d{4}|\d\d)[ :]${CLOCK}${ZONE}`,
  // ANSI C "Mon Jan _2 15:04:05 2006", Unix date (zone before the year), Ruby date
  String.raw`${WEEKDAY}${MONTH} +(?<day>\d\d?) ${CLOCK}${ZONE} (?<year>\d{4})`,
  // ISO 8601 basic "20060102T150405Z"
  String.raw`(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)T(?<hour>\d\d)(?<minute>\d\d)(?:(?<second>\d\d)(?:[.,](?<fraction>\d+))?)?${ZONE}`,
].map((spelling) => new RegExp(`^${spelling}$`, "i"));

/** Offsets of RFC 5322 4.3 in hours. Any other abbreviation is refused: hours off without a word is worse than a counted failure. */
const HOURS: Record<string, number> = {
  Z: 0,
  UT: 0,
  UTC: 0,
  GMT: 0,
  EST: -5,
  EDT: -4,
  CST: -6,
  CDT: -5,
  MST: -7,
  MDT: -6,
  PST: -8,
  PDT: -7,
};

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/;

/**
 * Any spelling auto-detection knows; null when unreadable or out of range. No zone means UTC; a bare number is an epoch (so
 * `20260102` is seconds, not a date); digits past the nanosecond are cut off; `:60` is the second after `:59`, as POSIX counts.
 */
export function readTimeText(text: string): Instant | null {
  if (text.length > TIME_LENGTH_MAX) return null;
  const trimmed = text.trim();
  for (const spelling of SPELLINGS) {
    const parts = spelling.exec(trimmed)?.groups;
    if (parts) return instantOfParts(parts);
  }
  return readEpoch(trimmed);
}

function instantOfParts(parts: Record<string, string | undefined>): Instant | null {
  const { year = "", month = "", zone = "Z", sign, zoneHour = 0, zoneMinute = 0 } = parts;
  const zoneHours = sign ? Number(zoneHour) : HOURS[zone.toUpperCase()];
  if (zoneHours === undefined || zoneHours > 23 || Number(zoneMinute) > 59) return null;
  return instantOfCivil({
    year: year.length === 2 ? yearOfPair(Number(year)) : Number(year),
    month: Number(month) || monthNamed(month),
    day: Number(parts["day"]),
    hour: Number(parts["hour"] ?? 0),
    minute: Number(parts["minute"] ?? 0),
    second: Number(parts["second"] ?? 0),
    nanos: nanosOf(parts["fraction"] ?? ""),
    offsetS: (zoneHours * 3600 + Number(zoneMinute) * 60) * (sign === "-" ? -1 : 1),
  });
}

/**
 * The source text of a JSON number as epoch seconds (|n| < 10^11), milliseconds (< 10^14), microseconds (< 10^17) or nanoseconds.
 * The point is moved within the text, so no digit passes through a float. Null: not a number, or outside the years 0001 to 9999.
 */
export function readEpoch(digits: string): Instant | null {
  if (digits.length > TIME_LENGTH_MAX) return null;
  const match = NUMBER.exec(digits);
  if (!match) return null;
  const [, minus, whole = "", fraction = "", exponent = "0"] = match;
  const significant = (whole + fraction).replace(/^0+/, "");
  // n = 0.significant * 10^point, so that the point alone tells the magnitude
  const point = whole.length + Number(exponent) - (whole.length + fraction.length - significant.length);
  const unit = point <= 11 ? 0 : point <= 14 ? 3 : point <= 17 ? 6 : 9;
  const pointS = point - unit;
  const wholeDigits = Math.max(pointS, 0);
  const seconds = Number(significant.slice(0, wholeDigits).padEnd(wholeDigits, "0"));
  const nanos = nanosOf("0".repeat(wholeDigits - pointS) + significant.slice(wholeDigits));
  if (!minus) return instantOf(seconds, nanos);
  return nanos === 0 ? instantOf(-seconds, 0) : instantOf(-seconds - 1, 1e9 - nanos);
}

/** A clock's reading, epoch milliseconds within the years 0001 to 9999. */
export function instantOfMs(ms: number): Instant {
  const floor = Math.floor(ms);
  return { ms: floor, text: textOf(floor, "") };
}

/** Null when the calendar has no such date, the day no such time, or the instant is out of range. `24:00:00` ends the day (ISO 8601). */
export function instantOfCivil({ year, month, day, hour, minute, second, nanos, offsetS }: Civil): Instant | null {
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return null;
  if (minute > 59 || second > 60 || hour > 24 || (hour === 24 && minute + second + nanos > 0)) return null;
  return instantOf(epochDay(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second - offsetS, nanos);
}

/** Nanoseconds of the digits after a decimal point; those past the ninth are cut off. */
export function nanosOf(fraction: string): number {
  return Number(fraction.slice(0, 9).padEnd(9, "0"));
}

/** The year of a two-digit one: 1969 to 2068, the pivot of POSIX and Go. */
export function yearOfPair(pair: number): number {
  return pair < 69 ? 2000 + pair : 1900 + pair;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function instantOf(seconds: number, nanos: number): Instant | null {
  if (seconds < EPOCH_MIN_S || seconds >= EPOCH_END_S) return null;
  const ms = seconds * 1000 + Math.floor(nanos / 1e6);
  const rest = nanos % 1e6;
  if (rest === 0) return { ms, text: textOf(ms, "") };
  const digits = String(rest).padStart(6, "0");
  return { ms, text: textOf(ms, rest % 1000 === 0 ? digits.slice(0, 3) : digits) };
}

/** As `Date#toISOString`, at a quarter of its time, which counts where every event of a body has its time as a number. */
function textOf(ms: number, digitsPastMs: string): string {
  const day = Math.floor(ms / DAY_MS);
  const msOfDay = ms - day * DAY_MS;
  const s = Math.floor(msOfDay / 1000);
  // Years are counted from 1 March of the year 0, so that the leap day is the last of its year, century and 400 years.
  const days = day + EPOCH_DAY_FROM_MARCH;
  const dayOfEra = days % 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - yearOfEra * 365 - Math.floor(yearOfEra / 4) + Math.floor(yearOfEra / 100);
  const march = Math.floor((dayOfYear * 5 + 2) / 153); // months since March; five of them, 31 30 31 30 31, hold 153 days
  const dayOfMonth = dayOfYear - Math.floor((march * 153 + 2) / 5) + 1;
  const year = Math.floor(days / 146_097) * 400 + yearOfEra + (march > 9 ? 1 : 0);
  const date = `${TWO[Math.floor(year / 100)]}${TWO[year % 100]}-${TWO[march > 9 ? march - 9 : march + 3]}-${TWO[dayOfMonth]}`;
  const time = `${TWO[Math.floor(s / 3600)]}:${TWO[Math.floor(s / 60) % 60]}:${TWO[s % 60]}.${THREE[msOfDay % 1000]}`;
  return `${date}T${time}${digitsPastMs}Z`;
}

/** The month of an English name in full or its first three letters, in any case; 0 when it is none. */
function monthNamed(name: string): number {
  const lower = name.toLowerCase();
  return 1 + MONTHS.findIndex((month) => lower === month.toLowerCase() || lower === month.slice(0, 3).toLowerCase());
}

/** Days from 1970-01-01 in the Gregorian calendar, carried back before its introduction as ISO 8601 does. The year is 0 or more. */
function epochDay(year: number, month: number, day: number): number {
  const before = year - 1;
  const leapDays = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  const dayOfYear = (DAYS_BEFORE_MONTH[month] as number) + day + (month > 2 && isLeap(year) ? 1 : 0);
  return before * 365 + leapDays + dayOfYear - EPOCH_DAY;
}

export function daysIn(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** The number of two ASCII digits, or -1. */
function pairAt(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - 0x30;
  const ones = (bytes[at + 1] as number) - 0x30;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}
