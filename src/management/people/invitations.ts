/**
 * Invitations in D1. Who holds an open one may become the user it is for, once: by its link, or by an e-mail address that an identity
 * provider of the organisation has verified. A link's secret is kept as its digest only.
 */
import { randomBytes } from "node:crypto";
import { digestOf } from "../../access/token.ts";
import type { Change, Condition } from "../change.ts";
import { ELSEWHERE } from "./members.ts";

export const INVITATION_MS = 7 * 86_400_000;
const SECRET_BYTES = 32;

export interface Invitation {
  id: string;
  org: string;
  user: { id: string; name: string; email: string };
  /** Epoch milliseconds. */
  createdAt: number;
  expiresAt: number;
  /** Id of the user or token that invited. */
  createdBy: string;
}

interface Row extends Omit<Invitation, "user"> {
  userId: string;
  name: string;
  email: string;
}

const COLUMNS = `i.id, i.org, i.created_at AS createdAt, i.expires_at AS expiresAt, i.created_by AS createdBy, u.id AS userId, u.name, u.email`;
/** An invitation into what is suspended, deleted or disabled is none. */
const OPEN = `FROM invitations i JOIN users u ON u.id = i.user_id AND u.org = i.org JOIN orgs o ON o.id = i.org
  WHERE i.status = 'open' AND i.expires_at > ? AND u.status = 'active' AND o.status = 'active'`;

/** 256 bits, which no other secret of Headgate's looks like. */
export function mintInvitation(): { token: string; digest: string } {
  const token = `xain-${randomBytes(SECRET_BYTES).toString("base64url")}`;
  return { token, digest: digestOf(token) };
}

/** The statement that opens an invitation into the change's organisation, if the condition holds when it is committed. */
export function insertInvitation(
  db: D1Database,
  { id, user, digest }: { id: string; user: string; digest: string },
  change: Change,
  only: Condition,
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO invitations (id, org, user_id, digest, status, expires_at, created_at, created_by, change_id)
      SELECT ?, ?, ?, ?, 'open', ?, ?, ?, ? WHERE ${only.sql}`,
    )
    .bind(id, change.org, user, digest, change.at + INVITATION_MS, change.at, change.actor.id, change.id, ...only.values);
}

/** The newest first. */
export async function listInvitations(db: D1Database, org: string, now: number): Promise<Invitation[]> {
  const { results } = await db
    .prepare(`SELECT ${COLUMNS} ${OPEN} AND i.org = ? ORDER BY i.created_at DESC, i.id`)
    .bind(now, org)
    .all<Row>();
  return results.map(read);
}

export async function getInvitation(db: D1Database, org: string, id: string, now: number): Promise<Invitation | null> {
  return one(db.prepare(`SELECT ${COLUMNS} ${OPEN} AND i.org = ? AND i.id = ?`).bind(now, org, id));
}

/**
 * The open invitation of a link. Does not check who follows it: the link is the proof.
 * @param org null: whichever it is into.
 */
export async function findInvitation(db: D1Database, org: string | null, tokenDigest: string, now: number): Promise<Invitation | null> {
  const found = await one(db.prepare(`SELECT ${COLUMNS} ${OPEN} AND i.digest = ?`).bind(now, tokenDigest));
  return found && (org === null || found.org === org) ? found : null;
}

/**
 * The newest open invitation for an address. Does not check that the address was verified, and by whom: whoever asks must have.
 * Somebody who has come before is matched by identity, never by address, so only people who have none are found.
 */
export async function openInvitationFor(db: D1Database, org: string, email: string, now: number): Promise<Invitation | null> {
  return one(
    db
      .prepare(
        `SELECT ${COLUMNS} ${OPEN} AND i.org = ? AND u.email = ? AND NOT EXISTS (SELECT 1 FROM identities x WHERE x.user_id = u.id)
        ORDER BY i.created_at DESC, i.id LIMIT 1`,
      )
      .bind(now, org, email),
  );
}

/**
 * The statement that uses an invitation up: of several at once, one does something. To stand first in the batch of a sign-in, whose
 * trace is the invitation. Whoever acts in other organisations, too, can have invited nobody but themselves, also if they founded one
 * since: what a colleague at home may do says nothing of what the person may do there.
 */
export function acceptInvitation(db: D1Database, id: string, change: Change): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE invitations SET status = 'accepted', change_id = ? WHERE id = ? AND status = 'open' AND expires_at > ?
        AND EXISTS (SELECT 1 FROM users u WHERE u.id = user_id AND u.status = 'active' AND (created_by = u.id OR NOT ${ELSEWHERE}))
        AND EXISTS (SELECT 1 FROM orgs o WHERE o.id = org AND o.status = 'active')`,
    )
    .bind(change.id, id, change.at);
}

/** The statement that ends a user's open invitations, but for one, if the condition holds when it is committed. */
export function endInvitations(db: D1Database, user: string, but: string | null, change: Change, only: Condition): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE invitations SET status = 'revoked', change_id = ? WHERE org = ? AND user_id = ? AND status = 'open' AND id IS NOT ?
        AND ${only.sql}`,
    )
    .bind(change.id, change.org, user, but, ...only.values);
}

async function one(query: D1PreparedStatement): Promise<Invitation | null> {
  const row = await query.first<Row>();
  return row && read(row);
}

function read({ userId, name, email, ...rest }: Row): Invitation {
  return { ...rest, user: { id: userId, name, email } };
}
