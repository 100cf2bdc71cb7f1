/** Attempts to change something that were refused: counted by day, caller, route and reason. */
import type { Problem } from "../problem.ts";
import type { Request } from "./request.ts";

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
