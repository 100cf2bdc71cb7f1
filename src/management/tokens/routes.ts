/** `/v2/tokens`. A token's capabilities never change, so there is no update: duplicate or regenerate it. */
import { digestOf, mintToken } from "../../access/token.ts";
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import { type Change, changeOf, commit } from "../change.ts";
import { datasetIds } from "../datasets/store.ts";
import { settingsOf } from "../env.ts";
import { publishing } from "../publish.ts";
import { type Request, readBody } from "../request.ts";
import { ANY_CREDENTIAL, type Route } from "../route.ts";
import { draftOf, NewToken, requireWithin, tokenOf } from "./draft.ts";
import { Regeneration, regenerate } from "./regenerate.ts";
import * as store from "./store.ts";

export const tokens: Route[] = [
  { method: "GET", path: "/v2/tokens", as: "caller", by: ANY_CREDENTIAL, needs: "apiTokens:read", run: list },
  { method: "POST", path: "/v2/tokens", as: "caller", by: ANY_CREDENTIAL, needs: "apiTokens:create", run: make },
  { method: "GET", path: "/v2/tokens/:id", as: "caller", by: ANY_CREDENTIAL, needs: "apiTokens:read", run: get },
  { method: "DELETE", path: "/v2/tokens/:id", as: "caller", by: ANY_CREDENTIAL, needs: "apiTokens:delete", run: remove },
  { method: "POST", path: "/v2/tokens/:id/regenerate", as: "caller", by: ANY_CREDENTIAL, needs: "apiTokens:update", run: renew },
];

async function list(c: Request, caller: Caller): Promise<Response> {
  const [all, names] = await Promise.all([store.listTokens(c.env.DB, caller.org, c.var.now), datasetNames(c, caller)]);
  return c.json(all.map((token) => store.viewToken(token, names)));
}

async function make(c: Request, caller: Caller): Promise<Response> {
  const { token, secret } = await create(c, caller, await readBody(c, NewToken));
  return answerWithSecret(c, caller, token, secret);
}

async function get(c: Request, caller: Caller): Promise<Response> {
  const id = c.req.param("id") ?? "";
  const token = await store.findToken(c.env.DB, caller.org, id, c.var.now);
  if (!token) throw unknown(id);
  return c.json(store.viewToken(token, await datasetNames(c, caller)));
}

async function remove(c: Request, caller: Caller): Promise<Response> {
  const id = c.req.param("id") ?? "";
  const token = await store.findDeletable(c.env.DB, caller.org, id);
  if (!token) throw unknown(id);
  const entry = entryOf(c, caller, "token.delete", token);
  if (!(await publishing(c, caller.org, () => store.revokeToken(c.env.DB, token.id, entry)))) throw unknown(token.id);
  return c.body(null, 204);
}

async function renew(c: Request, caller: Caller): Promise<Response> {
  const { token, secret } = await regenerate(c, caller, c.req.param("id") ?? "", await readBody(c, Regeneration));
  return answerWithSecret(c, caller, token, secret);
}

async function create(c: Request, caller: Caller, request: NewToken): Promise<{ token: store.Token; secret: string }> {
  const { DB: db } = c.env;
  const names = await datasetIds(db, caller.org);
  const draft = draftOf(request, names, c.var.now);
  requireWithin(caller, draft.capabilities, draft.expiry, names);
  if ((await store.countTokens(db, caller.org)) >= store.TOKENS_MAX)
    throw new Problem("conflict", `the organisation has ${store.TOKENS_MAX} tokens, the most there may be; delete some first`);

  const token = tokenOf(draft, caller.org);
  const secret = mintToken("api", settingsOf(c.env).tagKeys);
  const entry = entryOf(c, caller, "token.create", token);
  const insert = store.insertToken(db, token, digestOf(secret), entry, caller.unchanged);
  if (!(await publishing(c, caller.org, () => commit(db, entry, [insert], { table: "tokens", id: token.id }))))
    throw new Problem("conflict", "what you may do changed at the same moment; send the request again");
  return { token, secret };
}

/** The only answers that hold a secret. */
async function answerWithSecret(c: Request, caller: Caller, token: store.Token, secret: string): Promise<Response> {
  return c.json({ ...store.viewToken(token, await datasetNames(c, caller)), token: secret });
}

/** By id. */
async function datasetNames(c: Request, caller: Caller): Promise<Map<string, string>> {
  return new Map([...(await datasetIds(c.env.DB, caller.org))].map(([name, id]) => [id, name]));
}

function entryOf(c: Request, caller: Caller, action: string, { id, name, capabilities, expiresText }: store.Token): Change {
  return changeOf(c, caller, action, id, { name, capabilities, expiresAt: expiresText });
}

function unknown(id: string): Problem {
  return new Problem("resource-unknown", `token not found: ${id}; GET /v2/tokens lists those there are`);
}
