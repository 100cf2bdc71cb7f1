/**
 * What an OpenID provider publishes about itself. The document is kept for a while in the isolate, as text: oauth4webapi hangs key sets and
 * pending imports on the object, and nothing that is pending may be shared between requests.
 */
import {
  type AuthorizationServer,
  discoveryRequest,
  JSON_ATTRIBUTE_COMPARISON,
  OperationProcessingError,
  processDiscoveryResponse,
} from "oauth4webapi";
import { type TrustedFetch, trustedUrlFault } from "../../access/workload/fetch-trusted.ts";
import { Problem } from "../../problem.ts";
import { providerFailure } from "./failure.ts";
import { through } from "./protocol.ts";

const FRESH_MS = 600_000;
const KEPT_MAX = 100;

const kept = new Map<string, { document: string; at: number }>();

/** At most FRESH_MS old. @throws Problem `upstream-failed` saying what is wrong with the provider. */
export async function metadataOf(issuer: string, outside: TrustedFetch, now: number): Promise<AuthorizationServer> {
  const known = kept.get(issuer);
  if (known && now - known.at < FRESH_MS) return JSON.parse(known.document);
  return discover(issuer, outside, now);
}

/** The same, as of now. */
export async function discover(issuer: string, outside: TrustedFetch, now: number): Promise<AuthorizationServer> {
  kept.delete(issuer);
  const server = await fetched(issuer, outside);
  requireSound(server, issuer, outside.allowInsecure);
  for (const [oldest] of kept) if (kept.size >= KEPT_MAX) kept.delete(oldest);
  kept.set(issuer, { document: JSON.stringify(server), at: now });
  return server;
}

async function fetched(issuer: string, outside: TrustedFetch): Promise<AuthorizationServer> {
  try {
    const url = new URL(issuer);
    return await processDiscoveryResponse(url, await discoveryRequest(url, through(outside)));
  } catch (error) {
    if (error instanceof OperationProcessingError && error.code === JSON_ATTRIBUTE_COMPARISON) throw otherIssuer(issuer);
    if (error instanceof OperationProcessingError)
      throw new Problem("upstream-failed", `${issuer} publishes no OpenID configuration: ${error.message}`);
    throw providerFailure(error);
  }
}

/** The addresses in the document are as foreign as the issuer's own. */
function requireSound(server: AuthorizationServer, issuer: string, allowInsecure: boolean): void {
  // the library takes `https://x` and `https://x/` for one; what tokens say must be what the administrator wrote
  if (server.issuer !== issuer) throw otherIssuer(issuer);
  for (const name of ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"] as const) {
    const address: unknown = server[name];
    if (address === undefined && name === "userinfo_endpoint") continue;
    const fault = typeof address === "string" ? trustedUrlFault(address, allowInsecure) : "is missing";
    if (fault) throw new Problem("upstream-failed", `${issuer} publishes an OpenID configuration whose ${name} ${fault}`);
  }
}

function otherIssuer(issuer: string): Problem {
  return new Problem(
    "upstream-failed",
    `the OpenID configuration at ${issuer} is of another issuer; an administrator must enter the issuer exactly as it stands there, also at its end`,
  );
}
