/** What a receiver's answer means for a segment: which refusals are final, which pass, and when to come again. */
import { SinkFailure } from "./sink.ts";

/** The longest pause that a receiver may ask for. */
export const SINK_RETRY_AFTER_MAX_MS = 900_000;
/** Pause after an answer that only the owner can change; a shorter one would knock at a closed door all day. */
export const OWNER_PAUSE_MS = 300_000;

/** Client errors that pass by themselves: timeout, conflict with a request under way, wrong connection, too early, too many. */
const PASSING = new Set([408, 409, 421, 425, 429]);
/**
 * Answers about the address or the credentials, not about the segment: any segment would get them until the owner mends the
 * settings. A redirect is one, because the credentials must not follow it to another host.
 */
const OWNER_MENDS = new Set([401, 403, 404, 405, 407, 501]);

export function isOk(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Whether the segment itself is refused, for good. */
export function isPermanent(status: number): boolean {
  return status >= 400 && status < 500 && !PASSING.has(status) && !isForOwner(status);
}

/** @param message names the receiver and holds nothing secret. */
export function failureOf(status: number, headers: Headers, message: string): SinkFailure {
  if (isPermanent(status)) return new SinkFailure(message, { permanent: true });
  const asked = retryAfterMs(headers);
  if (isForOwner(status)) return new SinkFailure(message, { retryAfterMs: Math.max(asked ?? 0, OWNER_PAUSE_MS) });
  return new SinkFailure(message, { retryAfterMs: asked });
}

/**
 * RFC 9110 10.2.3: seconds or a date. A date is read against the same answer's `Date`, so that the two clocks need not agree;
 * without one it says nothing. Null: the receiver did not say.
 */
export function retryAfterMs(headers: Headers): number | null {
  const text = headers.get("retry-after")?.trim() ?? "";
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.parse(headers.get("date") ?? "");
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), SINK_RETRY_AFTER_MAX_MS);
}

export interface Refusals {
  add(rows: number, why: string): void;
  /** @throws SinkFailure, permanent, when events were refused. */
  end(rows: number): void;
}

/**
 * Counts the events that a receiver refuses by themselves. A bad event never keeps its neighbours out: the segment is called
 * refused only when all others are in.
 */
export function countRefusals(): Refusals {
  let refused = 0;
  let first = "";
  return {
    add(rows, why) {
      if (refused === 0) first = why;
      refused += rows;
    },
    end(rows) {
      if (refused > 0) throw new SinkFailure(`${refused} of ${rows} events were refused; the first: ${first}`, { permanent: true });
    },
  };
}

function isForOwner(status: number): boolean {
  return OWNER_MENDS.has(status) || (status >= 300 && status < 400);
}
