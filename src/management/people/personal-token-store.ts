/** Personal tokens in D1. The edges never hear of them. */
import type { Change, Condition } from "../change.ts";

/** Per user, deleted ones not counted. */
export const PERSONAL_TOKENS_MAX = 50;

export interface PersonalToken {
  id: string;
  name: string;
  description: string;
  /** Last four characters; empty for those made before it was kept. */
  hint: string;
  /** Epoch milliseconds; null: never. */
  expiresAt: number | null;
  expiresText: string | null;
  /** Epoch milliseconds. */
  createdAt: number;
  lastUsedAt: number | null;
}

const COLUMNS = `id, name, description, hint, expires_at AS expiresAt, expires_text AS expiresText, created_at AS createdAt,
  last_used_at AS lastUsedAt`;

/** The oldest first; those that have ended, too. */
export async function personalTokensOf(db: D1Database, user: string): Promise<PersonalToken[]> {
  const { results } = await db
    .prepare(`SELECT ${COLUMNS} FROM personal_tokens WHERE user_id = ? AND status = 'active' ORDER BY created_at, id`)
    .bind(user)
    .all<PersonalToken>();
  return results;
}

/** The statement that makes a token, if the condition holds when it is committed and there is room for it. */
export function insertPersonalToken(
  db: D1Database,
  user: string,
  token: PersonalToken,
  digest: string,
  change: Change,
  only: Condition,
): D1PreparedStatement {
  const { id, name, description, hint, expiresAt, expiresText } = token;
  return db
    .prepare(
      `INSERT INTO personal_tokens (id, user_id, digest, name, description, hint, status, expires_at, expires_text, created_at, change_id)
      SELECT ?, ?, ?, ?, ?, ?, 'active', ?, ?, ?, ? WHERE ${only.sql}
        AND (SELECT count(*) FROM personal_tokens WHERE user_id = ? AND status = 'active') < ?`,
    )
    .bind(
      ...[id, user, digest, name, description, hint, expiresAt, expiresText, change.at, change.id],
      ...only.values,
      user,
      PERSONAL_TOKENS_MAX,
    );
}

/** The statement that ends a token of this user, if the condition holds when it is committed. */
export function revokePersonalToken(db: D1Database, user: string, id: string, change: Change, only: Condition): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE personal_tokens SET status = 'revoked', change_id = ? WHERE id = ? AND user_id = ? AND status = 'active' AND ${only.sql}`,
    )
    .bind(change.id, id, user, ...only.values);
}

export function viewPersonalToken({ id, name, description, hint, expiresAt, expiresText, createdAt, lastUsedAt }: PersonalToken) {
  const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  return { id, name, description, hint, createdAt: iso(createdAt), expiresAt: expiresText ?? iso(expiresAt), lastUsedAt: iso(lastUsedAt) };
}
