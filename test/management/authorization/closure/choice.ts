/** What an attacker tries: mostly what is likely to be let through, for from what is refused nothing comes; now and then anything. */
import type { Random } from "../../../torture/random.ts";
import { type Attacker, type Credential, pointsOf, rowOf } from "./attacker.ts";
import { beyond, builtIn, type Held, type Points, pointsOfHeld, pointsOfToken, pointsOfUser } from "./rights.ts";
import { capabilities, DAY_MS, limits, networks } from "./world.ts";

const BUILT_IN = ["owner", "admin", "user", "read-only", "none"];
const NOBODY = "no-such-one";

export interface Choice {
  attacker: Attacker;
  actor: Credential;
  random: Random;
}

const ofOrg = <T extends { org: string }>({ attacker }: Choice, rows: readonly T[]): T[] =>
  rows.filter(({ org }) => org === attacker.world.org);

/** One of those that the actor covers in the organisation, or any. */
function pick({ attacker, actor, random }: Choice, all: readonly [id: string, points: Points][]): string {
  const own = pointsOf(attacker.rows, actor);
  const isCovered = (points: Points) => beyond(own, points).every((point) => !point.startsWith(`${attacker.world.org} `));
  const within = random.percent(75) ? all.filter(([, points]) => isCovered(points)) : [];
  return random.percent(1) || all.length === 0 ? NOBODY : random.pick(within.length > 0 ? within : all)[0];
}

export function aRole(choice: Choice, from: "all" | "custom" = "all"): string {
  const { world, rows } = choice.attacker;
  const customs = ofOrg(choice, rows.roles).map(({ id, capabilities }): [string, Held] => [id, JSON.parse(capabilities)]);
  const fixed = from === "all" ? BUILT_IN : [];
  const all = [...customs, ...fixed.map((role): [string, Held] => [role, builtIn(role) as Held])];
  return pick(
    choice,
    all.map(([id, held]) => [id, pointsOfHeld(world.org, held)]),
  );
}

export function aToken(choice: Choice): string {
  const { attacker, random } = choice;
  const own = attacker.held.flatMap((one) => rowOf(attacker.rows, one)?.id ?? []);
  if (random.percent(30)) return random.pick(own);
  const active = ofOrg(choice, attacker.rows.tokens).filter(({ status }) => status === "active");
  return pick(
    choice,
    active.map((row) => [row.id, pointsOfToken(row)]),
  );
}

/** Oneself often enough. */
export function aPerson(choice: Choice): string {
  const self = userOf(choice);
  return self && choice.random.percent(25) ? self : another(choice);
}

export function another(choice: Choice): string {
  const { attacker } = choice;
  const members = ofOrg(choice, attacker.rows.members).map(({ user_id }) => user_id);
  return pick(
    choice,
    members.map((user) => [user, pointsOfUser(attacker.rows, user)]),
  );
}

export function userOf({ attacker, actor }: Choice): string | null {
  const row = rowOf(attacker.rows, actor);
  return row && "user_id" in row ? row.user_id : null;
}

export function people(choice: Choice, most: number): string[] {
  return Array.from({ length: choice.random.between(0, most) }, () => aPerson(choice));
}

export function aGroup(choice: Choice): string {
  return choice.random.pick([...ofOrg(choice, choice.attacker.rows.groups), { id: NOBODY }]).id;
}

export function anIssuer(choice: Choice): string {
  return choice.random.pick([...ofOrg(choice, choice.attacker.rows.issuers), { id: NOBODY }]).id;
}

export function aProvider(choice: Choice) {
  return choice.random.pick(ofOrg(choice, choice.attacker.rows.auth_providers));
}

/** Those of one's own often enough. */
export function aTeam(choice: Choice): string {
  const { rows } = choice.attacker;
  const teams = ofOrg(choice, rows.teams);
  const user = userOf(choice);
  const own = teams.filter(({ id }) => rows.team_members.some((one) => one.team_id === id && one.user_id === user && one.owner === 1));
  if (own.length > 0 && choice.random.percent(70)) return choice.random.pick(own).id;
  return choice.random.pick([...teams, { id: NOBODY }]).id;
}

/** Names of some that one sees, or of any. */
export function aDataset(choice: Choice): string {
  const { attacker, actor, random } = choice;
  const there = ofOrg(choice, attacker.rows.datasets).filter(({ deleted_at }) => deleted_at === null);
  const own = pointsOf(attacker.rows, actor);
  const seen = there.filter(({ org, id }) => beyond(own, new Set([`${org} see it ${id}`])).length === 0);
  return random.pick(random.percent(70) && seen.length > 0 ? seen : [...there, { name: NOBODY }]).name;
}

/** Some of what the actor may do, as one would ask for it; now and then with one thing more, now and then anything. */
export function wanted(choice: Choice): Held {
  const { attacker, actor, random } = choice;
  const { rows, world } = attacker;
  const ids = ofOrg(choice, rows.datasets).flatMap(({ id, deleted_at }) => (deleted_at === null ? [id] : []));
  const other = capabilities(random, ids);
  if (random.percent(10)) return other;
  const own = someOf(random, pointsOf(rows, actor), world.org, ids);
  if (random.percent(75)) return own;
  const more = random.pick(["org", "datasets", "views"] as const);
  return { ...own, [more]: other[more] };
}

function someOf(random: Random, points: Points, org: string, ids: readonly string[]): Held {
  const held: Held = { org: [], datasets: {}, views: {} };
  const percent = random.pick([15, 60, 100]);
  const withTeams = random.percent(20);
  for (const point of points) {
    const [of, sort, what = "", scope = ""] = point.split(" ");
    if (of !== org || (scope === "team" && !withTeams) || !random.percent(percent)) continue;
    if (sort === "org") held.org.push(what);
    const scopes = sort === "dataset" ? held.datasets : sort === "view" ? held.views : null;
    if (scopes && (scope === "*" || sort === "view" || ids.includes(scope))) scopes[scope] = [...(scopes[scope] ?? []), what];
  }
  return held;
}

function actionsOf(held: readonly string[]): Record<string, string[]> {
  const actions: Record<string, string[]> = {};
  for (const capability of held) {
    const [resource = "", action = ""] = capability.split(":");
    actions[resource] = [...(actions[resource] ?? []), action];
  }
  return actions;
}

/** As requests have it, datasets by name. */
export function wire({ attacker }: Choice, { org, datasets, views }: Held) {
  const name = (id: string) => attacker.rows.datasets.find((dataset) => dataset.id === id)?.name ?? id;
  return {
    orgCapabilities: actionsOf(org),
    datasetCapabilities: Object.fromEntries(Object.entries(datasets).map(([id, held]) => [name(id), actionsOf(held)])),
    viewCapabilities: Object.fromEntries(Object.entries(views).map(([view, held]) => [view, actionsOf(held)])),
  };
}

/** About the actor's own end. */
export function anEnd({ attacker, actor, random }: Choice): string | null {
  const own = rowOf(attacker.rows, actor)?.expires_at ?? null;
  const lifetime = attacker.rows.orgs.find(({ id }) => id === attacker.world.org)?.token_lifetime_max_ms;
  const soon = Date.now() + DAY_MS;
  const at = random.pick([own, own, own, soon, lifetime ? Date.now() + lifetime : null, own && own + DAY_MS, soon + 900 * DAY_MS]);
  return at === null ? null : new Date(at).toISOString();
}

function restrictions({ attacker, actor, random }: Choice) {
  const row = rowOf(attacker.rows, actor);
  const own = row && "networks" in row ? row : null;
  const same = (text: string | null | undefined) => (text ? JSON.parse(text) : null);
  return {
    networks: random.percent(75) ? same(own?.networks) : networks(random),
    limits: random.percent(75) ? same(own?.limits) : limits(random),
  };
}

export function newToken(choice: Choice) {
  return { name: "n", expiresAt: anEnd(choice), ...restrictions(choice), ...wire(choice, wanted(choice)) };
}

export function newLegacyToken(choice: Choice, kind: "api" | "ingest") {
  const { datasets } = wanted(choice);
  const { datasetCapabilities } = wire(choice, { org: [], views: {}, datasets });
  const permissions = kind === "ingest" ? ["CanIngest"] : choice.random.pick([["CanIngest"], ["CanQuery"], ["CanIngest", "CanQuery"]]);
  return { name: "n", scopes: Object.keys(datasetCapabilities), permissions, expiresAt: anEnd(choice) };
}
