/**
 * `/v2/users`: the people of an organisation. A person's capability is enough, by session or personal token, since axiom-go and
 * Terraform have no sessions; a session must be fresh for what cannot be undone. An API token needs the capability by name.
 */
import * as v from "valibot";
import { Problem } from "../../problem.ts";
import { type Caller, requireCapability } from "../caller.ts";
import { allOf, type Condition, changeOf, commit, newRights } from "../change.ts";
import { type Request, readBody } from "../request.ts";
import { ANY_CREDENTIAL, PEOPLE, type Route } from "../route.ts";
import { assignable, requireLasting } from "./assignable.ts";
import { Rename, renamed } from "./current-user.ts";
import { detailsOf } from "./details.ts";
import {
  asRead,
  getMember,
  type KnownMember,
  listMembers,
  ownersRemain,
  requireHome,
  requireOver,
  requireOverElsewhere,
  viewMember,
} from "./members.ts";
import { createUser, NewUser } from "./newcomers.ts";
import { organisationsOf, removeMember } from "./removal.ts";

const common = { as: "caller", by: ANY_CREDENTIAL } as const;

export const users: Route[] = [
  { ...common, method: "GET", path: "/v2/users", needs: "users:read", run: list },
  { ...common, method: "POST", path: "/v2/users", needs: "users:create", run: make },
  { ...common, method: "GET", path: "/v2/users/:id", needs: "users:read", run: get },
  { ...common, method: "PUT", path: "/v2/users/:id", needs: "users:update", run: rename },
  // whoever leaves by themselves needs no capability
  { ...common, method: "DELETE", path: "/v2/users/:id", needs: null, recent: true, run: remove },
  { ...common, method: "PUT", path: "/v2/users/:id/role", needs: "users:update", recent: true, run: changeRole },
  ...(["disable", "enable"] as const).map(
    (verb): Route => ({
      ...{ ...common, method: "POST", path: `/v2/users/:id/${verb}`, needs: "users:update", recent: true },
      run: (c: Request, caller: Caller) => setStatus(c, caller, verb === "enable" ? "active" : "disabled"),
    }),
  ),
  // name, address and role are for colleagues; the rest is for those who look after them
  { ...common, method: "GET", path: "/v2/users/:id/details", by: PEOPLE, needs: "users:read", admin: true, run: details },
];

const NewRole = v.strictObject({ role: v.string() });

async function list(c: Request, caller: Caller): Promise<Response> {
  return c.json((await listMembers(c.env.DB, caller.org)).map(viewMember));
}

async function get(c: Request, caller: Caller): Promise<Response> {
  return answer(c, caller, idOf(c));
}

async function details(c: Request, caller: Caller): Promise<Response> {
  return c.json(await detailsOf(c.env.DB, caller.org, await getMember(c.env.DB, caller.org, idOf(c)), c.var.now));
}

/** The link of the invitation is not in the answer, whose members axiom-go knows by name: `POST /v2/users/:id/invitation` makes one. */
async function make(c: Request, caller: Caller): Promise<Response> {
  const { id } = await createUser(c, caller, await readBody(c, NewUser));
  return answer(c, caller, id);
}

async function rename(c: Request, caller: Caller): Promise<Response> {
  const { DB: db } = c.env;
  const { name } = await readBody(c, Rename);
  const member = await found(c, caller);
  requireHome(caller, member);
  const change = changeOf(c, caller, "user.update", member.id, { before: { name: member.name }, after: { name } });
  const statement = renamed(db, member.id, caller.org, name, change);
  if (!(await commit(db, change, [statement], { table: "users", id: member.id }))) throw changed(member);
  return answer(c, caller, member.id);
}

async function changeRole(c: Request, caller: Caller): Promise<Response> {
  const { DB: db } = c.env;
  const { role } = await readBody(c, NewRole);
  const member = await found(c, caller);
  await assignable(db, caller, role);
  if (role !== member.role && !(await giveRole(c, caller, member, role))) throw await whyNot(db, caller, member);
  return answer(c, caller, member.id);
}

/**
 * Whoever becomes an owner or administrator leaves the teams, by a trigger. Another role stays restricted by them: who leaves the teams
 * by giving themselves one would see more than before.
 */
function giveRole(c: Request, caller: Caller, member: KnownMember, role: string): Promise<boolean> {
  const { DB: db } = c.env;
  const { id } = member;
  const change = changeOf(c, caller, "user.role", id, { before: { role: member.role }, after: { role } });
  const trace = { table: "members", id: `${caller.org}/${id}` } as const;
  const only = allOf(asRead(caller, member), ...(role === "owner" ? [] : [ownersRemain(id, [caller.org])]), caller.unchanged);
  const update = db
    .prepare(`UPDATE members SET role = ?, ver = ver + 1, change_id = ? WHERE id = ? AND ${only.sql}`)
    .bind(role, change.id, trace.id, ...only.values);
  return commit(db, change, [update, newRights(db, change, trace)], trace);
}

/** Disabled, a person can do nothing in any organisation; their tokens and sessions are refused and come back when they are enabled. */
async function setStatus(c: Request, caller: Caller, status: KnownMember["status"]): Promise<Response> {
  const { DB: db } = c.env;
  const member = await found(c, caller);
  requireHome(caller, member);
  if (status === "disabled") requireOverElsewhere(caller, member);
  else requireLasting(caller); // gives back all that the person may do
  if (member.status === status) return answer(c, caller, member.id);
  const change = changeOf(c, caller, status === "active" ? "user.enable" : "user.disable", member.id, { name: member.name });
  const trace = { table: "users", id: member.id } as const;
  const only = allOf(asRead(caller, member), ...(status === "active" ? [] : [ownersRemain(member.id, [caller.org])]), caller.unchanged);
  const update = db
    .prepare(
      `UPDATE users SET status = ?, ver = ver + 1, change_id = ? WHERE id = ? AND status <> ? AND deleted_at IS NULL AND ${only.sql}`,
    )
    .bind(status, change.id, member.id, status, ...only.values);
  if (!(await commit(db, change, [update, newRights(db, change, trace)], trace))) throw await whyNot(db, caller, member);
  return answer(c, caller, member.id);
}

async function remove(c: Request, caller: Caller): Promise<Response> {
  if (idOf(c) !== caller.user?.id) requireCapability(caller, "users:delete");
  const member = await found(c, caller);
  const orgs = member.home === caller.org ? await organisationsOf(c.env.DB, member.id) : [caller.org];
  if (!(await removeMember(c, caller, member, orgs))) throw await whyNot(c.env.DB, caller, member, orgs);
  return c.body(null, 204);
}

/** Somebody whom the caller may act upon. */
async function found(c: Request, caller: Caller): Promise<KnownMember> {
  const member = await getMember(c.env.DB, caller.org, idOf(c));
  await requireOver(c.env.DB, caller, member);
  return member;
}

async function answer(c: Request, { org }: Caller, id: string): Promise<Response> {
  return c.json(viewMember(await getMember(c.env.DB, org, id)));
}

/** Why a guarded change did not happen. */
async function whyNot(db: D1Database, { org }: Caller, { id }: KnownMember, orgs = [org]): Promise<Problem> {
  const member = await getMember(db, org, id);
  if (!(await holds(db, ownersRemain(id, [org]))))
    return new Problem("conflict", `${member.name} is the last owner of the organisation; make another user an owner first`);
  if (!(await holds(db, ownersRemain(id, orgs))))
    return new Problem(
      "conflict",
      `${member.name} is the last owner of another organisation: until that has another, the user can be disabled only`,
    );
  return changed(member);
}

async function holds(db: D1Database, { sql, values }: Condition): Promise<boolean> {
  return (
    (await db
      .prepare(`SELECT ${sql} AS held`)
      .bind(...values)
      .first<0 | 1>("held")) === 1
  );
}

function changed({ name }: KnownMember): Problem {
  return new Problem("conflict", `the user ${name}, or what you may do, changed at the same moment; get the user and decide anew`);
}

function idOf(c: Request): string {
  return c.req.param("id") ?? "";
}
