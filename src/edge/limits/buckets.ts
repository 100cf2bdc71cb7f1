/**
 * What a token has left of its limits: a pure state machine. Requests and bytes per second are token buckets that hold one second's
 * worth, so that in any stretch of t seconds at most t + 1 seconds' worth is taken. Bytes may go into debt: by the body that crosses
 * the line, and by those of unknown length that were on their way beside it. Later requests wait until it is paid. Bytes per day
 * (UTC) are never exceeded, but by what `correct` is told of afterwards.
 *
 * A refusal takes nothing: who asks too often is served at the limit, not locked out. Limits are whole numbers from 1 on.
 */
import type { TokenLimits } from "../../access/permission-set.ts";

const DAY_MS = 86_400_000;
/** Buckets count thousandths, so that each millisecond adds a whole number and nothing is lost to rounding. */
const PARTS = 1_000;

interface Bucket {
  /** In thousandths; negative: a debt. */
  left: number;
  /** When that was so, epoch milliseconds; since then it has filled. */
  at: number;
}

export interface QuotaState {
  /** Null: full, or without a limit. */
  requests: Bucket | null;
  bytes: Bucket | null;
  /** Bytes taken on a day, which is counted from 1970 on. */
  day: { day: number; bytes: number };
}

export function emptyQuota(): QuotaState {
  return { requests: null, bytes: null, day: { day: 0, bytes: 0 } };
}

/** Which limit something is said of. */
export type LimitName = "requests" | "bytes" | "day";

export interface Level {
  limit: number;
  /** Whole units, at least 0. */
  left: number;
  /** When all of the limit is there again, epoch milliseconds. */
  resetAt: number;
}

export interface Verdict {
  refused: Refused | null;
  /** A limit that the token does not have is null. */
  levels: Record<LimitName, Level | null>;
  /** When it was given, epoch milliseconds. */
  at: number;
}

export interface Refused {
  by: LimitName;
  /** Milliseconds until the same could be taken, if nothing else comes. */
  waitMs: number;
  /** Only for its size: smaller bodies are still taken. */
  tooLarge: boolean;
}

/** What a request asks for. */
export interface Asked {
  /** 0 for the bytes of a request that was taken before: they are let into debt. */
  requests: 0 | 1;
  /** Bytes of its body; `unknown` until its end; null when it has none. */
  bytes: number | "unknown" | null;
}

interface Judged {
  state: QuotaState;
  verdict: Verdict;
}

/** Takes what is asked for, or nothing. */
export function take(state: QuotaState, limits: TokenLimits, asked: Asked, now: number): Judged {
  const before = fill(state, limits, now);
  const refused = refusalOf(before, limits, asked, now);
  const after = refused ? before : spend(before, asked.requests, typeof asked.bytes === "number" ? asked.bytes : 0);
  return judged(after, refused, limits, now);
}

/**
 * Gives bytes back (less than none) that were taken at a time and never came, or takes those that came beside. Never refuses.
 * A day that is over is left as it was.
 */
export function correct(state: QuotaState, limits: TokenLimits, bytes: number, takenAt: number, now: number): Judged {
  const before = fill(state, limits, now);
  const after = fill(spend(before, 0, bytes), limits, now);
  const day = before.day.day === dayOf(takenAt) ? { ...after.day, bytes: Math.max(0, after.day.bytes) } : before.day;
  return judged({ ...after, day }, null, limits, now);
}

function judged(state: QuotaState, refused: Refused | null, limits: TokenLimits, now: number): Judged {
  return { state, verdict: { refused, levels: levelsOf(state, limits, now), at: now } };
}

/** The state as of now. A clock that goes backwards fills nothing. */
function fill({ requests, bytes, day }: QuotaState, limits: TokenLimits, now: number): QuotaState {
  const today = dayOf(now);
  return {
    requests: filled(requests, limits.requestsPerSecond, now),
    bytes: filled(bytes, limits.bytesPerSecond, now),
    day: day.day >= today ? day : { day: today, bytes: 0 },
  };
}

function filled(bucket: Bucket | null, perSecond: number | undefined, now: number): Bucket | null {
  if (perSecond === undefined) return null;
  const full = perSecond * PARTS;
  if (!bucket) return { left: full, at: now };
  const at = Math.max(bucket.at, now);
  return { left: Math.min(full, bucket.left + (at - bucket.at) * perSecond), at };
}

function spend({ requests, bytes, day }: QuotaState, request: number, size: number): QuotaState {
  return {
    requests: requests && { ...requests, left: requests.left - request * PARTS },
    bytes: bytes && { ...bytes, left: bytes.left - size * PARTS },
    day: { ...day, bytes: day.bytes + size },
  };
}

function refusalOf({ requests, bytes, day }: QuotaState, limits: TokenLimits, asked: Asked, now: number): Refused | null {
  const { requestsPerSecond, bytesPerSecond, bytesPerDay } = limits;
  if (bytesPerDay !== undefined && asked.bytes !== null) {
    const left = bytesPerDay - day.bytes;
    const tooLarge = typeof asked.bytes === "number" && asked.bytes > left;
    if (left < 1 || tooLarge) return { by: "day", waitMs: endOf(day.day) - now, tooLarge: left >= 1 };
  }
  if (asked.requests === 0) return null;
  if (bytesPerSecond !== undefined && asked.bytes !== null && bytes) {
    const waitMs = waitFor(bytes, bytesPerSecond, now);
    if (waitMs > 0) return { by: "bytes", waitMs, tooLarge: false };
  }
  if (requestsPerSecond !== undefined && requests) {
    const waitMs = waitFor(requests, requestsPerSecond, now);
    if (waitMs > 0) return { by: "requests", waitMs, tooLarge: false };
  }
  return null;
}

/** Until there is one of it. */
function waitFor({ left, at }: Bucket, perSecond: number, now: number): number {
  return left >= PARTS ? 0 : Math.ceil((PARTS - left) / perSecond) + at - now;
}

function levelsOf({ requests, bytes, day }: QuotaState, limits: TokenLimits, now: number): Verdict["levels"] {
  const { requestsPerSecond, bytesPerSecond, bytesPerDay } = limits;
  const perDay = bytesPerDay !== undefined && { limit: bytesPerDay, left: Math.max(0, bytesPerDay - day.bytes), resetAt: endOf(day.day) };
  return { requests: levelOf(requests, requestsPerSecond, now), bytes: levelOf(bytes, bytesPerSecond, now), day: perDay || null };
}

function levelOf(bucket: Bucket | null, perSecond: number | undefined, now: number): Level | null {
  if (!bucket || perSecond === undefined) return null;
  const { left, at } = bucket;
  const resetAt = Math.max(at, now) + Math.ceil((perSecond * PARTS - left) / perSecond);
  return { limit: perSecond, left: Math.max(0, Math.floor(left / PARTS)), resetAt };
}

function dayOf(at: number): number {
  return Math.floor(at / DAY_MS);
}

function endOf(day: number): number {
  return (day + 1) * DAY_MS;
}
