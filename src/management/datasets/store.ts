/** Datasets in D1. */
import { Problem } from "../../problem.ts";
import { type Caller, maySee, mayWrite } from "../caller.ts";
import { type Change, commit, happened } from "../change.ts";
import type { RegionSettings } from "../env.ts";

/** Per organisation: an edge holds the names of all of them in memory. */
export const DATASETS_MAX = 2_000;

export interface Dataset {
  id: string;
  org: string;
  name: string;
  description: string;
  kind: string;
  region: string;
  retentionDays: number;
  useRetentionPeriod: 0 | 1;
  /** JSON array of names; null: none. */
  mapFields: string | null;
  who: string;
  /** Epoch milliseconds. */
  createdAt: number;
  updatedAt: number;
  /** The change that last wrote it. */
  changeId: string;
}

const COLUMNS = `id, org, name, description, kind, region, retention_days AS retentionDays, use_retention_period AS useRetentionPeriod,
  settings -> '$.mapFields' AS mapFields, who, created_at AS createdAt, updated_at AS updatedAt, change_id AS changeId`;

export async function listDatasets(db: D1Database, org: string): Promise<Dataset[]> {
  const { results } = await db
    .prepare(`SELECT ${COLUMNS} FROM datasets WHERE org = ? AND deleted_at IS NULL ORDER BY name`)
    .bind(org)
    .all<Dataset>();
  return results;
}

export async function findDataset(db: D1Database, org: string, name: string): Promise<Dataset | null> {
  return db.prepare(`SELECT ${COLUMNS} FROM datasets WHERE org = ? AND name = ? AND deleted_at IS NULL`).bind(org, name).first<Dataset>();
}

/**
 * @param seen whether the caller may know of it; without, the answer is the same as for one that does not exist.
 * @throws Problem `dataset-unknown`, in words that @axiomhq/js looks for.
 */
export async function getDataset(db: D1Database, org: string, name: string, seen: (dataset: Dataset) => boolean): Promise<Dataset> {
  const dataset = await findDataset(db, org, name);
  if (!dataset || !seen(dataset)) throw unknownDataset(name);
  return dataset;
}

export function unknownDataset(name: string): Problem {
  return new Problem("dataset-unknown", `dataset not found: ${name}; GET /v2/datasets lists those there are`);
}

/** Dataset ids by name. */
export async function datasetIds(db: D1Database, org: string): Promise<Map<string, string>> {
  const { results } = await db
    .prepare("SELECT id, name FROM datasets WHERE org = ? AND deleted_at IS NULL")
    .bind(org)
    .all<{ id: string; name: string }>();
  return new Map(results.map(({ id, name }) => [name, id]));
}

/** Ids by name of the datasets that the caller may know of. */
export async function seenDatasetIds(db: D1Database, caller: Caller): Promise<Map<string, string>> {
  return new Map([...(await datasetIds(db, caller.org))].filter(([, id]) => maySee(caller, id)));
}

/** @returns false when the name is taken, also by a request of the same moment. */
export function insertDataset(db: D1Database, dataset: Dataset, change: Change): Promise<boolean> {
  const { id, org, name, description, kind, region, retentionDays, useRetentionPeriod, who, createdAt, updatedAt } = dataset;
  const insert = db
    .prepare(
      `INSERT INTO datasets (id, org, name, description, kind, region, retention_days, use_retention_period, who, created_at,
        updated_at, change_id)
      SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
      WHERE NOT EXISTS (SELECT 1 FROM datasets WHERE org = ? AND name = ? AND deleted_at IS NULL)`,
    )
    .bind(id, org, name, description, kind, region, retentionDays, useRetentionPeriod, who, createdAt, updatedAt, change.id, org, name);
  return commit(db, change, [insert, newMap(db, id, change)], { table: "datasets", id });
}

/**
 * The organisation's document stays as it is: it holds nothing of what changes here.
 * @returns false when the dataset is not the one any more that was read.
 */
export function updateDataset(db: D1Database, dataset: Dataset, change: Change): Promise<boolean> {
  const { id, description, retentionDays, useRetentionPeriod, updatedAt } = dataset;
  const update = db
    .prepare(
      `UPDATE datasets SET description = ?, retention_days = ?, use_retention_period = ?, updated_at = ?, change_id = ?
      WHERE id = ? AND change_id = ? AND deleted_at IS NULL`,
    )
    .bind(description, retentionDays, useRetentionPeriod, updatedAt, change.id, id, dataset.changeId);
  return commit(db, change, [update], { table: "datasets", id });
}

/** Marks a dataset as what a change was about that writes nothing else of it. @returns false when it was deleted meanwhile. */
export function touchDataset(db: D1Database, id: string, change: Change): Promise<boolean> {
  const touch = db.prepare("UPDATE datasets SET change_id = ? WHERE id = ? AND deleted_at IS NULL").bind(change.id, id);
  return commit(db, change, [touch], { table: "datasets", id });
}

/** Leaves a row without a claim on the name. @returns false when it was deleted meanwhile. */
export function deleteDataset(db: D1Database, id: string, change: Change): Promise<boolean> {
  const remove = db
    .prepare("UPDATE datasets SET deleted_at = ?, change_id = ? WHERE id = ? AND deleted_at IS NULL")
    .bind(change.at, change.id, id);
  const { sql, values } = happened({ table: "datasets", id }, change);
  const words = ["fields", "virtual_fields"].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE dataset_id = ? AND ${sql}`).bind(id, ...values),
  );
  return commit(db, change, [remove, newMap(db, id, change), ...words], { table: "datasets", id });
}

/** The organisation's document is another one now. */
export function newMap(db: D1Database, id: string, change: Change): D1PreparedStatement {
  const { sql, values } = happened({ table: "datasets", id }, change);
  return db.prepare(`UPDATE orgs SET ver = ver + 1, change_id = ? WHERE id = ? AND ${sql}`).bind(change.id, change.org, ...values);
}

/**
 * A dataset as Axiom's clients read it. Its `id` is its name: Terraform insists on it. axiom-go refuses members it does not know.
 */
export function viewDataset(dataset: Dataset, caller: Caller, regions: ReadonlyMap<string, RegionSettings>) {
  return {
    id: dataset.name,
    name: dataset.name,
    description: dataset.description,
    created: new Date(dataset.createdAt).toISOString(),
    updatedAt: new Date(dataset.updatedAt).toISOString(),
    who: dataset.who,
    kind: dataset.kind,
    canWrite: mayWrite(caller, dataset.id),
    edgeDeployment: dataset.region,
    edgeDeploymentUrl: regions.get(dataset.region)?.url ?? "",
    mapFields: JSON.parse(dataset.mapFields ?? "[]") as string[],
    retentionDays: dataset.retentionDays,
    useRetentionPeriod: dataset.useRetentionPeriod === 1,
    sharedByOrg: "",
  };
}
