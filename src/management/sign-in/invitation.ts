/** Open invitations, as signing in needs them. Who holds one may become the user it is for, once. */
import type { Change, Condition } from "../change.ts";

export interface Invitation {
  id: string;
  org: string;
  user: { id: string; name: string };
}

const OPEN = `SELECT i.id, i.org, u.id AS user, u.name
  FROM invitations i JOIN users u ON u.id = i.user_id AND u.org = i.org JOIN orgs o ON o.id = i.org
  WHERE i.status = 'open' AND i.expires_at > ? AND u.status = 'active' AND o.status = 'active'`;

/**
 * The one of a link. Does not check who follows it: the link is the proof.
 * @param org null: whichever it is into.
 */
export async function findInvitation(db: D1Database, org: string | null, digest: string, now: number): Promise<Invitation | null> {
  const found = await one(db.prepare(`${OPEN} AND i.digest = ?`).bind(now, digest));
  return found && (org === null || found.org === org) ? found : null;
}

/**
 * The newest one for an address, in whatever ASCII case, of somebody who has never come before. Does not check that the address was
 * verified: whoever asks must have.
 */
export function openInvitationFor(db: D1Database, org: string, email: string, now: number): Promise<Invitation | null> {
  const sql = `${OPEN} AND i.org = ? AND u.email = ? AND NOT EXISTS (SELECT 1 FROM identities x WHERE x.user_id = u.id)
    ORDER BY i.created_at DESC, i.id LIMIT 1`;
  return one(db.prepare(sql).bind(now, org, email));
}

/** The statement that uses one up: of several at once, one does something. */
export function acceptInvitation(db: D1Database, id: string, change: Change): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE invitations SET status = 'accepted', change_id = ? WHERE id = ? AND status = 'open' AND expires_at > ?
        AND EXISTS (SELECT 1 FROM users u WHERE u.id = user_id AND u.status = 'active')
        AND EXISTS (SELECT 1 FROM orgs o WHERE o.id = org AND o.status = 'active')`,
    )
    .bind(change.id, id, change.at);
}

/** The statement that ends a user's open ones, but for one, if the condition holds when it is committed. */
export function endInvitations(db: D1Database, user: string, but: string | null, change: Change, only: Condition): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE invitations SET status = 'revoked', change_id = ? WHERE org = ? AND user_id = ? AND status = 'open' AND id IS NOT ?
        AND ${only.sql}`,
    )
    .bind(change.id, change.org, user, but, ...only.values);
}

async function one(query: D1PreparedStatement): Promise<Invitation | null> {
  const row = await query.first<{ id: string; org: string; user: string; name: string }>();
  return row && { id: row.id, org: row.org, user: { id: row.user, name: row.name } };
}
