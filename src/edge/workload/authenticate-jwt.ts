/**
 * A JWT as a credential of the edge. It becomes a permission set like an API token's, so that whatever comes after knows no difference.
 *
 * What a token says before its signature is checked chooses the document that it is judged by, and nothing else: no address in it is
 * ever fetched, and no token of an issuer that nobody configured causes a fetch.
 */
import { type PermissionSet, permissionSet } from "../../access/permission-set.ts";
import { issuerDigest, type TrustedIssuer } from "../../access/trusted-issuer.ts";
import type { TrustedFetch } from "../../access/workload/fetch-trusted.ts";
import { openJwt } from "../../access/workload/jwt.ts";
import { type KeySets, type KeyVisit, keyOf, openKeySets } from "../../access/workload/key-sets.ts";
import { requireConfigured, verifyJwt } from "../../access/workload/verify.ts";
import type { Known } from "../documents/documents.ts";

/** Key sets of this isolate. */
const sets = openKeySets();

export interface JwtEnv extends TrustedFetch {
  /**
   * The document by its digest: from memory, KV under `issuerKey`, or the authority by `lookUpIssuer`.
   * @throws Problem `store-unavailable` when nobody can tell.
   */
  find(digest: string): Promise<Known<TrustedIssuer>>;
  /** For tests that begin anew; absent: those of the isolate. */
  sets?: KeySets;
}

/**
 * What the bearer of a JWT may do. Its end is the token's; its id holds a digest of the subject, so that what one workload sends is counted
 * together. Does not check the standing of the organisation.
 * @throws Problem 401 for a token that is malformed, of an unknown issuer, badly signed or expired; 403 when no mapping matches; 503 when
 * the document or the issuer's keys cannot be had.
 */
export async function authenticateJwt(token: string, visit: KeyVisit, env: JwtEnv): Promise<Known<PermissionSet>> {
  const jwt = openJwt(token);
  const { document: trusted, degraded } = await env.find(issuerDigest(jwt.issuer, jwt.audience));
  requireConfigured(jwt, trusted);
  const key = await keyOf(jwt, trusted, env.sets ?? sets, visit, env);
  const { id, org, expiresAt, datasets } = await verifyJwt(jwt, trusted, key, visit.now);
  return { document: permissionSet({ id, org, status: "active", expiresAt, datasets, ver: trusted.ver }), degraded };
}
