/** Deleting a token, alone or with all that came from it. */
import { Problem } from "../../problem.ts";
import { type Caller, requireCapability } from "../caller.ts";
import { changeOf } from "../change.ts";
import { publishing } from "../publish.ts";
import type { Request } from "../request.ts";
import { unknownToken } from "./answer.ts";
import { detailOf } from "./create.ts";
import { countLiving, revokeLine } from "./family.ts";
import { findAny, findDeletable, revokeToken } from "./store.ts";

/** A token may always delete itself, and without a capability only itself. */
export async function remove(c: Request, caller: Caller): Promise<Response> {
  const { DB: db } = c.env;
  const id = c.req.param("id") ?? "";
  const withLine = readFamily(c.req.query("family"));
  const itself = caller.credential.kind === "api" && caller.credential.id === id;
  if (!itself || withLine) requireCapability(caller, "apiTokens:delete");
  const token = await (withLine ? findAny : findDeletable)(db, caller.org, id);
  if (!token) throw unknownToken(id);
  // counted just before: which ones they were, every row of them says with the change's id
  const line = withLine ? { family: await countLiving(db, token) } : {};
  const change = changeOf(c, caller, "token.delete", id, { ...detailOf(token), ...line });
  const revoke = () => (withLine ? revokeLine(db, token, change) : revokeToken(db, id, change));
  if (!(await publishing(c, caller.org, revoke))) throw unknownToken(id);
  return c.body(null, 204);
}

function readFamily(text: string | undefined): boolean {
  if (text === undefined || text === "false") return false;
  if (text === "true") return true;
  throw new Problem("parameter-invalid", "family must be true, to delete what came from the token as well, or false");
}
