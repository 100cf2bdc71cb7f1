/** What administrators see of a user beside name, address and role. */
import type { Invitation } from "./invitations.ts";
import { type KnownMember, viewMember } from "./members.ts";

interface Row {
  createdAt: number;
  since: number;
  lastSignInAt: number | null;
  lastIdentityAt: number | null;
  createdBy: string | null;
  invitationId: Invitation["id"] | null;
  invitationExpiresAt: number | null;
}

/** `createdBy` is who and by which credential; null: the setup of the deployment, or longer ago than Headgate keeps it. */
export async function detailsOf(db: D1Database, org: string, member: KnownMember, now: number) {
  const row = await db
    .prepare(
      `SELECT u.created_at AS createdAt, m.created_at AS since, p.created_by AS createdBy, i.id AS invitationId, i.expires_at AS invitationExpiresAt,
        (SELECT max(authenticated_at) FROM sessions WHERE user_id = u.id) AS lastSignInAt,
        (SELECT max(last_used_at) FROM identities WHERE user_id = u.id) AS lastIdentityAt
      FROM members m JOIN users u ON u.id = m.user_id
      LEFT JOIN provenance p ON p.org = m.org AND p.kind = 'user' AND p.target = u.id
      LEFT JOIN invitations i ON i.org = m.org AND i.user_id = u.id AND i.status = 'open' AND i.expires_at > ?
      WHERE m.org = ? AND m.user_id = ?`,
    )
    .bind(now, org, member.id)
    .first<Row>();
  const signedIn = Math.max(row?.lastSignInAt ?? 0, row?.lastIdentityAt ?? 0);
  return {
    ...viewMember(member),
    status: member.arrived === 0 && member.status === "active" ? "invited" : member.status,
    home: member.home,
    createdAt: timeOf(row?.createdAt),
    memberSince: timeOf(row?.since),
    createdBy: row?.createdBy ? JSON.parse(row.createdBy) : null,
    lastSignInAt: timeOf(signedIn || null),
    invitation: row?.invitationId ? { id: row.invitationId, expiresAt: timeOf(row.invitationExpiresAt) } : null,
  };
}

function timeOf(at: number | null | undefined): string | null {
  return at === null || at === undefined ? null : new Date(at).toISOString();
}
