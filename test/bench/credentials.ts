/** Credentials of every kind that the edge meets, and what KV says of them, written as management publishes it. */
import { createHash } from "node:crypto";
import { type PermissionSet, permissionKey, permissionSet } from "../../src/access/permission-set.ts";
import { digestOf, mintToken, readTagKeys } from "../../src/access/token.ts";
import { issuerDigest, issuerKey, type JwtAlgorithm, trustedIssuer } from "../../src/access/trusted-issuer.ts";
import { SUBJECT, signer } from "../access/workload/issuer.ts";
import { FORGOTTEN_UNTIL } from "./auth-marks.ts";
import type { Stage } from "./stage.ts";

/** Far above what is sent: a refusal is not what is measured. */
const REQUESTS_PER_SECOND = 1_000_000;
const OTHER_KEYS = readTagKeys(`1:${createHash("sha256").update("another deployment").digest("base64url")}`);

/** A token that KV knows, with these members of its document. */
export async function publishedToken(stage: Stage, more: Partial<PermissionSet> = {}): Promise<string> {
  const token = mintToken("api", stage.tagKeys);
  const set = permissionSet({
    ...{ id: crypto.randomUUID(), org: stage.org, status: "active", expiresAt: null, datasets: { "*": ["ingest:create"] }, ver: 1 },
    ...more,
  });
  await stage.permissions.put(permissionKey(digestOf(token)), JSON.stringify(set));
  return token;
}

/** One that the edge looks up in KV each time. */
export const forgottenToken = (stage: Stage) => publishedToken(stage, { expiresAt: FORGOTTEN_UNTIL });

/** One that KV does not know: the edge asks the authority each time. */
export async function unpublishedToken(stage: Stage): Promise<string> {
  const token = await stage.token(FORGOTTEN_UNTIL);
  await stage.permissions.delete(permissionKey(digestOf(token)));
  return token;
}

export const revokedToken = (stage: Stage) => publishedToken(stage, { status: "revoked" });

export const limitedToken = (stage: Stage) => publishedToken(stage, { limits: { requestsPerSecond: REQUESTS_PER_SECOND } });

/** One whose last character is another one. */
export function mistypedToken({ tagKeys }: Stage): string {
  const token = mintToken("api", tagKeys);
  return token.slice(0, -1) + (token.endsWith("0") ? "1" : "0");
}

/** Well formed, and made with a key that is not this deployment's. */
export const foreignToken = () => mintToken("api", OTHER_KEYS);

/** A JWT of an issuer that KV knows with its keys, as management publishes both. */
export async function jwt(stage: Stage, algorithm: JwtAlgorithm): Promise<string> {
  const issuer = `https://${algorithm.toLowerCase()}.example`;
  const audience = `urn:headgate:${stage.org}`;
  const { jwk, token } = await signer(algorithm);
  const { use: _, ...key } = jwk;
  const document = trustedIssuer({
    ...{ id: crypto.randomUUID(), org: stage.org, issuer, audience, algorithms: [algorithm], jwksUri: `${issuer}/jwks`, typ: "at+jwt" },
    ...{ maxTokenAgeS: 3_600, status: "active", keys: [key], keysAt: Date.now(), ver: 1 },
    claims: [{ when: [{ claim: "sub", equals: SUBJECT }], grants: { datasets: { "*": ["ingest:create"] } } }],
  });
  await stage.permissions.put(issuerKey(issuerDigest(issuer, audience)), JSON.stringify(document));
  const iat = Math.floor(Date.now() / 1_000);
  return token({ iss: issuer, aud: audience, iat, exp: iat + 3_600 });
}
