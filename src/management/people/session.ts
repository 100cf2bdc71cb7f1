/** Sessions in D1: a person who has proved who they are. They end by themselves and are never used to ingest. */
import type { Change, Condition } from "../change.ts";

export interface NewSession {
  id: string;
  user: string;
  /** `api`: shown as a bearer. `browser`: a cookie. Neither is taken for the other. */
  kind: "api" | "browser";
  digest: string;
  description: string;
  /** Last four characters. */
  hint: string;
  /** Epoch milliseconds. */
  expiresAt: number;
  authenticatedAt: number;
}

/** The statement that begins a session, if the condition holds when it is committed. */
export function insertSession(db: D1Database, session: NewSession, change: Change, only: Condition): D1PreparedStatement {
  const { id, user, kind, digest, description, hint, expiresAt, authenticatedAt } = session;
  return db
    .prepare(
      `INSERT INTO sessions (id, user_id, kind, digest, description, hint, created_at, expires_at, authenticated_at, last_used_at, ip,
        user_agent, change_id)
      SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE ${only.sql}`,
    )
    .bind(
      ...[id, user, kind, digest, description, hint, change.at, expiresAt, authenticatedAt, change.at],
      ...[change.origin?.ip ?? null, change.origin?.userAgent ?? null, change.id, ...only.values],
    );
}
