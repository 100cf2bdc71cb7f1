/**
 * What a limited token's sender is told: Axiom's header groups, always complete, because its clients read a group whole or not at all.
 * `X-RateLimit-*` speaks of requests, `X-IngestLimit-*` of bytes: of the day, or of the second where there is no limit per day or that one
 * refused. Each client looks at one of the groups only, so that on a refusal a group that would be missing speaks of the limit that refused.
 */
import { Problem } from "../../problem.ts";
import type { Level, LimitName, Refused, Verdict } from "./buckets.ts";

/** Names one by one: pages may read them only when they are listed. */
export const LIMIT_HEADERS = [
  "RateLimit-Scope",
  ..."Limit Remaining Reset".split(" ").flatMap((part) => [`RateLimit-${part}`, `IngestLimit-${part}`]),
].map((name) => `X-${name}`);

export function setLimitHeaders(headers: Headers, { refused, levels }: Verdict): void {
  const refusing = refused && levels[refused.by];
  const requests = levels.requests ?? refusing;
  const bytes = (refused?.by === "bytes" ? levels.bytes : null) ?? levels.day ?? levels.bytes ?? refusing;
  // of Axiom's scopes the one that is not shared: the limit is the token's own
  if (requests) headers.set("x-ratelimit-scope", "user");
  if (requests) setGroup(headers, "x-ratelimit", requests);
  if (bytes) setGroup(headers, "x-ingestlimit", bytes);
}

function setGroup(headers: Headers, group: string, { limit, left, resetAt }: Level): void {
  headers.set(`${group}-limit`, String(limit));
  headers.set(`${group}-remaining`, String(left));
  headers.set(`${group}-reset`, String(Math.ceil(resetAt / 1_000)));
}

const WHAT: Record<LimitName, string> = { requests: "requests a second", bytes: "bytes a second", day: "bytes a day (UTC)" };

export function refusalOf({ by, waitMs, tooLarge }: Refused, levels: Verdict["levels"]): Problem {
  const wait = Math.max(1, Math.ceil(waitMs / 1_000));
  const limit = `the token may send ${levels[by]?.limit} ${WHAT[by]} to this region`;
  const fix = tooLarge
    ? `${levels.day?.left} are left, which the body exceeds; send a smaller one, or this one in ${wait} s`
    : `send again in ${wait} s${by === "requests" ? ", in larger batches" : ""}`;
  return new Problem(by === "day" ? "quota-exceeded" : "rate-limited", `${limit}: ${fix}`, {}, wait);
}
