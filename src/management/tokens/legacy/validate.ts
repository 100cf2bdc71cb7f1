/** Whether an ingest token counts, asked with nothing but the token: agents do so before they begin to send. */
import { readAuthorization } from "../../../access/authorization.ts";
import { digestOf, parseToken } from "../../../access/token.ts";
import { Problem } from "../../../problem.ts";
import { requireActive } from "../../caller.ts";
import { holderOfToken } from "../../credentials.ts";
import { settingsOf } from "../../env.ts";
import { requireLive } from "../../holder.ts";
import { queryOf, type Request } from "../../request.ts";

/**
 * Does not check where the request comes from, nor tell what the token may do.
 * @throws Problem 401 for a token that does not count, `token-kind`, `organisation-suspended`.
 */
export async function validate(c: Request): Promise<Response> {
  const token = readAuthorization(c.req.raw.headers, queryOf(c));
  const { tagKeys, importedTokens } = settingsOf(c.env);
  const kind = parseToken(token, tagKeys, importedTokens);
  if (kind === null) throw new Problem("credential-malformed", "the token is not one of this deployment: check that it was copied whole");
  if (kind !== "ingest") throw new Problem("token-kind", `${kind} tokens are not validated here; send an ingest token (xait-…)`);
  const { holder } = requireLive(await holderOfToken(c.env.DB, digestOf(token)), c.var.now);
  if (holder.kind === "token") requireActive(holder.org, holder.orgStatus);
  return c.json({ valid: true });
}
