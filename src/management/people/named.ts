/** What roles, groups and teams have in common: an id, a name that no other of their kind has in the organisation, a version. */
import { Problem } from "../../problem.ts";

/** Per organisation and kind. */
export const NAMED_MAX = 1_000;

type Kind = "role" | "group" | "team";

const PLACES: Record<Kind, string> = { role: "/v2/rbac/roles", group: "/v2/rbac/groups", team: "/v2/teams" };

/**
 * Whether one more of the name may be made. What is read here still holds at commit time if `asJudged` was read before it, as every
 * change of these tables raises the organisation's `rights`.
 * @throws Problem `entity-exists`, `conflict`.
 */
export async function requireRoom(db: D1Database, kind: Kind, org: string, name: string): Promise<void> {
  await requireFreeName(db, kind, org, name, null);
  const there = (await db.prepare(`SELECT count(*) AS n FROM ${kind}s WHERE org = ?`).bind(org).first<number>("n")) ?? 0;
  if (there >= NAMED_MAX) throw new Problem("conflict", `the organisation has ${there} ${kind}s, the most there may be; delete one first`);
}

/** @param id of the one that is to have the name; null: a new one. */
export async function requireFreeName(db: D1Database, kind: Kind, org: string, name: string, id: string | null): Promise<void> {
  const other = await db.prepare(`SELECT 1 FROM ${kind}s WHERE org = ? AND name = ? AND id IS NOT ?`).bind(org, name, id).first();
  if (other) throw nameTaken(kind, name);
}

export function nameTaken(kind: Kind, name: string): Problem {
  return new Problem("entity-exists", `entity exists: there is a ${kind} ${JSON.stringify(name)} already; choose another name`);
}

/** Nothing tells one that the caller may not see from one that does not exist. */
export function unknown(kind: Kind, id: string): Problem {
  return new Problem("resource-unknown", `${kind} not found: ${id}; GET ${PLACES[kind]} lists those there are`);
}

export function changedMeanwhile(kind: Kind, name: string): Problem {
  return new Problem("conflict", `the ${kind} ${name}, or what you may do, changed at the same moment; get the ${kind} and decide anew`);
}

/** What an update is about, for the audit log: of lists only what was added or taken away. */
export function differences<T extends Record<string, string | string[]>>(before: T, after: T): { before: Partial<T>; after: Partial<T> } {
  return { before: onlyIn(before, after), after: onlyIn(after, before) };
}

function onlyIn<T extends Record<string, string | string[]>>(one: T, other: T): Partial<T> {
  const members = Object.entries(one).map(([member, value]) => {
    const beside = other[member];
    return [member, Array.isArray(value) ? value.filter((element) => !beside?.includes(element)) : value === beside ? [] : value] as const;
  });
  return Object.fromEntries(members.filter(([, value]) => typeof value === "string" || value.length > 0)) as Partial<T>;
}
