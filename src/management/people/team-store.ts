/** Teams in D1. */
import { type Change, type Condition, commit, happened, newRights, type Trace } from "../change.ts";
import { TEAM_ROLES } from "./rights.ts";

export interface Person {
  id: string;
  name: string;
  email: string;
}

export interface TeamMember extends Person {
  /** May change the team's name, members and datasets. */
  owner: boolean;
}

export interface Team {
  id: string;
  name: string;
  description: string;
  members: TeamMember[];
  /** Names by id. */
  datasets: ReadonlyMap<string, string>;
  ver: number;
}

/** A member of the organisation. */
export interface Candidate extends Person {
  role: string;
}

type Row = Omit<Team, "members" | "datasets"> & { members: string; datasets: string };

/** Only members of the organisation, and datasets that were not deleted. */
const SELECT = `SELECT t.id, t.name, t.description, t.ver,
    (SELECT json_group_array(json_object('id', u.id, 'name', u.name, 'email', u.email, 'owner', tm.owner)) FROM team_members tm
      JOIN members m ON m.org = t.org AND m.user_id = tm.user_id JOIN users u ON u.id = tm.user_id WHERE tm.team_id = t.id) AS members,
    (SELECT json_group_array(json_array(d.id, d.name)) FROM team_datasets td
      JOIN datasets d ON d.id = td.dataset_id AND d.org = t.org AND d.deleted_at IS NULL WHERE td.team_id = t.id) AS datasets
  FROM teams t WHERE t.org = ?`;

/** @param member only those teams that this user is in; null: all. */
export async function listTeams(db: D1Database, org: string, member: string | null): Promise<Team[]> {
  const { results } = await db
    .prepare(
      `${SELECT} AND (? IS NULL OR EXISTS (SELECT 1 FROM team_members x WHERE x.team_id = t.id AND x.user_id = ?)) ORDER BY t.created_at, t.id`,
    )
    .bind(org, member, member)
    .all<Row>();
  return results.map(read);
}

export async function findTeam(db: D1Database, org: string, id: string): Promise<Team | null> {
  const row = await db.prepare(`${SELECT} AND t.id = ?`).bind(org, id).first<Row>();
  return row && read(row);
}

/** Members of the organisation by id or by e-mail address, which several accounts may have. */
export async function findCandidates(db: D1Database, org: string, by: "id" | "email", values: readonly string[]): Promise<Candidate[]> {
  const { results } = await db
    .prepare(
      `SELECT u.id, u.name, u.email, m.role FROM members m JOIN users u ON u.id = m.user_id
      WHERE m.org = ? AND u.${by} IN (SELECT value FROM json_each(?))`,
    )
    .bind(org, JSON.stringify(values))
    .all<Candidate>();
  return results;
}

/** Whom the team may still take, by a part of the name or e-mail address; upper and lower case are the same for ASCII letters. */
export async function searchCandidates(db: D1Database, org: string, team: string, text: string, limit: number): Promise<Candidate[]> {
  const { results } = await db
    .prepare(
      `SELECT u.id, u.name, u.email, m.role FROM members m JOIN users u ON u.id = m.user_id
      WHERE m.org = ? AND m.role IN (SELECT value FROM json_each(?)) AND u.status = 'active'
        AND (instr(lower(u.name), lower(?)) > 0 OR instr(lower(u.email), lower(?)) > 0)
        AND NOT EXISTS (SELECT 1 FROM team_members WHERE team_id = ? AND user_id = u.id)
      ORDER BY u.name, u.id LIMIT ?`,
    )
    .bind(org, JSON.stringify(TEAM_ROLES), text, text, team, limit)
    .all<Candidate>();
  return results;
}

/** @returns false when the condition does not hold any more. */
export function insertTeam(db: D1Database, team: Team, change: Change, only: Condition): Promise<boolean> {
  const { id, name, description, ver } = team;
  const insert = db
    .prepare(`INSERT INTO teams (id, org, name, description, created_at, ver, change_id) SELECT ?, ?, ?, ?, ?, ?, ? WHERE ${only.sql}`)
    .bind(id, change.org, name, description, change.at, ver, change.id, ...only.values);
  const trace = { table: "teams", id } as const;
  return commit(db, change, [insert, ...contents(db, team, change, trace), newRights(db, change, trace)], trace);
}

/** Users whose standing as leavers a change settles. */
export interface Leavers {
  /** Become one, if it was their last team. */
  bound: readonly string[];
  /** Are one no longer. */
  freed: readonly string[];
}

/** @returns false when the team is not the one any more that was read. */
export function updateTeam(db: D1Database, team: Team, { bound, freed }: Leavers, change: Change, only: Condition): Promise<boolean> {
  const { id, name, description, ver } = team;
  const trace = { table: "teams", id } as const;
  const { sql, values } = happened(trace, change);
  return commit(
    db,
    change,
    [
      db
        .prepare(
          `UPDATE teams SET name = ?, description = ?, ver = ver + 1, change_id = ? WHERE id = ? AND org = ? AND ver = ? AND ${only.sql}`,
        )
        .bind(name, description, change.id, id, change.org, ver, ...only.values),
      ...contents(db, team, change, trace),
      db
        .prepare(
          `INSERT INTO team_leavers (org, user_id, at) SELECT ?, j.value, ? FROM json_each(?) j
          WHERE ${sql} AND NOT EXISTS (SELECT 1 FROM team_members m JOIN teams t ON t.id = m.team_id WHERE t.org = ? AND m.user_id = j.value)
          ON CONFLICT DO NOTHING`,
        )
        .bind(change.org, change.at, JSON.stringify(bound), ...values, change.org),
      db
        .prepare(`DELETE FROM team_leavers WHERE org = ? AND user_id IN (SELECT value FROM json_each(?)) AND ${sql}`)
        .bind(change.org, JSON.stringify(freed), ...values),
      newRights(db, change, trace),
    ],
    trace,
  );
}

/** @returns false when it changed meanwhile. */
export function deleteTeam(db: D1Database, { id, ver }: Team, change: Change, only: Condition): Promise<boolean> {
  const trace = { table: "teams", id } as const;
  const { sql, values } = happened(trace, change);
  const mark = db
    .prepare(`UPDATE teams SET change_id = ? WHERE id = ? AND org = ? AND ver = ? AND ${only.sql}`)
    .bind(change.id, id, change.org, ver, ...only.values);
  const emptied = ["team_members", "team_datasets"].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE team_id = ? AND ${sql}`).bind(id, ...values),
  );
  const remove = db.prepare(`DELETE FROM teams WHERE id = ? AND ${sql}`).bind(id, ...values);
  return commit(db, change, [mark, ...emptied, newRights(db, change, trace)], trace, [remove]);
}

/** Makes members and datasets those of `team`. */
function contents(db: D1Database, { id, members, datasets }: Team, change: Change, trace: Trace): D1PreparedStatement[] {
  const { sql, values } = happened(trace, change);
  const people = JSON.stringify(members.map(({ id, owner }) => ({ id, owner: owner ? 1 : 0 })));
  return [
    db
      .prepare(`DELETE FROM team_members WHERE team_id = ? AND user_id NOT IN (SELECT value ->> 'id' FROM json_each(?)) AND ${sql}`)
      .bind(id, people, ...values),
    db
      .prepare(
        `INSERT INTO team_members (team_id, user_id, owner, created_at)
        SELECT ?, m.user_id, j.value ->> 'owner', ? FROM json_each(?) j JOIN members m ON m.org = ? AND m.user_id = j.value ->> 'id' WHERE ${sql}
        ON CONFLICT (team_id, user_id) DO UPDATE SET owner = excluded.owner`,
      )
      .bind(id, change.at, people, change.org, ...values),
    db.prepare(`DELETE FROM team_datasets WHERE team_id = ? AND ${sql}`).bind(id, ...values),
    db
      .prepare(`INSERT INTO team_datasets (team_id, dataset_id) SELECT ?, value FROM json_each(?) WHERE ${sql}`)
      .bind(id, JSON.stringify([...datasets.keys()]), ...values),
  ];
}

export function sorted<T extends Person>(people: readonly T[]): T[] {
  return people.toSorted((one, other) => compare(one.name, other.name) || compare(one.id, other.id));
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function read({ members, datasets, ...row }: Row): Team {
  const people: (Person & { owner: 0 | 1 })[] = JSON.parse(members);
  return {
    ...row,
    members: sorted(people.map(({ owner, ...person }) => ({ ...person, owner: owner === 1 }))),
    datasets: new Map(JSON.parse(datasets)),
  };
}
