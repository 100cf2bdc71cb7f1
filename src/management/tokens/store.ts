/** API tokens in D1. */
import { type PermissionSet, permissionSet } from "../../access/permission-set.ts";
import { type Capabilities, viewCapabilities } from "../capabilities.ts";
import { type Change, type Condition, commit } from "../change.ts";
import { TOKEN_STATUS } from "../credentials.ts";
import { instant } from "./expiry.ts";
import type { Restrictions } from "./restrictions.ts";

/** Per organisation, deleted ones not counted. */
export const TOKENS_MAX = 5_000;

export interface Token extends Restrictions {
  id: string;
  org: string;
  /** `ingest`: a legacy ingest token. `workload`: what a workload got in exchange for a JWT. */
  kind: "api" | "ingest" | "workload";
  name: string;
  description: string;
  /** Never change after creation. */
  capabilities: Capabilities;
  /** Epoch milliseconds; null: never. */
  expiresAt: number | null;
  expiresText: string | null;
  disabled: 0 | 1;
  /** The token that took this one's place. */
  successor: string | null;
  /** The one whose place it took, or that made it; null: people made it. */
  parent: string | null;
  /** First token of the line; itself, if people made it. */
  family: string;
  /** Last four characters of the secret; empty: not known. */
  hint: string;
  /** Epoch milliseconds. */
  createdAt: number;
  /** The user's or token's id. */
  createdBy: string;
  /** Epoch milliseconds; null: not yet. */
  lastUsedAt: number | null;
  ver: number;
}

type Row = Omit<Token, "capabilities" | "networks" | "limits" | "family"> & {
  capabilities: string;
  networks: string | null;
  limits: string | null;
  family: string | null;
};

const COLUMNS = `id, org, kind, name, description, capabilities, expires_at AS expiresAt, expires_text AS expiresText,
  not_before AS notBefore, networks, limits, disabled, successor, parent, family, hint, created_at AS createdAt, created_by AS createdBy,
  last_used_at AS lastUsedAt, ver`;
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

/** Deleted ones, too. */
export async function findAny(db: D1Database, org: string, id: string): Promise<Token | null> {
  const row = await db.prepare(`SELECT ${COLUMNS} FROM tokens WHERE org = ? AND id = ?`).bind(org, id).first<Row>();
  return row && read(row);
}

/** A token by its secret's digest, deleted ones too. */
export async function findByDigest(
  db: D1Database,
  org: string,
  digest: string,
): Promise<(Token & { status: "active" | "revoked" }) | null> {
  const row = await db
    .prepare(`SELECT ${COLUMNS}, status FROM tokens WHERE digest = ? AND org = ?`)
    .bind(digest, org)
    .first<Row & { status: "active" | "revoked" }>();
  return row && { ...read(row), status: row.status };
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
  const { id, org, kind, name, description, capabilities, expiresAt, expiresText, notBefore, networks, limits, parent, family, hint } =
    token;
  const json = (value: unknown) => (value === null ? null : JSON.stringify(value));
  return db
    .prepare(
      `INSERT INTO tokens (id, org, digest, kind, name, description, capabilities, expires_at, expires_text, not_before, networks, limits,
        parent, family, hint, status, created_at, created_by, ver, change_id)
      SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'active', ?, ?, ?, ? WHERE ${only.sql}`,
    )
    .bind(
      ...[id, org, digest, kind, name, description, json(capabilities), expiresAt, expiresText, notBefore, json(networks), json(limits)],
      ...[parent, family, hint, token.createdAt, token.createdBy, token.ver, change.id, ...only.values],
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
 * refuses members it does not know, so views and Headgate's own restrictions appear only where there are some.
 */
export function viewToken(token: Token, datasetNames: ReadonlyMap<string, string>) {
  const { id, name, description, expiresText, capabilities, notBefore, networks, limits } = token;
  const { viewCapabilities: views, ...held } = viewCapabilities(capabilities, datasetNames);
  return {
    ...{ id, name, description, expiresAt: expiresText, ...held },
    ...(Object.keys(views).length > 0 && { viewCapabilities: views }),
    samlAuthenticated: false,
    ...(notBefore !== null && { notBefore: instant(notBefore) }),
    ...(networks !== null && { networks }),
    ...(limits !== null && { limits }),
  };
}

function read(row: Row): Token {
  const parsed = (text: string | null) => (text === null ? null : JSON.parse(text));
  const { capabilities, networks, limits, family } = row;
  return {
    ...row,
    capabilities: parsed(capabilities),
    networks: parsed(networks),
    limits: parsed(limits),
    family: family ?? row.id,
  };
}
