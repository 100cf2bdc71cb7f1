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

export async function liveTokensOf(db: D1Database, issuer: string, now: number): Promise<number> {
  const counted = db
    .prepare("SELECT count(*) AS n FROM tokens WHERE parent = ? AND kind = 'workload' AND expires_at > ? AND status = 'active'")
    .bind(issuer, now);
  return (await counted.first<number>("n")) ?? 0;
}

/** @param issuerVer the version that the JWT was judged by. @returns false when it has changed, or the organisation is not active. */
export function insertWorkloadToken(
  db: D1Database,
  { id, org, issuer, name, hint, datasets, expiresAt }: WorkloadToken,
  digest: string,
  change: Change,
  issuerVer: number,
): Promise<boolean> {
  const capabilities: Capabilities = { datasets, org: [], views: {} };
  const insert = db
    .prepare(
      `INSERT INTO tokens (id, org, kind, digest, name, description, capabilities, expires_at, expires_text, status, created_at, created_by,
        family, parent, hint, ver, change_id)
      SELECT ?, ?, 'workload', ?, ?, '', ?, ?, ?, 'active', ?, ?, ?, ?, ?, 1, ?
      WHERE EXISTS (SELECT 1 FROM issuers WHERE id = ? AND ver = ? AND status = 'active')
        AND EXISTS (SELECT 1 FROM orgs WHERE id = ? AND status = 'active')`,
    )
    .bind(
      ...[id, org, digest, name, JSON.stringify(capabilities), expiresAt, new Date(expiresAt).toISOString()],
      ...[change.at, change.actor.id, id, issuer, hint, change.id, issuer, issuerVer, org],
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
