/** Organisations that are made, in D1. */
import { randomInt } from "node:crypto";
import type { Change, Condition } from "./change.ts";

const SLUG_LENGTH_MAX = 40;

export interface NewOrganisation {
  id: string;
  name: string;
  defaultRegion: string;
}

/** The id can be read aloud, and nobody can foresee it. */
export function newOrganisation(name: string, defaultRegion: string): NewOrganisation {
  return { id: `${slugOf(name)}-${randomText(4)}`, name, defaultRegion };
}

/** The statement that makes an organisation, if the condition holds when it is committed. */
export function insertOrganisation(db: D1Database, org: NewOrganisation, change: Change, only: Condition): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO orgs (id, name, status, default_region, created_at, updated_at, ver, change_id)
      SELECT ?, ?, 'active', ?, ?, ?, 1, ? WHERE ${only.sql}`,
    )
    .bind(org.id, org.name, org.defaultRegion, change.at, change.at, change.id, ...only.values);
}

function slugOf(name: string): string {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, SLUG_LENGTH_MAX)
    .replace(/^-+|-+$/g, "");
  return slug || "org";
}

function randomText(length: number): string {
  return Array.from({ length }, () => randomInt(36).toString(36)).join("");
}
