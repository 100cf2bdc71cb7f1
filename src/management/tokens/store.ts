/** API tokens in D1. */
import type { Capability, Grant } from "../../access/capability.ts";
import { type PermissionSet, permissionSet } from "../../access/permission-set.ts";
import { type Change, type Condition, commit } from "../change.ts";
import { TOKEN_STATUS } from "../credentials.ts";

/** Per organisation, deleted ones not counted. */
export const TOKENS_MAX = 5_000;

/** What a token may do, datasets by id. Never changes after creation. */
export type Capabilities = Omit<Grant, "expiresAt">;

export interface Token {
  id: string;
  org: string;
  name: string;
  description: string;
  capabilities: Capabilities;
  /** Epoch milliseconds; null: never. */
  expiresAt: number | null;
  expiresText: string | null;
  /** The token that took this one's place. */
  successor: string | null;
  ver: number;
}

type Row = Omit<Token, "capabilities"> & { capabilities: string };

const COLUMNS = `id, org, name, description, capabilities, expires_at AS expiresAt, expires_text AS expiresText, successor, ver`;
/** An expired token stays, since it may be regenerated; one that was replaced goes when it ends. Those of workloads are nobody's to keep. */
const LISTED = "kind <> 'workload' AND status = 'active' AND (successor IS NULL OR expires_at IS NULL OR expires_at > ?)";

export async function listTokens(db: D1Database, org: string, now: number): Promise<Token[]> {
  const { results } = await db
    .prepare(`SELECT ${COLUMNS} FROM tokens WHERE org = ? AND ${LISTED} ORDER BY created_at, id`)
    .bind(org, now)
    .all<Row>();
  return results.map(read);
}

export async function findToken(db: D1Database, org: string, id: string, now: number): Promise<Token | null> {
  const row = await db.prepare(`SELECT ${COLUMNS} FROM tokens WHERE org = ? AND id = ? AND ${LISTED}`).bind(org, id, now).first<Row>();
  return row && read(row);
}

/** Also one that was replaced and has ended. */
export async function findDeletable(db: D1Database, org: string, id: string): Promise<Token | null> {
  const row = await db.prepare(`SELECT ${COLUMNS} FROM tokens WHERE org = ? AND id = ? AND status = 'active'`).bind(org, id).first<Row>();
  return row && read(row);
}

export async function countTokens(db: D1Database, org: string): Promise<number> {
  return (
    (await db
      .prepare("SELECT count(*) AS n FROM tokens WHERE org = ? AND kind <> 'workload' AND status = 'active'")
      .bind(org)
      .first<number>("n")) ?? 0
  );
}

/** The statement that makes a token, if the condition holds when it is committed. */
export function insertToken(db: D1Database, token: Token, digest: string, change: Change, only: Condition): D1PreparedStatement {
  const { id, org, name, description, capabilities, expiresAt, expiresText, ver } = token;
  return db
    .prepare(
      `INSERT INTO tokens (id, org, digest, name, description, capabilities, expires_at, expires_text, status, created_at, created_by,
        ver, change_id, family)
      SELECT ?, ?, ?, ?, ?, ?, ?, ?, 'active', ?, ?, ?, ?, ? WHERE ${only.sql}`,
    )
    .bind(
      ...[id, org, digest, name, description, JSON.stringify(capabilities), expiresAt, expiresText],
      ...[change.at, change.actor.id, ver, change.id, id, ...only.values],
    );
}

/** Leaves a tombstone. @returns false when it was deleted meanwhile. */
export function revokeToken(db: D1Database, id: string, change: Change): Promise<boolean> {
  const revoke = db
    .prepare("UPDATE tokens SET status = 'revoked', ver = ver + 1, change_id = ? WHERE id = ? AND status = 'active'")
    .bind(change.id, id);
  return commit(db, change, [revoke], { table: "tokens", id });
}

interface DocumentRow {
  id: string;
  org: string;
  status: PermissionSet["status"];
  notBefore: number | null;
  expiresAt: number | null;
  capabilities: string;
  networks: string | null;
  limits: string | null;
  ver: number;
}

/** What the edges know of a token. Null: no such token. */
export async function permissionDocument(db: D1Database, digest: string): Promise<PermissionSet | null> {
  const row = await db
    .prepare(
      `SELECT t.id, t.org, ${TOKEN_STATUS} AS status, t.not_before AS notBefore, t.expires_at AS expiresAt, t.capabilities, t.networks,
        t.limits, t.ver
      FROM tokens t WHERE t.digest = ?`,
    )
    .bind(digest)
    .first<DocumentRow>();
  if (!row) return null;
  const { capabilities, notBefore, networks, limits, ...fields } = row;
  const { datasets } = JSON.parse(capabilities) as Capabilities;
  return permissionSet({
    ...fields,
    datasets,
    ...(notBefore !== null && { notBefore }),
    ...(networks !== null && { networks: JSON.parse(networks) }),
    ...(limits !== null && { limits: JSON.parse(limits) }),
  });
}

/**
 * A token as Axiom's clients read it, without its secret. Whoever creates, gets and lists it must find it equal to the byte. Go
 * refuses members it does not know, so views appear only where there are some. Capabilities on datasets that were deleted are left
 * out: they allow nothing any more, whatever is later made under the old name.
 */
export function viewToken(token: Token, datasetNames: ReadonlyMap<string, string>) {
  const { id, name, description, expiresText, capabilities } = token;
  const named = Object.entries(capabilities.datasets).flatMap(([scope, held]) => {
    const label = scope === "*" ? scope : datasetNames.get(scope);
    return label === undefined ? [] : [[label, actionsOf(held)] as const];
  });
  const views = Object.entries(capabilities.views).map(([scope, held]) => [scope, actionsOf(held)] as const);
  return {
    id,
    name,
    description,
    expiresAt: expiresText,
    datasetCapabilities: Object.fromEntries(named),
    orgCapabilities: actionsOf(capabilities.org),
    ...(views.length > 0 ? { viewCapabilities: Object.fromEntries(views) } : {}),
    samlAuthenticated: false,
  };
}

/** `["query:read"]` becomes `{"query": ["read"]}`. */
function actionsOf(capabilities: Capability[]): Record<string, string[]> {
  const actions: Record<string, string[]> = {};
  for (const capability of capabilities) {
    const [resource = "", action = ""] = capability.split(":");
    actions[resource] = [...(actions[resource] ?? []), action];
  }
  return actions;
}

function read(row: Row): Token {
  return { ...row, capabilities: JSON.parse(row.capabilities) };
}
