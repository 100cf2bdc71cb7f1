/** OpenID Connect with any provider, Google included. */
import * as oauth from "oauth4webapi";
import { Problem } from "../../problem.ts";
import type { Attempt } from "./attempt.ts";
import { discover, metadataOf } from "./discovery.ts";
import {
  authorizationUrl,
  clientAuthOf,
  clientOf,
  EMAIL_LENGTH_MAX,
  type Exchange,
  type Person,
  type SignInProtocol,
  through,
} from "./protocol.ts";
import type { Provider } from "./provider-store.ts";
import { clientTaken } from "./trial.ts";

/** Between the provider's clock and ours. */
const SKEW_MS = 30_000;
/** OpenID Connect Core 2. */
const SUBJECT_LENGTH_MAX = 255;

export const oidc: SignInProtocol = {
  async begin(exchange, attempt) {
    const server = await metadataOf(exchange.provider.issuer, exchange.outside, exchange.now);
    const url = authorizationUrl(server, exchange, attempt, await oauth.calculatePKCECodeChallenge(attempt.verifier));
    url.searchParams.set("nonce", attempt.nonce);
    if (attempt.again) {
      // Google refuses `login`, and with this one at least asks
      url.searchParams.set("prompt", exchange.provider.type === "google" ? "select_account" : "login");
      url.searchParams.set("max_age", "0");
    }
    return url;
  },

  async finish(exchange, attempt, answer, secret) {
    const { provider, redirectUri, outside, now } = exchange;
    const server = await metadataOf(provider.issuer, outside, now);
    const client = clientOf(provider);
    const code = oauth.validateAuthResponse(server, client, answer, attempt.state);
    const clientAuth = clientAuthOf(provider, secret);
    const response = await oauth.authorizationCodeGrantRequest(
      ...([server, client, clientAuth, code, redirectUri, attempt.verifier, through(outside)] as const),
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: attempt.nonce,
      requireIdToken: true,
    });
    // TLS alone would do for a token that comes straight from the provider; a signature holds also where TLS is ended by others
    await oauth.validateApplicationLevelSignature(server, response, through(outside));
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    if (!claims) throw new Problem("sign-in-failed", "the identity provider sent no ID token; begin to sign in again");
    requireAskedAgain(attempt, claims);
    if (claims.sub.length > SUBJECT_LENGTH_MAX)
      throw new Problem("sign-in-failed", `the identity provider names you in more than ${SUBJECT_LENGTH_MAX} characters`);
    return personOf(provider, claims, await emailOf(exchange, server, tokens.access_token, claims));
  },

  async tryOut(exchange, secret) {
    const { provider, outside, now } = exchange;
    const server = await discover(provider.issuer, outside, now);
    const challenges = server.code_challenge_methods_supported;
    if (challenges && !challenges.includes("S256"))
      throw new Problem("upstream-failed", "the identity provider does not support PKCE with S256, without which nobody can sign in");
    return {
      issuer: server.issuer,
      authorizationEndpoint: server.authorization_endpoint,
      tokenEndpoint: server.token_endpoint,
      userinfoEndpoint: server.userinfo_endpoint ?? null,
      jwksUri: server.jwks_uri,
      signedWith: server.id_token_signing_alg_values_supported ?? [],
      namesItself: server.authorization_response_iss_parameter_supported === true,
      clientTaken: await clientTaken(server, exchange, secret),
    };
  },
};

/** What the provider tells of when it last asked is believed; one that tells nothing is believed to have done as it was told. */
function requireAskedAgain({ again, begunAt }: Attempt, { auth_time }: oauth.IDToken): void {
  if (again && auth_time !== undefined && auth_time * 1_000 < begunAt - SKEW_MS)
    throw new Problem(
      "sign-in-failed",
      "the identity provider did not ask you again who you are; sign out there and begin to sign in again",
    );
}

/** Many providers put the e-mail address, or whether it is verified, into the ID token only when told to. */
async function emailOf(
  { provider, outside }: Exchange,
  server: oauth.AuthorizationServer,
  accessToken: string,
  claims: oauth.IDToken,
): Promise<Record<string, unknown>> {
  if (!server.userinfo_endpoint || (claims.email !== undefined && claims.email_verified !== undefined)) return claims;
  const client = clientOf(provider);
  const response = await oauth.userInfoRequest(server, client, accessToken, through(outside));
  const told = await oauth.processUserInfoResponse(server, client, claims.sub, response);
  return told.email === undefined ? claims : told;
}

function personOf({ type }: Provider, { sub, auth_time }: oauth.IDToken, told: Record<string, unknown>): Person {
  const email = typeof told.email === "string" && told.email.length <= EMAIL_LENGTH_MAX ? told.email : null;
  // true itself: some providers say "false" in words
  const verified = email !== null && told.email_verified === true && (type !== "google" || isGoogles(email, told.hd));
  return {
    subject: sub,
    email,
    verifiedEmails: verified ? [email] : [],
    authenticatedAt: auth_time === undefined ? null : Math.floor(auth_time * 1_000),
  };
}

/**
 * By Google's own word it speaks for addresses of Gmail and of domains that it hosts only. Whoever opened an account with an address from
 * elsewhere may have lost it since.
 */
function isGoogles(email: string, hostedDomain: unknown): boolean {
  return typeof hostedDomain === "string" || /@gmail\.com$/i.test(email);
}
