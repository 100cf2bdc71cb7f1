/** The two times of an event, as they are stored: `2026-01-02T03:04:05[.1 to 9 digits]Z`. Whoever stored them has checked them. */

const DAY_S = 86_400;
/** Days from 0000-03-01 to 1970-01-01. */
const EPOCH_DAY = 719_468;
const ZERO = 0x30;

/** Of the bytes [from, to) without quotes: microseconds of the epoch, finer digits cut; NaN for any other length or end. */
export function microsecondsIn(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  if (length < 20 || length > 30 || bytes[to - 1] !== 0x5a) return Number.NaN;
  const year = two(bytes, from) * 100 + two(bytes, from + 2);
  const seconds =
    epochDay(year, two(bytes, from + 5), two(bytes, from + 8)) * DAY_S +
    two(bytes, from + 11) * 3_600 +
    two(bytes, from + 14) * 60 +
    two(bytes, from + 17);
  let fraction = 0;
  for (let at = from + 20, unit = 100_000; unit >= 1; at++, unit = (unit / 10) | 0) {
    if (at >= to - 1) break;
    fraction += ((bytes[at] as number) - ZERO) * unit;
  }
  return seconds * 1e6 + fraction;
}

function two(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) - ZERO) * 10 + (bytes[at + 1] as number) - ZERO;
}

/** Days since the epoch, with years that begin in March, so that a leap day ends one (Gregorian). */
function epochDay(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const dayOfYear = (((month + 9) % 12) * 153 + 2) / 5 + day - 1;
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + Math.floor(dayOfYear) - EPOCH_DAY;
}
