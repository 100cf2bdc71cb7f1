/**
 * How old what anybody believes about a credential may be, in one place. The bounds that follow are shown row by row in
 * test/edge/distribution: something revoked is accepted for at most 12 s while the change feed is heard, 70 s while it is not.
 */

// ── The edge: what one isolate remembers ────────────────────────────────────────────────────────────────────
/** Age of a document in memory while the feed says what has changed since: bounds nothing but look-ups. */
export const MEMORY_AGE_MAX_MS = 300_000;
/** The same without the feed: bounds what memory adds to KV's own age. */
export const MEMORY_AGE_NO_FEED_MAX_MS = 10_000;
/** How long "there is no such token" is believed: bounds the refusal of one that is imported later. */
export const UNKNOWN_AGE_MAX_MS = 10_000;
/** Documents, and unknown keys, that one isolate remembers: bounds memory. */
export const DOCUMENTS_MAX = 10_000;
export const UNKNOWN_MAX = 5_000;

// ── The change feed ─────────────────────────────────────────────────────────────────────────────────────────
/** Time between two questions to the feed: bounds their number. */
export const FEED_POLL_MS = 5_000;
/** Age at which an answer of the feed no longer counts: bounds how long a change goes unnoticed. */
export const FEED_FRESH_MAX_MS = 10_000;
/** How long a request waits for the feed: bounds what its absence costs a sender. */
export const FEED_WAIT_MS = 400;
/** For how long management repeats an answer of the feed: bounds questions to the database. */
export const FEED_MEMO_MS = 1_000;
/** Where an isolate's first question begins: bounds how late KV may be and an isolate that begins now still knows better. */
export const FEED_BEGINS_MS = 600_000;
/** Changed documents in one answer; beyond it an isolate forgets all that it remembers. */
export const FEED_ROWS_MAX = 500;
/**
 * How long a change is kept: bounds how long an isolate may hear nothing and miss nothing. Longer than anything serves without having
 * been proven anew, so that nobody has to notice.
 */
export const CHANGES_KEPT_MS = 86_400_000;
/** Least versions that one isolate knows of, and how long each is kept at least: bounds how late an outdated write to KV may come. */
export const LEAST_VERSIONS_MAX = 20_000;
export const LEAST_VERSION_KEPT_MS = 600_000;

// ── KV ──────────────────────────────────────────────────────────────────────────────────────────────────────
/** For how long a location answers from its copy; the platform's least: bounds what a revocation waits for without the feed. */
export const KV_CACHE_S = 30;
/** How long a request waits for KV before it asks the authority. */
export const KV_TIMEOUT_MS = 250;
/** Age of what KV says anywhere ("60 seconds or more"), with the age of memory on top: for so long the feed's silence is not trusted. */
export const KV_AGE_MAX_MS = 70_000;

// ── Questions to the authority ──────────────────────────────────────────────────────────────────────────────
/** Per isolate and second: bounds what a flood of unknown tokens costs the database. */
export const LOOKUPS_PER_SECOND_MAX = 20;
/** Per isolate, organisation and second, about names that its document lacks. */
export const MISSES_PER_SECOND_MAX = 5;
/** Age at which that document still tells a reader that a name is not there: bounds how long a new dataset cannot be read, never a sender. */
export const MISSING_AGE_MAX_MS = 2_000;
/** Unknown tokens from one network address in a while: bounds what one sender may spend of the above. */
export const UNKNOWN_PER_ADDRESS_MAX = 20;
export const UNKNOWN_PER_ADDRESS_MS = 60_000;
/** How long an answer is waited for, and how long when there is an older one to go on with. */
export const AUTHORITY_TIMEOUT_MS = 5_000;
export const AUTHORITY_TIMEOUT_PROVEN_MS = 1_000;

// ── Neither KV nor the authority answers ────────────────────────────────────────────────────────────────────
/** Age of what was last proven, by what it is used for: bounds how long a revoked token goes on when nobody can say so. */
export const PROVEN_INGEST_MAX_MS = 4 * 3_600_000;
export const PROVEN_OTHER_MAX_MS = 300_000;
/** How long it then serves before the stores are tried again: bounds what an outage costs each sender in waiting. */
export const PROVEN_RETRY_MS = 2_000;

// ── Management ──────────────────────────────────────────────────────────────────────────────────────────────
/** Life of a session token, from its beginning and whatever it is used for. */
export const SESSION_LIFE_MS = 30 * 86_400_000;
/** The longest that a regenerated token may go on beside its successor. */
export const GRACE_MAX_MS = 30 * 86_400_000;
/** How much later than the stored one a use must be to be stored: bounds writes, and how wrong "last used" may be. */
export const LAST_USED_RESOLUTION_MS = 300_000;

// ── Clocks ──────────────────────────────────────────────────────────────────────────────────────────────────
/** Requests that began earlier meet what later ones left: so far ahead is not taken for a clock that was set back. */
const OUT_OF_ORDER_MAX_MS = 10_000;

/** Whether `at` is at most `ms` ago. What lies in the future is not, so that a clock set back makes nothing last longer. */
export function isWithin(ms: number, at: number, now: number): boolean {
  return now - at <= ms && at - now <= OUT_OF_ORDER_MAX_MS;
}
