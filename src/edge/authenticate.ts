/**
 * Credential to permission set: isolate memory, then KV, then the authority. Only the documents are kept, never a verdict: who
 * asks gets the newest document that the bounds below allow, and judges it anew.
 *
 * Staleness: a document is used for at most PERMISSIONS_AGE_MAX_MS from memory and KV_CACHE_S from the location's KV cache.
 */
import {
  type OrganisationMap,
  organisationKey,
  type PermissionSet,
  permissionKey,
  readOrganisationMap,
  readPermissionSet,
  type Standing,
  standing,
} from "../access/permission-set.ts";
import { digestOf, parseToken } from "../access/token.ts";
import { Problem } from "../problem.ts";
import { type EdgeEnv, settingsOf } from "./env.ts";
import { within } from "./within.ts";

const PERMISSIONS_AGE_MAX_MS = 10_000;
/** How long an unknown token stays unknown; a new token's digest has never been asked for, so none waits for this. */
const NEGATIVE_AGE_MAX_MS = 10_000;
const KV_CACHE_S = 30;
const KV_TIMEOUT_MS = 250;
const AUTHORITY_TIMEOUT_MS = 5_000;
/** Questions to the authority per isolate and second: about tokens, and about each organisation's unknown datasets. */
const LOOKUPS_PER_SECOND_MAX = 20;
const MISSES_PER_SECOND_MAX = 5;
/** How long a request waits for what another one is asking already, and how often it looks. */
const ASKED_BY_OTHERS_MS = 1_000;
const LOOK_EVERY_MS = 25;
const DOCUMENTS_MAX = 10_000;

export interface Caller {
  set: PermissionSet;
  organisation: OrganisationMap;
}

const STANDING_TEXTS: Record<Exclude<Standing, "live">, string> = {
  "token-revoked": "the token was revoked; create one at POST /v2/tokens of the management API",
  "token-disabled": "the token is disabled; an owner can enable it again at the management API",
  "token-not-yet-valid": "the token is not valid yet; GET /v2/tokens of the management API shows from when on it is",
  "token-expired": "the token has expired; regenerate it at POST /v2/tokens/<id>/regenerate of the management API",
};

interface Held {
  document: PermissionSet | OrganisationMap | null;
  at: number;
}

/** Documents by KV key, the oldest first. Values only: a pending look-up is never shared between requests. */
const held = new Map<string, Held>();
/** What was asked in the current second, by subject. */
const asked = { second: 0, times: new Map<string, number>() };

/**
 * @throws Problem 401 for a token that is malformed, unknown, revoked or expired, 403 for a kind the edge does not take or an
 * organisation that is not active, 503 when neither KV nor the authority can tell. Does not check capabilities.
 */
export async function authenticate(token: string, env: EdgeEnv, now: number): Promise<Caller> {
  const { tagKeys, importedTokens } = settingsOf(env);
  const kind = parseToken(token, tagKeys, importedTokens);
  if (kind === null) throw new Problem("credential-malformed", "the token is not one of this deployment: check that it was copied whole");
  if (kind === "personal" || kind === "session")
    throw new Problem(
      "token-kind",
      `${kind} tokens are for the management API; the edge takes API tokens (xaat-…), made at POST /v2/tokens there`,
    );
  const digest = digestOf(token);
  const set = await lookUp(permissionKey(digest), readPermissionSet, () => env.AUTHORITY.lookUpToken(digest), env, now);
  if (!set) throw new Problem("token-unknown", "the token is unknown or was deleted; create one at POST /v2/tokens of the management API");
  const state = standing(set, now);
  if (state !== "live") throw new Problem(state, STANDING_TEXTS[state]);
  const organisation = await lookUp(
    organisationKey(set.org),
    readOrganisationMap,
    () => env.AUTHORITY.lookUpOrganisation(set.org),
    env,
    now,
  );
  if (!organisation) throw new Problem("token-unknown", "the token's organisation is gone");
  if (organisation.status !== "active")
    throw new Problem("organisation-suspended", `the organisation ${organisation.id} is ${organisation.status}; ask its owner`);
  return { set, organisation };
}

/**
 * The organisation as the authority knows it now, for a dataset name that the held document lacks or that may have been given anew
 * since, or for the present address of a region. Asked a few times a second for one organisation and purpose at most, so that a sender at the wrong
 * region uses up nothing of what new datasets need.
 * @throws Problem `store-unavailable` when nobody can tell or may ask: "not found" would make a shipper throw its data away.
 */
export async function freshOrganisation(
  known: OrganisationMap,
  purpose: "dataset" | "renewed" | "region",
  env: EdgeEnv,
  now: number,
): Promise<OrganisationMap> {
  const key = organisationKey(known.id);
  if (!mayAsk(`${purpose}:${known.id}`, MISSES_PER_SECOND_MAX, now)) {
    // an address is known well enough without
    const answered = purpose === "region" ? null : await answerToOthers<OrganisationMap>(key);
    if (answered) return answered;
    throw new Problem("store-unavailable", "the dataset's name is not known here yet; send again in a second");
  }
  const organisation = (await askAuthority(() => env.AUTHORITY.lookUpOrganisation(known.id))) ?? known;
  hold(key, { document: organisation, at: now });
  return organisation;
}

/**
 * What another request of this isolate learns meanwhile: a crowd of senders that begins with a new token or dataset asks a few times,
 * and all of it hears the answer. The value is shared, never the other request's promise.
 */
async function answerToOthers<T extends PermissionSet | OrganisationMap>(key: string): Promise<T | null> {
  const before = held.get(key);
  for (let waited = 0; waited < ASKED_BY_OTHERS_MS; waited += LOOK_EVERY_MS) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const now = held.get(key);
    if (now !== before) return (now?.document as T | undefined) ?? null;
  }
  return null;
}

async function lookUp<T extends PermissionSet | OrganisationMap>(
  key: string,
  read: (value: unknown) => T | null,
  ask: () => Promise<T | null>,
  env: EdgeEnv,
  now: number,
): Promise<T | null> {
  const known = held.get(key);
  if (known && now - known.at < (known.document ? PERMISSIONS_AGE_MAX_MS : NEGATIVE_AGE_MAX_MS)) return known.document as T | null;
  let document = await readKv(key, read, env);
  if (!document) {
    if (!mayAsk("unknown", LOOKUPS_PER_SECOND_MAX, now)) {
      document = await answerToOthers<T>(key);
      if (!document) throw new Problem("store-unavailable", "too many unknown credentials at once; send again in a second");
      return document;
    }
    document = await askAuthority(ask);
  }
  hold(key, { document, at: now });
  return document;
}

/** Null when KV has nothing it can say in time; the authority then decides. */
async function readKv<T>(key: string, read: (value: unknown) => T | null, env: EdgeEnv): Promise<T | null> {
  try {
    return read(await within(KV_TIMEOUT_MS, env.PERMISSIONS.get(key, { type: "json", cacheTtl: KV_CACHE_S })));
  } catch (error) {
    console.warn("KV look-up failed", String(error));
    return null;
  }
}

async function askAuthority<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await within(AUTHORITY_TIMEOUT_MS, ask());
  } catch (error) {
    console.warn("authority look-up failed", String(error));
    throw new Problem("store-unavailable", "the credential cannot be checked at the moment; send again in a second");
  }
}

function mayAsk(subject: string, most: number, now: number): boolean {
  const second = Math.floor(now / 1_000);
  if (asked.second !== second) {
    asked.second = second;
    asked.times.clear();
  }
  const times = asked.times.get(subject) ?? 0;
  asked.times.set(subject, times + 1);
  return times < most;
}

function hold(key: string, entry: Held): void {
  held.delete(key);
  held.set(key, entry);
  if (held.size <= DOCUMENTS_MAX) return;
  const [oldest] = held.keys();
  held.delete(oldest as string);
}
