/**
 * A whole deployment in one process and on one clock: management as far as the edges see it, its publisher, KV and any number of
 * isolates. The isolates run the edge's own code; the rest is a model of what management does, which test/management/distribution.test.ts
 * holds against the real one.
 */
import type { ChangedDocument, Changes } from "../../../src/access/change-feed.ts";
import {
  type OrganisationMap,
  organisationKey,
  organisationMap,
  type PermissionSet,
  permissionKey,
  permissionSet,
} from "../../../src/access/permission-set.ts";
import { FEED_BEGINS_MS, FEED_MEMO_MS, FEED_ROWS_MAX } from "../../../src/access/staleness.ts";
import { digestOf, mintToken } from "../../../src/access/token.ts";
import { authenticate } from "../../../src/edge/authenticate.ts";
import { openDocuments } from "../../../src/edge/documents/documents.ts";
import { type Authority, type EdgeEnv, settingsOf } from "../../../src/edge/env.ts";
import { permit } from "../../../src/edge/permit.ts";
import type { Visit } from "../../../src/edge/visit.ts";
import { Problem } from "../../../src/problem.ts";
import { env, HERE } from "../gateway.ts";
import { type Clock, type FakeKv, openFakeKv } from "./fake-kv.ts";

export const START = Date.UTC(2026, 0, 1);
const KEY_INTERVAL_MS = 1_100;
const SETTLED_AFTER_MS = 60_000;
const RETRY_LAST_MS = 300_000;

export interface Verdict {
  /** `accepted`, or the reason of the refusal. */
  reason: string;
  degraded: boolean;
}

export interface Use {
  purpose?: Visit["purpose"];
  ip?: string | null;
}

export interface Isolate {
  /** One request. What it leaves behind it is done when this returns. */
  use(secret: string, dataset: string, more?: Use): Promise<Verdict>;
  /** How far its clock is ahead of the others', milliseconds. */
  skew: number;
  env: EdgeEnv;
}

export interface Deployment {
  clock: Clock;
  kv: FakeKv;
  /** Lets time pass, with the publisher at work. */
  pass(ms: number): Promise<void>;
  isolate(location?: string): Isolate;
  /** `down`: D1 with all that needs it. `feed`: the feed alone. */
  faults: { down: boolean | "hang"; feed: boolean | "hang" };
  asked: { tokens: number; organisations: number; feed: number };
  org: string;
  token(datasets?: string[], more?: Partial<PermissionSet>): Promise<string>;
  /** One that was made elsewhere, and may have been tried before. */
  bringIn(secret: string, datasets: string[]): Promise<void>;
  change(secret: string, fields: Partial<PermissionSet>): Promise<void>;
  /** The old token ends in `graceMs`; @returns its successor. */
  regenerate(secret: string, graceMs: number): Promise<string>;
  suspend(status: OrganisationMap["status"]): Promise<void>;
  dataset(name: string): Promise<void>;
  removeDataset(name: string): Promise<void>;
  document(key: string): PermissionSet | OrganisationMap | undefined;
  /** Puts a document into KV behind the publisher's back. */
  kvKeyOf(secret: string): string;
}

interface Row extends ChangedDocument {
  seq: number;
  at: number;
}

export async function openDeployment(): Promise<Deployment> {
  const clock: Clock = { now: START };
  const kv = openFakeKv(clock);
  const documents = new Map<string, PermissionSet | OrganisationMap>();
  const rows: Row[] = [];
  const pending = new Map<string, { at: number; failures: number; settling: boolean }>();
  const written = new Map<string, number>();
  const memo = new Map<number | null, { at: number; changes: Changes }>();
  const faults: Deployment["faults"] = { down: false, feed: false };
  const asked = { tokens: 0, organisations: 0, feed: 0 };
  const org = `org-${crypto.randomUUID().slice(0, 8)}`;
  let ids = 0;

  async function database(broken: boolean | "hang"): Promise<void> {
    if (broken === "hang") await new Promise(() => {});
    if (broken) throw new Error("D1_ERROR: away");
  }

  function changesSince(seq: number | null): Changes {
    const since = rows.filter((row) => row.ver > 1 && (seq === null ? row.at >= clock.now - FEED_BEGINS_MS : row.seq > seq));
    const changed = [...new Map(since.map(({ key, ver, revoked }) => [key, { key, ver, revoked }])).values()];
    const reset = changed.length > FEED_ROWS_MAX;
    return { seq: rows.length, changed: reset ? [] : changed, reset };
  }

  const authority = {
    async lookUpToken(digest: string) {
      asked.tokens++;
      await database(faults.down);
      return structuredClone(documents.get(permissionKey(digest)) ?? null);
    },
    async lookUpOrganisation(id: string) {
      asked.organisations++;
      await database(faults.down);
      return structuredClone(documents.get(organisationKey(id)) ?? null);
    },
    async changesSince(seq: number | null) {
      asked.feed++;
      await database(faults.down || faults.feed);
      const known = memo.get(seq);
      if (known && clock.now - known.at <= FEED_MEMO_MS) return known.changes;
      const changes = changesSince(seq);
      memo.set(seq, { at: clock.now, changes });
      return changes;
    },
  } as unknown as Authority;

  async function publish(): Promise<void> {
    for (const [key, { at, failures, settling }] of pending) {
      if (Math.max(at, (written.get(key) ?? 0) + KEY_INTERVAL_MS) > clock.now) continue;
      written.set(key, clock.now);
      try {
        if (faults.down) throw new Error("D1_ERROR: away");
        const document = documents.get(key) as PermissionSet | OrganisationMap;
        await kv.put(key, JSON.stringify(document));
        if (settling || document.ver === 1) pending.delete(key);
        else pending.set(key, { at: clock.now + SETTLED_AFTER_MS, failures: 0, settling: true });
      } catch {
        pending.set(key, { at: clock.now + Math.min(RETRY_LAST_MS, 1_000 * 2 ** failures), failures: failures + 1, settling });
        const last = rows.findLast((row) => row.key === key);
        if (last && !faults.down) last.at = clock.now;
      }
    }
  }

  async function commit(key: string, document: PermissionSet | OrganisationMap): Promise<void> {
    if (faults.down) throw new Problem("store-unavailable", "nothing was changed");
    documents.set(key, document);
    rows.push({ seq: rows.length + 1, key, ver: document.ver, revoked: document.status === "revoked", at: clock.now });
    pending.set(key, { at: clock.now, failures: 0, settling: false });
    await publish();
  }

  const mapOf = () => documents.get(organisationKey(org)) as OrganisationMap;
  const kvKeyOf = (secret: string) => permissionKey(digestOf(secret));

  function changeMap(fields: Partial<OrganisationMap>): Promise<void> {
    const map = mapOf();
    return commit(organisationKey(org), { ...map, ...fields, ver: map.ver + 1 });
  }

  function bringIn(secret: string, datasets: string[], more: Partial<PermissionSet> = {}): Promise<void> {
    const scopes = datasets.map((name): [string, string[]] => [mapOf().datasets[name]?.id ?? name, ["ingest:create"]]);
    const set = { id: `t${++ids}`, org, status: "active" as const, expiresAt: null, datasets: Object.fromEntries(scopes), ver: 1, ...more };
    return commit(kvKeyOf(secret), permissionSet(set));
  }

  async function token(datasets = ["logs"], more: Partial<PermissionSet> = {}): Promise<string> {
    const secret = mintToken("api", settingsOf(env).tagKeys);
    await bringIn(secret, datasets, more);
    return secret;
  }

  function change(secret: string, fields: Partial<PermissionSet>): Promise<void> {
    const set = documents.get(kvKeyOf(secret)) as PermissionSet;
    return commit(kvKeyOf(secret), { ...set, ...fields, ver: set.ver + 1 });
  }

  function isolate(location = "here"): Isolate {
    const memory = openDocuments();
    const bindings: EdgeEnv = { ...env, PERMISSIONS: kv.at(location), AUTHORITY: authority };
    const made: Isolate = {
      skew: 0,
      env: bindings,
      async use(secret, dataset, { purpose = "ingest", ip = null } = {}) {
        const behind: Promise<unknown>[] = [];
        const visit: Visit = { now: clock.now + made.skew, ip, waitUntil: (work) => void behind.push(work), purpose };
        try {
          const caller = await authenticate(secret, visit, made.env, memory);
          await permit(caller, "ingest:create", dataset, HERE, made.env, visit.now);
          return { reason: "accepted", degraded: caller.degraded };
        } catch (thrown) {
          if (!(thrown instanceof Problem)) throw thrown;
          return { reason: thrown.reason, degraded: false };
        } finally {
          if (!faults.down && !faults.feed) await Promise.all(behind);
        }
      },
    };
    return made;
  }

  await commit(
    organisationKey(org),
    organisationMap({ id: org, status: "active", datasets: { logs: { id: "d-logs", region: HERE } }, regions: {}, ver: 1 }),
  );

  return {
    clock,
    kv,
    async pass(ms) {
      for (const end = clock.now + ms; clock.now < end; ) {
        clock.now = Math.min(end, clock.now + 500);
        await publish();
      }
    },
    isolate,
    faults,
    asked,
    org,
    token,
    bringIn,
    change,
    async regenerate(secret, graceMs) {
      const set = documents.get(kvKeyOf(secret)) as PermissionSet;
      await change(secret, { expiresAt: Math.min(set.expiresAt ?? Number.POSITIVE_INFINITY, clock.now + graceMs) });
      const successor = mintToken("api", settingsOf(env).tagKeys);
      await commit(kvKeyOf(successor), { ...set, id: `t${++ids}`, ver: 1 });
      return successor;
    },
    suspend: (status) => changeMap({ status }),
    dataset: (name) => changeMap({ datasets: { ...mapOf().datasets, [name]: { id: `d-${name}-${++ids}`, region: HERE } } }),
    removeDataset(name) {
      const { [name]: _, ...others } = mapOf().datasets;
      return changeMap({ datasets: others });
    },
    document: (key) => documents.get(key),
    kvKeyOf,
  };
}

/** Uses a token every `everyMs` and says how long after now it was last accepted; -1: never again. Stops after `untilMs`. */
export async function lastAccepted(
  deployment: Deployment,
  isolate: Isolate,
  secret: string,
  { dataset = "logs", everyMs = 1_000, untilMs = 100_000 }: { dataset?: string; everyMs?: number; untilMs?: number } = {},
): Promise<number> {
  const { clock } = deployment;
  let last = -1;
  for (const start = clock.now; clock.now - start <= untilMs; await deployment.pass(everyMs))
    if ((await isolate.use(secret, dataset)).reason === "accepted") last = clock.now - start;
  return last;
}
