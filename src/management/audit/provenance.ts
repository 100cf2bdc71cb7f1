/** Who made an object and who changed it last, by which credential. */
interface Row {
  createdAt: number | null;
  createdBy: string | null;
  changedAt: number;
  changedBy: string;
}

/** Null: nothing is known of it. Also of what was deleted. */
export async function provenanceOf(db: D1Database, org: string, kind: string, target: string) {
  const row = await db
    .prepare(
      `SELECT created_at AS createdAt, created_by AS createdBy, changed_at AS changedAt, changed_by AS changedBy
      FROM provenance WHERE org = ? AND kind = ? AND target = ?`,
    )
    .bind(org, kind, target)
    .first<Row>();
  if (!row) return null;
  const { createdAt, createdBy, changedAt, changedBy } = row;
  return {
    kind,
    target,
    created: createdAt === null ? null : { at: new Date(createdAt).toISOString(), ...JSON.parse(createdBy ?? "{}") },
    changed: { at: new Date(changedAt).toISOString(), ...JSON.parse(changedBy) },
  };
}
