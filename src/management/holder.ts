/** From the bearer token to whoever holds it: form, kind, standing, network. */
import { readAuthorization } from "../access/authorization.ts";
import { inNetworks } from "../access/network.ts";
import { type Standing, standing } from "../access/permission-set.ts";
import { LAST_USED_RESOLUTION_MS } from "../access/staleness.ts";
import { digestOf, parseToken } from "../access/token.ts";
import { Problem } from "../problem.ts";
import type { Credential, CredentialKind } from "./caller.ts";
import { type Found, type Holder, holderOfPersonalToken, holderOfSession, holderOfToken, noteUse } from "./credentials.ts";
import { settingsOf } from "./env.ts";
import { addressOf, queryOf, type Request } from "./request.ts";

const STANDING_TEXTS: Record<Exclude<Standing, "live">, string> = {
  "token-revoked": "the token was deleted; ask an owner for a new one",
  "token-disabled": "the token or its user is disabled; ask an owner",
  "token-not-yet-valid": "the token is not valid yet",
  "token-expired":
    "the token has expired: an owner can regenerate an API token at POST /v2/tokens/<id>/regenerate; make another personal one, or sign in again",
};

/**
 * The holder of the bearer token. Reads no body, and does not check what the holder may do.
 * @param by the kinds of credential that are taken; another is refused before anything is looked up.
 */
export async function holderOf(c: Request, by: readonly CredentialKind[]): Promise<Holder> {
  const token = readAuthorization(c.req.raw.headers, queryOf(c));
  const { tagKeys, importedTokens } = settingsOf(c.env);
  const kind = parseToken(token, tagKeys, importedTokens);
  if (kind === null) throw new Problem("credential-malformed", "the token is not one of this deployment: check that it was copied whole");
  if (kind === "ingest" || !by.includes(kind)) throw wrongKind(kind, by);
  const found = requireLive(await LOOK_UPS[kind](c.env.DB, digestOf(token)), c.var.now);
  if (found.holder.kind === "token") requireNetwork(found.holder.networks, addressOf(c));
  if ((found.lastUsedAt ?? 0) < c.var.now - LAST_USED_RESOLUTION_MS) {
    const { kind, id } = credentialOf(found.holder);
    await noteUse(c.env.DB, kind, id, c.var.now);
  }
  return found.holder;
}

function credentialOf(holder: Holder): Credential {
  return holder.kind === "user" ? { kind: holder.credential, id: holder.credentialId } : { kind: "api", id: holder.id };
}

/** @throws Problem 401 for a credential that is unknown or does not count now. */
export function requireLive(found: Found | null, now: number): Found {
  if (!found) throw new Problem("token-unknown", "the token is unknown; check that it belongs to this deployment");
  const state = standing(found, now);
  if (state !== "live") throw new Problem(state, STANDING_TEXTS[state]);
  return found;
}

/** As the edges do. Not checked: who a Worker of the same account claims to be asking for. */
function requireNetwork(networks: readonly string[], ip: string | null): void {
  if (networks.length > 0 && !inNetworks(networks, ip))
    throw new Problem("address-not-allowed", `the token may not be used from ${ip ?? "an unknown address"}; send from one of its networks`);
}

const LOOK_UPS: Record<CredentialKind, (db: D1Database, digest: string) => Promise<Found | null>> = {
  api: holderOfToken,
  personal: holderOfPersonalToken,
  session: (db, digest) => holderOfSession(db, digest, "api"),
};

const KIND_WORDS: Record<CredentialKind, string> = {
  api: "an API token (xaat-…)",
  personal: "a personal token (xapt-…)",
  session: "a session token (xast-…)",
};

function wrongKind(kind: CredentialKind | "ingest", by: readonly CredentialKind[]): Problem {
  const name = { api: "API", personal: "personal", session: "session", ingest: "ingest" }[kind];
  return new Problem("token-kind", `${name} tokens are not taken here; use ${by.map((one) => KIND_WORDS[one]).join(" or ")}`);
}
