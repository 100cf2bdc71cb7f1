/** Virtual fields in D1. Those of a deleted dataset are found nowhere, and go with it. */
import type { VirtualField } from "../../access/dataset-settings.ts";
import { type Change, type Condition, commit, happened } from "../change.ts";

export interface KeptVirtualField extends VirtualField {
  id: string;
  datasetId: string;
  /** The dataset's name. */
  dataset: string;
  description: string;
  type: string;
  unit: string;
  /** The change that last wrote it. */
  changeId: string;
}

/** Per dataset. Each is computed for every event of a query that names it. */
export const VIRTUAL_FIELDS_MAX = 200;

const SELECT = `SELECT f.id, f.dataset_id AS datasetId, d.name AS dataset, f.name, f.expression, f.description, f.type, f.unit,
    f.change_id AS changeId
  FROM virtual_fields f JOIN datasets d ON d.id = f.dataset_id WHERE d.org = ? AND d.deleted_at IS NULL`;

/** @param datasetId null: of all datasets. */
export async function listVirtualFields(db: D1Database, org: string, datasetId: string | null): Promise<KeptVirtualField[]> {
  const { results } = await db
    .prepare(`${SELECT} AND (? IS NULL OR f.dataset_id = ?) ORDER BY d.name, f.name`)
    .bind(org, datasetId, datasetId)
    .all<KeptVirtualField>();
  return results;
}

export function findVirtualField(db: D1Database, org: string, id: string): Promise<KeptVirtualField | null> {
  return db.prepare(`${SELECT} AND f.id = ?`).bind(org, id).first<KeptVirtualField>();
}

/** What a query of the dataset has to know. */
export async function expressionsOf(db: D1Database, datasetId: string): Promise<VirtualField[]> {
  const { results } = await db
    .prepare("SELECT name, expression FROM virtual_fields WHERE dataset_id = ? ORDER BY name")
    .bind(datasetId)
    .all<VirtualField>();
  return results;
}

/** @returns false when the name is taken, there is no more room, or the dataset is gone. */
export function insertVirtualField(db: D1Database, field: KeptVirtualField, change: Change): Promise<boolean> {
  const { id, datasetId, name, expression, description, type, unit } = field;
  const free = nameFree(field);
  const insert = db
    .prepare(
      `INSERT INTO virtual_fields (id, dataset_id, name, expression, description, type, unit, change_id) SELECT ?, ?, ?, ?, ?, ?, ?, ?
      WHERE ${free.sql} AND (SELECT count(*) FROM virtual_fields WHERE dataset_id = ?) < ?
        AND EXISTS (SELECT 1 FROM datasets WHERE id = ? AND deleted_at IS NULL)`,
    )
    .bind(id, datasetId, name, expression, description, type, unit, change.id, ...free.values, datasetId, VIRTUAL_FIELDS_MAX, datasetId);
  return commit(db, change, [insert], { table: "virtual_fields", id });
}

/** @param field with the change that it was read with. @returns false when it is not that one any more, or the name is taken. */
export function updateVirtualField(db: D1Database, field: KeptVirtualField, change: Change): Promise<boolean> {
  const { id, name, expression, description, type, unit, changeId } = field;
  const free = nameFree(field);
  const update = db
    .prepare(
      `UPDATE virtual_fields SET name = ?, expression = ?, description = ?, type = ?, unit = ?, change_id = ?
      WHERE id = ? AND change_id = ? AND ${free.sql}`,
    )
    .bind(name, expression, description, type, unit, change.id, id, changeId, ...free.values);
  return commit(db, change, [update], { table: "virtual_fields", id });
}

/** @returns false when it is gone already. */
export function deleteVirtualField(db: D1Database, id: string, change: Change): Promise<boolean> {
  const mark = db.prepare("UPDATE virtual_fields SET change_id = ? WHERE id = ?").bind(change.id, id);
  const trace = { table: "virtual_fields", id } as const;
  const { sql, values } = happened(trace, change);
  return commit(db, change, [mark], trace, [db.prepare(`DELETE FROM virtual_fields WHERE id = ? AND ${sql}`).bind(id, ...values)]);
}

function nameFree({ id, datasetId, name }: KeptVirtualField): Condition {
  return {
    sql: "NOT EXISTS (SELECT 1 FROM virtual_fields WHERE dataset_id = ? AND name = ? AND id <> ?)",
    values: [datasetId, name, id],
  };
}
