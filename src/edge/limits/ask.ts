/** A token's Quota as the edge sees it. */
import type { PermissionSet, TokenLimits } from "../../access/permission-set.ts";
import { Problem } from "../../problem.ts";
import type { EdgeEnv } from "../env.ts";
import { objectOf } from "../placement.ts";
import { within } from "../within.ts";
import type { Asked, Verdict } from "./buckets.ts";
import type { Quota } from "./quota.ts";

const QUOTA_WAIT_MAX_MS = 1_000;
/** How long an isolate remembers a refusal, and of how many tokens. */
const REMEMBERED_MS_MAX = 10_000;
const REMEMBERED_MAX = 10_000;

export type LimitedSet = Pick<PermissionSet, "id" | "account"> & { limits: TokenLimits };

/** Only for these is a Quota asked. */
export function isLimited(set: Pick<PermissionSet, "id" | "limits">): set is LimitedSet {
  const { limits } = set;
  return limits !== undefined && [limits.requestsPerSecond, limits.bytesPerSecond, limits.bytesPerDay].some((limit) => limit !== undefined);
}

interface Remembered {
  verdict: Verdict;
  limits: TokenLimits;
  /** When the wait ends, and when it is asked about anew; epoch milliseconds. */
  endsAt: number;
  askAt: number;
}

/** By token id, the oldest first. A flood is refused out of here, so that it does not drown the object that judges it. */
const remembered = new Map<string, Remembered>();

/**
 * Takes what is asked for, or nothing; the verdict says which. The key is the token's id, or
 * that of the one it shares with: nothing that a client sends changes it.
 *
 * Null when the Quota cannot be reached: the request goes on without a limit, because a counter must not be able to stop ingest.
 * One that is drowned in questions is another matter, since only its own tokens can do that: it is refused.
 * @throws Problem `rate-limited` then.
 */
export async function askQuota(set: LimitedSet, asked: Asked, env: EdgeEnv, now: number): Promise<Verdict | null> {
  const known = recall(set, asked, now);
  if (known) return known;
  const verdict = await reached(set, env, (quota) => quota.take(set.limits, asked));
  if (verdict?.refused && !verdict.refused.tooLarge) remember(set, verdict, verdict.refused.waitMs, now);
  return verdict;
}

/** Corrects by so many bytes what was taken at `takenAt` for a body. @returns as above, and throws so. */
export function correctQuota(set: LimitedSet, bytes: number, takenAt: number, env: EdgeEnv): Promise<Verdict | null> {
  return reached(set, env, (quota) => quota.correct(set.limits, bytes, takenAt));
}

async function reached(
  { id, account }: LimitedSet,
  env: EdgeEnv,
  ask: (quota: DurableObjectStub<Quota>) => Promise<Verdict>,
): Promise<Verdict | null> {
  try {
    return await within(QUOTA_WAIT_MAX_MS, ask(objectOf(env.QUOTA, account ?? id, env)));
  } catch (error) {
    if ((error as { overloaded?: boolean }).overloaded)
      throw new Problem("rate-limited", "the token is used for far more requests than its limits allow; send fewer and larger batches");
    console.warn("limits not judged", id, String(error));
    return null;
  }
}

function remember({ id, limits }: LimitedSet, verdict: Verdict, waitMs: number, now: number): void {
  remembered.delete(id);
  remembered.set(id, { verdict, limits, endsAt: now + waitMs, askAt: now + Math.min(waitMs, REMEMBERED_MS_MAX) });
  if (remembered.size <= REMEMBERED_MAX) return;
  const [oldest] = remembered.keys();
  remembered.delete(oldest as string);
}

/** A refusal that still holds for what is asked. Limits that were changed since are asked about. */
function recall({ id, limits }: LimitedSet, { requests, bytes }: Asked, now: number): Verdict | null {
  const known = remembered.get(id);
  const refused = known?.verdict.refused;
  if (!known || !refused || now >= known.askAt || requests === 0 || !alike(known.limits, limits)) return null;
  if (bytes === null && refused.by !== "requests") return null;
  return { ...known.verdict, refused: { ...refused, waitMs: known.endsAt - now } };
}

function alike(one: TokenLimits, other: TokenLimits): boolean {
  return (
    one.requestsPerSecond === other.requestsPerSecond &&
    one.bytesPerSecond === other.bytesPerSecond &&
    one.bytesPerDay === other.bytesPerDay
  );
}
