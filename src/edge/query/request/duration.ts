/** Durations as Go writes them, such as `1h0m0s`, and with the days and weeks that people write. */

const UNIT_MICROS: Record<string, number> = {
  ns: 1e-3,
  us: 1,
  µs: 1, // micro sign
  μs: 1, // Greek mu
  ms: 1e3,
  s: 1e6,
  m: 6e7,
  h: 3.6e9,
  d: 8.64e10,
  w: 6.048e11,
};
const TERM = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w)/g;
const LENGTH_MAX = 64;

/** Whole microseconds; null for a text that is none, or longer than numbers are exact. */
export function durationMicros(text: string): number | null {
  const terms = text.length <= LENGTH_MAX ? [...text.matchAll(TERM)] : [];
  if (terms.length === 0 || terms.map(([term]) => term).join("") !== text) return null;
  const micros = Math.round(terms.reduce((sum, [, number, unit]) => sum + Number(number) * (UNIT_MICROS[unit ?? ""] ?? 0), 0));
  return Number.isSafeInteger(micros) ? micros : null;
}
