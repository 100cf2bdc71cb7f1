/** Links by which a person becomes the user they were invited as. Whoever holds one is that user: it is shown once, and never listed. */
import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import { allOf, type Condition, changeOf, commit, happened } from "../change.ts";
import { checked, type Request, readBody } from "../request.ts";
import { ANY_CREDENTIAL, PEOPLE, type Route, requireRecent } from "../route.ts";
import { requireLasting } from "./assignable.ts";
import { endInvitations, getInvitation, type Invitation, insertInvitation, listInvitations, mintInvitation } from "./invitations.ts";
import { ARRIVED, asRead, getMember, type KnownMember, requireHome, requireOver, viewMember } from "./members.ts";
import { createUser, linkOf, NewUser } from "./newcomers.ts";

const INVITED_MAX = 100;

const common = { as: "caller", by: ANY_CREDENTIAL } as const;

export const invitations: Route[] = [
  { ...common, method: "GET", path: "/v2/invitations", needs: "users:read", run: list },
  { ...common, method: "DELETE", path: "/v2/invitations/:id", needs: "users:create", run: revoke },
  // whoever holds a link becomes a person, which no API token makes anybody
  { ...common, by: PEOPLE, method: "POST", path: "/v2/users/invite", needs: "users:create", run: inviteAll },
  { ...common, by: PEOPLE, method: "POST", path: "/v2/users/:id/invitation", needs: "users:create", run: invite },
];

const Group = v.strictObject({
  users: v.pipe(
    v.array(v.unknown()),
    v.minLength(1, "must hold a user"),
    v.maxLength(INVITED_MAX, `must hold at most ${INVITED_MAX} users`),
  ),
});

async function list(c: Request, caller: Caller): Promise<Response> {
  return c.json((await listInvitations(c.env.DB, caller.org, c.var.now)).map(view));
}

async function revoke(c: Request, caller: Caller): Promise<Response> {
  const { DB: db } = c.env;
  const id = c.req.param("id") ?? "";
  const invitation = await getInvitation(db, caller.org, id, c.var.now);
  if (!invitation) throw unknown(id);
  await requireOver(db, caller, await getMember(db, caller.org, invitation.user.id));
  const change = changeOf(c, caller, "invitation.delete", id, { user: invitation.user.id, email: invitation.user.email });
  const end = db
    .prepare("UPDATE invitations SET status = 'revoked', change_id = ? WHERE id = ? AND org = ? AND status = 'open'")
    .bind(change.id, id, caller.org);
  if (!(await commit(db, change, [end], { table: "invitations", id }))) throw unknown(id);
  return c.body(null, 204);
}

/** A new link; any older one ends. Whatever the person's own role is: groups give rights, too. */
async function invite(c: Request, caller: Caller): Promise<Response> {
  const { DB: db } = c.env;
  const member = await getMember(db, caller.org, c.req.param("id") ?? "");
  await requireOver(db, caller, member);
  requireHome(caller, member);
  requireLasting(caller);
  requireAtHomeOnly(caller, member);
  const { token, digest } = mintInvitation();
  const id = randomUUID();
  const change = changeOf(c, caller, "invitation.create", id, { user: member.id, email: member.email });
  const trace = { table: "invitations", id } as const;
  const only = allOf(mayBeInvited(c, caller, member), asRead(caller, member), caller.unchanged);
  const open = insertInvitation(db, { id, user: member.id, digest }, change, only);
  const endOthers = endInvitations(db, member.id, id, change, happened(trace, change));
  if (!(await commit(db, change, [open, endOthers], trace)))
    throw new Problem("conflict", `the user ${member.name}, or what you may do, changed at the same moment, or the user is disabled`);
  return c.json(linkOf(c, token));
}

/**
 * A link to an account that somebody uses would make whoever holds it that person: it takes a fresh sign-in, which a stolen token
 * does not have.
 */
function mayBeInvited(c: Request, caller: Caller, member: KnownMember): Condition {
  const active = "EXISTS (SELECT 1 FROM users u WHERE u.id = ? AND u.status = 'active'";
  if (member.arrived === 0) return { sql: `${active} AND NOT ${ARRIVED})`, values: [member.id] };
  if (caller.authenticatedAt === null)
    throw new Problem(
      "sign-in-required",
      `the user ${member.name} has signed in before: a new link to the account needs a session, signed in within the last 15 minutes`,
    );
  requireRecent(caller, c.var.now);
  return { sql: `${active})`, values: [member.id] };
}

/** @throws Problem `forbidden` for somebody who acts in other organisations, where the caller need be nobody. */
function requireAtHomeOnly({ user }: Caller, { id, name, elsewhere }: KnownMember): void {
  if (elsewhere === 1 && id !== user?.id)
    throw new Problem(
      "forbidden",
      `the user ${name} is in other organisations, too, where a link would let its holder act: nobody else can make one, ask them to`,
    );
}

/** Each by itself: what is wrong with one is told beside it, and the others are invited. */
async function inviteAll(c: Request, caller: Caller): Promise<Response> {
  const { users } = await readBody(c, Group);
  const results: unknown[] = [];
  for (const [index, value] of users.entries()) results.push(await inviteOne(c, caller, value, index));
  return c.json({ results });
}

async function inviteOne(c: Request, caller: Caller, value: unknown, index: number) {
  try {
    const { id, link } = await createUser(c, caller, checked(value, NewUser, `users[${index}]`));
    return { user: viewMember(await getMember(c.env.DB, caller.org, id)), invitation: link };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { error: { code: error.status, type: `urn:headgate:problem:${error.reason}`, message: error.message } };
  }
}

function view({ id, user, createdAt, createdBy, expiresAt }: Invitation) {
  return { id, user, createdBy, createdAt: new Date(createdAt).toISOString(), expiresAt: new Date(expiresAt).toISOString() };
}

function unknown(id: string): Problem {
  return new Problem("resource-unknown", `invitation not found: ${id}; GET /v2/invitations lists those that are open`);
}
