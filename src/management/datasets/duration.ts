/** Durations as Go writes them: `1h30m`, `1.5h`, `720h0m0s`; and, because people write them, days: `30d`. */
import { Problem } from "../../problem.ts";

const UNITS_MS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3, // micro sign
  μs: 1e-3, // Greek mu
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const TERM = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d)/g;
const LENGTH_MAX = 64;
/** A hundred years: whoever wants to keep more has nothing to trim. */
const DURATION_MS_MAX = 36_525 * 86_400_000;

/**
 * Milliseconds, rounded up. None at all is refused: axiom-py says `0s` for any whole number of days, and would empty the dataset.
 * @throws Problem `body-invalid` naming the member.
 */
export function readDuration(member: string, text: string): number {
  const terms = text.length <= LENGTH_MAX ? [...text.matchAll(TERM)] : [];
  const whole = terms.map(([term]) => term).join("") === text;
  const ms = Math.ceil(terms.reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS_MS[unit as string] as number), 0));
  if (terms.length === 0 || !whole)
    throw new Problem("body-invalid", `${member} must be a duration such as "24h", "1h30m" or "30d"; units are ns, us, ms, s, m, h, d`);
  if (ms < 1 || ms > DURATION_MS_MAX)
    throw new Problem("body-invalid", `${member} must be longer than 0 and at most 100 years; to remove everything, delete the dataset`);
  return ms;
}
