/** Where an issuer's keys are, and which: asked of the issuer itself when it is configured, and every hour. */
import type { PublicKey } from "../../access/trusted-issuer.ts";
import { FetchFailure, fetchTrusted, type TrustedFetch, trustedUrlFault } from "../../access/workload/fetch-trusted.ts";
import { readKeySet } from "../../access/workload/jwks.ts";
import { Problem } from "../../problem.ts";

/**
 * The address of an issuer's keys, from its OpenID Connect discovery document. The document must be of that very issuer (OpenID Connect
 * Discovery 4.3), or any host could speak for another.
 * @throws Problem `body-invalid` for an issuer that cannot be asked, `upstream-failed` when it does not answer as it has to.
 */
export async function discoverJwksUri(issuer: string, env: TrustedFetch): Promise<string> {
  const fault = trustedUrlFault(issuer, env.allowInsecure) ?? (issuer.includes("?") ? "must hold no ?query" : null);
  if (fault) throw new Problem("body-invalid", `issuer ${fault}, unless jwksUri says where its keys are`);
  try {
    const response = await fetchTrusted(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, {}, env);
    const { issuer: named, jwks_uri: uri } = documentOf(await response.text());
    if (named !== issuer) throw new FetchFailure("the document names another issuer; give the issuer exactly as its tokens have it in iss");
    if (typeof uri !== "string") throw new FetchFailure("the document has no jwks_uri");
    const found = trustedUrlFault(uri, env.allowInsecure);
    if (found) throw new FetchFailure(`the jwks_uri in the document ${found}`);
    return uri;
  } catch (failure) {
    throw problemOf("the issuer's discovery document cannot be used", failure);
  }
}

/** @throws Problem `body-invalid` for an address that is not trusted, `upstream-failed` when no usable key is there. */
export async function fetchKeys(jwksUri: string, env: TrustedFetch): Promise<PublicKey[]> {
  const fault = trustedUrlFault(jwksUri, env.allowInsecure);
  if (fault) throw new Problem("body-invalid", `jwksUri ${fault}`);
  try {
    const response = await fetchTrusted(jwksUri, { headers: { accept: "application/json" } }, env);
    return await readKeySet(await response.text());
  } catch (failure) {
    throw problemOf("the issuer's keys cannot be had", failure);
  }
}

function documentOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // no JSON: the same answer as for JSON that is no object
  }
  throw new FetchFailure("the answer is not a JSON object");
}

function problemOf(what: string, failure: unknown): unknown {
  return failure instanceof FetchFailure ? new Problem("upstream-failed", `${what}: ${failure.message}`) : failure;
}
