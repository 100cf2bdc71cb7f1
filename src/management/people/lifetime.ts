/** How long a token may live where an organisation has set a longest life. */
import { Problem } from "../../problem.ts";
import type { Expiry } from "../tokens/expiry.ts";

/** The shortest of the user's organisations', since a personal token acts in all of them. Milliseconds; null: none of them says. */
export async function lifetimeMaxOfUser(db: D1Database, user: string): Promise<number | null> {
  return db
    .prepare("SELECT min(o.token_lifetime_max_ms) AS most FROM members m JOIN orgs o ON o.id = m.org WHERE m.user_id = ?")
    .bind(user)
    .first<number>("most");
}

export async function lifetimeMaxOf(db: D1Database, org: string): Promise<number | null> {
  return db.prepare("SELECT token_lifetime_max_ms AS most FROM orgs WHERE id = ?").bind(org).first<number>("most");
}

/** @throws Problem `body-invalid` naming the latest end there may be. */
export function requireLifetime({ at }: Expiry, most: number | null, now: number): void {
  if (most === null || (at !== null && at <= now + most)) return;
  const latest = new Date(now + most).toISOString();
  throw new Problem("body-invalid", `expiresAt must be a time not after ${latest}, the longest life that the organisation gives a token`);
}
