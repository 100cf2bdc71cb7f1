/** Whether a JWT is what its issuer signed for us, and what its bearer may therefore do. */
import { createHash } from "node:crypto";
import { jwtVerify } from "jose";
import { JWTClaimValidationFailed, JWTExpired } from "jose/errors";
import { Problem } from "../../problem.ts";
import type { Capability } from "../capability.ts";
import type { PublicKey, TrustedIssuer } from "../trusted-issuer.ts";
import type { UnverifiedJwt } from "./jwt.ts";
import { claimsLookedAt, grantedBy } from "./mapping.ts";

/** How far an issuer's clock may be ahead of ours. */
const CLOCK_SKEW_S = 5;
/** RFC 9068 2.2, without iss and aud, which chose the issuer; and what tokens of CI providers have of it. */
const CLAIMS_REQUIRED = { "at+jwt": ["exp", "iat", "sub", "jti", "client_id"], JWT: ["exp", "iat", "sub"] };
const SUBJECT_LENGTH_MAX = 1_024;
const SUBJECT_DIGEST_LENGTH = 16;

export interface Workload {
  /** `jwt:<issuer's id>:<digest of sub>`: stable, of bounded length, and silent about whose it is. */
  id: string;
  org: string;
  /** As the issuer has it. */
  subject: string;
  /** Epoch milliseconds: `exp`, or the end of the age that the organisation allows, whichever comes first. */
  expiresAt: number;
  /** Capabilities by dataset id, or `*`; never empty. */
  datasets: Record<string, Capability[]>;
}

/**
 * Refuses what can be refused before a key is looked for: a look-up may cost a fetch.
 * @throws Problem `token-unknown` for an issuer that is not trusted (any more), `credential-malformed` for a type or algorithm that was not
 * configured.
 */
export function requireConfigured(jwt: UnverifiedJwt, trusted: TrustedIssuer | null): asserts trusted is TrustedIssuer {
  // the document was found by a digest of both; compared all the same, as RFC 8725 3.8 and 3.9 want it
  const named = trusted !== null && trusted.issuer === jwt.issuer && trusted.audience === jwt.audience;
  if (!named || trusted.status === "deleted")
    throw new Problem(
      "token-unknown",
      "no organisation trusts this token's issuer for its audience; configure it at POST /v2/auth/issuers",
    );
  if (trusted.status !== "active") throw new Problem("token-disabled", "the token's issuer is disabled; an owner can enable it again");
  const algorithms: readonly string[] = trusted.algorithms;
  if (!algorithms.includes(jwt.algorithm)) throw refused("alg in its header is none of those that are configured for its issuer");
  if (!typeFits(jwt.type, trusted))
    throw refused(`typ in its header must be ${trusted.typ}; for tokens with JWT or none, set typ of the issuer to JWT`);
}

/**
 * @param key what the issuer publishes under the token's `kid`; it fits the token's algorithm.
 * @throws Problem `token-unknown` for another's signature, `credential-malformed` for claims that are missing or of the wrong form,
 * `token-expired`, `token-not-yet-valid`, `forbidden` when no mapping matches. No text has a value of the token.
 */
export async function verifyJwt(jwt: UnverifiedJwt, trusted: TrustedIssuer, key: PublicKey, now: number): Promise<Workload> {
  const claims = await verifiedClaims(jwt, trusted, key, now);
  const expiresAt = endOf(claims, trusted, now);
  const { sub } = claims;
  if (typeof sub !== "string" || sub === "" || sub.length > SUBJECT_LENGTH_MAX)
    throw refused(`its claim sub must be a text of 1 to ${SUBJECT_LENGTH_MAX} characters`);
  const datasets = grantedBy(trusted.claims, claims);
  if (Object.keys(datasets).length === 0) {
    const looked = claimsLookedAt(trusted.claims).join(", ");
    throw new Problem("forbidden", `no mapping of the issuer matches the token; the mappings look at its claims ${looked}`);
  }
  const digest = createHash("sha256").update(sub).digest("base64url").slice(0, SUBJECT_DIGEST_LENGTH);
  return { id: `jwt:${trusted.id}:${digest}`, org: trusted.org, subject: sub, expiresAt, datasets };
}

/**
 * jose checks the signature, and once more what is checked above. It is given one key, not a set: its own sets keep promises from one
 * request to another, which hangs an isolate when the first is cancelled. The imported key it keeps beside the object, as a value.
 */
async function verifiedClaims(jwt: UnverifiedJwt, trusted: TrustedIssuer, key: PublicKey, now: number): Promise<Record<string, unknown>> {
  const { issuer, audience, algorithms, typ } = trusted;
  try {
    const { payload } = await jwtVerify(jwt.token, key, {
      ...{ issuer, audience, algorithms, requiredClaims: CLAIMS_REQUIRED[typ], clockTolerance: CLOCK_SKEW_S, currentDate: new Date(now) },
      ...(jwt.type !== undefined && { typ }),
    });
    return payload;
  } catch (error) {
    throw problemOf(error);
  }
}

function problemOf(error: unknown): Problem {
  if (error instanceof JWTExpired) return expired();
  if (error instanceof JWTClaimValidationFailed) {
    if (error.reason === "missing") return refused(`it lacks the claim ${error.claim}`);
    if (error.claim === "nbf" && error.reason === "check_failed") return notYet("nbf");
    return refused(`its claim ${error.claim} is not as it has to be`);
  }
  return new Problem("token-unknown", "the token's signature is not that of its issuer's key; request a new token");
}

/** When the token ends, after a look at all its times. jose lets fractions, huge numbers and an `iat` in the future pass. */
function endOf({ exp, iat, nbf }: Record<string, unknown>, { maxTokenAgeS }: TrustedIssuer, now: number): number {
  if (!isTime(exp) || !isTime(iat) || !(nbf === undefined || isTime(nbf)))
    throw refused("its claims exp, iat and nbf must be whole seconds since 1970");
  if (iat * 1_000 > now + CLOCK_SKEW_S * 1_000) throw notYet("iat");
  const end = Math.min(exp, iat + maxTokenAgeS) * 1_000;
  if (end <= now) throw expired();
  return end;
}

/** Up to the year 9999. */
function isTime(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 253_402_300_800;
}

/** RFC 9068 2.1 lets the type be written with its media type's prefix, RFC 7515 4.1.9 in any case. */
function typeFits(type: string | undefined, { typ }: TrustedIssuer): boolean {
  if (type === undefined) return typ === "JWT";
  const name = type.toLowerCase();
  return name === typ.toLowerCase() || name === `application/${typ.toLowerCase()}`;
}

function refused(what: string): Problem {
  return new Problem("credential-malformed", `the token is not taken: ${what}`);
}

function expired(): Problem {
  return new Problem("token-expired", "the token has expired or is too old; request a new one");
}

function notYet(claim: string): Problem {
  return new Problem("token-not-yet-valid", `the token is not valid yet, by its claim ${claim}; check its issuer's clock`);
}
