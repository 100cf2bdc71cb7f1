/**
 * `/v2/teams`: whoever is in a team sees the datasets of their teams only. Administrators make and end teams; an owner of a team, who is
 * a member of it, keeps its name, members and datasets. Others know of the teams that they are in.
 */
import * as v from "valibot";
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import type { Dataset } from "../datasets/store.ts";
import { Description, Name, type Request, readBody } from "../request.ts";
import { isAdmin, PEOPLE, type Route } from "../route.ts";
import { changeTeam, knownTeam, makeTeam, memberOf, removeTeam, requireManager, TEAM_MEMBERS_MAX } from "./team-change.ts";
import { listTeams, searchCandidates, type Team } from "./team-store.ts";

const TEAM_DATASETS_MAX = 2_000;
const CANDIDATES_MAX = 20;
const SEARCH_LENGTH_MAX = 200;

const Member = v.strictObject({ user: v.nullish(v.string()), email: v.nullish(v.string()), owner: v.nullish(v.boolean()) });
export const TeamDatasets = v.nullish(
  v.pipe(v.array(v.string()), v.maxLength(TEAM_DATASETS_MAX, `must hold at most ${TEAM_DATASETS_MAX} names`)),
);
const NewTeam = v.strictObject({
  name: Name,
  description: Description,
  members: v.nullish(v.pipe(v.array(Member), v.maxLength(TEAM_MEMBERS_MAX, `must hold at most ${TEAM_MEMBERS_MAX} users`))),
  datasets: TeamDatasets,
});
/** What is not given stays. */
const TeamUpdate = v.strictObject({ name: v.nullish(Name), description: Description, datasets: TeamDatasets });

const PLACE = { as: "caller", by: PEOPLE, needs: "rbac:read" } as const;
const ADMIN = { as: "caller", by: PEOPLE, admin: true } as const;
const OF_DATASET = { as: "dataset", by: PEOPLE, needs: "rbac:read", on: "see", path: "/v2/teams/:id/datasets/:dataset" } as const;

export const teams: Route[] = [
  { ...PLACE, method: "GET", path: "/v2/teams", run: list },
  { ...ADMIN, method: "POST", path: "/v2/teams", needs: "rbac:create", run: make },
  { ...PLACE, method: "GET", path: "/v2/teams/:id", run: get },
  { ...PLACE, method: "PUT", path: "/v2/teams/:id", run: update },
  { ...ADMIN, method: "DELETE", path: "/v2/teams/:id", needs: "rbac:delete", run: remove },
  { ...PLACE, method: "GET", path: "/v2/teams/:id/candidates", run: candidates },
  { ...PLACE, method: "POST", path: "/v2/teams/:id/members", run: addMember },
  // also for whoever may do nothing else: everybody may leave
  { ...PLACE, method: "DELETE", path: "/v2/teams/:id/members/:user", needs: null, run: removeMember },
  { ...OF_DATASET, method: "POST", run: (c, caller, dataset) => changeDatasets(c, caller, (names) => [...names, dataset.name]) },
  { ...OF_DATASET, method: "DELETE", run: removeDataset },
];

export function ownTeams(c: Request, caller: Caller): Promise<Team[]> {
  return listTeams(c.env.DB, caller.org, isAdmin(caller) ? null : (caller.user?.id ?? ""));
}

async function list(c: Request, caller: Caller): Promise<Response> {
  return c.json((await ownTeams(c, caller)).map(view));
}

async function get(c: Request, caller: Caller): Promise<Response> {
  return c.json(view(await knownTeam(c, caller)));
}

async function make(c: Request, caller: Caller): Promise<Response> {
  return c.json(view(await makeTeam(c, caller, await readBody(c, NewTeam))));
}

async function update(c: Request, caller: Caller): Promise<Response> {
  const request = await readBody(c, TeamUpdate);
  return c.json(view(await changeTeam(c, caller, { action: "team.update" }, () => request)));
}

export async function remove(c: Request, caller: Caller): Promise<Response> {
  await removeTeam(c, caller);
  return c.body(null, 204);
}

/** Whom the team may take, by a part of the name or the e-mail address. */
async function candidates(c: Request, caller: Caller): Promise<Response> {
  const team = await knownTeam(c, caller);
  requireManager(team, caller);
  const text = c.req.query("q") ?? "";
  if (text.length > SEARCH_LENGTH_MAX) throw new Problem("parameter-invalid", `q must be at most ${SEARCH_LENGTH_MAX} characters`);
  const found = await searchCandidates(c.env.DB, caller.org, team.id, text, CANDIDATES_MAX);
  return c.json(found.map(({ id, name, email }) => ({ id, name, email })));
}

/** Adds somebody, or makes a member an owner of the team or no longer one. */
async function addMember(c: Request, caller: Caller): Promise<Response> {
  const joining = await readBody(c, Member);
  const wanted = ({ members }: Team) => ({ members: [...members.map(({ id }) => ({ user: id })), joining] });
  return c.json(view(await changeTeam(c, caller, { action: "team.members" }, wanted)));
}

async function removeMember(c: Request, caller: Caller): Promise<Response> {
  const user = c.req.param("user") ?? "";
  await changeTeam(c, caller, { action: "team.members", by: user === caller.user?.id ? "member" : "manager" }, (team) => {
    if (!memberOf(team, user)) throw new Problem("resource-unknown", `member not found: ${user} is not in the team`);
    return { members: team.members.filter(({ id }) => id !== user).map(({ id }) => ({ user: id })) };
  });
  return c.body(null, 204);
}

async function removeDataset(c: Request, caller: Caller, { name }: Dataset): Promise<Response> {
  await changeDatasets(c, caller, (names) => {
    if (!names.includes(name)) throw new Problem("resource-unknown", `dataset not found in the team: ${name}`);
    return names.filter((one) => one !== name);
  });
  return c.body(null, 204);
}

async function changeDatasets(c: Request, caller: Caller, next: (names: string[]) => string[]): Promise<Response> {
  const wanted = ({ datasets }: Team) => ({ datasets: next([...datasets.values()]) });
  return c.json(view(await changeTeam(c, caller, { action: "team.datasets" }, wanted)));
}

function view({ id, name, description, members, datasets }: Team) {
  return { id, name, description, members, datasets: [...datasets.values()].sort() };
}
