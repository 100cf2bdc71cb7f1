/** Credential to caller: what its token may do, and the organisation it belongs to. Judged anew on every request. */
import { type OrganisationMap, type PermissionSet, type Standing, standing } from "../access/permission-set.ts";
import { digestOf, isTagged, kindOf } from "../access/token.ts";
import { isJwtShaped } from "../access/workload/jwt.ts";
import { Problem } from "../problem.ts";
import { type Documents, type Known, openDocuments } from "./documents/documents.ts";
import { type EdgeEnv, settingsOf } from "./env.ts";
import { noteRefused } from "./limits/usage.ts";
import type { Visit } from "./visit.ts";
import { authenticateJwt } from "./workload/authenticate-jwt.ts";

export interface Caller {
  set: PermissionSet;
  organisation: OrganisationMap;
  /** Proven some time ago and not since, because neither KV nor the authority answers. */
  degraded: boolean;
  /** Where the organisation is to be had anew. */
  documents: Documents;
}

const STANDING_TEXTS: Record<Exclude<Standing, "live">, string> = {
  "token-revoked": "the token was revoked; create one at POST /v2/tokens of the management API",
  "token-disabled": "the token is disabled; an owner can enable it",
  "token-not-yet-valid": "the token is not valid yet; GET /v2/tokens shows its notBefore",
  "token-expired": "the token has expired; regenerate it at POST /v2/tokens/<id>/regenerate of the management API",
};

const ofThisIsolate = openDocuments();

/**
 * @throws Problem 401 for a token that is malformed, unknown, revoked or expired, 403 for a kind the edge does not take or an
 * organisation that is not active, 503 when neither KV nor the authority can tell. Does not check capabilities.
 */
export async function authenticate(token: string, visit: Visit, env: EdgeEnv, documents = ofThisIsolate): Promise<Caller> {
  const proof = await permissionSetOf(token, visit, env, documents);
  const set = proof.document;
  if (!set) throw new Problem("token-unknown", "the token is unknown or was deleted; create one at POST /v2/tokens of the management API");
  const state = standing(set, visit.now);
  if (state !== "live") {
    noteRefused(set, state, visit.now);
    throw new Problem(state, STANDING_TEXTS[state]);
  }
  const { document: organisation, degraded } = await documents.organisation(set.org, visit, env);
  if (!organisation) throw new Problem("token-unknown", "the token's organisation is gone");
  if (organisation.status !== "active")
    throw new Problem("organisation-suspended", `the organisation ${organisation.id} is ${organisation.status}; ask the operator`);
  return { set, organisation, degraded: degraded || proof.degraded, documents };
}

/** Somebody whom management has proven, with the datasets that they may know of: behind its back no others are looked up. */
export function callerOf(proven: Pick<Caller, "set" | "organisation">): Caller {
  return { ...proven, degraded: false, documents: { ...ofThisIsolate, renewed: async (known) => known } };
}

/** Here the forms of credentials part. Whatever can be seen from a token alone is refused before anything is looked up. */
async function permissionSetOf(token: string, visit: Visit, env: EdgeEnv, documents: Documents): Promise<Known<PermissionSet>> {
  if (isJwtShaped(token)) {
    const find = (digest: string) => documents.issuer(digest, visit, env);
    return authenticateJwt(token, visit, {
      find,
      fetch: (...asked) => fetch(...asked),
      allowInsecure: settingsOf(env).allowInsecureIssuers,
    });
  }
  const { tagKeys, importedTokens } = settingsOf(env);
  const kind = kindOf(token, tagKeys, importedTokens);
  if (kind === null) throw malformed();
  const digest = digestOf(token);
  // the tag spares look-ups: what was looked up already needs none
  if (!documents.remembers(digest) && !isTagged(token, tagKeys)) throw malformed();
  if (kind === "personal" || kind === "session")
    throw new Problem(
      "token-kind",
      `${kind} tokens are for the management API; the edge takes API tokens (xaat-…), made at POST /v2/tokens there`,
    );
  return documents.permissionSet(digest, visit, env);
}

function malformed(): Problem {
  return new Problem("credential-malformed", "the token is not one of this deployment: check that it was copied whole");
}
