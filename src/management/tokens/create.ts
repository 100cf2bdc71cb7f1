/** Making a token. One that is made by a token can do no more, lives no longer and is restricted as its maker is, and is its child. */
import { digestOf, mintToken } from "../../access/token.ts";
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import { allOf, changeOf, commit, happened } from "../change.ts";
import { settingsOf } from "../env.ts";
import { onceOf } from "../idempotency.ts";
import { publishing } from "../publish.ts";
import type { Request } from "../request.ts";
import { draftOf, type Line, type NewToken, nameableDatasets, requireWithin, tokenOf } from "./draft.ts";
import { withinLifetime } from "./lifetime.ts";
import { type Restrictions, restrictedAs, UNRESTRICTED } from "./restrictions.ts";
import { countTokens, findDeletable, insertToken, TOKENS_MAX, type Token } from "./store.ts";

export interface Made {
  token: Token;
  secret: string;
}

/** Does not check that the caller may create tokens; does check that they may make this one. */
export async function create(c: Request, caller: Caller, request: NewToken): Promise<Made> {
  const { DB: db } = c.env;
  const { now } = c.var;
  const once = await onceOf(c, caller, request);
  const names = await nameableDatasets(db, caller);
  const asked = draftOf(request, names, now);
  requireWithin(caller, asked.capabilities, asked.expiry, names);
  const draft = { ...asked, ...restrictedAs(await restrictionsOfCaller(db, caller), asked) };
  const lifetime = await withinLifetime(db, caller.org, draft.expiry, "expiresAt", now);
  if ((await countTokens(db, caller.org)) >= TOKENS_MAX)
    throw new Problem("conflict", `the organisation has ${TOKENS_MAX} tokens, the most there may be; delete some first`);

  const secret = mintToken("api", settingsOf(c.env).tagKeys);
  const token = tokenOf(draft, caller, lineOf(caller), secret, now);
  const change = changeOf(c, caller, "token.create", token.id, detailOf(token));
  const trace = { table: "tokens", id: token.id } as const;
  const insert = insertToken(db, token, digestOf(secret), change, allOf(caller.unchanged, lifetime, once.unused));
  const statements = [insert, ...once.remember(token.id, happened(trace, change))];
  if (await publishing(c, caller.org, () => commit(db, change, statements, trace))) return { token, secret };
  await once.refuseRepeat();
  throw new Problem("conflict", "what you may do changed at the same moment; send the request again");
}

/** What restricts the token that is calling, to be handed on only with `caller.unchanged`: limits may change. People are not restricted. */
export async function restrictionsOfCaller(db: D1Database, { credential, org }: Caller): Promise<Restrictions> {
  if (credential.kind !== "api") return UNRESTRICTED;
  const own = await findDeletable(db, org, credential.id);
  if (!own) throw new Problem("token-revoked", "the token was deleted at the same moment; ask an owner for a new one");
  return own;
}

/** What the audit log keeps of a token that begins or ends. */
export function detailOf({ name, capabilities, expiresText, notBefore, networks, limits }: Token): Record<string, unknown> {
  const restrictions = Object.entries({ notBefore, networks, limits }).filter(([, value]) => value !== null);
  return { name, capabilities, expiresAt: expiresText, ...Object.fromEntries(restrictions) };
}

function lineOf({ credential, family }: Caller): Line {
  return credential.kind === "api" ? { parent: credential.id, family } : { parent: null, family: null };
}
