/**
 * Which key of an issuer verifies a token, with as few fetches as that takes:
 *
 *     kid known, set fresh       no fetch; past REFRESH_AFTER_MS one in the background
 *     kid known, set old         a fetch; if it fails the last good set counts, up to LAST_GOOD_AGE_MAX_MS
 *     kid unknown                a fetch, at most one per COOLDOWN_MS and issuer; if it fails 503, since the key may be new
 *
 * A set is what this isolate fetched or what came with the issuer's document, whichever is newer. So a key that an issuer takes back
 * counts for as long as a set is fresh, and longer only while the issuer cannot be reached. Only values are kept between requests, never
 * a promise.
 */
import { Problem } from "../../problem.ts";
import type { PublicKey, TrustedIssuer } from "../trusted-issuer.ts";
import { fetchTrusted, type TrustedFetch } from "./fetch-trusted.ts";
import { fits, readKeySet } from "./jwks.ts";
import type { UnverifiedJwt } from "./jwt.ts";

const FETCHED_AGE_MAX_MS = 600_000;
const REFRESH_AFTER_MS = 300_000;
/** The set in a document is renewed every hour by management; this leaves room for one that failed. */
const PUBLISHED_AGE_MAX_MS = 7_200_000;
const LAST_GOOD_AGE_MAX_MS = 86_400_000;
const COOLDOWN_MS = 30_000;
/** Of one isolate, for all issuers together. */
const FETCHES_PER_SECOND_MAX = 10;
const SETS_MAX = 1_000;
/** Key ids remembered as absent from one set. */
const ABSENT_MAX = 100;
/** How long a request waits for what another one is fetching already, and how often it looks. */
const FETCHED_BY_OTHERS_MS = 1_000;
const LOOK_EVERY_MS = 25;

interface KeySet {
  keys: readonly PublicKey[];
  /** When it was fetched, epoch milliseconds. */
  at: number;
}

interface Held {
  set: KeySet | null;
  /** When a fetch was last begun. */
  triedAt: number;
  /** Rises when a fetch has ended, well or badly. */
  ended: number;
  /** Asked for since the last fetch, which succeeded, and not in its set. */
  absent: Set<string>;
}

/** By `jwksUri`, the oldest first. */
export interface KeySets {
  held: Map<string, Held>;
  /** Fetches begun in the current second. */
  second: number;
  fetches: number;
}

export const openKeySets = (): KeySets => ({ held: new Map(), second: 0, fetches: 0 });

export interface KeyVisit {
  /** Epoch milliseconds. */
  now: number;
  /** Lets work go on after the answer. */
  waitUntil(work: Promise<unknown>): void;
}

/**
 * The issuer's key with the token's `kid` that fits its algorithm. Does not verify anything with it.
 * @throws Problem `token-unknown` when the issuer has no such key, `store-unavailable` when that cannot be told now.
 */
export async function keyOf(
  jwt: UnverifiedJwt,
  trusted: TrustedIssuer,
  sets: KeySets,
  visit: KeyVisit,
  env: TrustedFetch,
): Promise<PublicKey> {
  const { jwksUri } = trusted;
  const held = heldOf(sets, jwksUri);
  const published = { keys: trusted.keys, at: trusted.keysAt };
  const fetched = held.set !== null && held.set.at >= published.at;
  const set = fetched && held.set ? held.set : published;
  const key = find(set, jwt);
  const age = visit.now - set.at;
  if (key && age < (fetched ? FETCHED_AGE_MAX_MS : PUBLISHED_AGE_MAX_MS)) {
    if (age >= REFRESH_AFTER_MS && mayFetch(sets, held, visit.now)) visit.waitUntil(renew(held, jwksUri, visit.now, env));
    return key;
  }
  if (await renewed(sets, held, jwksUri, jwt.keyId, visit.now, env)) {
    const found = held.set && find(held.set, jwt);
    if (found) return found;
    if (held.absent.size < ABSENT_MAX) held.absent.add(jwt.keyId);
    throw new Problem("token-unknown", "the issuer has no key with the token's kid for its alg; request a new token");
  }
  if (key && age < LAST_GOOD_AGE_MAX_MS) return key;
  throw new Problem("store-unavailable", "the issuer's keys cannot be had at the moment; send again in a while");
}

/** Whether the held set is as new as it can be, in which a key that is not there does not exist. */
async function renewed(sets: KeySets, held: Held, uri: string, keyId: string, now: number, env: TrustedFetch): Promise<boolean> {
  if (mayFetch(sets, held, now)) return renew(held, uri, now, env);
  if (held.absent.has(keyId)) return true;
  const { ended, set } = held;
  // a crowd that begins with a new key: the others hear what the first one learns
  for (let waited = 0; waited < FETCHED_BY_OTHERS_MS && held.ended === ended && isFetching(held); waited += LOOK_EVERY_MS)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  return held.set !== set;
}

/** @returns whether it worked. */
async function renew(held: Held, uri: string, now: number, env: TrustedFetch): Promise<boolean> {
  held.absent.clear();
  try {
    const response = await fetchTrusted(uri, { headers: { accept: "application/json" } }, env);
    held.set = { keys: await readKeySet(await response.text()), at: now };
    return true;
  } catch (failure) {
    console.warn("key set not fetched", uri, String(failure));
    return false;
  } finally {
    held.ended = held.triedAt;
  }
}

function isFetching({ triedAt, ended }: Held): boolean {
  return ended < triedAt;
}

/** And takes note of it: whoever may, does. */
function mayFetch(sets: KeySets, held: Held, now: number): boolean {
  if (now - held.triedAt < COOLDOWN_MS) return false;
  const second = Math.floor(now / 1_000);
  if (sets.second !== second) Object.assign(sets, { second, fetches: 0 });
  if (++sets.fetches > FETCHES_PER_SECOND_MAX) return false;
  held.triedAt = now;
  return true;
}

function find({ keys }: KeySet, { keyId, algorithm }: UnverifiedJwt): PublicKey | undefined {
  return keys.find((key) => key.kid === keyId && fits(key, algorithm));
}

function heldOf({ held }: KeySets, uri: string): Held {
  const known = held.get(uri);
  if (known) return known;
  const fresh: Held = { set: null, triedAt: Number.NEGATIVE_INFINITY, ended: Number.NEGATIVE_INFINITY, absent: new Set() };
  held.set(uri, fresh);
  if (held.size > SETS_MAX) held.delete(held.keys().next().value as string);
  return fresh;
}
