/**
 * `/v2/rbac/roles`: the built-in roles, which never change, and those that an organisation makes. `members` is read only: a role is
 * given at `PUT /v2/users/<id>/role`, which asks for a recent sign-in and keeps the last owner, and there is one such door.
 */
import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import { type Capabilities, readCapabilities, viewCapabilities } from "../capabilities.ts";
import { changeOf } from "../change.ts";
import { seenDatasetIds } from "../datasets/store.ts";
import { Description, Name, type Request, readBody } from "../request.ts";
import { ANY_CREDENTIAL, type Route } from "../route.ts";
import { asJudged, requireWithinCaller } from "./assignable.ts";
import { changedMeanwhile, nameTaken, requireFreeName, requireRoom, unknown } from "./named.ts";
import { BUILT_IN_ROLES, type BuiltInRole, builtInGrant, ROLE_NAMES } from "./rights.ts";
import * as store from "./role-store.ts";

const DESCRIPTIONS: Record<BuiltInRole, string> = {
  owner: "Everything, billing and the audit log included",
  admin: "Everything but billing and the audit log",
  user: "Sends and reads events, makes datasets and whatever shows them",
  "read-only": "Reads events and whatever shows them",
  none: "Nothing",
};

const MEMBERS = {
  description: Description,
  members: v.nullish(v.array(v.string())),
  datasetCapabilities: v.optional(v.unknown()),
  orgCapabilities: v.optional(v.unknown()),
  viewCapabilities: v.optional(v.unknown()),
};
const NewRole = v.strictObject({ name: Name, ...MEMBERS });
/** What is not given stays; capabilities are given as a whole. */
const RoleUpdate = v.strictObject({ name: v.nullish(Name), ...MEMBERS });

const PLACE = { as: "caller", by: ANY_CREDENTIAL } as const;

export const roles: Route[] = [
  { ...PLACE, method: "GET", path: "/v2/rbac/roles", needs: "rbac:read", run: list },
  { ...PLACE, method: "POST", path: "/v2/rbac/roles", needs: "rbac:create", run: create },
  { ...PLACE, method: "GET", path: "/v2/rbac/roles/:id", needs: "rbac:read", run: get },
  // Axiom's specification asks for the same capability here
  { ...PLACE, method: "PUT", path: "/v2/rbac/roles/:id", needs: "rbac:create", run: update },
  { ...PLACE, method: "DELETE", path: "/v2/rbac/roles/:id", needs: "rbac:create", run: remove },
];

async function list(c: Request, caller: Caller): Promise<Response> {
  const custom = await store.listRoles(c.env.DB, caller.org);
  return c.json(await views(c, caller, [...BUILT_IN_ROLES.map(builtIn), ...custom]));
}

async function get(c: Request, caller: Caller): Promise<Response> {
  const id = c.req.param("id") ?? "";
  const role = BUILT_IN_ROLES.map(builtIn).find((one) => one.id === id) ?? (await store.findRole(c.env.DB, caller.org, id));
  if (!role) throw unknown("role", id);
  return answer(c, caller, role);
}

async function create(c: Request, caller: Caller): Promise<Response> {
  const { DB: db } = c.env;
  const request = await readBody(c, NewRole);
  const judged = await asJudged(db, caller);
  requireSameMembers(request.members, []);
  requireNotBuiltIn(request.name);
  await requireRoom(db, "role", caller.org, request.name);
  const capabilities = await grantable(c, caller, request, request.name);
  const role = { id: randomUUID(), name: request.name, description: request.description ?? "", capabilities, ver: 1 };
  const change = changeOf(c, caller, "role.create", role.id, { name: role.name, capabilities });
  if (!(await store.insertRole(db, role, change, judged))) throw changedMeanwhile("role", role.name);
  return answer(c, caller, role);
}

async function update(c: Request, caller: Caller): Promise<Response> {
  const { DB: db } = c.env;
  const request = await readBody(c, RoleUpdate);
  const judged = await asJudged(db, caller);
  const before = await changeable(c, caller);
  requireSameMembers(request.members, (await store.holders(db, caller.org)).get(before.id) ?? []);
  const name = request.name ?? before.name;
  if (name !== before.name) {
    requireNotBuiltIn(name);
    await requireFreeName(db, "role", caller.org, name, before.id);
  }
  const given =
    request.datasetCapabilities !== undefined || request.orgCapabilities !== undefined || request.viewCapabilities !== undefined;
  const capabilities = given ? await grantable(c, caller, request, name) : before.capabilities;
  const role = { ...before, name, description: request.description ?? before.description, capabilities };
  const audited = ({ name, description, capabilities }: store.CustomRole) => ({ name, description, capabilities });
  const change = changeOf(c, caller, "role.update", role.id, { before: audited(before), after: audited(role) });
  if (!(await store.updateRole(db, role, change, judged))) throw changedMeanwhile("role", before.name);
  return answer(c, caller, role);
}

async function remove(c: Request, caller: Caller): Promise<Response> {
  const { DB: db } = c.env;
  const judged = await asJudged(db, caller);
  const role = await changeable(c, caller);
  const { members, groups } = await store.countHolders(db, caller.org, role.id);
  if (members + groups > 0)
    throw new Problem("conflict", `the role ${role.name} is held by ${members} members and ${groups} groups; give them another one first`);
  const change = changeOf(c, caller, "role.delete", role.id, { name: role.name, capabilities: role.capabilities });
  if (!(await store.deleteRole(db, role, change, judged))) throw changedMeanwhile("role", role.name);
  return c.body(null, 204);
}

/** One that the caller may change: to take something from others is a power over it, as to give it is. */
async function changeable(c: Request, caller: Caller): Promise<store.CustomRole> {
  const id = c.req.param("id") ?? "";
  if (builtInGrant(id)) throw new Problem("conflict", `the role ${id} is built in and never changes; make another at POST /v2/rbac/roles`);
  const role = await store.findRole(c.env.DB, caller.org, id);
  if (!role) throw unknown("role", id);
  requireWithinCaller(caller, role.capabilities, `the role ${role.name}`);
  return role;
}

/** The capabilities that a request asks for, if the caller may hand them on. */
async function grantable(c: Request, caller: Caller, request: v.InferOutput<typeof RoleUpdate>, name: string): Promise<Capabilities> {
  const capabilities = readCapabilities(request, await seenDatasetIds(c.env.DB, caller));
  if (capabilities.org.some((capability) => capability.startsWith("billing:")))
    throw new Problem("body-invalid", "orgCapabilities.billing must stay with the role Owner; leave it out");
  requireWithinCaller(caller, capabilities, `the role ${name}`);
  return capabilities;
}

/** What was read may be sent back. */
function requireSameMembers(given: readonly string[] | null | undefined, held: readonly string[]): void {
  if (given && [...new Set(given)].sort().join() !== [...held].sort().join())
    throw new Problem("body-invalid", "members must be as they are: a role is given to a user at PUT /v2/users/<id>/role");
}

function requireNotBuiltIn(name: string): void {
  const names: string[] = [...BUILT_IN_ROLES, ...Object.values(ROLE_NAMES)];
  if (names.some((one) => one.toLowerCase() === name.trim().toLowerCase())) throw nameTaken("role", name);
}

type Role = Omit<store.CustomRole, "ver">;

function builtIn(id: BuiltInRole): Role {
  return {
    id,
    name: ROLE_NAMES[id],
    description: DESCRIPTIONS[id],
    capabilities: builtInGrant(id) ?? { datasets: {}, org: [], views: {} },
  };
}

async function answer(c: Request, caller: Caller, role: Role): Promise<Response> {
  const [view] = await views(c, caller, [role]);
  return c.json(view);
}

async function views(c: Request, caller: Caller, all: Role[]) {
  const [members, seen] = await Promise.all([store.holders(c.env.DB, caller.org), seenDatasetIds(c.env.DB, caller)]);
  const names = new Map([...seen].map(([name, id]) => [id, name]));
  return all.map(({ id, name, description, capabilities }) => ({
    ...{ id, name, description, members: members.get(id) ?? [] },
    ...viewCapabilities(capabilities, names),
  }));
}
