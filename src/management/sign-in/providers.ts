/** Identity providers of an organisation: set up by its administrators, never with a program's credential. */
import { randomUUID } from "node:crypto";
import { Problem } from "../../problem.ts";
import type { Caller } from "../caller.ts";
import { changeOf } from "../change.ts";
import { settingsOf } from "../env.ts";
import { type Request, readBody } from "../request.ts";
import type { CallerRoute, Route } from "../route.ts";
import { providerFailure } from "./failure.ts";
import { callbackUrl, exchangeOf, secretOf } from "./protocol.ts";
import { PROTOCOLS } from "./protocols.ts";
import { drafted, NewProvider, ProviderUpdate, updated } from "./provider-draft.ts";
import * as store from "./provider-store.ts";

const PROVIDERS_MAX = 20;
const PATH = "/v2/auth/providers";
const RULE = { as: "caller", by: ["session"], needs: null, admin: true } satisfies Partial<CallerRoute>;
const CHANGING = { ...RULE, recent: true };

export const providers: Route[] = [
  { ...RULE, method: "GET", path: PATH, run: list },
  { ...CHANGING, method: "POST", path: PATH, run: make },
  { ...RULE, method: "GET", path: `${PATH}/:id`, run: get },
  { ...CHANGING, method: "PUT", path: `${PATH}/:id`, run: update },
  { ...CHANGING, method: "DELETE", path: `${PATH}/:id`, run: remove },
  { ...RULE, method: "POST", path: `${PATH}/:id/test`, run: test },
];

async function list(c: Request, { org }: Caller): Promise<Response> {
  return c.json((await store.listProviders(c.env.DB, org)).map((provider) => view(c, provider)));
}

async function get(c: Request, caller: Caller): Promise<Response> {
  return c.json(view(c, await wanted(c, caller)));
}

function wanted(c: Request, { org }: Caller): Promise<store.Provider> {
  return store.getProvider(c.env.DB, org, c.req.param("id") ?? "");
}

async function make(c: Request, caller: Caller): Promise<Response> {
  const { clientSecret, ...request } = await readBody(c, NewProvider);
  const { sealKeys, allowInsecure } = settingsOf(c.env);
  const provider: store.Provider = {
    ...drafted(request, allowInsecure),
    ...{ id: randomUUID(), org: caller.org, clientSecret: "", createdAt: c.var.now, updatedAt: c.var.now, ver: 1 },
  };
  provider.clientSecret = store.sealSecret(clientSecret, provider, sealKeys);
  const entry = changeOf(c, caller, "provider.create", provider.name, { id: provider.id, ...told(provider) });
  if (!(await store.insertProvider(c.env.DB, provider, PROVIDERS_MAX, entry, caller.unchanged)))
    throw new Problem(
      "entity-exists",
      `entity exists: there is a provider ${provider.name} already, or there are ${PROVIDERS_MAX}, the most there may be`,
    );
  return c.json(view(c, provider));
}

async function update(c: Request, caller: Caller): Promise<Response> {
  const known = await wanted(c, caller);
  const { clientSecret, ...request } = await readBody(c, ProviderUpdate);
  const { sealKeys, allowInsecure } = settingsOf(c.env);
  const provider = { ...updated(known, request, allowInsecure), updatedAt: c.var.now };
  // or whoever may change the address could have the secret delivered to himself
  if (provider.issuer !== known.issuer && !clientSecret)
    throw new Problem(
      "body-invalid",
      'the body lacks the member "clientSecret": the issuer changes, so send the secret that belongs to the new one',
    );
  if (clientSecret) provider.clientSecret = store.sealSecret(clientSecret, provider, sealKeys);
  const entry = changeOf(c, caller, "provider.update", known.name, {
    ...{ id: known.id, before: told(known), after: told(provider) },
    ...(clientSecret && { clientSecret: "set anew" }),
  });
  if (!(await store.updateProvider(c.env.DB, provider, entry, caller.unchanged)))
    throw new Problem("conflict", `provider ${known.name} was changed or deleted at the same moment; get it and decide anew`);
  return c.json(view(c, provider));
}

/** The last one, too: sessions stay, and the setup token is a way back in for owners. */
async function remove(c: Request, caller: Caller): Promise<Response> {
  const known = await wanted(c, caller);
  const entry = changeOf(c, caller, "provider.delete", known.name, { id: known.id });
  if (!(await store.deleteProvider(c.env.DB, known.id, entry, caller.unchanged)))
    throw new Problem("resource-unknown", `provider not found: ${known.name} was deleted meanwhile, or you may no longer delete it`);
  return c.body(null, 204);
}

/** What is wrong is the answer, not a refusal. */
async function test(c: Request, caller: Caller): Promise<Response> {
  const provider = await wanted(c, caller);
  const exchange = exchangeOf(c, provider);
  const { redirectUri } = exchange;
  try {
    const found = await PROTOCOLS[provider.type].tryOut(exchange, secretOf(c, provider));
    return c.json({ ok: true, callbackUrl: redirectUri, found });
  } catch (error) {
    return c.json({ ok: false, callbackUrl: redirectUri, problem: providerFailure(error).message });
  }
}

/** What the audit log and whoever asks are told: never the secret. */
function told({ type, issuer, clientId, clientAuth, scopes, allowedDomains, enabled }: store.Provider) {
  return { type, issuer, clientId, clientAuth, scopes, allowedDomains, enabled };
}

function view(c: Request, provider: store.Provider) {
  const { publicUrl } = settingsOf(c.env);
  const callback = callbackUrl(publicUrl, provider);
  return {
    id: provider.id,
    name: provider.name,
    ...told(provider),
    callbackUrl: callback,
    loginUrl: callback.replace(/callback$/, "login"),
    createdAt: new Date(provider.createdAt).toISOString(),
    updatedAt: new Date(provider.updatedAt).toISOString(),
  };
}
