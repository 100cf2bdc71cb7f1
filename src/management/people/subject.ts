/** A person whose tokens and sessions somebody else lists or ends. */
import type { Caller } from "../caller.ts";
import type { Request } from "../request.ts";
import { getMember, requireHome, requireOver } from "./members.ts";

/**
 * The user that `:id` names, if the caller may do all that this user may: who could end the sessions of somebody above them could lock
 * them out. Only people whose account the organisation made: a founder who came from elsewhere acts with the same tokens at home.
 * @throws Problem `resource-unknown`, `forbidden`, `grant-too-wide`.
 */
export async function subjectOf(c: Request, caller: Caller): Promise<{ id: string }> {
  const member = await getMember(c.env.DB, caller.org, c.req.param("id") ?? "");
  requireHome(caller, member);
  await requireOver(c.env.DB, caller, member);
  return { id: member.id };
}
