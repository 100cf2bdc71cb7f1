/**
 * What somebody may do, as points that can be compared one by one, found out from the rows alone. Nothing here is imported from `src`.
 *
 * A point is `<org> <sort> <what> <scope>`: a capability on the organisation (`org`), on a dataset by id (`dataset`), on a view (`view`),
 * that a dataset is seen (`see`), or a role that is asked for by name (`role`). The scope `*` holds every other; `team` is what a
 * member of a team holds of the organisation and may not hand on.
 */
import { ROLES } from "../oracle.ts";
import type { Rows, TokenRow } from "./rows.ts";

export type Points = ReadonlySet<string>;

export interface Held {
  datasets: Record<string, string[]>;
  org: string[];
  views: Record<string, string[]>;
}

const VIEWS: Record<string, string[]> = {
  owner: ["query:read", "share:create", "share:read", "share:delete"],
  admin: ["query:read", "share:create", "share:read", "share:delete"],
  user: ["query:read"],
  "read-only": ["query:read"],
  none: [],
};
const SEES_DATASETS = ["datasets:read", "datasets:update", "datasets:delete"];
const APART = ["apiTokens", "auditLog", "billing", "rbac", "users"];

/** Of a built-in role. */
export function builtIn(role: string): Held | null {
  const known = VIEWS[role] && ROLES[role];
  return known ? { datasets: { "*": known.datasets }, org: known.org, views: { "*": VIEWS[role] ?? [] } } : null;
}

export function pointsOfToken({ org, capabilities }: Pick<TokenRow, "org" | "capabilities">): Points {
  return pointsOf(org, [JSON.parse(capabilities)], null);
}

/** Of whoever holds just this, and is restricted by no team. */
export function pointsOfHeld(org: string, held: Held): Points {
  return pointsOf(org, [held], null);
}

/**
 * Of a person, in all organisations that the rows are of.
 * @param by `roles`: whatever teams take away of it.
 */
export function pointsOfUser(rows: Rows, user: string, by: "roles" | "roles and teams" = "roles and teams"): Points {
  const points = new Set<string>();
  for (const { org, role } of rows.members.filter(({ user_id }) => user_id === user)) {
    const groups = rows.groups.filter(
      (group) => group.org === org && rows.group_members.some(({ group_id, user_id }) => group_id === group.id && user_id === user),
    );
    const roles = [role, ...rows.group_roles.filter(({ group_id }) => groups.some(({ id }) => id === group_id)).map((row) => row.role)];
    const held = roles.map((one) => builtIn(one) ?? customRole(rows, org, one)).filter((one) => one !== null);
    const everything = by === "roles" || role === "owner" || role === "admin";
    for (const point of pointsOf(org, held, everything ? null : seenByTeams(rows, org, user))) points.add(point);
    if (role === "owner" || role === "admin") points.add(`${org} role admin *`);
    if (role === "owner") points.add(`${org} role owner *`);
  }
  return points;
}

function customRole(rows: Rows, org: string, id: string): Held | null {
  const row = rows.roles.find((one) => one.org === org && one.id === id);
  return row ? JSON.parse(row.capabilities) : null;
}

/** Null: no team restricts the person. */
function seenByTeams(rows: Rows, org: string, user: string): string[] | null {
  const teams = rows.teams.filter(
    (team) => team.org === org && rows.team_members.some(({ team_id, user_id }) => team_id === team.id && user_id === user),
  );
  const left = rows.team_leavers.some((leaver) => leaver.org === org && leaver.user_id === user);
  if (teams.length === 0 && !left) return null;
  return rows.team_datasets.filter(({ team_id }) => teams.some(({ id }) => id === team_id)).map(({ dataset_id }) => dataset_id);
}

function pointsOf(org: string, all: readonly Held[], visible: readonly string[] | null): Points {
  const points = new Set<string>();
  const add = (sort: string, what: string, scope: string) => points.add(`${org} ${sort} ${what} ${scope}`);
  for (const held of all) {
    for (const capability of held.org) {
      const [resource = ""] = capability.split(":");
      if (visible === null || APART.includes(resource)) add("org", capability, "*");
      else add("org", capability, "team");
      if (SEES_DATASETS.includes(capability)) for (const id of visible ?? ["*"]) add("see", "it", id);
    }
    for (const [scope, capabilities] of Object.entries(held.datasets)) {
      const ids = visible === null ? [scope] : visible.filter((id) => scope === "*" || scope === id);
      for (const id of ids)
        for (const capability of capabilities) {
          add("dataset", capability, id);
          add("see", "it", id);
        }
    }
    if (visible === null)
      for (const [scope, capabilities] of Object.entries(held.views)) for (const capability of capabilities) add("view", capability, scope);
  }
  return points;
}

function covers(points: Points, point: string): boolean {
  return points.has(point) || points.has(point.replace(/\S+$/, "*"));
}

/** The points of `held` that are not of `bound`. */
export function beyond(bound: Points, held: Points): string[] {
  return [...held].filter((point) => !covers(bound, point));
}

/** Bits that an address has, from the first on, and how many of them a network fixes. */
function bitsOf(network: string): { family: 4 | 6; bits: string } {
  const [address = "", prefix] = network.split("/");
  if (!address.includes(":")) {
    const bits = address.split(".").map((byte) => Number(byte).toString(2).padStart(8, "0"));
    return { family: 4, bits: bits.join("").slice(0, Number(prefix ?? 32)) };
  }
  const [head = "", tail = ""] = address.split("::");
  const words = (text: string) => text.split(":").filter(Boolean);
  const zeros = Array<string>(8 - words(head).length - words(tail).length).fill("0");
  const bits = [...words(head), ...zeros, ...words(tail)].map((word) => Number.parseInt(word, 16).toString(2).padStart(16, "0"));
  return { family: 6, bits: bits.join("").slice(0, Number(prefix ?? 128)) };
}

/** Whether each of the networks lies in one of `outer`; null is any. */
export function networksWithin(outer: readonly string[] | null, inner: readonly string[] | null): boolean {
  if (outer === null) return true;
  return (
    inner?.every((one) => {
      const wanted = bitsOf(one);
      return outer.some((other) => bitsOf(other).family === wanted.family && wanted.bits.startsWith(bitsOf(other).bits));
    }) ?? false
  );
}

export function limitsWithin(outer: Record<string, number> | null, inner: Record<string, number> | null): boolean {
  return Object.entries(outer ?? {}).every(([name, most]) => (inner?.[name] ?? Number.POSITIVE_INFINITY) <= most);
}

export function endsWithin(outer: number | null, inner: number | null): boolean {
  return outer === null || (inner !== null && inner <= outer);
}
