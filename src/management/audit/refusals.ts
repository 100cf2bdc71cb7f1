/** Attempts to change something that were refused: counted by day, caller, route and reason. */
import type { Problem } from "../../problem.ts";
import type { Request } from "../request.ts";

/** Who may do nothing of the kind; whatever is merely wrong with a request is no attempt. */
const REFUSED = 403;

/** Does not count callers that nobody knows, who have no organisation. A count that fails is no reason to answer otherwise. */
export async function countRefusal(c: Request, problem: Problem): Promise<void> {
  const { caller, route, now } = c.var;
  if (!caller || !route || route.startsWith("GET ") || problem.status !== REFUSED) return;
  const day = new Date(now).toISOString().slice(0, 10);
  const { org, actor, credential } = caller;
  await c.env.DB.prepare(
    `INSERT INTO refusals (org, day, actor_kind, actor_id, credential_id, route, reason, times, last_at) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)
    ON CONFLICT DO UPDATE SET times = times + 1, last_at = excluded.last_at`,
  )
    .bind(org, day, actor.kind, actor.id, credential.id, route, problem.reason, now)
    .run()
    .catch((error) => console.warn("refusal not counted", String(error)));
}

interface Row {
  day: string;
  actorKind: string;
  actorId: string;
  credential: string;
  route: string;
  reason: string;
  times: number;
  lastAt: number;
}

/** The latest first. */
export async function refusalsOf(db: D1Database, org: string, since: number, limit: number) {
  const { results } = await db
    .prepare(
      `SELECT day, actor_kind AS actorKind, actor_id AS actorId, credential_id AS credential, route, reason, times, last_at AS lastAt
      FROM refusals WHERE org = ? AND last_at >= ? ORDER BY last_at DESC LIMIT ?`,
    )
    .bind(org, since, limit)
    .all<Row>();
  return results.map(({ actorKind, actorId, lastAt, ...rest }) => ({
    ...rest,
    actor: { kind: actorKind, id: actorId },
    lastAt: new Date(lastAt).toISOString(),
  }));
}

/** Removes counts of long ago. */
export async function forgetRefusals(db: D1Database, before: number): Promise<void> {
  await db.prepare("DELETE FROM refusals WHERE last_at < ?").bind(before).run();
}
