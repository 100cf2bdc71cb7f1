/**
 * `/api/v1/tokens`: the token routes of Axiom's first API, for clients that still call them. Ingest tokens (`xait-…`) do nothing but
 * ingest. What the first API could show again, a token itself, is gone: only its digest is kept.
 */
import { digestOf, mintToken } from "../../../access/token.ts";
import { Problem } from "../../../problem.ts";
import type { Caller } from "../../caller.ts";
import { changeOf, commit } from "../../change.ts";
import { datasetIds } from "../../datasets/store.ts";
import { settingsOf } from "../../env.ts";
import { publishing } from "../../publish.ts";
import { type Request, readBody } from "../../request.ts";
import { PEOPLE, type Place, type Route } from "../../route.ts";
import { makeLegacyToken } from "./make.ts";
import { type LegacyKind, type LegacyToken, NewLegacyToken, viewLegacyToken } from "./shape.ts";
import { findLegacyToken, legacyTokensOf, revokeLegacyToken } from "./store.ts";
import { validate } from "./validate.ts";

export const legacyTokens: Route[] = [
  // before `:id`, which it would be taken for
  { method: "GET", path: "/api/v1/tokens/ingest/validate", as: "anyone", by: "the ingest token itself", run: validate },
  ...routesOf("ingest"),
  ...routesOf("api"),
  ...personalPlaces(),
];

function routesOf(kind: LegacyKind): Route[] {
  const path = `/api/v1/tokens/${kind}`;
  const by = PEOPLE;
  return [
    { method: "GET", path, as: "caller", by, needs: "apiTokens:read", run: (c, caller) => list(c, caller, kind) },
    { method: "POST", path, as: "caller", by, needs: "apiTokens:create", run: (c, caller) => make(c, caller, kind) },
    { method: "GET", path: `${path}/:id`, as: "caller", by, needs: "apiTokens:read", run: (c, caller) => get(c, caller, kind) },
    { method: "DELETE", path: `${path}/:id`, as: "caller", by, needs: "apiTokens:delete", run: (c, caller) => remove(c, caller, kind) },
    { method: "GET", path: `${path}/:id/token`, as: "caller", by, needs: "apiTokens:read", run: (c, caller) => secretOf(c, caller, kind) },
  ];
}

async function list(c: Request, caller: Caller, kind: LegacyKind): Promise<Response> {
  const [all, names] = await Promise.all([legacyTokensOf(c.env.DB, caller.org, kind, c.var.now), datasetNames(c, caller)]);
  return c.json(all.map((token) => viewLegacyToken(token, names)));
}

async function make(c: Request, caller: Caller, kind: LegacyKind): Promise<Response> {
  const request = await readBody(c, NewLegacyToken);
  const secret = mintToken(kind, settingsOf(c.env).tagKeys);
  const token = await makeLegacyToken(c, caller, kind, request, { digest: digestOf(secret), hint: secret.slice(-4) });
  return c.json({ ...viewLegacyToken(token, await datasetNames(c, caller)), token: secret });
}

async function get(c: Request, caller: Caller, kind: LegacyKind): Promise<Response> {
  return c.json(viewLegacyToken(await found(c, caller, kind), await datasetNames(c, caller)));
}

async function remove(c: Request, caller: Caller, kind: LegacyKind): Promise<Response> {
  const { id, name, capabilities, expiresText } = await found(c, caller, kind);
  const { DB: db } = c.env;
  const change = changeOf(c, caller, "token.delete", id, { name, kind, capabilities, expiresAt: expiresText });
  const revoke = revokeLegacyToken(db, id, change, caller.unchanged);
  if (!(await publishing(c, caller.org, () => commit(db, change, [revoke], { table: "tokens", id }))))
    throw new Problem("conflict", "the token, or what you may do, changed at the same moment; get the token and decide anew");
  return c.body(null, 204);
}

/** @throws Problem `resource-gone` always, for a token that there is. */
async function secretOf(c: Request, caller: Caller, kind: LegacyKind): Promise<Response> {
  const { id } = await found(c, caller, kind);
  throw new Problem(
    "resource-gone",
    `the token ${id} was shown once, when it was made: only a hash of it is kept; regenerate it at POST /v2/tokens/${id}/regenerate, or make another`,
  );
}

async function found(c: Request, caller: Caller, kind: LegacyKind): Promise<LegacyToken> {
  const id = c.req.param("id") ?? "";
  const token = await findLegacyToken(c.env.DB, caller.org, kind, id, c.var.now);
  if (!token) throw new Problem("resource-unknown", `token not found: ${id}; GET /api/v1/tokens/${kind} lists those there are`);
  return token;
}

/** By id. */
async function datasetNames(c: Request, caller: Caller): Promise<Map<string, string>> {
  return new Map([...(await datasetIds(c.env.DB, caller.org))].map(([name, id]) => [id, name]));
}

/** Personal tokens are their user's: they have moved. */
function personalPlaces(): Route[] {
  const path = "/api/v1/tokens/personal";
  const places: Place[] = [
    { method: "GET", path },
    { method: "POST", path },
    { method: "GET", path: `${path}/:id` },
    { method: "PUT", path: `${path}/:id` },
    { method: "DELETE", path: `${path}/:id` },
    { method: "GET", path: `${path}/:id/token` },
  ];
  return places.map((place) => ({ ...place, as: "anyone", by: "nobody: it says where they are now", run: moved }));
}

function moved(): never {
  throw new Problem("resource-gone", "personal tokens are at /v2/user/tokens: GET lists yours, POST with a session makes one");
}
