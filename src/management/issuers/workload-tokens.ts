/** API tokens that workloads got in exchange for a JWT: like any other to the edges, but listed nowhere and gone once they have ended. */
import type { Capability } from "../../access/capability.ts";
import type { Capabilities } from "../capabilities.ts";
import { type Change, commit } from "../change.ts";

/** How long the row of one that has ended stays, as the edges' memory and KV do. */
const ENDED_KEPT_MS = 86_400_000;
const FORGOTTEN_PER_RUN = 5_000;

export interface WorkloadToken {
  id: string;
  org: string;
  /** Id of the trusted issuer. */
  issuer: string;
  name: string;
  /** Last four characters. */
  hint: string;
  datasets: Record<string, Capability[]>;
  /** Epoch milliseconds. */
  expiresAt: number;
}

/** Live tokens. */
export interface Held {
  count: number;
  /** When the first of them ends, epoch milliseconds; null: there is none. */
  endsAt: number | null;
}

/** What all workloads of an issuer hold, and what one of them does, who is known by `created_by`: a digest of the subject. */
export async function liveTokensOf(
  db: D1Database,
  issuer: string,
  workload: string,
  now: number,
): Promise<{ issuer: Held; workload: Held }> {
  const row = await db
    .prepare(
      `SELECT count(*) AS count, min(expires_at) AS endsAt, count(*) FILTER (WHERE created_by = ?) AS own,
        min(expires_at) FILTER (WHERE created_by = ?) AS ownEndsAt
      FROM tokens WHERE parent = ? AND kind = 'workload' AND expires_at > ? AND status = 'active'`,
    )
    .bind(workload, workload, issuer, now)
    .first<{ count: number; endsAt: number | null; own: number; ownEndsAt: number | null }>();
  const { count, endsAt, own, ownEndsAt } = row ?? { count: 0, endsAt: null, own: 0, ownEndsAt: null };
  return { issuer: { count, endsAt }, workload: { count: own, endsAt: ownEndsAt } };
}

/**
 * @param issuerVer the version that the JWT was judged by.
 * @param most live tokens that the workload may hold, this one included.
 * @returns false when the issuer has changed, the organisation is not active, or the workload got its last token meanwhile.
 */
export function insertWorkloadToken(
  db: D1Database,
  { id, org, issuer, name, hint, datasets, expiresAt }: WorkloadToken,
  digest: string,
  change: Change,
  issuerVer: number,
  most: number,
): Promise<boolean> {
  const capabilities: Capabilities = { datasets, org: [], views: {} };
  const insert = db
    .prepare(
      `INSERT INTO tokens (id, org, kind, digest, name, description, capabilities, expires_at, expires_text, status, created_at, created_by,
        family, parent, hint, ver, change_id)
      SELECT ?, ?, 'workload', ?, ?, '', ?, ?, ?, 'active', ?, ?, ?, ?, ?, 1, ?
      WHERE EXISTS (SELECT 1 FROM issuers WHERE id = ? AND ver = ? AND status = 'active')
        AND EXISTS (SELECT 1 FROM orgs WHERE id = ? AND status = 'active')
        AND (SELECT count(*) FROM tokens WHERE parent = ? AND kind = 'workload' AND created_by = ? AND expires_at > ? AND status = 'active') < ?`,
    )
    .bind(
      ...[id, org, digest, name, JSON.stringify(capabilities), expiresAt, new Date(expiresAt).toISOString()],
      ...[change.at, change.actor.id, id, issuer, hint, change.id, issuer, issuerVer, org],
      ...[issuer, change.actor.id, change.at, most],
    );
  return commit(db, change, [insert], { table: "tokens", id });
}

/** Nobody asks for them any more: what KV forgets then is unknown to the authority, too. */
export async function forgetEndedTokens(db: D1Database, now: number): Promise<void> {
  await db
    .prepare("DELETE FROM tokens WHERE id IN (SELECT id FROM tokens WHERE kind = 'workload' AND expires_at < ? LIMIT ?)")
    .bind(now - ENDED_KEPT_MS, FORGOTTEN_PER_RUN)
    .run();
}
