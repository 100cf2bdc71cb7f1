/** Bindings and settings of an edge Worker, read and checked once per isolate. */

import type { Changes } from "../access/change-feed.ts";
import type { Chore, Removed } from "../access/chore.ts";
import type { DatasetSettings } from "../access/dataset-settings.ts";
import type { OrganisationMap, PermissionSet } from "../access/permission-set.ts";
import { readSealKeys, type SealKeys } from "../access/seal.ts";
import { readImportedTokens, readTagKeys, type TagKeys } from "../access/token.ts";
import type { TrustedIssuer } from "../access/trusted-issuer.ts";
import type { Use } from "../access/use.ts";
import type { Buffer } from "./buffer/buffer.ts";
import type { Quota } from "./limits/quota.ts";

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

export interface EdgeEnv {
  PERMISSIONS: KVNamespace;
  SEGMENTS: R2Bucket;
  BUFFER: DurableObjectNamespace<Buffer>;
  QUOTA: DurableObjectNamespace<Quota>;
  AUTHORITY: Authority;
  TOKEN_TAG_KEYS?: string;
  SINK_SECRETS_KEY?: string;
  IMPORTED_TOKENS?: string | boolean;
  REGION: string;
  BUFFER_SHARDS: number;
  SEGMENT_BYTES_MAX: number;
  FLUSH_AFTER_MS: number;
  DEDUPE_WINDOW_MS: number;
  DEDUPE_IDS_MAX: number;
  JURISDICTION?: string;
  LOCATION_HINT?: string;
  ALLOW_INSECURE_ISSUERS?: string;
}

export interface EdgeSettings {
  region: string;
  tagKeys: TagKeys;
  /** Whether tokens of Axiom's own form are looked up. */
  importedTokens: boolean;
  /** Open the secrets of sinks. */
  sealKeys: SealKeys;
  /** Durable Objects per dataset. */
  shards: number;
  /** Compressed bytes at which a segment is sealed. */
  segmentBytesMax: number;
  /** Age at which a segment is sealed, in milliseconds. */
  flushAfterMs: number;
  /** For how long after its flush an append is remembered, and how many at most in one shard. */
  dedupe: { windowMs: number; idsMax: number };
  /** Where Durable Objects are pinned, and where they are merely begun. */
  jurisdiction: DurableObjectJurisdiction | null;
  locationHint: DurableObjectLocationHint | null;
  /** Issuers of JWTs may be on this machine, without TLS. For local tests. */
  allowInsecureIssuers: boolean;
}

const JURISDICTIONS: readonly string[] = ["eu", "us", "fedramp"];
const LOCATION_HINTS: readonly string[] = "wnam enam sam weur eeur apac apac-ne apac-se oc afr me".split(" ");

let read: { from: EdgeEnv; settings: EdgeSettings } | undefined;

/** @throws Error naming the setting that is missing or out of range. */
export function settingsOf(env: EdgeEnv): EdgeSettings {
  if (read?.from !== env) read = { from: env, settings: readSettings(env) };
  return read.settings;
}

function readSettings(env: EdgeEnv): EdgeSettings {
  if (!env.REGION) throw new Error("REGION must be set, for example cloud.us-east-1.aws");
  return {
    region: env.REGION,
    tagKeys: readTagKeys(env.TOKEN_TAG_KEYS),
    importedTokens: readImportedTokens(env.IMPORTED_TOKENS),
    sealKeys: readSealKeys(env.SINK_SECRETS_KEY),
    shards: wholeNumber("BUFFER_SHARDS", env.BUFFER_SHARDS, 1, 64),
    segmentBytesMax: wholeNumber("SEGMENT_BYTES_MAX", env.SEGMENT_BYTES_MAX, 1_000, 64_000_000),
    flushAfterMs: wholeNumber("FLUSH_AFTER_MS", env.FLUSH_AFTER_MS, 100, 3_600_000),
    dedupe: {
      windowMs: wholeNumber("DEDUPE_WINDOW_MS", env.DEDUPE_WINDOW_MS, 1_000, 86_400_000),
      idsMax: wholeNumber("DEDUPE_IDS_MAX", env.DEDUPE_IDS_MAX, 0, 400_000),
    },
    jurisdiction: oneOf("JURISDICTION", env.JURISDICTION, JURISDICTIONS) as DurableObjectJurisdiction | null,
    locationHint: oneOf("LOCATION_HINT", env.LOCATION_HINT, LOCATION_HINTS) as DurableObjectLocationHint | null,
    allowInsecureIssuers: env.ALLOW_INSECURE_ISSUERS === "true",
  };
}

function oneOf(name: string, value: string | undefined, allowed: readonly string[]): string | null {
  if (!value) return null;
  if (!allowed.includes(value)) throw new Error(`${name} must be one of ${allowed.join(", ")}, or absent`);
  return value;
}

function wholeNumber(name: string, value: unknown, least: number, most: number): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < least || number > most)
    throw new Error(`${name} must be a whole number from ${least} to ${most}`);
  return number;
}
