/**
 * How fresh one isolate's knowledge of changes is. Asked when somebody comes, never by a timer. Others who come meanwhile look for
 * the answer's traces; the pending question itself is its own request's, which may be cancelled.
 */
import type { Changes } from "../../access/change-feed.ts";
import { AUTHORITY_TIMEOUT_MS, FEED_FRESH_MAX_MS, FEED_POLL_MS, FEED_WAIT_MS, isWithin, KV_AGE_MAX_MS } from "../../access/staleness.ts";
import type { Authority } from "../env.ts";
import type { Visit } from "../visit.ts";
import { untilSeen, within } from "../within.ts";
import { NEVER } from "./memory.ts";

export interface Feed {
  /**
   * Whether all changes are known that are older than FEED_FRESH_MAX_MS. Asks when it is time to: behind the request while the last
   * answer still counts, else before it, for at most FEED_WAIT_MS.
   */
  isFresh(visit: Visit, authority: Authority): boolean | Promise<boolean>;
  /** What was remembered is forgotten: until KV must have caught up, silence of the feed proves nothing. */
  distrust(now: number): void;
}

/** What the feed has to say. */
export interface Listener {
  changed(changes: Changes["changed"], now: number): void;
  /** Changes may have been missed. */
  forget(): void;
}

export function openFeed({ changed, forget }: Listener): Feed {
  let seq: number | null = null;
  /** When the last question was put, and the last one that was answered. */
  let askedAt = NEVER;
  let answeredAt = NEVER;
  /** Questions that have begun and ended; one whose request was cancelled never ends. */
  let begun = 0;
  let ended = 0;
  /** The question that was waited for in vain: whoever comes after that does not wait for it any more. */
  let givenUp = 0;
  let distrustedAt = NEVER;

  const counts = (now: number) => isWithin(FEED_FRESH_MAX_MS, answeredAt, now) && !isWithin(KV_AGE_MAX_MS, distrustedAt, now);

  async function ask(authority: Authority, now: number): Promise<void> {
    askedAt = now;
    begun++;
    try {
      take(await within(AUTHORITY_TIMEOUT_MS, authority.changesSince(seq)), now);
    } catch (error) {
      console.warn("change feed unreachable", String(error));
    }
    ended++;
  }

  function take({ seq: next, changed: documents, reset }: Changes, now: number): void {
    if (reset) {
      forget();
      distrustedAt = now;
    } else changed(documents, now);
    // an answer that was overtaken by a later one only repeats what is known
    seq = reset ? next : Math.max(seq ?? 0, next);
    answeredAt = now;
  }

  async function waitFor(ending: Promise<boolean>, now: number): Promise<boolean> {
    const question = begun;
    if (!(await ending)) givenUp = question;
    return counts(now);
  }

  return {
    isFresh(visit, authority) {
      const { now } = visit;
      if (isWithin(FEED_POLL_MS, answeredAt, now)) return counts(now);
      if (isWithin(FEED_POLL_MS, askedAt, now)) {
        // one question at a time: a feed that is away is not asked by everybody
        const isOut = begun > ended && givenUp < begun && isWithin(FEED_WAIT_MS, askedAt, now);
        if (!isOut || isWithin(FEED_FRESH_MAX_MS, answeredAt, now)) return counts(now);
        const before = ended;
        return waitFor(
          untilSeen(FEED_WAIT_MS, () => ended > before),
          now,
        );
      }
      const asking = ask(authority, now);
      visit.waitUntil(asking);
      if (isWithin(FEED_FRESH_MAX_MS, answeredAt, now)) return counts(now);
      return waitFor(isInTime(asking), now);
    },
    distrust(now) {
      distrustedAt = now;
    },
  };
}

async function isInTime(work: Promise<void>): Promise<boolean> {
  try {
    await within(FEED_WAIT_MS, work);
    return true;
  } catch {
    return false;
  }
}
