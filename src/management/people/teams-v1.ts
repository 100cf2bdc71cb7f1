/** `/api/v1/teams`, as the clients of Axiom's first API call it: members by id, datasets by name. */
import * as v from "valibot";
import type { Caller } from "../caller.ts";
import { Name, type Request, readBody } from "../request.ts";
import { PEOPLE, type Route } from "../route.ts";
import { changeTeam, knownTeam, makeTeam, TEAM_MEMBERS_MAX } from "./team-change.ts";
import type { Team } from "./team-store.ts";
import { ownTeams, remove, TeamDatasets } from "./teams.ts";

const MEMBERS = {
  members: v.nullish(v.pipe(v.array(v.string()), v.maxLength(TEAM_MEMBERS_MAX, `must hold at most ${TEAM_MEMBERS_MAX} users`))),
  datasets: TeamDatasets,
};
const NewTeam = v.strictObject({ name: Name, ...MEMBERS });
/** What is not given stays. */
const TeamUpdate = v.strictObject({ name: v.nullish(Name), ...MEMBERS });

const PLACE = { as: "caller", by: PEOPLE, needs: "rbac:read" } as const;
const ADMIN = { as: "caller", by: PEOPLE, admin: true } as const;

export const teamsV1: Route[] = [
  { ...PLACE, method: "GET", path: "/api/v1/teams", run: list },
  { ...ADMIN, method: "POST", path: "/api/v1/teams", needs: "rbac:create", run: make },
  { ...PLACE, method: "GET", path: "/api/v1/teams/:id", run: get },
  { ...PLACE, method: "PUT", path: "/api/v1/teams/:id", run: update },
  { ...ADMIN, method: "DELETE", path: "/api/v1/teams/:id", needs: "rbac:delete", run: remove },
];

async function list(c: Request, caller: Caller): Promise<Response> {
  return c.json((await ownTeams(c, caller)).map(view));
}

async function get(c: Request, caller: Caller): Promise<Response> {
  return c.json(view(await knownTeam(c, caller)));
}

async function make(c: Request, caller: Caller): Promise<Response> {
  const request = await readBody(c, NewTeam);
  return c.json(view(await makeTeam(c, caller, wanted(request))));
}

async function update(c: Request, caller: Caller): Promise<Response> {
  const request = await readBody(c, TeamUpdate);
  return c.json(view(await changeTeam(c, caller, { action: "team.update" }, () => wanted(request))));
}

function wanted<T extends v.InferOutput<typeof TeamUpdate>>(request: T) {
  return { ...request, members: request.members?.map((user) => ({ user })) };
}

function view({ id, name, members, datasets }: Team) {
  return { id, name, members: members.map((one) => one.id), datasets: [...datasets.values()].sort() };
}
