/** Bindings and settings of an edge Worker, read and checked once per isolate. */

import type { Changes } from "../access/change-feed.ts";
import type { Chore, Removed } from "../access/chore.ts";
import type { DatasetSettings } from "../access/dataset-settings.ts";
import type { OrganisationMap, PermissionSet } from "../access/permission-set.ts";
import { readImportedTokens, readTagKeys, type TagKeys } from "../access/token.ts";
import type { TrustedIssuer } from "../access/trusted-issuer.ts";
import type { Use } from "../access/use.ts";
import type { BufferEnv } from "./buffer/shard.ts";
import type { Quota } from "./limits/quota.ts";
import { placementOf } from "./placement.ts";
import { readOnce, regionId, wholeNumber } from "./setting.ts";
import type { Storage } from "./storage.ts";
import type { TailEnv } from "./tail/watch.ts";

/** What management answers over RPC. Null: there is no such thing. Throws when its database is down. */
export interface Authority {
  lookUpToken(digest: string): Promise<PermissionSet | null>;
  lookUpOrganisation(org: string): Promise<OrganisationMap | null>;
  /** By `issuerDigest`. */
  lookUpIssuer(digest: string): Promise<TrustedIssuer | null>;
  /** What has changed after a number that an earlier answer gave; null: of late. */
  changesSince(seq: number | null): Promise<Changes>;
  /** Secrets of sinks are sealed. Null for a deleted dataset, too. */
  lookUpSettings(datasetId: string): Promise<DatasetSettings | null>;
  /** Live datasets of a region and deleted ones that are not purged, by id, after `after`; an empty page is the end. */
  choresOf(region: string, after: string | null): Promise<Chore[]>;
  /** All that was stored of a deleted dataset is gone. */
  purged(datasetId: string, removed: Omit<Removed, "done">): Promise<void>;
  /** At most USES_PER_REPORT_MAX. */
  reportUse(uses: Use[]): Promise<void>;
}

export interface EdgeEnv extends BufferEnv, TailEnv {
  PERMISSIONS: KVNamespace;
  SEGMENTS: R2Bucket;
  QUOTA: DurableObjectNamespace<Quota>;
  STORAGE: Service<Storage>;
  AUTHORITY: Authority;
  TOKEN_TAG_KEYS?: string;
  IMPORTED_TOKENS?: string | boolean;
  REGION: string;
  BUFFER_SHARDS: number;
  ALLOW_INSECURE_ISSUERS?: string;
}

export interface EdgeSettings {
  region: string;
  tagKeys: TagKeys;
  /** Whether tokens of Axiom's own form are looked up. */
  importedTokens: boolean;
  /** Durable Objects per dataset. */
  shards: number;
  /** Issuers of JWTs may be on this machine, without TLS. For local tests. */
  allowInsecureIssuers: boolean;
}

/** @throws Error naming the setting that is missing or out of range. */
export const settingsOf = readOnce((env: EdgeEnv): EdgeSettings => {
  placementOf(env); // a wrong one stops every request, not only those that come to a Durable Object
  return {
    region: regionId(env.REGION),
    tagKeys: readTagKeys(env.TOKEN_TAG_KEYS),
    importedTokens: readImportedTokens(env.IMPORTED_TOKENS),
    shards: wholeNumber("BUFFER_SHARDS", env.BUFFER_SHARDS, 1, 64),
    allowInsecureIssuers: env.ALLOW_INSECURE_ISSUERS === "true",
  };
});
