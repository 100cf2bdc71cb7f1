/**
 * The public keys that GitHub signs its reports with, by their identifier. Kept in the isolate's memory: values only, never a pending
 * fetch. A key that GitHub takes back counts for an hour more at most, and for a day while GitHub does not answer.
 */
import { fetchTrusted } from "../../access/workload/fetch-trusted.ts";
import { Problem } from "../../problem.ts";

const FRESH_MS = 3_600_000;
const LAST_GOOD_AGE_MAX_MS = 86_400_000;
/** Between fetches for an identifier that a fresh set lacks: anybody can send such identifiers. */
const COOLDOWN_MS = 60_000;
/** Of one isolate, whatever the reason. */
const FETCHES_PER_MINUTE_MAX = 10;
const KEYS_MAX = 100;

interface KeySet {
  url: string;
  /** PEM by identifier. */
  keys: ReadonlyMap<string, string>;
  /** When it was fetched, epoch milliseconds. */
  at: number;
}

let held: KeySet | null = null;
const fetches = { url: "", minute: 0, times: 0 };

/**
 * The key of that identifier; null: GitHub has none of that name.
 * @throws Problem `store-unavailable` when that cannot be told now.
 */
export async function scanningKey(url: string, identifier: string, now: number): Promise<string | null> {
  const known = held?.url === url ? held : null;
  const age = known ? now - known.at : Number.POSITIVE_INFINITY;
  const key = known?.keys.get(identifier);
  if (key && age < FRESH_MS) return key;
  if (known && age < COOLDOWN_MS) return null;
  const fetched = mayFetch(url, now) ? await fetchKeys(url, now) : null;
  if (fetched) {
    held = fetched;
    return fetched.keys.get(identifier) ?? null;
  }
  if (key && age < LAST_GOOD_AGE_MAX_MS) return key;
  throw new Problem(
    "store-unavailable",
    "the keys of GitHub's secret scanning cannot be had at the moment; send the report again in a while",
  );
}

function mayFetch(url: string, now: number): boolean {
  const minute = Math.floor(now / 60_000);
  if (fetches.minute !== minute || fetches.url !== url) Object.assign(fetches, { url, minute, times: 0 });
  return ++fetches.times <= FETCHES_PER_MINUTE_MAX;
}

async function fetchKeys(url: string, now: number): Promise<KeySet | null> {
  try {
    // GitHub answers nobody without a user agent. The address is the operator's own: one on this machine is for tests.
    const headers = { accept: "application/json", "user-agent": "headgate" };
    const response = await fetchTrusted(url, { headers }, { fetch, allowInsecure: true });
    return { url, keys: readKeys(await response.json()), at: now };
  } catch (failure) {
    console.warn("scanning keys not fetched", String(failure));
    return null;
  }
}

/** @throws Error for an answer that is no set of keys. */
function readKeys(answer: unknown): ReadonlyMap<string, string> {
  const listed = (answer as { public_keys?: unknown } | null)?.public_keys;
  if (!Array.isArray(listed) || listed.length === 0) throw new Error("the answer has no public_keys");
  const keys = listed.slice(0, KEYS_MAX).flatMap((one: { key_identifier?: unknown; key?: unknown } | null) => {
    return typeof one?.key_identifier === "string" && typeof one.key === "string" ? [[one.key_identifier, one.key] as const] : [];
  });
  return new Map(keys);
}
