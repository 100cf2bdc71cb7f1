/** GitHub speaks OAuth 2.0 without OpenID: who somebody is has to be asked of its API. */
import * as oauth from "oauth4webapi";
import * as v from "valibot";
import { fetchTrusted, type TrustedFetch } from "../../access/workload/fetch-trusted.ts";
import { Problem } from "../../problem.ts";
import { authorizationUrl, clientAuthOf, clientOf, EMAIL_LENGTH_MAX, type SignInProtocol, through } from "./protocol.ts";
import { clientTaken } from "./trial.ts";

/** Its issuer is what GitHub's own metadata has; identities are kept under https://github.com. */
const SERVER: oauth.AuthorizationServer = {
  issuer: "https://github.com/login/oauth",
  authorization_endpoint: "https://github.com/login/oauth/authorize",
  token_endpoint: "https://github.com/login/oauth/access_token",
};
const API = "https://api.github.com";
/** Each of them may be looked up. */
const EMAILS_MAX = 20;

/** Names change hands, the number does not. */
const User = v.object({ id: v.pipe(v.number(), v.safeInteger(), v.minValue(1)) });
const Emails = v.array(v.object({ email: v.pipe(v.string(), v.maxLength(EMAIL_LENGTH_MAX)), verified: v.boolean(), primary: v.boolean() }));

export const github: SignInProtocol = {
  async begin(exchange, attempt) {
    return authorizationUrl(SERVER, exchange, attempt, await oauth.calculatePKCECodeChallenge(attempt.verifier));
  },

  async finish({ provider, redirectUri, outside }, attempt, answer, secret) {
    const client = clientOf(provider);
    const code = oauth.validateAuthResponse(SERVER, client, answer, attempt.state);
    const clientAuth = clientAuthOf(provider, secret);
    const response = await oauth.authorizationCodeGrantRequest(
      ...([SERVER, client, clientAuth, code, redirectUri, attempt.verifier, through(outside)] as const),
    );
    const { access_token } = await oauth.processAuthorizationCodeResponse(SERVER, client, await withErrorStatus(response));
    const user = await asked("/user", User, access_token, outside);
    const emails = await asked("/user/emails", Emails, access_token, outside);
    return {
      subject: String(user.id),
      email: emails.find(({ primary }) => primary)?.email ?? null,
      verifiedEmails: emails
        .filter(({ verified }) => verified)
        .map(({ email }) => email)
        .slice(0, EMAILS_MAX),
      authenticatedAt: null,
    };
  },

  async tryOut(exchange, secret) {
    return { tokenEndpoint: SERVER.token_endpoint, clientTaken: await clientTaken(SERVER, exchange, secret, withErrorStatus) };
  },
};

/** GitHub reports errors of its token endpoint with status 200. */
async function withErrorStatus(response: Response): Promise<Response> {
  const text = await response.text();
  const failed = response.ok && /^\s*\{/.test(text) && Object.hasOwn(JSON.parse(text), "error");
  return new Response(text, { status: failed ? 400 : response.status, headers: response.headers });
}

async function asked<S extends v.GenericSchema>(
  path: string,
  schema: S,
  accessToken: string,
  outside: TrustedFetch,
): Promise<v.InferOutput<S>> {
  const headers = {
    ...{ authorization: `Bearer ${accessToken}`, accept: "application/vnd.github+json" },
    // GitHub refuses requests without one
    ...{ "user-agent": "headgate", "x-github-api-version": "2022-11-28" },
  };
  const answer = await (await fetchTrusted(API + path, { headers }, outside)).json().catch(() => null);
  const parsed = v.safeParse(schema, answer);
  if (!parsed.success) throw new Problem("upstream-failed", `GitHub answered ${path} with something else than its documentation says`);
  return parsed.output;
}
