/** Somebody new in an organisation: an account, a membership and an open invitation, made at once. */
import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import { allOf, type Condition, changeOf, commit, happened } from "../change.ts";
import { settingsOf } from "../env.ts";
import { Email, Name, type Request } from "../request.ts";
import { assignable } from "./assignable.ts";
import { INVITATION_MS, insertInvitation, mintInvitation } from "./invitations.ts";
import { insertMember, insertUser, USERS_MAX } from "./members.ts";

/** What axiom-go and Terraform send. */
export const NewUser = v.strictObject({ name: Name, email: Email, role: v.string() });
export type NewUser = v.InferOutput<typeof NewUser>;

/** An invitation as it is shown once. */
export interface Link {
  url: string;
  token: string;
  expiresAt: string;
}

/**
 * Does not check that the caller may create users; does check that they may give the role. What others may do stays as it is, so
 * that users made at the same moment, as Terraform does, do not stand in each other's way.
 * @throws Problem `entity-exists` for an address that is in the organisation, `grant-too-wide`, `conflict`.
 */
export async function createUser(c: Request, caller: Caller, request: NewUser): Promise<{ id: string; link: Link }> {
  const { DB: db } = c.env;
  await assignable(db, caller, request.role);
  const user = { id: randomUUID(), name: request.name, email: request.email };
  const { token, digest } = mintInvitation();
  const change = changeOf(c, caller, "user.create", user.id, { ...request });
  const trace = { table: "users", id: user.id } as const;
  const then = happened(trace, change);
  const room: Condition = { sql: "(SELECT count(*) FROM members WHERE org = ?) < ?", values: [caller.org, USERS_MAX] };
  const statements = [
    insertUser(db, user, change, allOf(addressIsFree(caller.org, user.email), room, caller.unchanged)),
    insertMember(db, user.id, request.role, change, then),
    insertInvitation(db, { id: randomUUID(), user: user.id, digest }, change, then),
  ];
  if (!(await commit(db, change, statements, trace))) throw await whyNot(db, caller, request);
  return { id: user.id, link: linkOf(c, token) };
}

export function linkOf(c: Request, token: string): Link {
  return {
    url: `${settingsOf(c.env).publicUrl}/auth/invitations/${token}`,
    token,
    expiresAt: new Date(c.var.now + INVITATION_MS).toISOString(),
  };
}

/** Also a founder's address, whose account was made elsewhere: two people of one address could not be told apart. */
function addressIsFree(org: string, email: string): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM users WHERE org = ? AND email = ?)
      AND NOT EXISTS (SELECT 1 FROM members m JOIN users u ON u.id = m.user_id WHERE m.org = ? AND u.email = ?)`,
    values: [org, email, org, email],
  };
}

async function whyNot(db: D1Database, { org }: Caller, { email }: NewUser): Promise<Problem> {
  const { sql, values } = addressIsFree(org, email);
  const known = await db
    .prepare(`SELECT ${sql} AS free, (SELECT count(*) FROM members WHERE org = ?) AS members`)
    .bind(...values, org)
    .first<{ free: 0 | 1; members: number }>();
  if (known?.free === 0) return new Problem("entity-exists", `entity exists: a user with the address ${email} is in this organisation`);
  if ((known?.members ?? 0) >= USERS_MAX)
    return new Problem("conflict", `the organisation has ${USERS_MAX} users, the most there may be; delete some first`);
  return new Problem("conflict", "what you may do changed at the same moment; send the request again");
}
