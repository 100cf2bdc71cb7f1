/**
 * What may become of a team: the one place that judges it, whichever route asks.
 *
 * A team takes sight away from its members, so whoever takes somebody out of one may be giving rights. Only an administrator gives
 * them: who goes otherwise, and has no other team, sees no dataset until an administrator decides.
 */
import { randomUUID } from "node:crypto";
import { Problem } from "../../problem.ts";
import { type Caller, forbidden } from "../caller.ts";
import { changeOf } from "../change.ts";
import { seenDatasetIds, unknownDataset } from "../datasets/store.ts";
import type { Request } from "../request.ts";
import { isAdmin } from "../route.ts";
import { asJudged } from "./assignable.ts";
import { changedMeanwhile, differences, requireFreeName, requireRoom, unknown } from "./named.ts";
import { ROLE_NAMES, TEAM_ROLES } from "./rights.ts";
import {
  type Candidate,
  deleteTeam,
  findCandidates,
  findTeam,
  insertTeam,
  sorted,
  type Team,
  type TeamMember,
  updateTeam,
} from "./team-store.ts";

export const TEAM_MEMBERS_MAX = 2_000;

/** What is wanted of a team; what is absent stays. */
export interface Wanted {
  name?: string | null | undefined;
  description?: string | null | undefined;
  members?: readonly Joining[] | null | undefined;
  /** Names. */
  datasets?: readonly string[] | null | undefined;
}

/** Somebody in the team, named by id or e-mail address. */
export interface Joining {
  user?: string | null | undefined;
  email?: string | null | undefined;
  /** Absent: as before, else not. */
  owner?: boolean | null | undefined;
}

/** The team that `:id` names, if the caller may know of it: administrators know all, others those that they are in. */
export async function knownTeam(c: Request, caller: Caller): Promise<Team> {
  const id = c.req.param("id") ?? "";
  const team = await findTeam(c.env.DB, caller.org, id);
  if (!team || !(isAdmin(caller) || memberOf(team, caller.user?.id))) throw unknown("team", id);
  return team;
}

export function memberOf({ members }: Team, user: string | undefined): TeamMember | undefined {
  return members.find(({ id }) => id === user);
}

export function requireManager(team: Team, caller: Caller): void {
  if (!isAdmin(caller) && !memberOf(team, caller.user?.id)?.owner)
    throw forbidden(`the role Owner or Admin, or the standing of an owner of the team ${team.name}`);
}

/** Does not check that the caller is an administrator. */
export async function makeTeam(c: Request, caller: Caller, wanted: Wanted & { name: string }): Promise<Team> {
  const { DB: db } = c.env;
  const judged = await asJudged(db, caller);
  await requireRoom(db, "team", caller.org, wanted.name);
  const empty: Team = { id: randomUUID(), name: wanted.name, description: "", members: [], datasets: new Map(), ver: 1 };
  const team = await become(c, caller, empty, wanted);
  const change = changeOf(c, caller, "team.create", team.id, audited(team));
  if (!(await insertTeam(db, team, change, judged))) throw changedMeanwhile("team", team.name);
  return team;
}

type Action = "team.update" | "team.members" | "team.datasets";

/**
 * @param by `manager`: an administrator or an owner of the team. `member`: anybody who may know of it, and then `wanted` must want
 * nothing but the caller's own leaving.
 * @param wanted of the team as it is now.
 */
export async function changeTeam(
  c: Request,
  caller: Caller,
  { action, by = "manager" }: { action: Action; by?: "manager" | "member" },
  wanted: (team: Team) => Wanted,
): Promise<Team> {
  const { DB: db } = c.env;
  const judged = await asJudged(db, caller);
  const before = await knownTeam(c, caller);
  if (by === "manager") requireManager(before, caller);
  const team = await become(c, caller, before, wanted(before));
  if (team.name !== before.name) await requireFreeName(db, "team", caller.org, team.name, team.id);
  const gone = before.members.filter(({ id }) => !memberOf(team, id));
  const ids = (people: readonly TeamMember[]) => people.map(({ id }) => id);
  const leavers = isAdmin(caller) ? { bound: [], freed: ids([...gone, ...team.members]) } : { bound: ids(gone), freed: [] };
  const change = changeOf(c, caller, action, team.id, differences(audited(before), audited(team)));
  if (!(await updateTeam(db, team, leavers, change, judged))) throw changedMeanwhile("team", before.name);
  return team;
}

/** Does not check that the caller is an administrator. Members without another team see everything again that their role allows. */
export async function removeTeam(c: Request, caller: Caller): Promise<void> {
  const judged = await asJudged(c.env.DB, caller);
  const team = await knownTeam(c, caller);
  if (!(await deleteTeam(c.env.DB, team, changeOf(c, caller, "team.delete", team.id, audited(team)), judged)))
    throw changedMeanwhile("team", team.name);
}

async function become(c: Request, caller: Caller, before: Team, { name, description, members, datasets }: Wanted): Promise<Team> {
  return {
    ...before,
    name: name ?? before.name,
    description: description ?? before.description,
    members: members ? await joined(c.env.DB, caller.org, before, members) : before.members,
    datasets: datasets ? await granted(c, caller, before, datasets) : before.datasets,
  };
}

async function joined(db: D1Database, org: string, before: Team, joining: readonly Joining[]): Promise<TeamMember[]> {
  const [byId, byEmail] = await Promise.all(
    (["user", "email"] as const).map((member) => {
      const values = joining.flatMap((one) => one[member] ?? []);
      return findCandidates(db, org, member === "user" ? "id" : member, values);
    }),
  );
  const members = new Map<string, TeamMember>();
  for (const { user, email, owner } of joining) {
    if ((user == null) === (email == null)) throw new Problem("body-invalid", "a member must be named by either user, an id, or email");
    const found =
      (user == null ? byEmail : byId)?.filter((one) => one.id === user || one.email.toLowerCase() === email?.toLowerCase()) ?? [];
    const [candidate] = found;
    if (!candidate) throw new Problem("resource-unknown", `user not found: ${user ?? email}; GET /v2/users lists those there are`);
    if (found.length > 1)
      throw new Problem("body-invalid", `email must be of one user, and ${found.length} have ${email}; send the id as user`);
    const known = memberOf(before, candidate.id);
    if (!known) requireRestricted(candidate);
    const { role, ...person } = candidate;
    members.set(person.id, { ...person, owner: owner ?? known?.owner ?? false });
  }
  if (members.size > TEAM_MEMBERS_MAX) throw new Problem("conflict", `a team has at most ${TEAM_MEMBERS_MAX} members; make another team`);
  return sorted([...members.values()]);
}

/** @throws Problem `conflict` for somebody whom a team could not restrict. */
function requireRestricted({ id, name, role }: Candidate): void {
  if (TEAM_ROLES.includes(role)) return;
  const called = (ROLE_NAMES as Record<string, string>)[role] ?? "another role";
  throw new Problem(
    "conflict",
    `${name} is ${called}: only users with the role User or Read Only can be members of a team, as Owners and Admins see everything; change the role at PUT /v2/users/${id}/role, or leave them out`,
  );
}

/** A dataset that the caller may not see is as unknown as one that does not exist. */
async function granted(c: Request, caller: Caller, before: Team, names: readonly string[]): Promise<Map<string, string>> {
  const ids = new Map([...[...before.datasets].map(([id, name]) => [name, id] as const), ...(await seenDatasetIds(c.env.DB, caller))]);
  return new Map(
    names.map((name) => {
      const id = ids.get(name);
      if (!id) throw unknownDataset(name);
      return [id, name];
    }),
  );
}

function audited({ name, description, members, datasets }: Team) {
  return { name, description, members: members.map(({ id, owner }) => (owner ? `${id} (owner)` : id)), datasets: [...datasets.values()] };
}
