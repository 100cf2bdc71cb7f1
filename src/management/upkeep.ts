/** What the hourly run removes: everything here has ended, and is of no use to anybody any more. */
import { forgetEntries } from "./audit/entries.ts";
import { forgetRefusals } from "./audit/refusals.ts";
import { forgetEndedTokens } from "./issuers/workload-tokens.ts";
import { forgetReports } from "./leaks/flood.ts";

const DAY_MS = 86_400_000;
/** How long an Idempotency-Key is remembered. */
export const IDEMPOTENCY_MS = DAY_MS;
const REFUSALS_KEPT_MS = 400 * DAY_MS;
/** So that a person can still see which sessions and invitations there were. */
const ENDED_KEPT_MS = 30 * DAY_MS;
const ENTRIES_PER_STEP = 5_000;
const STEPS_MAX = 20;

/** One that fails holds up no other; the next hour tries again. */
export async function runUpkeep(db: D1Database, now: number): Promise<void> {
  const remove = async (sql: string, before: number) => {
    await db.prepare(sql).bind(before).run();
  };
  const tasks: [what: string, task: () => Promise<unknown>][] = [
    ["audit log", () => forgetOldEntries(db, now)],
    ["refusals", () => forgetRefusals(db, now - REFUSALS_KEPT_MS)],
    ["idempotency keys", () => remove("DELETE FROM idempotency WHERE at < ?", now - IDEMPOTENCY_MS)],
    ["sessions", () => remove("DELETE FROM sessions WHERE min(expires_at, coalesce(ended_at, expires_at)) < ?", now - ENDED_KEPT_MS)],
    ["leak reports", () => forgetReports(db, now - DAY_MS)],
    ["invitations", () => remove("DELETE FROM invitations WHERE expires_at < ?", now - ENDED_KEPT_MS)],
    ["workloads' tokens", () => forgetEndedTokens(db, now)],
  ];
  for (const [what, task] of tasks) await task().catch((error) => console.error("upkeep failed", what, String(error)));
}

async function forgetOldEntries(db: D1Database, now: number): Promise<void> {
  for (let step = 0; step < STEPS_MAX; step++) if ((await forgetEntries(db, now, ENTRIES_PER_STEP)) < ENTRIES_PER_STEP) return;
}
