/**
 * An issuer whose JWTs count as credentials of one organisation, as management publishes it in KV and the edge reads it.
 *
 *     j:<base64url SHA-256 of issuer, line feed, audience>   TrustedIssuer
 *
 * Issuer and audience together are unique in a deployment, and the audience names the organisation: many organisations may trust one
 * issuer (every user of GitHub Actions shares one), and none can take what another's workloads send.
 */
import { createHash } from "node:crypto";
import type { Capability } from "./capability.ts";

const VERSION = 1;

/** Signatures only: with a shared secret whoever checks a token could make one. */
export const JWT_ALGORITHMS = ["ES256", "ES384", "RS256", "PS256", "EdDSA"] as const;
export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number];

/**
 * `at+jwt`: access tokens by RFC 9068, which say so in their header. `JWT`: what CI providers (GitHub Actions, GitLab, Kubernetes)
 * issue, with `typ` JWT or none. Those are ID tokens by their form, so that nothing but the audience tells one that was made for
 * Headgate from one that was made to sign a person in: choose it only with an audience that nothing else uses.
 */
export const JWT_TYPES = ["at+jwt", "JWT"] as const;
export type JwtType = (typeof JWT_TYPES)[number];

/** What workloads can be allowed to do. */
export const WORKLOAD_CAPABILITIES: readonly Capability[] = ["ingest:create", "query:read"];

export interface TrustedIssuer {
  v: typeof VERSION;
  id: string;
  org: string;
  /** Compared with `iss` character by character. */
  issuer: string;
  /** Compared with `aud` character by character. */
  audience: string;
  algorithms: JwtAlgorithm[];
  /** Where the issuer publishes its keys. */
  jwksUri: string;
  typ: JwtType;
  /** Age since `iat` at which a token ends, in seconds, whatever its `exp` says. */
  maxTokenAgeS: number;
  claims: ClaimMapping[];
  status: "active" | "disabled" | "deleted";
  /** The last key set that management fetched, so that an isolate without one has a set at once. */
  keys: PublicKey[];
  /** When it was fetched, epoch milliseconds. */
  keysAt: number;
  /** Rises with each change; a reader keeps the highest. */
  ver: number;
}

/** Who matches all of `when` gets what `grants` says. All mappings that match are united. */
export interface ClaimMapping {
  when: ClaimTest[];
  grants: {
    /** Capabilities by dataset id, or `*`. */
    datasets: Record<string, Capability[]>;
  };
}

/**
 * `equals`, `startsWith`: of a claim that is a text. `includes`: of a claim that is an array, one of its texts; of one that is a text, such
 * as `scope`, one of its words between blanks.
 */
export type ClaimTest = { claim: string } & ({ equals: string } | { startsWith: string } | { includes: string });

/** The public members of a JWK that are kept; the rest (certificates, addresses) is never looked at. */
export interface PublicKey {
  kty: "EC" | "RSA" | "OKP";
  kid: string;
  alg?: string;
  crv?: string;
  x?: string;
  y?: string;
  n?: string;
  e?: string;
}

export const issuerKey = (digest: string): string => `j:${digest}`;

/** SHA-256, base64url. */
export function issuerDigest(issuer: string, audience: string): string {
  return createHash("sha256").update(`${issuer}\n${audience}`).digest("base64url");
}

/** The document as stored; null for anything of another schema version, which a reader treats as absent. */
export function readTrustedIssuer(value: unknown): TrustedIssuer | null {
  const issuer = value as TrustedIssuer | null;
  return typeof issuer === "object" && issuer?.v === VERSION && Array.isArray(issuer.claims) && Array.isArray(issuer.keys) ? issuer : null;
}

export function trustedIssuer(fields: Omit<TrustedIssuer, "v">): TrustedIssuer {
  return { v: VERSION, ...fields };
}

/** Whether an organisation's id stands in an audience as a whole word: `https://acme-1a2b.example/` names acme-1a2b, `acme-1a2b-c` does not. */
export function namesOrganisation(audience: string, org: string): boolean {
  const words: readonly string[] = audience.match(/[\w-]+/g) ?? [];
  return words.includes(org);
}
