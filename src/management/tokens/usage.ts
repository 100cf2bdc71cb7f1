/** How much tokens are used, by day, as the regions report it. */
import { USES_PER_REPORT_MAX, type Use } from "../../access/use.ts";

const DAY_MS = 86_400_000;
const DAYS_KEPT = 400;
/** A later use is written only if it is so much later. With the minute that a region may wait, "last used" is at most 5 minutes late. */
const LAST_USED_RESOLUTION_MS = 240_000;

export interface DayOfUse {
  /** UTC, YYYY-MM-DD. */
  day: string;
  /** The refused ones included. */
  requests: number;
  /** Of bodies, as sent. */
  bytes: number;
  refused: number;
}

/**
 * Adds a region's report, in one batch, and drops days that are too old. A token that was revoked keeps its "last used".
 * @throws Error for more than USES_PER_REPORT_MAX, and what the database throws; nothing is added then.
 */
export async function addUses(db: D1Database, uses: readonly Use[], now: number): Promise<void> {
  if (uses.length > USES_PER_REPORT_MAX) throw new Error(`a report holds at most ${USES_PER_REPORT_MAX} uses`);
  if (uses.length === 0) return;
  const reported = JSON.stringify(uses);
  await db.batch([
    db
      .prepare(
        `INSERT INTO token_usage (token, day, requests, bytes, refused)
        SELECT tokens.id, value ->> 'day', value ->> 'requests', value ->> 'bytes', value ->> 'refused'
        FROM json_each(?) JOIN tokens ON tokens.id = value ->> 'tokenId' AND tokens.org = value ->> 'org' WHERE true
        ON CONFLICT (token, day) DO UPDATE SET
          requests = requests + excluded.requests, bytes = bytes + excluded.bytes, refused = refused + excluded.refused`,
      )
      .bind(reported),
    db
      .prepare(
        `UPDATE tokens SET last_used_at = used.at
        FROM (SELECT value ->> 'tokenId' AS id, max(value ->> 'lastUsedAt') AS at FROM json_each(?) GROUP BY 1) AS used
        WHERE tokens.id = used.id AND status = 'active' AND used.at IS NOT NULL
          AND (last_used_at IS NULL OR last_used_at + ${LAST_USED_RESOLUTION_MS} <= used.at)`,
      )
      .bind(reported),
    db.prepare("DELETE FROM token_usage WHERE day < ?").bind(dayOf(now - DAYS_KEPT * DAY_MS)),
  ]);
}

/** A token's days from `sinceDay` (YYYY-MM-DD, UTC) on, oldest first; days without use are left out. Does not check whose token it is. */
export async function usageOf(db: D1Database, token: string, sinceDay: string): Promise<DayOfUse[]> {
  const { results } = await db
    .prepare("SELECT day, requests, bytes, refused FROM token_usage WHERE token = ? AND day >= ? ORDER BY day")
    .bind(token, sinceDay)
    .all<DayOfUse>();
  return results;
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
