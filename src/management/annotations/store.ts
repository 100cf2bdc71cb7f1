/** Annotations in D1. */
import { type Change, commit, happened } from "../change.ts";

export interface Annotation {
  id: string;
  /** Ids; of datasets that are gone, too. */
  datasets: string[];
  type: string;
  title: string;
  description: string;
  url: string;
  /** Epoch milliseconds, and as it is answered. */
  beginsAt: number;
  begins: string;
  endsAt: number | null;
  ends: string | null;
  /** The change that last wrote it. */
  changeId: string;
}

type Row = Omit<Annotation, "datasets"> & { datasets: string };

/** Per organisation. */
export const ANNOTATIONS_MAX = 10_000;
/** In one answer. */
export const ANNOTATIONS_PER_LIST_MAX = 1_000;

const SELECT = `SELECT id, dataset_ids AS datasets, type, title, description, url, begins_at AS beginsAt, begins, ends_at AS endsAt, ends,
  change_id AS changeId FROM annotations WHERE org = ?`;

export interface Wanted {
  /** Ids, of which an annotation has one at least; null: it may have any. */
  datasets: readonly string[] | null;
  /** Epoch milliseconds: what ended before or began after is not wanted. */
  from: number | null;
  until: number | null;
}

/** Newest first. */
export async function listAnnotations(db: D1Database, org: string, { datasets, from, until }: Wanted): Promise<Annotation[]> {
  const { results } = await db
    .prepare(
      `${SELECT} AND (?2 IS NULL OR coalesce(ends_at, begins_at) >= ?2) AND (?3 IS NULL OR begins_at <= ?3)
        AND (?4 IS NULL OR EXISTS (SELECT 1 FROM json_each(dataset_ids) one WHERE one.value IN (SELECT value FROM json_each(?4))))
      ORDER BY begins_at DESC, id LIMIT ?5`,
    )
    .bind(org, from, until, datasets && JSON.stringify(datasets), ANNOTATIONS_PER_LIST_MAX)
    .all<Row>();
  return results.map(read);
}

export async function findAnnotation(db: D1Database, org: string, id: string): Promise<Annotation | null> {
  const row = await db.prepare(`${SELECT} AND id = ?`).bind(org, id).first<Row>();
  return row && read(row);
}

/** @returns false when there is no more room. */
export function insertAnnotation(db: D1Database, annotation: Annotation, change: Change): Promise<boolean> {
  const { id } = annotation;
  const insert = db
    .prepare(
      `INSERT INTO annotations (id, org, dataset_ids, type, title, description, url, begins_at, begins, ends_at, ends, change_id)
      SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM annotations WHERE org = ?) < ?`,
    )
    .bind(id, change.org, ...columns(annotation), change.id, change.org, ANNOTATIONS_MAX);
  return commit(db, change, [insert], { table: "annotations", id });
}

/** @param annotation with the change that it was read with. @returns false when it is not that one any more. */
export function updateAnnotation(db: D1Database, annotation: Annotation, change: Change): Promise<boolean> {
  const { id, changeId } = annotation;
  const update = db
    .prepare(
      `UPDATE annotations SET dataset_ids = ?, type = ?, title = ?, description = ?, url = ?, begins_at = ?, begins = ?, ends_at = ?, ends = ?,
        change_id = ? WHERE id = ? AND change_id = ?`,
    )
    .bind(...columns(annotation), change.id, id, changeId);
  return commit(db, change, [update], { table: "annotations", id });
}

/** @returns false when it is not the one any more that was read. */
export function deleteAnnotation(db: D1Database, { id, changeId }: Annotation, change: Change): Promise<boolean> {
  const mark = db.prepare("UPDATE annotations SET change_id = ? WHERE id = ? AND change_id = ?").bind(change.id, id, changeId);
  const trace = { table: "annotations", id } as const;
  const { sql, values } = happened(trace, change);
  return commit(db, change, [mark], trace, [db.prepare(`DELETE FROM annotations WHERE id = ? AND ${sql}`).bind(id, ...values)]);
}

function columns({ datasets, type, title, description, url, beginsAt, begins, endsAt, ends }: Annotation): (string | number | null)[] {
  return [JSON.stringify(datasets), type, title, description, url, beginsAt, begins, endsAt, ends];
}

function read(row: Row): Annotation {
  return { ...row, datasets: JSON.parse(row.datasets) as string[] };
}
