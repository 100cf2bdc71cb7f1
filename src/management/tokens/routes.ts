/** `/v2/tokens`. A token's capabilities never change, so there is no update: duplicate or regenerate it. */
import { Hono } from "hono";
import { digestOf, mintToken } from "../../access/token.ts";
import { Problem } from "../../problem.ts";
import { type Caller, callerOf, requireCapability } from "../caller.ts";
import { type Change, commit } from "../change.ts";
import { datasetIds } from "../datasets/store.ts";
import { settingsOf } from "../env.ts";
import { publishing } from "../publish.ts";
import { type Management, type Request, readBody } from "../request.ts";
import { draftOf, NewToken, requireWithin, tokenOf } from "./draft.ts";
import { Regeneration, regenerate } from "./regenerate.ts";
import * as store from "./store.ts";

export const tokens = new Hono<Management>();

tokens.get("/v2/tokens", async (c) => {
  const caller = await callerOf(c);
  requireCapability(caller, "apiTokens:read");
  const [all, names] = await Promise.all([store.listTokens(c.env.DB, caller.org, c.var.now), datasetNames(c, caller)]);
  return c.json(all.map((token) => store.viewToken(token, names)));
});

tokens.post("/v2/tokens", async (c) => {
  const caller = await callerOf(c);
  requireCapability(caller, "apiTokens:create");
  const { token, secret } = await create(c, caller, await readBody(c, NewToken));
  return answerWithSecret(c, caller, token, secret);
});

tokens.get("/v2/tokens/:id", async (c) => {
  const caller = await callerOf(c);
  requireCapability(caller, "apiTokens:read");
  const token = await store.findToken(c.env.DB, caller.org, c.req.param("id"), c.var.now);
  if (!token) throw unknown(c.req.param("id"));
  return c.json(store.viewToken(token, await datasetNames(c, caller)));
});

tokens.delete("/v2/tokens/:id", async (c) => {
  const caller = await callerOf(c);
  requireCapability(caller, "apiTokens:delete");
  const token = await store.findDeletable(c.env.DB, caller.org, c.req.param("id"));
  if (!token) throw unknown(c.req.param("id"));
  const entry = changeOf(c, caller, "token.delete", token);
  if (!(await publishing(c, caller.org, () => store.revokeToken(c.env.DB, token.id, entry)))) throw unknown(token.id);
  return c.body(null, 204);
});

tokens.post("/v2/tokens/:id/regenerate", async (c) => {
  const caller = await callerOf(c);
  requireCapability(caller, "apiTokens:update");
  const { token, secret } = await regenerate(c, caller, c.req.param("id"), await readBody(c, Regeneration));
  return answerWithSecret(c, caller, token, secret);
});

tokens.all("/v2/tokens/:id", () => {
  throw new Problem(
    "method-not-allowed",
    "a token's capabilities never change; create another with POST /v2/tokens, or replace it with POST /v2/tokens/<id>/regenerate",
  );
});

async function create(c: Request, caller: Caller, request: NewToken): Promise<{ token: store.Token; secret: string }> {
  const { DB: db } = c.env;
  const names = await datasetIds(db, caller.org);
  const draft = draftOf(request, names, c.var.now);
  requireWithin(caller, draft.capabilities, draft.expiry, names);
  if ((await store.countTokens(db, caller.org)) >= store.TOKENS_MAX)
    throw new Problem("conflict", `the organisation has ${store.TOKENS_MAX} tokens, the most there may be; delete some first`);

  const token = tokenOf(draft, caller.org);
  const secret = mintToken("api", settingsOf(c.env).tagKeys);
  const entry = changeOf(c, caller, "token.create", token);
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

function changeOf(c: Request, caller: Caller, action: string, { id, name, capabilities, expiresText }: store.Token): Change {
  const detail = { name, capabilities, expiresAt: expiresText };
  return { id: c.var.traceId, at: c.var.now, org: caller.org, actor: caller.actor, action, target: id, detail };
}

function unknown(id: string): Problem {
  return new Problem("resource-unknown", `token not found: ${id}; GET /v2/tokens lists those there are`);
}
