/** Settings of datasets in D1. A dataset whose settings were never changed has none there. */
import { type DatasetSettings, type Dedupe, defaultSettings } from "../../access/dataset-settings.ts";
import type { DatasetEntry } from "../../access/permission-set.ts";
import { Problem } from "../../problem.ts";
import { type Change, commit } from "../change.ts";
import { type Dataset, newMap } from "./store.ts";

/** Virtual fields are kept apart, one by one. */
export interface KeptSettings extends Omit<DatasetSettings, "virtualFields"> {
  /** The first slot that no sink of this dataset has had. */
  nextSlot: number;
}

/** Null: there is no such dataset, or it is deleted. Secrets of sinks are sealed. */
export async function findSettings(db: D1Database, datasetId: string): Promise<KeptSettings | null> {
  const row = await db
    .prepare("SELECT settings FROM datasets WHERE id = ? AND deleted_at IS NULL")
    .bind(datasetId)
    .first<{ settings: string | null }>();
  if (!row) return null;
  const { virtualFields: _, ...usual } = defaultSettings();
  return { ...usual, nextSlot: 0, ...(row.settings ? (JSON.parse(row.settings) as KeptSettings) : {}) };
}

/** @throws Problem `dataset-unknown` for one that was deleted since it was read. */
export async function getSettings(db: D1Database, { id, name }: Pick<Dataset, "id" | "name">): Promise<KeptSettings> {
  const found = await findSettings(db, id);
  if (!found) throw new Problem("dataset-unknown", `dataset not found: ${name} was deleted meanwhile`);
  return found;
}

/**
 * @param known the dataset as it was read before its settings were.
 * @param publish whether the edges are to know.
 * @returns false when the dataset or its settings are not those any more that were read.
 */
export function updateSettings(db: D1Database, known: Dataset, settings: KeptSettings, publish: boolean, change: Change): Promise<boolean> {
  const update = db
    .prepare("UPDATE datasets SET settings = ?, updated_at = ?, change_id = ? WHERE id = ? AND change_id = ? AND deleted_at IS NULL")
    .bind(JSON.stringify(settings), change.at, change.id, known.id, known.changeId);
  const statements = publish ? [update, newMap(db, known.id, change)] : [update];
  return commit(db, change, statements, { table: "datasets", id: known.id });
}

export interface PublishedRow {
  dedupe: Dedupe | null;
  quarantineEnabled: 0 | 1 | null;
  quarantineBytes: number | null;
}

/** Columns of what the edges know: the whole of it would be megabytes where there are many sinks. */
export const PUBLISHED_SETTINGS = `settings ->> '$.dedupe' AS dedupe, settings ->> '$.quarantine.enabled' AS quarantineEnabled,
  settings ->> '$.quarantine.bytesPerDayMax' AS quarantineBytes`;

/** What is not the default. */
export function publishedSettings({
  dedupe,
  quarantineEnabled,
  quarantineBytes,
}: PublishedRow): Pick<DatasetEntry, "dedupe" | "quarantine"> {
  const usual = bytesPerDay(defaultSettings());
  const quarantine = quarantineEnabled === null ? usual : quarantineEnabled * (quarantineBytes ?? 0);
  return {
    ...(dedupe === null || dedupe === "content" ? {} : { dedupe }),
    ...(quarantine === usual ? {} : { quarantine }),
  };
}

/** Whether two settings look different to the edges. */
export function differsAtEdges(one: KeptSettings, other: KeptSettings): boolean {
  return one.dedupe !== other.dedupe || bytesPerDay(one) !== bytesPerDay(other);
}

function bytesPerDay({ quarantine: { enabled, bytesPerDayMax } }: Pick<DatasetSettings, "quarantine">): number {
  return enabled ? bytesPerDayMax : 0;
}
