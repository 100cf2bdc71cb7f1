/**
 * Somebody leaves an organisation. If it is the account's home, the account ends: whatever showed who the person is, is void in the
 * same batch, and so are the memberships of organisations that the person founded.
 */
import type { Caller } from "../caller.ts";
import { allOf, type Change, type Condition, changeOf, commit, happened } from "../change.ts";
import { publishing } from "../publish.ts";
import type { Request } from "../request.ts";
import { endInvitations } from "./invitations.ts";
import { asRead, type KnownMember, ownersRemain } from "./members.ts";

/**
 * @param orgs those to leave: of the account's home all of them, elsewhere the caller's alone.
 * @returns false when the member, or what the caller may do, is not what it was, or an organisation would be left without an owner.
 */
export async function removeMember(c: Request, caller: Caller, member: KnownMember, orgs: readonly string[]): Promise<boolean> {
  const { DB: db } = c.env;
  const { id, name, email, role, home } = member;
  const ends = home === caller.org;
  const change = changeOf(c, caller, "user.delete", id, { before: { name, email, role } });
  const trace = { table: "users", id } as const;
  const then = happened(trace, change);
  const statements = [
    leave(db, caller, member, orgs, ends, change),
    ...fromOrganisations(db, id, orgs, change, then),
    ...(ends ? accountEnds(db, id, change, then) : []),
  ];
  // the tokens that the person made may have to go in any of the organisations
  const publish = orgs.reduce(
    (inner, org) => () => publishing(c, org, inner),
    () => commit(db, change, statements, trace),
  );
  return publish();
}

export async function organisationsOf(db: D1Database, user: string): Promise<string[]> {
  const { results } = await db.prepare("SELECT org FROM members WHERE user_id = ?").bind(user).all<{ org: string }>();
  return results.map(({ org }) => org);
}

/**
 * The row of the account holds the trace, since that of the membership goes. Its id takes the place of the address. An organisation
 * founded at this moment would be missed, so there must be none.
 */
function leave(
  db: D1Database,
  caller: Caller,
  member: KnownMember,
  orgs: readonly string[],
  ends: boolean,
  change: Change,
): D1PreparedStatement {
  const account = ends ? "status = 'disabled', email = id, deleted_at = ?," : "";
  const all: Condition = { sql: "(SELECT count(*) FROM members WHERE user_id = ?) = ?", values: [member.id, orgs.length] };
  const only = allOf(asRead(caller, member), ownersRemain(member.id, orgs), ...(ends ? [all] : []), caller.unchanged);
  return db
    .prepare(
      `UPDATE users SET ${account} ver = ver + 1, change_id = ?
      WHERE id = ? AND deleted_at IS NULL AND ${only.sql}`,
    )
    .bind(...(ends ? [change.at] : []), change.id, member.id, ...only.values);
}

const THOSE = "(SELECT value FROM json_each(?))";
/** Tokens that the person made, and those that such tokens made, and so on. */
const MADE = `(WITH RECURSIVE made (id) AS (SELECT id FROM tokens WHERE created_by = ? UNION SELECT t.id FROM tokens t JOIN made ON t.created_by = made.id)
  SELECT id FROM made)`;

function fromOrganisations(db: D1Database, user: string, orgs: readonly string[], change: Change, { sql, values }: Condition) {
  const those = JSON.stringify(orgs);
  const of = (statement: string, ...bound: (string | number)[]) => db.prepare(`${statement} AND ${sql}`).bind(...bound, ...values);
  return [
    of(`UPDATE orgs SET rights = rights + 1 WHERE id IN ${THOSE}`, those),
    of(
      `UPDATE tokens SET status = 'revoked', ver = ver + 1, change_id = ? WHERE status = 'active' AND id IN ${MADE}
        AND org IN (SELECT id FROM orgs WHERE id IN ${THOSE} AND on_creator_removed = 'revoke')`,
      ...[change.id, user, those],
    ),
    of(`DELETE FROM team_members WHERE user_id = ? AND team_id IN (SELECT id FROM teams WHERE org IN ${THOSE})`, user, those),
    of(`DELETE FROM group_members WHERE user_id = ? AND group_id IN (SELECT id FROM groups WHERE org IN ${THOSE})`, user, those),
    of(`DELETE FROM members WHERE user_id = ? AND org IN ${THOSE}`, user, those),
  ];
}

function accountEnds(db: D1Database, user: string, change: Change, then: Condition): D1PreparedStatement[] {
  const { sql, values } = then;
  const of = (statement: string, ...bound: (string | number)[]) => db.prepare(`${statement} AND ${sql}`).bind(...bound, ...values);
  return [
    of("UPDATE personal_tokens SET status = 'revoked', change_id = ? WHERE user_id = ? AND status = 'active'", change.id, user),
    of("UPDATE sessions SET ended_at = ?, change_id = ? WHERE user_id = ? AND ended_at IS NULL", change.at, change.id, user),
    of("DELETE FROM identities WHERE user_id = ?", user),
    endInvitations(db, user, null, change, then),
  ];
}
