/** What a way to sign in has to do, whoever the provider is. */
import type { AuthorizationServer, Client, ClientAuth } from "oauth4webapi";
import { allowInsecureRequests, ClientSecretBasic, ClientSecretPost, customFetch } from "oauth4webapi";
import { exchangeTrusted, type TrustedFetch } from "../../access/workload/fetch-trusted.ts";
import { settingsOf } from "../env.ts";
import type { Request } from "../request.ts";
import type { Attempt } from "./attempt.ts";
import { openSecret, type Provider } from "./provider-store.ts";

/** RFC 5321. */
export const EMAIL_LENGTH_MAX = 254;

/** Whom a provider says that it has before it. */
export interface Person {
  /** For ever one person's, together with the provider's issuer. */
  subject: string;
  /** To be shown, whether verified or not. */
  email: string | null;
  /** Those that the provider says it has verified. */
  verifiedEmails: string[];
  /** When the person last proved who they are, epoch milliseconds; null: not told. */
  authenticatedAt: number | null;
}

/** What stays the same through both halves of an attempt. */
export interface Exchange {
  provider: Provider;
  /** Exactly as it was registered with the provider: made of settings, never of the request. */
  redirectUri: string;
  outside: TrustedFetch;
  /** Epoch milliseconds. */
  now: number;
}

export interface SignInProtocol {
  /** Where the browser goes. @throws Problem `upstream-failed` when the provider cannot be asked. */
  begin(exchange: Exchange, attempt: Attempt): Promise<URL>;
  /**
   * Who comes back, all that can be checked being checked.
   * @param secret the client secret.
   * @throws Problem `sign-in-failed`, `upstream-failed`, or what oauth4webapi throws.
   */
  finish(exchange: Exchange, attempt: Attempt, answer: URLSearchParams, secret: string): Promise<Person>;
  /** What can be found out without a person, for whoever sets the provider up. @throws as `finish`, for what is wrong. */
  tryOut(exchange: Exchange, secret: string): Promise<Record<string, unknown>>;
}

export function exchangeOf(c: Request, provider: Provider): Exchange {
  return { provider, redirectUri: callbackUrl(settingsOf(c.env).publicUrl, provider), outside: outsideOf(c), now: c.var.now };
}

export function outsideOf(c: Request): TrustedFetch {
  return { fetch: (url, init) => fetch(url, init), allowInsecure: settingsOf(c.env).allowInsecure };
}

export function secretOf(c: Request, provider: Provider): string {
  return openSecret(provider, settingsOf(c.env).sealKeys);
}

export function callbackUrl(publicUrl: string, { org, name }: Pick<Provider, "org" | "name">): string {
  return `${publicUrl}/auth/${org}/${name}/callback`;
}

/** The options of every call of oauth4webapi that goes outside. */
export function through(outside: TrustedFetch) {
  return {
    [customFetch]: (url: string, init: unknown) => exchangeTrusted(url, init as RequestInit, outside),
    [allowInsecureRequests]: outside.allowInsecure,
  };
}

export function clientOf({ clientId }: Provider): Client {
  return { client_id: clientId };
}

export function clientAuthOf({ clientAuth }: Provider, secret: string): ClientAuth {
  return clientAuth === "client_secret_post" ? ClientSecretPost(secret) : ClientSecretBasic(secret);
}

/** The authorization request, as far as all providers want the same. */
export function authorizationUrl(
  server: AuthorizationServer,
  { provider, redirectUri }: Exchange,
  { state }: Attempt,
  challenge: string,
): URL {
  const url = new URL(server.authorization_endpoint ?? "");
  const parameters = {
    ...{ response_type: "code", client_id: provider.clientId, redirect_uri: redirectUri, scope: provider.scopes.join(" ") },
    ...{ state, code_challenge: challenge, code_challenge_method: "S256" },
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}
