/** Sessions of one user in D1: listed and ended. */
import { type Change, type Condition, happened, type Trace } from "../change.ts";

/** Live ones per user. Their owner need not delete any: they end by themselves. */
export const SESSIONS_MAX = 1_000;

export interface Session {
  id: string;
  kind: "api" | "browser";
  description: string;
  hint: string;
  /** Epoch milliseconds. */
  createdAt: number;
  expiresAt: number;
  lastUsedAt: number;
  /** From where it was begun. */
  ip: string | null;
  userAgent: string | null;
}

const COLUMNS = `id, kind, description, hint, created_at AS createdAt, expires_at AS expiresAt, last_used_at AS lastUsedAt, ip,
  user_agent AS userAgent`;
const LIVE = "ended_at IS NULL AND expires_at > ?";

/** The live ones, newest first. */
export async function sessionsOf(db: D1Database, user: string, now: number): Promise<Session[]> {
  const { results } = await db
    .prepare(`SELECT ${COLUMNS} FROM sessions WHERE user_id = ? AND ${LIVE} ORDER BY created_at DESC, id LIMIT ?`)
    .bind(user, now, 2 * SESSIONS_MAX)
    .all<Session>();
  return results;
}

/** That there is room for one more. */
export function roomForSession(user: string, now: number): Condition {
  return { sql: `(SELECT count(*) FROM sessions WHERE user_id = ? AND ${LIVE}) < ?`, values: [user, now, SESSIONS_MAX] };
}

/** The statement that ends one session of this user, if the condition holds when it is committed. */
export function endSession(db: D1Database, user: string, id: string, change: Change, only: Condition): D1PreparedStatement {
  return db
    .prepare(`UPDATE sessions SET ended_at = ?, change_id = ? WHERE id = ? AND user_id = ? AND ${LIVE} AND ${only.sql}`)
    .bind(change.at, change.id, id, user, change.at, ...only.values);
}

/**
 * The statements that end all sessions of a user but one. The first marks the user, since it cannot be told beforehand which sessions
 * there will be; it does nothing when there are none.
 */
export function endSessions(
  db: D1Database,
  user: string,
  except: string | null,
  change: Change,
  only: Condition,
): { statements: D1PreparedStatement[]; trace: Trace } {
  const trace = { table: "users", id: user } as const;
  const theirs = `user_id = ? AND id IS NOT ? AND ${LIVE}`;
  const { sql, values } = happened(trace, change);
  const mark = db
    .prepare(`UPDATE users SET change_id = ? WHERE id = ? AND EXISTS (SELECT 1 FROM sessions WHERE ${theirs}) AND ${only.sql}`)
    .bind(change.id, user, user, except, change.at, ...only.values);
  const end = db
    .prepare(`UPDATE sessions SET ended_at = ?, change_id = ? WHERE ${theirs} AND ${sql}`)
    .bind(change.at, change.id, user, except, change.at, ...values);
  return { statements: [mark, end], trace };
}

/** @param current the session that is asking, if it is one. */
export function viewSession({ createdAt, expiresAt, lastUsedAt, ...session }: Session, current: string | null) {
  const iso = (at: number) => new Date(at).toISOString();
  return {
    ...session,
    createdAt: iso(createdAt),
    expiresAt: iso(expiresAt),
    lastUsedAt: iso(lastUsedAt),
    current: session.id === current,
  };
}
