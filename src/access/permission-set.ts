/**
 * What management publishes in KV and the edge reads: one permission set per token, one dataset map per organisation.
 * A permission set names datasets by id, so that a dataset made anew under an old name is not granted by accident.
 *
 *     t:<base64url SHA-256 of the token>   PermissionSet
 *     o:<organisation id>                  OrganisationMap
 */
import { type Capability, scopeAllows } from "./capability.ts";
import type { Dedupe } from "./dataset-settings.ts";

/** Raised when a reader that does not know a new member would allow too much: it then asks the authority. */
const VERSION = 2;

export interface PermissionSet {
  v: typeof VERSION;
  /** The token's id, never its secret. */
  id: string;
  org: string;
  status: "active" | "disabled" | "revoked";
  /** Epoch milliseconds; absent: at once. */
  notBefore?: number;
  /** Epoch milliseconds; null: never. */
  expiresAt: number | null;
  /** Capabilities by dataset id, or `*`. */
  datasets: Record<string, Capability[]>;
  /** Networks (CIDR) that it may come from; absent: any. */
  networks?: string[];
  limits?: TokenLimits;
  /** The token's id with whose use its limits are counted; absent: its own. */
  account?: string;
  /** Rises with each change; a reader keeps the highest. */
  ver: number;
}

/** How much one token may send to one region. An absent limit is none. Bytes: of bodies as sent, before they are inflated. */
export interface TokenLimits {
  requestsPerSecond?: number;
  bytesPerSecond?: number;
  /** Days are UTC. */
  bytesPerDay?: number;
}

export interface OrganisationMap {
  v: typeof VERSION;
  id: string;
  status: "active" | "suspended" | "deleted";
  datasets: Record<string, DatasetEntry>;
  /** Base URL of each region's edge, by region id. */
  regions: Record<string, string>;
  ver: number;
}

/** Settings that an append needs stand here when they are not the default; the edge tolerates their absence. */
export interface DatasetEntry {
  id: string;
  region: string;
  /** Absent: `content`. */
  dedupe?: Exclude<Dedupe, "content">;
  /** Raw bytes of quarantined events kept per day; 0: none. Absent: as in `defaultSettings`. */
  quarantine?: number;
}

export const permissionKey = (digest: string): string => `t:${digest}`;
export const organisationKey = (org: string): string => `o:${org}`;

/** The documents as stored; null for anything of another schema version, which a reader treats as absent. */
export function readPermissionSet(value: unknown): PermissionSet | null {
  const set = value as PermissionSet | null;
  return typeof set === "object" && set?.v === VERSION && typeof set.org === "string" && typeof set.datasets === "object" ? set : null;
}

export function readOrganisationMap(value: unknown): OrganisationMap | null {
  const map = value as OrganisationMap | null;
  return typeof map === "object" && map?.v === VERSION && typeof map.datasets === "object" && typeof map.regions === "object" ? map : null;
}

export function permissionSet(fields: Omit<PermissionSet, "v">): PermissionSet {
  return { v: VERSION, ...fields };
}

export function organisationMap(fields: Omit<OrganisationMap, "v">): OrganisationMap {
  return { v: VERSION, ...fields };
}

export type Standing = "live" | "token-revoked" | "token-disabled" | "token-not-yet-valid" | "token-expired";

/**
 * Whether a token counts at all now. Evaluated on every request; only the documents are ever cached. Does not check where the request
 * comes from.
 */
export function standing(set: Pick<PermissionSet, "status" | "notBefore" | "expiresAt">, now: number): Standing {
  if (set.status !== "active") return set.status === "disabled" ? "token-disabled" : "token-revoked";
  if (set.notBefore !== undefined && now < set.notBefore) return "token-not-yet-valid";
  return set.expiresAt !== null && set.expiresAt <= now ? "token-expired" : "live";
}

/**
 * Whether a live token may do `capability` on a dataset. Does not check its standing, the organisation's status or the dataset's
 * region.
 */
export function allows(set: PermissionSet, capability: Capability, datasetId: string): boolean {
  return scopeAllows(set.datasets, datasetId, capability);
}
