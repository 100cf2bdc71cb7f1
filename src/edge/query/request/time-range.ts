/** The stretch of time that a request asks about. Times are microseconds of the Unix epoch. */
import { Problem } from "../../../problem.ts";
import { readTimeText, TIME_LENGTH_MAX } from "../../event/time.ts";
import { durationMicros } from "./duration.ts";

/** From, inclusive, to, exclusive. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** What stands for a time that the request leaves open. */
export interface OpenRange {
  readonly from: number | null;
  readonly to: number | null;
}

const RELATIVE = /^now(?:([+-])(\S+))?$/;
/** What axiom-go sends for a time that was not set. */
const GO_ZERO = "0001-01-01T00:00:00Z";

/** @throws Problem `body-invalid` for a text that is no time, and for an end that is not after the start. */
export function readRange(start: string | null, end: string | null, now: number): OpenRange {
  const range = { from: readTime("startTime", start, now), to: readTime("endTime", end, now) };
  if (range.from !== null && range.to !== null && range.to <= range.from)
    throw new Problem("body-invalid", `endTime (${end}) must be after startTime (${start})`);
  return range;
}

/** Null: it was not given, which an empty text and Go's zero time mean as well. */
export function readTime(member: string, text: string | null, now: number): number | null {
  if (text === null || text === "" || text === GO_ZERO) return null;
  const micros = text.length > TIME_LENGTH_MAX ? null : (relative(text, now) ?? absolute(text));
  if (micros === null)
    throw new Problem(
      "body-invalid",
      `${member} must be RFC 3339 such as "2026-01-02T03:04:05Z", or relative such as "now" or "now-1h30m"`,
    );
  return micros;
}

function relative(text: string, now: number): number | null {
  const [whole, sign, span] = RELATIVE.exec(text) ?? [];
  if (whole === undefined) return null;
  if (span === undefined) return now;
  const micros = durationMicros(span);
  return micros === null ? null : sign === "-" ? now - micros : now + micros;
}

function absolute(text: string): number | null {
  const instant = readTimeText(text);
  if (!instant) return null;
  const fraction = /\.\d{3}(\d{3})/.exec(instant.text);
  return instant.ms * 1_000 + Number(fraction?.[1] ?? 0);
}
