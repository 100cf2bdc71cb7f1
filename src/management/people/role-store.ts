/** Custom roles in D1, and who holds which role. */
import type { Capabilities } from "../capabilities.ts";
import { type Change, type Condition, commit, happened, newRights } from "../change.ts";

export interface CustomRole {
  id: string;
  name: string;
  description: string;
  capabilities: Capabilities;
  ver: number;
}

type Row = Omit<CustomRole, "capabilities"> & { capabilities: string };

const COLUMNS = "id, name, description, capabilities, ver";

export async function listRoles(db: D1Database, org: string): Promise<CustomRole[]> {
  const { results } = await db.prepare(`SELECT ${COLUMNS} FROM roles WHERE org = ? ORDER BY created_at, id`).bind(org).all<Row>();
  return results.map(read);
}

export async function findRole(db: D1Database, org: string, id: string): Promise<CustomRole | null> {
  const row = await db.prepare(`SELECT ${COLUMNS} FROM roles WHERE org = ? AND id = ?`).bind(org, id).first<Row>();
  return row && read(row);
}

/** Users' ids by role. */
export async function holders(db: D1Database, org: string): Promise<Map<string, string[]>> {
  const { results } = await db
    .prepare(
      "SELECT role, json_group_array(user_id) AS users FROM (SELECT role, user_id FROM members WHERE org = ? ORDER BY user_id) GROUP BY role",
    )
    .bind(org)
    .all<{ role: string; users: string }>();
  return new Map(results.map(({ role, users }) => [role, JSON.parse(users)]));
}

/** How many members and groups hold a role. */
export async function countHolders(db: D1Database, org: string, id: string): Promise<{ members: number; groups: number }> {
  const row = await db
    .prepare(
      `SELECT (SELECT count(*) FROM members WHERE org = ? AND role = ?) AS members,
        (SELECT count(*) FROM group_roles r JOIN groups g ON g.id = r.group_id WHERE g.org = ? AND r.role = ?) AS groups`,
    )
    .bind(org, id, org, id)
    .first<{ members: number; groups: number }>();
  return row ?? { members: 0, groups: 0 };
}

/** @returns false when the condition does not hold any more. */
export function insertRole(db: D1Database, role: CustomRole, change: Change, only: Condition): Promise<boolean> {
  const { id, name, description, capabilities, ver } = role;
  const insert = db
    .prepare(
      `INSERT INTO roles (id, org, name, description, capabilities, created_at, ver, change_id)
      SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE ${only.sql}`,
    )
    .bind(id, change.org, name, description, JSON.stringify(capabilities), change.at, ver, change.id, ...only.values);
  return commit(db, change, [insert, newRights(db, change, { table: "roles", id })], { table: "roles", id });
}

/** @returns false when the role is not the one any more that was read. */
export function updateRole(db: D1Database, role: CustomRole, change: Change, only: Condition): Promise<boolean> {
  const { id, name, description, capabilities, ver } = role;
  const update = db
    .prepare(
      `UPDATE roles SET name = ?, description = ?, capabilities = ?, ver = ver + 1, change_id = ?
      WHERE id = ? AND org = ? AND ver = ? AND ${only.sql}`,
    )
    .bind(name, description, JSON.stringify(capabilities), change.id, id, change.org, ver, ...only.values);
  return commit(db, change, [update, newRights(db, change, { table: "roles", id })], { table: "roles", id });
}

/** @returns false when it changed meanwhile, or somebody holds it. */
export function deleteRole(db: D1Database, { id, ver }: CustomRole, change: Change, only: Condition): Promise<boolean> {
  const trace = { table: "roles", id } as const;
  const mark = db
    .prepare(
      `UPDATE roles SET change_id = ? WHERE id = ? AND org = ? AND ver = ? AND ${only.sql}
        AND NOT EXISTS (SELECT 1 FROM members WHERE org = ? AND role = ?) AND NOT EXISTS (SELECT 1 FROM group_roles WHERE role = ?)`,
    )
    .bind(change.id, id, change.org, ver, ...only.values, change.org, id, id);
  const { sql, values } = happened(trace, change);
  const remove = db.prepare(`DELETE FROM roles WHERE id = ? AND ${sql}`).bind(id, ...values);
  return commit(db, change, [mark, newRights(db, change, trace)], trace, [remove]);
}

function read(row: Row): CustomRole {
  return { ...row, capabilities: JSON.parse(row.capabilities) };
}
