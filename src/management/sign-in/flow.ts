/** To the provider and back. */
import { Problem } from "../../problem.ts";
import { settingsOf } from "../env.ts";
import type { Request } from "../request.ts";
import { type Attempt, keepAttempt, randomSecret, takeAttempt } from "./attempt.ts";
import { beginSession } from "./browser-session.ts";
import { providerFailure } from "./failure.ts";
import { identify } from "./identity.ts";
import { exchangeOf, secretOf } from "./protocol.ts";
import { PROTOCOLS } from "./protocols.ts";
import { findOpenProvider, type Provider } from "./provider-store.ts";
import { returnPath } from "./return-to.ts";

/** Whatever a token can look like; it is looked up by its digest. */
const INVITATION = /^[\w.~-]{16,256}$/;

export async function login(c: Request): Promise<Response> {
  const provider = await openProvider(c);
  const { publicUrl, sealKeys } = settingsOf(c.env);
  const query = queryOf(c);
  const attempt: Attempt = {
    ...{ org: provider.org, provider: provider.id, issuer: provider.issuer },
    ...{ state: randomSecret(), nonce: randomSecret(), verifier: randomSecret() },
    returnTo: returnPath(query.getAll("return_to"), publicUrl),
    invitation: invitationOf(query),
    again: query.get("prompt") === "login",
    begunAt: c.var.now,
  };
  const to = await PROTOCOLS[provider.type].begin(exchangeOf(c, provider), attempt);
  for (const cookie of await keepAttempt(attempt, c.req.raw.headers, sealKeys)) c.header("set-cookie", cookie, { append: true });
  return c.redirect(to.href, 303);
}

/** The attempt ends first, so that it can end only once. */
export async function callback(c: Request): Promise<Response> {
  const { publicUrl, sealKeys } = settingsOf(c.env);
  const query = queryOf(c);
  const { attempt, drop } = await takeAttempt(query.get("state"), c.req.raw.headers, sealKeys, c.var.now);
  if (drop) c.header("set-cookie", drop, { append: true });
  requireOnce(query);
  const provider = await openProvider(c);
  if (!attempt || !isOf(attempt, provider)) throw strangeAttempt();
  const protocol = PROTOCOLS[provider.type];
  const person = await protocol.finish(exchangeOf(c, provider), attempt, query, secretOf(c, provider)).catch((error) => {
    throw providerFailure(error);
  });
  const identity = await identify(c, provider, person, attempt.invitation);
  c.header("set-cookie", await beginSession(c, provider, identity, person), { append: true });
  // absolute, so that no path can be read as another host
  return c.redirect(publicUrl + attempt.returnTo, 303);
}

function queryOf(c: Request): URLSearchParams {
  return new URL(c.req.url).searchParams;
}

/** RFC 6749 3.1: what stands twice may be read as either by whoever comes next. */
function requireOnce(query: URLSearchParams): void {
  if (new Set(query.keys()).size !== [...query.keys()].length)
    throw new Problem("sign-in-failed", "the identity provider's answer says something twice; begin to sign in again");
}

/** @throws Problem the same for whatever is not there. */
async function openProvider(c: Request): Promise<Provider> {
  const provider = await findOpenProvider(c.env.DB, c.req.param("org") ?? "", c.req.param("provider") ?? "");
  if (!provider) throw noWayIn();
  return provider;
}

export function noWayIn(): Problem {
  return new Problem(
    "resource-unknown",
    "not found: nobody can sign in here; check the address with an administrator of your organisation",
  );
}

function invitationOf(query: URLSearchParams): string | null {
  const token = query.get("invitation");
  if (token !== null && !INVITATION.test(token))
    throw new Problem("sign-in-failed", "the invitation was not copied whole; open its link again");
  return token;
}

/** What one provider answers is never brought to another, nor to one that has moved meanwhile. */
function isOf(attempt: Attempt, { id, org, issuer }: Provider): boolean {
  return attempt.provider === id && attempt.org === org && attempt.issuer === issuer;
}

function strangeAttempt(): Problem {
  return new Problem(
    "sign-in-failed",
    "this sign-in was not begun in this browser, was begun more than 10 minutes ago, or has ended already; begin to sign in again",
  );
}
