/**
 * Whom a provider's word makes somebody here: the user of (organisation, issuer, subject), and nobody else. An e-mail address finds an
 * invitation, never a user.
 */
import { randomUUID } from "node:crypto";
import { covers } from "../../access/capability.ts";
import { digestOf } from "../../access/token.ts";
import { Problem } from "../../problem.ts";
import { type Change, commit, happened, originOf } from "../change.ts";
import { acceptInvitation, endInvitations, findInvitation, type Invitation, openInvitationFor } from "../people/invitations.ts";
import { builtInGrant, rightsOf } from "../people/rights.ts";
import type { Request } from "../request.ts";
import type { Person } from "./protocol.ts";
import type { Provider } from "./provider-store.ts";

export interface Identity {
  id: string;
  user: { id: string; name: string };
}

/**
 * The known user, or the invited one from now on.
 * @param link token of the invitation that the person came by.
 * @throws Problem `forbidden` for somebody who is neither, or may not come any more.
 */
export async function identify(c: Request, provider: Provider, person: Person, link: string | null): Promise<Identity> {
  requireAllowedDomain(provider, person);
  const known = await findIdentity(c.env.DB, provider, person.subject);
  if (known) return known;
  const invitation = await invitationFor(c, provider, person, link);
  if (!invitation) throw uninvited();
  const identity = { id: randomUUID(), user: invitation.user };
  if (!(await accept(c, provider, person, identity, invitation))) throw uninvited();
  return identity;
}

async function findIdentity(db: D1Database, { org, issuer }: Provider, subject: string): Promise<Identity | null> {
  const row = await db
    .prepare(
      `SELECT i.id, u.id AS userId, u.name, u.status, EXISTS (SELECT 1 FROM members m WHERE m.user_id = u.id) AS member
      FROM identities i JOIN users u ON u.id = i.user_id AND u.org = i.org WHERE i.org = ? AND i.issuer = ? AND i.subject = ?`,
    )
    .bind(org, issuer, subject)
    .first<{ id: string; userId: string; name: string; status: string; member: 0 | 1 }>();
  if (!row) return null;
  if (row.status !== "active" || row.member === 0)
    throw new Problem("forbidden", "your account here is disabled or is no member any more; ask an administrator of the organisation");
  return { id: row.id, user: { id: row.userId, name: row.name } };
}

/** A link that no longer holds falls back on nothing: who follows it means that one. */
async function invitationFor(c: Request, { org }: Provider, { verifiedEmails }: Person, link: string | null): Promise<Invitation | null> {
  const { DB: db } = c.env;
  const { now } = c.var;
  if (link !== null) return findInvitation(db, org, digestOf(link), now);
  for (const email of verifiedEmails) {
    const found = await openInvitationFor(db, org, email, now);
    if (found && (await isWithinAdmins(db, org, found.user.id))) return found;
  }
  return null;
}

/**
 * Whoever may do more than administrators comes by a link: who may set up a provider could have it vouch for any address, and would
 * come in above themselves. Judged by all that the person's roles allow, groups included.
 */
async function isWithinAdmins(db: D1Database, org: string, user: string): Promise<boolean> {
  const role = await db.prepare("SELECT role FROM members WHERE org = ? AND user_id = ?").bind(org, user).first<string>("role");
  const admins = builtInGrant("admin");
  return role !== null && role !== "owner" && admins !== null && covers(admins, (await rightsOf(db, org, user, role)).ofRoles);
}

/** @returns false when the invitation was used or ended at the same moment, or the identity is somebody's by now. */
async function accept(c: Request, provider: Provider, person: Person, { id, user }: Identity, invitation: Invitation): Promise<boolean> {
  const { DB: db } = c.env;
  const { org, issuer, name } = provider;
  const change: Change = {
    ...{ id: c.var.traceId, at: c.var.now, org, action: "identity.create", target: id },
    actor: { kind: "user", id: user.id, name: user.name },
    detail: { user: user.id, provider: name, issuer, subject: person.subject, email: person.email, invitation: invitation.id },
    origin: originOf(c, null),
  };
  const trace = { table: "invitations", id: invitation.id } as const;
  const accepted = happened(trace, change);
  const insert = db
    .prepare(
      `INSERT INTO identities (id, org, issuer, subject, user_id, provider, email, created_at, last_used_at, change_id)
      SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE ${accepted.sql}`,
    )
    .bind(...[id, org, issuer, person.subject, user.id, provider.id, person.email, change.at, change.at, change.id], ...accepted.values);
  const { sql, values } = accepted;
  const end = (statement: string, ...bound: (string | number)[]) => db.prepare(`${statement} AND ${sql}`).bind(...bound, ...values);
  const statements = [
    acceptInvitation(db, invitation.id, change),
    // a link from somebody else takes the account over as a whole: whoever had it notices, and what they had made of it ends
    ...(invitation.createdBy === user.id
      ? []
      : [
          end("DELETE FROM identities WHERE user_id = ?", user.id),
          end("UPDATE sessions SET ended_at = ?, change_id = ? WHERE user_id = ? AND ended_at IS NULL", change.at, change.id, user.id),
          end("UPDATE personal_tokens SET status = 'revoked', change_id = ? WHERE user_id = ? AND status = 'active'", change.id, user.id),
        ]),
    insert,
    endInvitations(db, user.id, invitation.id, change, accepted),
  ];
  return commit(db, change, statements, trace).catch((error) => {
    // the same person came twice at once, by two invitations: the batch did nothing
    if (String(error).includes("UNIQUE constraint failed: identities")) return false;
    throw error;
  });
}

/** Only what the provider has verified counts: anybody can claim an address. */
function requireAllowedDomain({ allowedDomains }: Provider, { verifiedEmails }: Person): void {
  const domains = verifiedEmails.map((email) =>
    email.slice(email.lastIndexOf("@") + 1).replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  );
  if (allowedDomains.length > 0 && !domains.some((domain) => allowedDomains.includes(domain)))
    throw new Problem("forbidden", "your provider has not verified an e-mail address of a domain that this organisation lets in");
}

function uninvited(): Problem {
  return new Problem(
    "forbidden",
    "you have no invitation, or it has been used or has ended: ask an administrator of the organisation for a link, and open it with the account that you want to sign in with",
  );
}
