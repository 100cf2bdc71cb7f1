/**
 * `POST /v2/oauth/token`: a JWT of a trusted issuer in exchange for an API token (RFC 8693), for senders that can only hold a token of
 * ours. The token may do what the issuer's mappings say and no more, and ends with the JWT or after an hour, whichever comes first.
 *
 * A JWT can be exchanged as often as it can be used: whoever has it can do the same without.
 */
import { randomUUID } from "node:crypto";
import { digestOf, mintToken } from "../../access/token.ts";
import { issuerDigest } from "../../access/trusted-issuer.ts";
import { openJwt } from "../../access/workload/jwt.ts";
import { keyOf, openKeySets } from "../../access/workload/key-sets.ts";
import { requireConfigured, verifyJwt, type Workload } from "../../access/workload/verify.ts";
import { Problem } from "../../problem.ts";
import { type Change, originOf } from "../change.ts";
import { settingsOf } from "../env.ts";
import { outsideOf } from "../outbound.ts";
import { publishing } from "../publish.ts";
import { type Request, readText } from "../request.ts";
import type { Route } from "../route.ts";
import { issuerDocument } from "./store.ts";
import { type Held, insertWorkloadToken, liveTokensOf } from "./workload-tokens.ts";

const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const SUBJECT_TYPES = ["urn:ietf:params:oauth:token-type:jwt", ACCESS_TOKEN];
const FORM = "application/x-www-form-urlencoded";
const TOKEN_LIFE_MAX_MS = 3_600_000;
/** Of one issuer, at a time. */
const LIVE_TOKENS_MAX = 1_000;
/** Of one subject: no workload may use up what its issuer's others need. */
const LIVE_TOKENS_PER_SUBJECT_MAX = 20;
const SUBJECT_SHOWN_MAX = 200;

export const exchange: Route[] = [
  { method: "POST", path: "/v2/oauth/token", as: "anyone", by: "a JWT of a trusted issuer, in the body", run: exchangeToken },
];

/** Key sets of this isolate. */
const sets = openKeySets();

/** RFC 6749 5.2: what is wrong with the request, as its client's library expects to hear it. */
class OAuthError extends Error {
  readonly error: string;

  constructor(error: string, description: string) {
    super(description);
    this.error = error;
  }
}

async function exchangeToken(c: Request): Promise<Response> {
  try {
    const jwt = await workloadOf(c, await readSubjectToken(c));
    const { secret, expiresAt } = await mint(c, jwt.workload, jwt.issuerVer);
    c.header("pragma", "no-cache");
    return c.json({
      access_token: secret,
      issued_token_type: ACCESS_TOKEN,
      token_type: "Bearer",
      expires_in: Math.floor((expiresAt - c.var.now) / 1_000),
    });
  } catch (error) {
    return refusal(c, error);
  }
}

/** Everything that is wrong with the subject token is `invalid_request` (RFC 8693 2.2.2); "later" stays 429 and 503. */
function refusal(c: Request, error: unknown): Response {
  if (error instanceof OAuthError) return c.json({ error: error.error, error_description: asAscii(error.message) }, 400);
  if (!(error instanceof Problem) || error.status === 500) throw error;
  const description = asAscii(error.message);
  if (error.status !== 429 && error.status !== 503) return c.json({ error: "invalid_request", error_description: description }, 400);
  c.header("retry-after", String(error.retryAfterS));
  return c.json({ error: "temporarily_unavailable", error_description: description }, error.status);
}

/** RFC 6749 5.2 allows neither quotes nor backslashes nor anything but ASCII. */
function asAscii(text: string): string {
  return text.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, "?");
}

async function readSubjectToken(c: Request): Promise<string> {
  const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== FORM) throw new OAuthError("invalid_request", `send the parameters as ${FORM}`);
  const form = new URLSearchParams(await readText(c.req.raw));
  const repeated = [...form.keys()].find((name) => form.getAll(name).length > 1);
  if (repeated !== undefined) throw new OAuthError("invalid_request", "a parameter was sent twice");
  if (form.get("grant_type") !== GRANT_TYPE) throw new OAuthError("unsupported_grant_type", `grant_type must be ${GRANT_TYPE}`);
  if (!SUBJECT_TYPES.includes(form.get("subject_token_type") ?? ""))
    throw new OAuthError("invalid_request", `subject_token_type must be ${SUBJECT_TYPES.join(" or ")}`);
  if (![null, ACCESS_TOKEN].includes(form.get("requested_token_type")))
    throw new OAuthError("invalid_request", `requested_token_type must be ${ACCESS_TOKEN}, or absent`);
  if (form.has("actor_token")) throw new OAuthError("invalid_request", "actor_token is not taken here");
  if (form.has("scope")) throw new OAuthError("invalid_scope", "scope is not taken here; the issuer's mappings say what the token may do");
  if (form.has("resource") || form.has("audience"))
    throw new OAuthError("invalid_target", "resource and audience are not taken here; the token is for this deployment");
  const token = form.get("subject_token");
  if (!token) throw new OAuthError("invalid_request", "subject_token is missing");
  return token;
}

async function workloadOf(c: Request, token: string): Promise<{ workload: Workload & { issuer: string }; issuerVer: number }> {
  const jwt = openJwt(token);
  const trusted = await issuerDocument(c.env.DB, issuerDigest(jwt.issuer, jwt.audience));
  requireConfigured(jwt, trusted);
  const visit = { now: c.var.now, waitUntil: (work: Promise<unknown>) => c.executionCtx.waitUntil(work) };
  const key = await keyOf(jwt, trusted, sets, visit, outsideOf(c.env));
  const workload = await verifyJwt(jwt, trusted, key, c.var.now);
  const status = await c.env.DB.prepare("SELECT status FROM orgs WHERE id = ?").bind(workload.org).first<string>("status");
  if (status !== "active") throw new Problem("organisation-suspended", `the organisation ${workload.org} is ${status}; ask its owner`);
  return { workload: { ...workload, issuer: trusted.id }, issuerVer: trusted.ver };
}

async function mint(
  c: Request,
  { id, org, subject, issuer, datasets, ...workload }: Workload & { issuer: string },
  issuerVer: number,
): Promise<{ secret: string; expiresAt: number }> {
  const { DB: db } = c.env;
  const { now, traceId } = c.var;
  const held = await liveTokensOf(db, issuer, id, now);
  requireFewer("this workload holds", held.workload, LIVE_TOKENS_PER_SUBJECT_MAX, now);
  requireFewer("the issuer's workloads hold", held.issuer, LIVE_TOKENS_MAX, now);
  const expiresAt = Math.min(workload.expiresAt, now + TOKEN_LIFE_MAX_MS);
  const secret = mintToken("api", settingsOf(c.env).tagKeys);
  const token = { id: randomUUID(), org, issuer, name: id, hint: secret.slice(-4), datasets, expiresAt };
  const change: Change = {
    ...{ id: traceId, at: now, org, action: "token.exchange", target: token.id },
    actor: { kind: "workload", id, name: subject.slice(0, SUBJECT_SHOWN_MAX) },
    detail: { issuer, capabilities: { datasets }, expiresAt: new Date(expiresAt).toISOString() },
    origin: originOf(c, null),
  };
  if (!(await publishing(c, org, () => insertWorkloadToken(db, token, digestOf(secret), change, issuerVer, LIVE_TOKENS_PER_SUBJECT_MAX))))
    throw new Problem(
      "store-unavailable",
      "the issuer, its organisation or the workload's tokens changed at the same moment; send the request again",
    );
  return { secret, expiresAt };
}

function requireFewer(who: string, { count, endsAt }: Held, most: number, now: number): void {
  if (count < most) return;
  const retryAfterS = Math.max(1, Math.ceil(((endsAt ?? now) - now) / 1_000));
  const detail = `${who} ${count} tokens, the most there may be at a time; use one for longer, or come again when the first has ended`;
  throw new Problem("rate-limited", detail, {}, retryAfterS);
}
