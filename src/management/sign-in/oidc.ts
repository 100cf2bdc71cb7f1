/** OpenID Connect with any provider, Google included. */
import * as oauth from "oauth4webapi";
import { Problem } from "../../problem.ts";
import type { Attempt } from "./attempt.ts";
import { metadataOf } from "./discovery.ts";
import { authorizationUrl, clientAuthOf, clientOf, type Exchange, type Person, type SignInProtocol, through } from "./protocol.ts";

/** Between the provider's clock and ours. */
const SKEW_MS = 30_000;

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
    return personOf(claims, claims.email === undefined ? await userInfo(exchange, server, tokens.access_token, claims.sub) : claims);
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

/** Many providers put the e-mail address into the ID token only when told to. */
async function userInfo(
  { provider, outside }: Exchange,
  server: oauth.AuthorizationServer,
  accessToken: string,
  subject: string,
): Promise<Record<string, unknown>> {
  if (!server.userinfo_endpoint) return {};
  const client = clientOf(provider);
  const response = await oauth.userInfoRequest(server, client, accessToken, through(outside));
  return oauth.processUserInfoResponse(server, client, subject, response);
}

function personOf({ sub, auth_time }: oauth.IDToken, { email, email_verified }: Record<string, unknown>): Person {
  const shown = typeof email === "string" ? email : null;
  return {
    subject: sub,
    email: shown,
    // true itself: some providers say "false" in words
    verifiedEmails: shown !== null && email_verified === true ? [shown] : [],
    authenticatedAt: auth_time === undefined ? null : auth_time * 1_000,
  };
}
