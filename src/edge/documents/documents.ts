/**
 * The documents that one isolate judges by: its memory, then KV, then the authority. Only documents are kept, never a verdict, and
 * never a pending look-up: a request that is cancelled would take the others with it.
 */
import {
  type OrganisationMap,
  organisationKey,
  type PermissionSet,
  permissionKey,
  permissionSet,
  readOrganisationMap,
  readPermissionSet,
} from "../../access/permission-set.ts";
import {
  isWithin,
  MEMORY_AGE_MAX_MS,
  MEMORY_AGE_NO_FEED_MAX_MS,
  MISSING_AGE_MAX_MS,
  PROVEN_INGEST_MAX_MS,
  PROVEN_OTHER_MAX_MS,
  PROVEN_RETRY_MS,
  UNKNOWN_AGE_MAX_MS,
} from "../../access/staleness.ts";
import { issuerKey, readTrustedIssuer, type TrustedIssuer } from "../../access/trusted-issuer.ts";
import type { EdgeEnv } from "../env.ts";
import type { Visit } from "../visit.ts";
import { openFeed } from "./feed.ts";
import { readKv } from "./kv.ts";
import { openLeastVersions } from "./least-versions.ts";
import { type Document, type Held, NEVER, openMemory } from "./memory.ts";
import { openQuestions, type Subject } from "./questions.ts";

export interface Known<T> {
  /** Null: there is no such thing. */
  document: T | null;
  /** It is older than it may be otherwise, because nobody can tell whether it still holds. */
  degraded: boolean;
}

export interface Documents {
  /** Whether a token's document, or that there is none, was known here once: of no use for judging it. */
  remembers(digest: string): boolean;
  /** @throws Problem `store-unavailable` when nobody can tell, or may be asked. Judges nothing. */
  permissionSet(digest: string, visit: Visit, env: EdgeEnv): Promise<Known<PermissionSet>>;
  organisation(id: string, visit: Visit, env: EdgeEnv): Promise<Known<OrganisationMap>>;
  issuer(digest: string, visit: Visit, env: EdgeEnv): Promise<Known<TrustedIssuer>>;
  /**
   * The organisation as the authority knows it now, for a dataset name that the held document lacks ("read": in the way of a
   * reader) or that may have been given anew since, or for the present address of a region. Asked a few times a second for one organisation and purpose at most, so that a
   * sender at the wrong region uses up nothing of what new datasets need. Beyond that a reader is answered by what was learnt a moment ago.
   * @throws Problem `store-unavailable` when nobody can tell or may ask: "not found" would make a shipper throw its data away.
   */
  renewed(known: OrganisationMap, purpose: "dataset" | "read" | "renewed" | "region", env: EdgeEnv, now: number): Promise<OrganisationMap>;
}

/** An isolate's own; several in one process know nothing of each other. */
export function openDocuments(): Documents {
  const memory = openMemory();
  const least = openLeastVersions();
  const questions = openQuestions({ held: memory.get, isOutdated: least.isOutdated, keep });
  const feed = openFeed({
    changed(changes, now) {
      for (const change of changes) {
        if (!least.raise(change, now)) return lose(now);
        const known = memory.get(change.key)?.document;
        // whose it was is still to be said when it is used
        if (change.revoked && known) memory.hold(change.key, { ...known, status: "revoked", ver: change.ver } as Document, now);
        else memory.outdate(change.key, change.ver);
      }
    },
    forget,
  });
  const degraded = { served: 0, toldAt: NEVER };

  function forget(): void {
    memory.clear();
    least.clear();
  }

  /** More has changed than can be kept apart. */
  function lose(now: number): void {
    forget();
    feed.distrust(now);
  }

  async function lookUp<T extends Document>(subject: Subject<T>, visit: Visit, env: EdgeEnv): Promise<Known<T>> {
    const { key, read } = subject;
    const { now } = visit;
    const held = remembered<T>(key, visit, true);
    // both at once, for what memory has not or only too old a one
    const reading = held ? null : readKv(key, read, env);
    const fresh = feed.isFresh(visit, env.AUTHORITY);
    if (held && fresh === true) return held;
    const known = remembered<T>(key, visit, await fresh);
    if (known) return known;
    const stored = await (reading ?? readKv(key, read, env));
    if (stored && keepIfNewest(key, stored, now)) return { document: stored, degraded: false };
    const proven = lastProven(key, visit);
    // in an outage one request tries for all
    if (proven && proven.failedAt > NEVER) proven.failedAt = now;
    try {
      const circumstances = { exists: proven !== null || stored !== null, fallback: proven !== null };
      return { document: await questions.ask(subject, circumstances, visit, env), degraded: false };
    } catch (error) {
      // anew: a change may have been heard of meanwhile
      const still = lastProven(key, visit);
      if (!still) throw error;
      still.failedAt = now;
      return { document: still.document as T, degraded: true };
    }
  }

  function remembered<T extends Document>(key: string, visit: Visit, fresh: boolean): Known<T> | null {
    const { now } = visit;
    const revokedAt = least.revokedAt(key);
    const held = memory.get(key);
    if (revokedAt !== null)
      return { document: (held?.document?.status === "revoked" ? held.document : tombstone(revokedAt)) as T, degraded: false };
    if (!held) return null;
    const ageMax = held.document === null ? UNKNOWN_AGE_MAX_MS : fresh ? MEMORY_AGE_MAX_MS : MEMORY_AGE_NO_FEED_MAX_MS;
    if (isWithin(ageMax, held.at, now)) return { document: held.document as T | null, degraded: false };
    if (!isWithin(PROVEN_RETRY_MS, held.failedAt, now) || !lastProven(key, visit)) return null;
    return { document: held.document as T, degraded: true };
  }

  /** What may go on serving when neither store can tell. */
  function lastProven(key: string, { purpose, now }: Visit): Held | null {
    const held = memory.get(key);
    return held?.document && isWithin(purpose === "ingest" ? PROVEN_INGEST_MAX_MS : PROVEN_OTHER_MAX_MS, held.at, now) ? held : null;
  }

  /** @returns false for a document that is known to be outdated, which is not kept. */
  function keepIfNewest(key: string, document: Document, now: number): boolean {
    if (least.isOutdated(key, document.ver) || (memory.get(key)?.document?.ver ?? 0) > document.ver) return false;
    keep(key, document, now);
    return true;
  }

  function keep(key: string, document: Document | null, now: number): void {
    memory.hold(key, document, now);
    // once refused, never accepted again, whatever KV still says later
    if (document?.status === "revoked" && !least.raise({ key, ver: document.ver, revoked: true }, now)) lose(now);
  }

  async function find<T extends Document>(subject: Subject<T>, visit: Visit, env: EdgeEnv): Promise<Known<T>> {
    const known = await lookUp(subject, visit, env);
    if (known.degraded) tellDegraded(visit);
    return known;
  }

  /** One line a second at most, with all that it stands for. */
  function tellDegraded({ purpose, now }: Visit): void {
    degraded.served++;
    if (isWithin(1_000, degraded.toldAt, now)) return;
    console.warn(JSON.stringify({ event: "auth-degraded", served: degraded.served, purpose }));
    degraded.served = 0;
    degraded.toldAt = now;
  }

  return {
    remembers(digest) {
      const key = permissionKey(digest);
      return memory.has(key) || least.revokedAt(key) !== null;
    },
    permissionSet: (digest, visit, env) => find(permissionSubject(digest), visit, env),
    organisation: (id, visit, env) => find(organisationSubject(id), visit, env),
    issuer: (digest, visit, env) => find(issuerSubject(digest), visit, env),
    renewed(known, purpose, env, now) {
      // an address is known well enough without waiting for it
      const otherwise = { mayWait: purpose !== "region", ageMax: purpose === "read" ? MISSING_AGE_MAX_MS : null };
      return questions.askAnew(organisationSubject(known.id), known, purpose, otherwise, env, now);
    },
  };
}

function permissionSubject(digest: string): Subject<PermissionSet> {
  const ask: Subject<PermissionSet>["ask"] = (authority) => authority.lookUpToken(digest);
  return { key: permissionKey(digest), read: readPermissionSet, ask, guessable: true, kind: "credential" };
}

function organisationSubject(id: string): Subject<OrganisationMap> {
  const ask: Subject<OrganisationMap>["ask"] = (authority) => authority.lookUpOrganisation(id);
  return { key: organisationKey(id), read: readOrganisationMap, ask, guessable: false, kind: "credential" };
}

function issuerSubject(digest: string): Subject<TrustedIssuer> {
  const ask: Subject<TrustedIssuer>["ask"] = (authority) => authority.lookUpIssuer(digest);
  return { key: issuerKey(digest), read: readTrustedIssuer, ask, guessable: true, kind: "issuer" };
}

/** Of a token of which nothing but its end is known. */
function tombstone(ver: number): PermissionSet {
  return permissionSet({ id: "", org: "", status: "revoked", expiresAt: null, datasets: {}, ver });
}
