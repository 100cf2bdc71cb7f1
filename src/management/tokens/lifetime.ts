/** The longest that an organisation lets a new token live. */
import { Problem } from "../../problem.ts";
import type { Condition } from "../change.ts";
import { type Expiry, instant } from "./expiry.ts";

/**
 * For whatever makes a token: made anew, as a successor or imported.
 * @param member that names the end, for the refusal.
 * @returns true while the organisation's maximum is still the one compared with; for the WHERE of the insert.
 * @throws Problem `body-invalid` naming the latest time for an end that is later, or for none.
 */
export async function withinLifetime(db: D1Database, org: string, expiry: Expiry, member: string, now: number): Promise<Condition> {
  const most = await db.prepare("SELECT token_lifetime_max_ms AS most FROM orgs WHERE id = ?").bind(org).first<number | null>("most");
  requireLifetime(expiry, most, member, now);
  return { sql: "EXISTS (SELECT 1 FROM orgs WHERE id = ? AND token_lifetime_max_ms IS ?)", values: [org, most] };
}

/** @param most milliseconds; null: no limit. @throws as `withinLifetime` does. */
export function requireLifetime({ at }: Expiry, most: number | null, member: string, now: number): void {
  if (most === null || (at !== null && at <= now + most)) return;
  const fault = at === null ? "is missing" : "is too late";
  throw new Problem("body-invalid", `${member} ${fault}: tokens of this organisation end ${instant(now + most)} at the latest`);
}
