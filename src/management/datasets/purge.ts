/** What the regions' crons have to look after, and what they have done, in D1. */
import { randomUUID } from "node:crypto";
import type { Chore, Removed } from "../../access/chore.ts";
import type { Actor } from "../caller.ts";
import { type Change, commit } from "../change.ts";

export const CHORES_PER_PAGE = 500;
/**
 * For how long after its deletion something may still be stored under a dataset's id: an edge may not know yet, and a segment may be
 * on its way to the bucket. What was purged earlier is purged once more.
 */
export const SETTLED_AFTER_MS = 600_000;
const DAY_MS = 86_400_000;

const SYSTEM: Actor = { kind: "system", id: "headgate", name: "Headgate" };
const TO_PURGE = `deleted_at IS NOT NULL AND (purged_at IS NULL OR purged_at < deleted_at + ${SETTLED_AFTER_MS})`;

interface Row {
  id: string;
  org: string;
  name: string;
  deletedAt: number | null;
  keepDays: number | null;
}

/** A page of the region's live datasets and of the deleted ones that are not purged, by id, after `after`; null: the first. */
export async function choresOf(db: D1Database, region: string, after: string | null): Promise<Chore[]> {
  const { results } = await db
    .prepare(
      `SELECT id, org, name, deleted_at AS deletedAt, CASE use_retention_period WHEN 1 THEN retention_days END AS keepDays
      FROM datasets WHERE region = ? AND id > ? AND (deleted_at IS NULL OR ${TO_PURGE}) ORDER BY id LIMIT ?`,
    )
    .bind(region, after ?? "", CHORES_PER_PAGE)
    .all<Row>();
  return results.map(({ id, org, name, deletedAt, keepDays }) => ({
    destination: { org, dataset: name, datasetId: id, region },
    deleted: deletedAt !== null,
    keepMs: keepDays === null ? null : keepDays * DAY_MS,
  }));
}

/**
 * Notes that nothing of a deleted dataset is stored any more. A purge that is repeated and finds nothing leaves no second entry in
 * the audit log. Does nothing for a dataset that is live or has been purged for good.
 */
export async function notePurge(db: D1Database, datasetId: string, { objects, bytes }: Omit<Removed, "done">, now: number): Promise<void> {
  const dataset = await db
    .prepare(`SELECT org, name, purged_at AS purgedAt FROM datasets WHERE id = ? AND ${TO_PURGE}`)
    .bind(datasetId)
    .first<{ org: string; name: string; purgedAt: number | null }>();
  if (!dataset) return;
  const { org, name, purgedAt } = dataset;
  const id = randomUUID().replaceAll("-", "");
  const detail = { id: datasetId, objects, bytes };
  const change: Change = { id, at: now, org, actor: SYSTEM, action: "dataset.purge", target: name, detail, origin: null };
  const noted = db.prepare(`UPDATE datasets SET purged_at = ?, change_id = ? WHERE id = ? AND ${TO_PURGE}`).bind(now, change.id, datasetId);
  if (purgedAt !== null && objects === 0) await noted.run();
  else await commit(db, change, [noted], { table: "datasets", id: datasetId });
}
