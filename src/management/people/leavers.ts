/**
 * `/v2/teams/leavers`: who left their last team, or was taken out of it by one of its owners, and has seen no dataset since. Nobody may
 * widen their own sight by leaving, so an administrator says what becomes of it: another team, or everything that the role allows.
 */
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import { changeOf, commit, happened, newRights } from "../change.ts";
import type { Request } from "../request.ts";
import { PEOPLE, type Route } from "../route.ts";
import { asJudged } from "./assignable.ts";

const ADMIN = { as: "caller", by: PEOPLE, admin: true } as const;

export const leavers: Route[] = [
  { ...ADMIN, method: "GET", path: "/v2/teams/leavers", needs: "rbac:read", run: list },
  { ...ADMIN, method: "DELETE", path: "/v2/teams/leavers/:user", needs: "rbac:update", run: free },
];

async function list(c: Request, { org }: Caller): Promise<Response> {
  const { results } = await c.env.DB.prepare(
    `SELECT u.id, u.name, u.email, l.at FROM team_leavers l JOIN members m ON m.org = l.org AND m.user_id = l.user_id
    JOIN users u ON u.id = l.user_id WHERE l.org = ? ORDER BY l.at, u.id`,
  )
    .bind(org)
    .all<{ id: string; name: string; email: string; at: number }>();
  return c.json(results.map(({ at, ...person }) => ({ ...person, leftAt: new Date(at).toISOString() })));
}

async function free(c: Request, caller: Caller): Promise<Response> {
  const { DB: db } = c.env;
  const user = c.req.param("user") ?? "";
  const judged = await asJudged(db, caller);
  if (!(await db.prepare("SELECT 1 FROM team_leavers WHERE org = ? AND user_id = ?").bind(caller.org, user).first()))
    throw new Problem("resource-unknown", `leaver not found: ${user}; GET /v2/teams/leavers lists those there are`);
  const change = changeOf(c, caller, "user.free", user, {});
  const trace = { table: "members", id: `${caller.org}/${user}` } as const;
  const { sql, values } = happened(trace, change);
  const statements = [
    db
      .prepare(`UPDATE members SET ver = ver + 1, change_id = ? WHERE id = ? AND ${judged.sql}`)
      .bind(change.id, trace.id, ...judged.values),
    db.prepare(`DELETE FROM team_leavers WHERE org = ? AND user_id = ? AND ${sql}`).bind(caller.org, user, ...values),
    newRights(db, change, trace),
  ];
  if (!(await commit(db, change, statements, trace)))
    throw new Problem(
      "conflict",
      "the user's membership, or what you may do, changed at the same moment; list the leavers and decide anew",
    );
  return c.body(null, 204);
}
