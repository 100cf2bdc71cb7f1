/** Making a token of the first API. Only people do, so that it needs no place in any token's line. */
import { Problem } from "../../../problem.ts";
import type { Caller } from "../../caller.ts";
import { allOf, changeOf, commit } from "../../change.ts";
import { publishing } from "../../publish.ts";
import type { Request } from "../../request.ts";
import { nameableDatasets, requireWithin } from "../draft.ts";
import { withinLifetime } from "../lifetime.ts";
import { countTokens, TOKENS_MAX } from "../store.ts";
import { type LegacyKind, type LegacyToken, legacyDraft, type NewLegacyToken } from "./shape.ts";
import { insertLegacyToken, newId, type Secret } from "./store.ts";

/**
 * Does not check that the caller may create tokens; does check that they may make this one.
 * @throws Problem `entity-exists` when a token with this secret exists, here or elsewhere.
 */
export async function makeLegacyToken(
  c: Request,
  caller: Caller,
  kind: LegacyKind,
  request: NewLegacyToken,
  secret: Secret,
  noted: Record<string, unknown> = {},
): Promise<LegacyToken> {
  const { DB: db } = c.env;
  const names = await nameableDatasets(db, caller);
  const draft = legacyDraft(kind, request, names, c.var.now);
  requireWithin(caller, draft.capabilities, draft.expiry, names);
  const lifetime = await withinLifetime(db, caller.org, draft.expiry, "expiresAt", c.var.now);
  if ((await countTokens(db, caller.org)) >= TOKENS_MAX)
    throw new Problem("conflict", `the organisation has ${TOKENS_MAX} tokens, the most there may be; delete some first`);
  if (await db.prepare("SELECT 1 FROM tokens WHERE digest = ?").bind(secret.digest).first())
    throw new Problem("entity-exists", "entity exists: a token with this secret is known already, live or deleted; make a new one");

  const id = newId();
  const { name, capabilities, expiry, expiresText } = draft;
  const change = changeOf(c, caller, "token.create", id, { name, kind, capabilities, expiresAt: expiry.text, ...noted });
  const insert = insertLegacyToken(db, id, draft, secret, change, allOf(caller.unchanged, lifetime));
  if (!(await publishing(c, caller.org, () => commit(db, change, [insert], { table: "tokens", id }))))
    throw new Problem("conflict", "what you may do changed at the same moment; send the request again");
  return { id, kind, name, description: draft.description, capabilities, expiresText };
}
