/** Groups in D1. */
import { type Change, type Condition, commit, happened, newRights, type Trace } from "../change.ts";

export interface Group {
  id: string;
  name: string;
  description: string;
  /** Users' ids. */
  members: string[];
  roles: string[];
  ver: number;
}

type Row = Omit<Group, "members" | "roles"> & { members: string; roles: string };

/** Only members of the organisation count: nothing may come back with an account that was removed. */
const SELECT = `SELECT g.id, g.name, g.description, g.ver,
    (SELECT json_group_array(user_id) FROM (SELECT gm.user_id FROM group_members gm JOIN members m ON m.org = g.org AND m.user_id = gm.user_id
      WHERE gm.group_id = g.id ORDER BY gm.user_id)) AS members,
    (SELECT json_group_array(role) FROM (SELECT role FROM group_roles WHERE group_id = g.id ORDER BY role)) AS roles
  FROM groups g WHERE g.org = ?`;

export async function listGroups(db: D1Database, org: string): Promise<Group[]> {
  const { results } = await db.prepare(`${SELECT} ORDER BY g.created_at, g.id`).bind(org).all<Row>();
  return results.map(read);
}

export async function findGroup(db: D1Database, org: string, id: string): Promise<Group | null> {
  const row = await db.prepare(`${SELECT} AND g.id = ?`).bind(org, id).first<Row>();
  return row && read(row);
}

/** Those of the users that are no members of the organisation. */
export async function strangers(db: D1Database, org: string, users: readonly string[]): Promise<string[]> {
  const { results } = await db
    .prepare("SELECT value FROM json_each(?) WHERE value NOT IN (SELECT user_id FROM members WHERE org = ?)")
    .bind(JSON.stringify(users), org)
    .all<{ value: string }>();
  return results.map(({ value }) => value);
}

/** @returns false when the condition does not hold any more. */
export function insertGroup(db: D1Database, group: Group, change: Change, only: Condition): Promise<boolean> {
  const { id, name, description, ver } = group;
  const insert = db
    .prepare(`INSERT INTO groups (id, org, name, description, created_at, ver, change_id) SELECT ?, ?, ?, ?, ?, ?, ? WHERE ${only.sql}`)
    .bind(id, change.org, name, description, change.at, ver, change.id, ...only.values);
  const trace = { table: "groups", id } as const;
  return commit(db, change, [insert, ...contents(db, group, change, trace), newRights(db, change, trace)], trace);
}

/** @returns false when the group is not the one any more that was read. */
export function updateGroup(db: D1Database, group: Group, change: Change, only: Condition): Promise<boolean> {
  const { id, name, description, ver } = group;
  const update = db
    .prepare(
      `UPDATE groups SET name = ?, description = ?, ver = ver + 1, change_id = ? WHERE id = ? AND org = ? AND ver = ? AND ${only.sql}`,
    )
    .bind(name, description, change.id, id, change.org, ver, ...only.values);
  const trace = { table: "groups", id } as const;
  const statements = [update, ...emptied(db, id, change, trace), ...contents(db, group, change, trace), newRights(db, change, trace)];
  return commit(db, change, statements, trace);
}

/** @returns false when it changed meanwhile. */
export function deleteGroup(db: D1Database, { id, ver }: Group, change: Change, only: Condition): Promise<boolean> {
  const mark = db
    .prepare(`UPDATE groups SET change_id = ? WHERE id = ? AND org = ? AND ver = ? AND ${only.sql}`)
    .bind(change.id, id, change.org, ver, ...only.values);
  const trace = { table: "groups", id } as const;
  const { sql, values } = happened(trace, change);
  const remove = db.prepare(`DELETE FROM groups WHERE id = ? AND ${sql}`).bind(id, ...values);
  return commit(db, change, [mark, ...emptied(db, id, change, trace), newRights(db, change, trace)], trace, [remove]);
}

function emptied(db: D1Database, id: string, change: Change, trace: Trace): D1PreparedStatement[] {
  const { sql, values } = happened(trace, change);
  return ["group_members", "group_roles"].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE group_id = ? AND ${sql}`).bind(id, ...values),
  );
}

function contents(db: D1Database, { id, members, roles }: Group, change: Change, trace: Trace): D1PreparedStatement[] {
  const { sql, values } = happened(trace, change);
  return [
    db
      .prepare(
        `INSERT INTO group_members (group_id, user_id) SELECT ?, user_id FROM members
        WHERE org = ? AND user_id IN (SELECT value FROM json_each(?)) AND ${sql}`,
      )
      .bind(id, change.org, JSON.stringify(members), ...values),
    db
      .prepare(`INSERT INTO group_roles (group_id, role) SELECT ?, value FROM json_each(?) WHERE ${sql}`)
      .bind(id, JSON.stringify(roles), ...values),
  ];
}

function read(row: Row): Group {
  return { ...row, members: JSON.parse(row.members), roles: JSON.parse(row.roles) };
}
