/**
 * `/v2/auth/issuers`: whose JWTs count as credentials of the organisation. An issuer makes credentials, so it takes what making tokens
 * takes. People only may configure one: what a stolen API token configured would outlive it and all its family.
 */
import { randomUUID } from "node:crypto";
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import { changeOf } from "../change.ts";
import { outsideOf } from "../outbound.ts";
import { publishing } from "../publish.ts";
import { type Request, readBody } from "../request.ts";
import { ANY_CREDENTIAL, PEOPLE, type Route } from "../route.ts";
import { nameableDatasets } from "../tokens/draft.ts";
import { discoverJwksUri, fetchKeys } from "./discovery.ts";
import { audienceOf, IssuerUpdate, mappingsOf, NewIssuer, requireWithin, viewIssuer } from "./draft.ts";
import * as store from "./store.ts";

export const issuers: Route[] = [
  { method: "GET", path: "/v2/auth/issuers", as: "caller", by: ANY_CREDENTIAL, needs: "apiTokens:read", run: list },
  { method: "POST", path: "/v2/auth/issuers", as: "caller", by: PEOPLE, needs: "apiTokens:create", recent: true, run: create },
  { method: "GET", path: "/v2/auth/issuers/:id", as: "caller", by: ANY_CREDENTIAL, needs: "apiTokens:read", run: get },
  { method: "PUT", path: "/v2/auth/issuers/:id", as: "caller", by: PEOPLE, needs: "apiTokens:update", recent: true, run: update },
  { method: "DELETE", path: "/v2/auth/issuers/:id", as: "caller", by: ANY_CREDENTIAL, needs: "apiTokens:delete", run: remove },
];

const ALGORITHMS: store.Issuer["algorithms"] = ["ES256", "RS256"];
const TOKEN_AGE_S = 3_600;

async function list(c: Request, caller: Caller): Promise<Response> {
  const [all, ids] = await Promise.all([store.listIssuers(c.env.DB, caller.org), nameableDatasets(c.env.DB, caller)]);
  return c.json(all.map((issuer) => viewIssuer(issuer, namesOf(ids))));
}

async function get(c: Request, caller: Caller): Promise<Response> {
  const issuer = await known(c, caller);
  return c.json(viewIssuer(issuer, namesOf(await nameableDatasets(c.env.DB, caller))));
}

async function create(c: Request, caller: Caller): Promise<Response> {
  const body = await readBody(c, NewIssuer);
  const ids = await nameableDatasets(c.env.DB, caller);
  const claims = mappingsOf(body.claims, ids);
  requireWithin(caller, claims, ids);
  const audience = audienceOf(body, caller.org);
  if ((await store.listIssuers(c.env.DB, caller.org)).length >= store.ISSUERS_MAX)
    throw new Problem("conflict", `the organisation has ${store.ISSUERS_MAX} issuers, the most there may be; delete some first`);
  const outside = outsideOf(c.env);
  const jwksUri = body.jwksUri ?? (await discoverJwksUri(body.issuer, outside));
  const issuer: store.Issuer = {
    ...{ id: randomUUID(), org: caller.org, name: body.name, issuer: body.issuer, audience, jwksUri, claims, status: "active" },
    algorithms: body.algorithms ?? ALGORITHMS,
    typ: body.typ ?? "at+jwt",
    maxTokenAgeS: body.maxTokenAgeS ?? TOKEN_AGE_S,
    ...{ keys: await fetchKeys(jwksUri, outside), keysAt: c.var.now, createdAt: c.var.now, ver: 1 },
  };
  const entry = changeOf(c, caller, "issuer.create", issuer.id, { after: auditOf(issuer) });
  if (!(await publishing(c, caller.org, () => store.insertIssuer(c.env.DB, issuer, entry, caller.unchanged)))) {
    if (!(await store.isTaken(c.env.DB, issuer))) throw changed();
    throw new Problem(
      "entity-exists",
      "entity exists: this issuer is configured for this audience; choose another audience, or update that issuer",
    );
  }
  return c.json(viewIssuer(issuer, namesOf(ids)));
}

async function update(c: Request, caller: Caller): Promise<Response> {
  const old = await known(c, caller);
  const body = await readBody(c, IssuerUpdate);
  const ids = await nameableDatasets(c.env.DB, caller);
  const next: store.Issuer = { ...old, ...body, claims: body.claims ? mappingsOf(body.claims, ids) : old.claims };
  // whoever may change an address or an algorithm could come in as any of its workloads
  requireWithin(caller, next.claims, ids);
  const renewed = await renewedKeys(c, old, next);
  const entry = changeOf(c, caller, "issuer.update", old.id, { before: auditOf(old), after: auditOf(next) });
  const changedTo = { ...next, ...renewed };
  if (!(await publishing(c, caller.org, () => store.updateIssuer(c.env.DB, changedTo, entry, caller.unchanged)))) throw changed();
  return c.json(viewIssuer(changedTo, namesOf(ids)));
}

/** An issuer that is down must not keep anybody from disabling it; a new address has to answer. */
async function renewedKeys(c: Request, old: store.Issuer, next: store.Issuer): Promise<Pick<store.Issuer, "keys" | "keysAt">> {
  try {
    return { keys: await fetchKeys(next.jwksUri, outsideOf(c.env)), keysAt: c.var.now };
  } catch (error) {
    if (next.jwksUri !== old.jwksUri || !(error instanceof Problem)) throw error;
    return { keys: old.keys, keysAt: old.keysAt };
  }
}

async function remove(c: Request, caller: Caller): Promise<Response> {
  const issuer = await known(c, caller);
  const entry = changeOf(c, caller, "issuer.delete", issuer.id, { before: auditOf(issuer) });
  if (!(await publishing(c, caller.org, () => store.deleteIssuer(c.env.DB, issuer.id, entry)))) throw unknown(issuer.id);
  return c.body(null, 204);
}

async function known(c: Request, caller: Caller): Promise<store.Issuer> {
  const id = c.req.param("id") ?? "";
  const issuer = await store.findIssuer(c.env.DB, caller.org, id);
  if (!issuer) throw unknown(id);
  return issuer;
}

/** All but the keys, which change by themselves. */
function auditOf({ name, issuer, audience, jwksUri, algorithms, typ, maxTokenAgeS, claims, status }: store.Issuer) {
  return { name, issuer, audience, jwksUri, algorithms, typ, maxTokenAgeS, claims, status };
}

function namesOf(ids: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...ids].map(([name, id]) => [id, name]));
}

function changed(): Problem {
  return new Problem("conflict", "the issuer, or what you may do, changed at the same moment; get the issuer and decide anew");
}

function unknown(id: string): Problem {
  return new Problem("resource-unknown", `issuer not found: ${id}; GET /v2/auth/issuers lists those there are`);
}
