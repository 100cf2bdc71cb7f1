/** Members of an organisation in D1, and how Axiom's clients read them. */
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import type { Change, Condition } from "../change.ts";
import { requireRank, requireWithinCaller } from "./assignable.ts";
import { type BuiltInRole, ROLE_NAMES, rightsOf } from "./rights.ts";

/** Per organisation. */
export const USERS_MAX = 10_000;

export interface Member {
  id: string;
  name: string;
  email: string;
  role: string;
  /** Of a custom role; null: a built-in one. */
  roleName: string | null;
}

export interface KnownMember extends Member {
  status: "active" | "disabled";
  /** The organisation in which the account was made: only there can it be renamed, disabled or invited anew. */
  home: string;
  /** Whether the person has ever come. An invited one has not. */
  arrived: 0 | 1;
  /** Whether the person acts in an organisation besides the home, too. */
  elsewhere: 0 | 1;
  /** Version of the membership. */
  ver: number;
  /** Of the organisation, at the moment of reading. */
  rights: number;
}

/** Of `users u`: somebody who has an identity, or ever had a credential. */
export const ARRIVED = `(EXISTS (SELECT 1 FROM identities x WHERE x.user_id = u.id) OR EXISTS (SELECT 1 FROM sessions x WHERE x.user_id = u.id)
  OR EXISTS (SELECT 1 FROM personal_tokens x WHERE x.user_id = u.id))`;

/** Of `users u`: somebody who is a member of another organisation than the one that made the account. */
export const ELSEWHERE = `EXISTS (SELECT 1 FROM members e JOIN orgs f ON f.id = e.org
  WHERE e.user_id = u.id AND e.org <> u.org AND f.status <> 'deleted')`;

const COLUMNS = "u.id, u.name, u.email, m.role, r.name AS roleName";
const FROM = "members m JOIN users u ON u.id = m.user_id LEFT JOIN roles r ON r.id = m.role AND r.org = m.org";

/** Those who came first stand first. */
export async function listMembers(db: D1Database, org: string): Promise<Member[]> {
  const { results } = await db
    .prepare(`SELECT ${COLUMNS} FROM ${FROM} WHERE m.org = ? ORDER BY m.created_at, u.id`)
    .bind(org)
    .all<Member>();
  return results;
}

/** @throws Problem `resource-unknown`; the same for somebody of another organisation. */
export async function getMember(db: D1Database, org: string, id: string): Promise<KnownMember> {
  const member = await db
    .prepare(
      `SELECT ${COLUMNS}, u.status, u.org AS home, ${ARRIVED} AS arrived, ${ELSEWHERE} AS elsewhere, m.ver, o.rights
      FROM ${FROM} JOIN orgs o ON o.id = m.org WHERE m.org = ? AND m.user_id = ?`,
    )
    .bind(org, id)
    .first<KnownMember>();
  if (!member) throw unknownMember(id);
  return member;
}

export function unknownMember(id: string): Problem {
  return new Problem("resource-unknown", `user not found: ${id}; GET /v2/users lists those there are`);
}

/** Axiom's clients refuse members that they do not know, and compare the role with the one they have sent. */
export function viewMember({ id, name, email, role, roleName }: Member) {
  return { id, name, email, role: { id: role, name: (ROLE_NAMES as Record<string, string>)[role as BuiltInRole] ?? roleName ?? role } };
}

/**
 * Nobody acts upon a person who may do more. What teams hide from the person counts all the same: an owner of the team could hide it for
 * as long as it takes to become them. Whoever acts upon themselves needs no such leave.
 * @throws Problem `grant-too-wide` naming what goes beyond the caller.
 */
export async function requireOver(db: D1Database, caller: Caller, member: Member): Promise<void> {
  if (member.id === caller.user?.id) return;
  requireRank(caller, member.role, `what the user ${member.name} may do`);
  const { ofRoles } = await rightsOf(db, caller.org, member.id, member.role);
  requireWithinCaller(caller, ofRoles, `what the user ${member.name} may do`);
}

/**
 * @throws Problem `forbidden` for a founder from elsewhere: the account is not this organisation's.
 */
export function requireHome({ org }: Caller, { name, home }: KnownMember): void {
  if (home !== org)
    throw new Problem("forbidden", `the account of ${name} was made in another organisation; here it can be given a role, or be deleted`);
}

/**
 * Whoever stops somebody at home stops them in the organisations that they founded, too: that is for the home's owners.
 * @throws Problem `grant-too-wide`.
 */
export function requireOverElsewhere({ role }: Caller, { name, elsewhere }: KnownMember): void {
  if (elsewhere === 1 && role !== "owner")
    throw new Problem("grant-too-wide", `${name} is in another organisation as well, where you may do nothing; ask an owner of this one`);
}

/** True while what `member` may do is what it was when it was read. */
export function asRead({ org }: Caller, { id, ver, rights }: KnownMember): Condition {
  return {
    sql: `EXISTS (SELECT 1 FROM orgs WHERE id = ? AND rights = ?) AND EXISTS (SELECT 1 FROM members WHERE org = ? AND user_id = ? AND ver = ?)`,
    values: [org, rights, org, id, ver],
  };
}

/**
 * True while in each of the organisations that `user` owns there is another owner who can act. An owner who was invited and never
 * came is none: nobody else could undo that.
 */
export function ownersRemain(user: string, orgs: readonly string[]): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM members m JOIN orgs o ON o.id = m.org
      WHERE m.user_id = ? AND m.role = 'owner' AND o.status <> 'deleted' AND m.org IN (SELECT value FROM json_each(?))
        AND NOT EXISTS (SELECT 1 FROM members n JOIN users u ON u.id = n.user_id
          WHERE n.org = m.org AND n.role = 'owner' AND n.user_id <> m.user_id AND u.status = 'active' AND ${ARRIVED}))`,
    values: [user, JSON.stringify(orgs)],
  };
}

/** Makes the account in the change's organisation, if the condition holds when it is committed. */
export function insertUser(
  db: D1Database,
  { id, name, email }: Pick<Member, "id" | "name" | "email">,
  change: Change,
  only: Condition,
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO users (id, org, name, email, status, created_at, ver, change_id) SELECT ?, ?, ?, ?, 'active', ?, 1, ? WHERE ${only.sql}`,
    )
    .bind(id, change.org, name, email, change.at, change.id, ...only.values);
}

/** Makes a user a member of the change's organisation, if the condition holds when it is committed. */
export function insertMember(db: D1Database, user: string, role: string, change: Change, only: Condition): D1PreparedStatement {
  return db
    .prepare(`INSERT INTO members (id, org, user_id, role, created_at, ver, change_id) SELECT ?, ?, ?, ?, ?, 1, ? WHERE ${only.sql}`)
    .bind(`${change.org}/${user}`, change.org, user, role, change.at, change.id, ...only.values);
}
