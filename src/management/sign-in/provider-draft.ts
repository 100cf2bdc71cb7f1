/** What a request may say about a provider, and what that makes of it. */
import * as v from "valibot";
import { trustedUrlFault } from "../../access/workload/fetch-trusted.ts";
import { Problem } from "../../problem.ts";
import { CLIENT_AUTHS, PROVIDER_TYPES, type Provider, type ProviderType } from "./provider-store.ts";

const SCOPES_MAX = 20;
const DOMAINS_MAX = 50;
const CLIENT_ID_LENGTH_MAX = 500;
const SECRET_LENGTH_MAX = 4_096;

const NAME = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;
const PRINTABLE = /^[\x20-\x7e]+$/;
/** RFC 6749 3.3 */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const DOMAIN = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/;

const printable = (most: number) =>
  v.pipe(
    v.string(),
    v.regex(PRINTABLE, "must be printable ASCII characters, at least one"),
    v.maxLength(most, `must be at most ${most} characters`),
  );

const Settings = {
  scopes: v.nullish(
    v.pipe(
      v.array(v.pipe(v.string(), v.regex(SCOPE, "must be one scope, without blanks"), v.maxLength(200, "must be at most 200 characters"))),
      v.minLength(1, "must name a scope"),
      v.maxLength(SCOPES_MAX, `must hold at most ${SCOPES_MAX} scopes`),
    ),
  ),
  clientAuth: v.nullish(v.picklist(CLIENT_AUTHS, `must be one of ${CLIENT_AUTHS.join(", ")}`)),
  allowedDomains: v.nullish(
    v.pipe(
      v.array(
        v.pipe(
          v.string(),
          v.toLowerCase(),
          v.maxLength(253, "must be at most 253 characters"),
          v.regex(DOMAIN, "must be a domain such as example.com, in its xn-- form if need be"),
        ),
      ),
      v.maxLength(DOMAINS_MAX, `must hold at most ${DOMAINS_MAX} domains`),
    ),
  ),
  enabled: v.nullish(v.boolean()),
};

export const NewProvider = v.strictObject({
  name: v.pipe(v.string(), v.regex(NAME, "must be 1 to 32 lower-case letters, digits or hyphens, with no hyphen at either end")),
  type: v.picklist(PROVIDER_TYPES, `must be one of ${PROVIDER_TYPES.join(", ")}`),
  issuer: v.nullish(v.string()),
  clientId: printable(CLIENT_ID_LENGTH_MAX),
  clientSecret: printable(SECRET_LENGTH_MAX),
  ...Settings,
});

/** What is not sent stays. */
export const ProviderUpdate = v.strictObject({
  issuer: v.nullish(v.string()),
  clientId: v.nullish(printable(CLIENT_ID_LENGTH_MAX)),
  clientSecret: v.nullish(printable(SECRET_LENGTH_MAX)),
  ...Settings,
});

type Settings = Pick<Provider, "name" | "type" | "issuer" | "clientId" | "clientAuth" | "scopes" | "allowedDomains" | "enabled">;
type New = Omit<v.InferOutput<typeof NewProvider>, "clientSecret">;
type Update = Omit<v.InferOutput<typeof ProviderUpdate>, "clientSecret">;

/** Google's way of reading percent-encoded client credentials in a header is its own, so they go into the body; GitHub takes no header. */
const FIXED: Partial<Record<ProviderType, { issuer: string; clientAuth: Provider["clientAuth"] }>> = {
  google: { issuer: "https://accounts.google.com", clientAuth: "client_secret_post" },
  github: { issuer: "https://github.com", clientAuth: "client_secret_post" },
};

const SCOPES: Record<ProviderType, string[]> = {
  oidc: ["openid", "email", "profile"],
  google: ["openid", "email", "profile"],
  github: ["read:user", "user:email"],
};

/** @throws Problem `body-invalid` naming the member. */
export function drafted(request: New, allowInsecure: boolean): Settings {
  const { name, type, clientId } = request;
  const fixed = FIXED[type];
  const start = { issuer: fixed?.issuer ?? "", clientAuth: fixed?.clientAuth ?? CLIENT_AUTHS[0], scopes: SCOPES[type] };
  return sound({ ...merged({ ...start, clientId, allowedDomains: [], enabled: true }, request), name, type }, allowInsecure);
}

/** @throws Problem `body-invalid` naming the member. */
export function updated(known: Provider, request: Update, allowInsecure: boolean): Provider {
  const { name, type } = known;
  return { ...known, ...sound({ ...merged(known, request), name, type }, allowInsecure) };
}

function merged(known: Omit<Settings, "name" | "type">, request: Update): Omit<Settings, "name" | "type"> {
  return {
    issuer: request.issuer ?? known.issuer,
    clientId: request.clientId ?? known.clientId,
    clientAuth: request.clientAuth ?? known.clientAuth,
    scopes: request.scopes ?? known.scopes,
    allowedDomains: request.allowedDomains ?? known.allowedDomains,
    enabled: request.enabled ?? known.enabled,
  };
}

function sound(settings: Settings, allowInsecure: boolean): Settings {
  const { type, issuer, clientAuth, scopes } = settings;
  const fixed = FIXED[type];
  if (fixed && issuer !== fixed.issuer) throw wrong("issuer", `must be ${fixed.issuer}, or be left out, for a provider of type ${type}`);
  if (fixed && clientAuth !== fixed.clientAuth) throw wrong("clientAuth", `must be ${fixed.clientAuth} for a provider of type ${type}`);
  if (!fixed) requireIssuer(issuer, allowInsecure);
  if (type !== "github" && !scopes.includes("openid")) throw wrong("scopes", "must hold openid");
  return settings;
}

function requireIssuer(issuer: string, allowInsecure: boolean): void {
  const own = Object.entries(FIXED).find(([, fixed]) => issuer.replace(/\/$/, "") === fixed.issuer);
  if (own) throw wrong("type", `must be ${own[0]} for this issuer`);
  const fault = trustedUrlFault(issuer, allowInsecure) ?? (issuer.includes("?") ? "must hold no query" : null);
  if (fault) throw wrong("issuer", fault);
}

function wrong(member: string, why: string): Problem {
  return new Problem("body-invalid", `${member} ${why}`);
}
