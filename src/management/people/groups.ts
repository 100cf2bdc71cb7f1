/**
 * `/v2/rbac/groups`: a member may do what the group's roles may, besides what the own role may. Whoever changes a group must be able to
 * do all that its roles allow, before and after.
 */
import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import { changeOf } from "../change.ts";
import { Description, Name, type Request, readBody } from "../request.ts";
import { ANY_CREDENTIAL, type Route } from "../route.ts";
import { asJudged, assignable } from "./assignable.ts";
import * as store from "./group-store.ts";
import { changedMeanwhile, differences, requireFreeName, requireRoom, unknown } from "./named.ts";

const GROUP_MEMBERS_MAX = 2_000;
const GROUP_ROLES_MAX = 20;

const unique = (values: string[]) => [...new Set(values)];
const MEMBERS = {
  description: Description,
  members: v.nullish(
    v.pipe(v.array(v.string()), v.maxLength(GROUP_MEMBERS_MAX, `must hold at most ${GROUP_MEMBERS_MAX} users`), v.transform(unique)),
  ),
  roles: v.nullish(
    v.pipe(v.array(v.string()), v.maxLength(GROUP_ROLES_MAX, `must hold at most ${GROUP_ROLES_MAX} roles`), v.transform(unique)),
  ),
  isManaged: v.nullish(v.literal(false, "must be false: no directory manages groups here")),
};
const NewGroup = v.strictObject({ name: Name, ...MEMBERS });
/** What is not given stays. */
const GroupUpdate = v.strictObject({ name: v.nullish(Name), ...MEMBERS });

const PLACE = { as: "caller", by: ANY_CREDENTIAL } as const;

export const groups: Route[] = [
  { ...PLACE, method: "GET", path: "/v2/rbac/groups", needs: "rbac:read", run: list },
  { ...PLACE, method: "POST", path: "/v2/rbac/groups", needs: "rbac:create", run: create },
  { ...PLACE, method: "GET", path: "/v2/rbac/groups/:id", needs: "rbac:read", run: get },
  // Axiom's specification asks for the same capability here
  { ...PLACE, method: "PUT", path: "/v2/rbac/groups/:id", needs: "rbac:create", run: update },
  { ...PLACE, method: "DELETE", path: "/v2/rbac/groups/:id", needs: "rbac:create", run: remove },
];

async function list(c: Request, caller: Caller): Promise<Response> {
  return c.json((await store.listGroups(c.env.DB, caller.org)).map(view));
}

async function get(c: Request, caller: Caller): Promise<Response> {
  return c.json(view(await known(c, caller)));
}

async function create(c: Request, caller: Caller): Promise<Response> {
  const { DB: db } = c.env;
  const { name, description, members, roles } = await readBody(c, NewGroup);
  const judged = await asJudged(db, caller);
  await requireRoom(db, "group", caller.org, name);
  const group: store.Group = { id: randomUUID(), name, description: description ?? "", members: members ?? [], roles: roles ?? [], ver: 1 };
  await requireGrantable(c, caller, group);
  const change = changeOf(c, caller, "group.create", group.id, audited(group));
  if (!(await store.insertGroup(db, group, change, judged))) throw changedMeanwhile("group", name);
  return c.json(view(group));
}

async function update(c: Request, caller: Caller): Promise<Response> {
  const { DB: db } = c.env;
  const request = await readBody(c, GroupUpdate);
  const judged = await asJudged(db, caller);
  const before = await known(c, caller);
  await requireGrantable(c, caller, before);
  const group: store.Group = {
    ...before,
    name: request.name ?? before.name,
    description: request.description ?? before.description,
    members: request.members ?? before.members,
    roles: request.roles ?? before.roles,
  };
  await requireFreeName(db, "group", caller.org, group.name, group.id);
  await requireGrantable(c, caller, group);
  const change = changeOf(c, caller, "group.update", group.id, differences(audited(before), audited(group)));
  if (!(await store.updateGroup(db, group, change, judged))) throw changedMeanwhile("group", before.name);
  return c.json(view(group));
}

async function remove(c: Request, caller: Caller): Promise<Response> {
  const judged = await asJudged(c.env.DB, caller);
  const group = await known(c, caller);
  await requireGrantable(c, caller, group);
  const change = changeOf(c, caller, "group.delete", group.id, audited(group));
  if (!(await store.deleteGroup(c.env.DB, group, change, judged))) throw changedMeanwhile("group", group.name);
  return c.body(null, 204);
}

async function known(c: Request, caller: Caller): Promise<store.Group> {
  const id = c.req.param("id") ?? "";
  const group = await store.findGroup(c.env.DB, caller.org, id);
  if (!group) throw unknown("group", id);
  return group;
}

/** @throws Problem `grant-too-wide` for a role beyond the caller, `body-invalid` for a role or member that does not exist. */
async function requireGrantable(c: Request, caller: Caller, { members, roles }: store.Group): Promise<void> {
  for (const role of roles) await assignable(c.env.DB, caller, role);
  const [stranger] = await store.strangers(c.env.DB, caller.org, members);
  if (stranger !== undefined)
    throw new Problem("body-invalid", `members holds ${JSON.stringify(stranger)}, who is no member of the organisation; send ids of users`);
}

function audited({ name, description, members, roles }: store.Group) {
  return { name, description, members, roles };
}

function view({ id, name, description, members, roles }: store.Group) {
  return { id, name, description, members: [...members].sort(), roles: [...roles].sort(), isManaged: false };
}
