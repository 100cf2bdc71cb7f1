/** Tokens of the first API in D1: rows of the same table, so that the edges hear of them, limit them and refuse them as any other. */
import { randomUUID } from "node:crypto";
import type { Change, Condition } from "../../change.ts";
import type { LegacyDraft, LegacyKind, LegacyToken } from "./shape.ts";

type Row = Omit<LegacyToken, "capabilities"> & { capabilities: string };

const COLUMNS = "id, kind, name, description, capabilities, expires_text AS expiresText";
/** As in the list of the second API: one that was replaced goes when it ends. */
const LISTED = "status = 'active' AND (successor IS NULL OR expires_at IS NULL OR expires_at > ?)";

export async function legacyTokensOf(db: D1Database, org: string, kind: LegacyKind, now: number): Promise<LegacyToken[]> {
  const { results } = await db
    .prepare(`SELECT ${COLUMNS} FROM tokens WHERE org = ? AND kind = ? AND ${LISTED} ORDER BY created_at, id`)
    .bind(org, kind, now)
    .all<Row>();
  return results.map(read);
}

export async function findLegacyToken(db: D1Database, org: string, kind: LegacyKind, id: string, now: number): Promise<LegacyToken | null> {
  const row = await db
    .prepare(`SELECT ${COLUMNS} FROM tokens WHERE org = ? AND kind = ? AND id = ? AND ${LISTED}`)
    .bind(org, kind, id, now)
    .first<Row>();
  return row && read(row);
}

export interface Secret {
  digest: string;
  /** Last four characters; empty: not known. */
  hint: string;
}

export const newId = (): string => randomUUID();

/** The statement that makes a token, if the condition holds when it is committed and no token has this secret. */
export function insertLegacyToken(
  db: D1Database,
  id: string,
  { kind, name, description, capabilities, expiry }: LegacyDraft,
  { digest, hint }: Secret,
  change: Change,
  only: Condition,
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO tokens (id, org, kind, digest, hint, name, description, capabilities, expires_at, expires_text, status, created_at,
        created_by, ver, change_id, family)
      SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'active', ?, ?, 1, ?, ? WHERE ${only.sql} AND NOT EXISTS (SELECT 1 FROM tokens WHERE digest = ?)`,
    )
    .bind(
      ...[id, change.org, kind, digest, hint, name, description, JSON.stringify(capabilities), expiry.at, expiry.text],
      ...[change.at, change.actor.id, change.id, id, ...only.values, digest],
    );
}

/** The statement that leaves a tombstone, if the condition holds when it is committed. */
export function revokeLegacyToken(db: D1Database, id: string, change: Change, only: Condition): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE tokens SET status = 'revoked', ver = ver + 1, change_id = ? WHERE id = ? AND org = ? AND status = 'active' AND ${only.sql}`,
    )
    .bind(change.id, id, change.org, ...only.values);
}

function read(row: Row): LegacyToken {
  return { ...row, capabilities: JSON.parse(row.capabilities) };
}
