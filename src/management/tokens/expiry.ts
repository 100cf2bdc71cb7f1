/** When a token ends. */
import { Problem } from "../../problem.ts";

export interface Expiry {
  /** Epoch milliseconds, rounded down; null: never. */
  at: number | null;
  /** The instant as answered: UTC, in the precision it was given in, so that clients find equal what they compare. */
  text: string | null;
}

export const NEVER: Expiry = { at: null, text: null };

/** axiom-py 0.10 ends the times of a zone that it knows with an offset and a Z. */
const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d)Z?)$/;
/** Go's zero time, which is how axiom-go and Terraform say "not set". */
const ZERO = /^0001-01-01T00:00:00(\.0+)?Z$/;
const YEAR_9999_ENDS_MS = 253_402_300_800_000;

/**
 * @param none what null means, in words.
 * @throws Problem `body-invalid` naming the member.
 */
export function readExpiry(member: string, value: string | null | undefined, none = "never"): Expiry {
  if (value === null || value === undefined || ZERO.test(value)) return NEVER;
  const match = RFC3339.exec(value);
  const [, date, time, fraction = "", sign, hours, minutes] = match ?? [];
  const local = `${date}T${time}`;
  const wallClock = Date.parse(`${local}Z`);
  // the engine takes February 30 for March 2
  const real = !Number.isNaN(wallClock) && new Date(wallClock).toISOString().startsWith(local);
  const offset = sign ? (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === "-" ? -1 : 1) : 0;
  const seconds = wallClock - offset;
  if (!match || !real || seconds < 0 || seconds >= YEAR_9999_ENDS_MS)
    throw new Problem("body-invalid", `${member} must be a time such as 2030-01-31T12:00:00Z, or null for ${none}`);
  const digits = fraction.replace(/0+$/, "");
  return {
    at: seconds + Math.floor(Number(`0.${digits || 0}`) * 1_000),
    text: `${new Date(seconds).toISOString().slice(0, 19)}${digits && `.${digits}`}Z`,
  };
}

/** @throws Problem `body-invalid` for an end that has passed. */
export function readFutureExpiry(member: string, value: string | null | undefined, now: number): Expiry {
  const expiry = readExpiry(member, value);
  if (expiry.at !== null && expiry.at <= now)
    throw new Problem("body-invalid", `${member} is in the past; choose a later time, or null for never`);
  return expiry;
}

/** Epoch milliseconds as answered. */
export function instant(at: number): string {
  return new Date(at).toISOString().replace(/\.?0*Z$/, "Z");
}

export function earlier(one: Expiry, other: Expiry): Expiry {
  if (one.at === null) return other;
  return other.at === null || one.at <= other.at ? one : other;
}
