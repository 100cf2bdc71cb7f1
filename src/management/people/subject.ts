/** A person whose tokens and sessions somebody else lists or ends. */
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import type { Request } from "../request.ts";
import { requireWithinCaller } from "./assignable.ts";
import { rightsOf } from "./rights.ts";

/**
 * The user that `:id` names, if the caller may do all that this user may: who could end the sessions of somebody above them could lock
 * them out. Only people whose account the organisation made: a founder who came from elsewhere acts with the same tokens at home.
 * @throws Problem `resource-unknown`, `grant-too-wide`.
 */
export async function subjectOf(c: Request, caller: Caller): Promise<{ id: string }> {
  const id = c.req.param("id") ?? "";
  const { DB: db } = c.env;
  const user = await db
    .prepare("SELECT u.id, m.role FROM users u JOIN members m ON m.user_id = u.id AND m.org = u.org WHERE u.id = ? AND u.org = ?")
    .bind(id, caller.org)
    .first<{ id: string; role: string }>();
  if (!user) throw new Problem("resource-unknown", `user not found: ${id} is no account of this organisation`);
  const { grant } = await rightsOf(db, caller.org, user.id, user.role);
  requireWithinCaller(caller, grant, `what the user ${id} may do`);
  return { id: user.id };
}
