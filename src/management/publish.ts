/**
 * From D1 to KV. One Durable Object per organisation is the only writer of its documents, so that an older state can never
 * overwrite a newer one. It reads what to write from D1 at the moment of writing and trusts no argument.
 *
 * A publisher is told of a change before the change is committed: whatever crashes afterwards, an alarm will find it.
 */
import { DurableObject } from "cloudflare:workers";
import { organisationKey, type PermissionSet, permissionKey } from "../access/permission-set.ts";
import { CHANGES_KEPT_MS } from "../access/staleness.ts";
import { issuerKey } from "../access/trusted-issuer.ts";
import { Problem } from "../problem.ts";
import { forgetPublications, publicationsSince, tellAgain } from "./change.ts";
import { type ManagementEnv, regionUrls } from "./env.ts";
import { issuerDocument } from "./issuers/store.ts";
import { organisationDocument } from "./orgs.ts";
import type { Request } from "./request.ts";
import { permissionDocument } from "./tokens/store.ts";

/** How long a request waits for its change to reach KV. The edges ask the authority for what KV lacks. */
const PUBLISH_WAIT_MAX_MS = 1_000;
/** Longer than a commit takes after the publisher was told of it. */
const COMMIT_MAX_MS = 10_000;
/** KV takes one write per second and key. */
const KEY_INTERVAL_MS = 1_100;
/** A write that failed may yet arrive, after the next one. What was changed is therefore written twice, so far apart. */
const SETTLED_AFTER_MS = 60_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_LAST_MS = 300_000;
const CHANGES_PER_READ = 500;
/** How long KV itself refuses a token that has ended. Afterwards the edges ask the authority, which never forgets. */
const EXPIRED_KEPT_MS = 86_400_000;
const REVOKED_KEPT_MS = 30 * 86_400_000;
/** KV's least, and more than it would be worth to forget after: the platform takes no more than 2^31. */
const TTL_S_MIN = 60;
const TTL_S_MAX = 315_360_000;

const PENDING = "pending:";

/** Something to try at `at` (epoch milliseconds), after so many failures. */
interface Retry {
  failures: number;
  at: number;
  /** It is written already, and only once more to be sure. */
  settling?: boolean;
}

/**
 * Makes a change and publishes it. Waits for KV only a little and ignores its failure: the publisher goes on.
 * @returns what `change` returned: whether it happened.
 * @throws Problem `store-unavailable` before anything is changed, when the publisher cannot be reached.
 */
export async function publishing(c: Request, org: string, change: () => Promise<boolean>): Promise<boolean> {
  try {
    await c.env.PUBLISHER.getByName(org).announce(org);
  } catch (error) {
    console.error("publisher unreachable", String(error));
    throw new Problem("store-unavailable", "the change could not be prepared and was not made; send it again in a second");
  }
  if (!(await change())) return false;
  const published = c.env.PUBLISHER.getByName(org)
    .publish()
    .catch((error) => console.warn("not published yet", String(error)));
  c.executionCtx.waitUntil(published);
  await atMost(PUBLISH_WAIT_MAX_MS, published);
  return true;
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

export class Publisher extends DurableObject<ManagementEnv> {
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;
  /** When each key was last written, epoch milliseconds. */
  #written = new Map<string, number>();

  /** A change of this organisation is about to be committed: looks for it later even if nobody calls `publish`. */
  async announce(org: string): Promise<void> {
    this.ctx.storage.kv.put("org", org);
    this.ctx.storage.kv.put("expected", Date.now() + COMMIT_MAX_MS);
    await this.#schedule();
  }

  /** Brings everything committed so far to KV, except for keys written just now; those follow by alarm, as does what fails. */
  publish(): Promise<void> {
    // One run at a time, or an older document could overtake a newer one. A run that has not begun serves all who wait for it;
    // unlike a Worker's requests, those of one object may wait for each other.
    this.#next ??= this.#running.then(() => {
      this.#next = null;
      return this.#run();
    });
    this.#running = this.#next.catch(() => {});
    return this.#next;
  }

  /** Never throws: the platform gives up after six retries of its own. */
  override async alarm(): Promise<void> {
    try {
      await this.publish();
      await this.#forget();
    } catch (error) {
      console.error("publisher alarm", String(error));
      await this.ctx.storage.setAlarm(Date.now() + RETRY_LAST_MS).catch(() => {});
    }
  }

  async #forget(): Promise<void> {
    const { kv } = this.ctx.storage;
    const org = kv.get<string>("org");
    const seq = kv.get<number>("seq");
    if (!org || !seq) return;
    await forgetPublications(this.env.DB, org, seq, Date.now() - CHANGES_KEPT_MS).catch((error) =>
      console.warn("old changes stay for now", String(error)),
    );
  }

  async #run(): Promise<void> {
    const { kv } = this.ctx.storage;
    try {
      await this.#collect();
      // Whatever changed while it was being written has left a newer change behind: again, until there is none.
      do await this.#writePending();
      while (await this.#collect());
      kv.delete("unread");
    } catch (error) {
      console.warn("changes not read", String(error));
      kv.put("unread", again(kv.get<Retry>("unread"), Date.now()));
    }
    await this.#schedule();
  }

  /** Notes the keys of all new changes; returns whether there were any. */
  async #collect(): Promise<boolean> {
    const { kv } = this.ctx.storage;
    const org = kv.get<string>("org");
    if (!org) return false;
    let found = false;
    for (;;) {
      const changes = await publicationsSince(this.env.DB, org, kv.get<number>("seq") ?? 0, CHANGES_PER_READ);
      // no await between these writes: they become durable together
      for (const { seq, key } of changes) {
        kv.put<Retry>(PENDING + key, { failures: kv.get<Retry>(PENDING + key)?.failures ?? 0, at: 0 });
        kv.put("seq", seq);
      }
      found ||= changes.length > 0;
      if (changes.length < CHANGES_PER_READ) return found;
    }
  }

  /** Writes every key that is due. One that fails holds up no other. */
  async #writePending(): Promise<void> {
    const { kv } = this.ctx.storage;
    const now = Date.now();
    for (const [key, retry] of this.#pending()) {
      if (this.#dueAt(key, retry) > now) continue;
      this.#written.set(key, now);
      try {
        const ver = await this.#write(key, now);
        if (retry.settling || ver === 1) kv.delete(PENDING + key);
        else kv.put<Retry>(PENDING + key, { failures: 0, at: now + SETTLED_AFTER_MS, settling: true });
      } catch (error) {
        console.warn("not written to KV", key, String(error));
        kv.put<Retry>(PENDING + key, { ...again(retry, now), ...(retry.settling && { settling: true }) });
        await tellAgain(this.env.DB, kv.get<string>("org") ?? "", key, now).catch((late) => console.warn("not told again", String(late)));
      }
    }
    for (const [key, at] of this.#written) if (at + KEY_INTERVAL_MS <= now) this.#written.delete(key);
  }

  /** @returns the version that was written; null: nothing is there any more. */
  async #write(key: string, now: number): Promise<number | null> {
    const { DB, PERMISSIONS } = this.env;
    if (key.startsWith(permissionKey(""))) {
      const set = await permissionDocument(DB, key.slice(permissionKey("").length));
      await (set ? PERMISSIONS.put(key, JSON.stringify(set), lifeOf(set, now)) : PERMISSIONS.delete(key));
      return set?.ver ?? null;
    }
    if (key.startsWith(issuerKey(""))) {
      const issuer = await issuerDocument(DB, key.slice(issuerKey("").length));
      const life = issuer?.status === "deleted" ? { expirationTtl: REVOKED_KEPT_MS / 1_000 } : {};
      await (issuer ? PERMISSIONS.put(key, JSON.stringify(issuer), life) : PERMISSIONS.delete(key));
      return issuer?.ver ?? null;
    }
    const map = await organisationDocument(DB, key.slice(organisationKey("").length), regionUrls(this.env));
    await (map ? PERMISSIONS.put(key, JSON.stringify(map)) : PERMISSIONS.delete(key));
    return map?.ver ?? null;
  }

  #pending(): [key: string, retry: Retry][] {
    const entries = [...this.ctx.storage.kv.list<Retry>({ prefix: PENDING })];
    return entries.map(([entry, retry]) => [entry.slice(PENDING.length), retry]);
  }

  #dueAt(key: string, { at }: Retry): number {
    return Math.max(at, (this.#written.get(key) ?? 0) + KEY_INTERVAL_MS);
  }

  /** The alarm for whatever comes first: a key that may be written, changes to read again, a change that was announced. */
  async #schedule(): Promise<void> {
    const { kv } = this.ctx.storage;
    const now = Date.now();
    const times = this.#pending().map(([key, retry]) => this.#dueAt(key, retry));
    const unread = kv.get<Retry>("unread");
    if (unread) times.push(unread.at);
    const expected = kv.get<number>("expected") ?? 0;
    if (expected > now) times.push(expected);
    if (times.length > 0) await this.ctx.storage.setAlarm(Math.max(now, Math.min(...times)));
  }
}

/** When KV may forget a permission set. */
function lifeOf({ status, expiresAt }: PermissionSet, now: number): { expirationTtl?: number } {
  const until = status === "revoked" ? now + REVOKED_KEPT_MS : expiresAt === null ? Number.POSITIVE_INFINITY : expiresAt + EXPIRED_KEPT_MS;
  const seconds = Math.ceil((until - now) / 1_000);
  return seconds > TTL_S_MAX ? {} : { expirationTtl: Math.max(TTL_S_MIN, seconds) };
}

function again(last: Retry | undefined, now: number): Retry {
  const failures = last?.failures ?? 0;
  return { failures: failures + 1, at: now + Math.min(RETRY_LAST_MS, RETRY_FIRST_MS * 2 ** failures) };
}
