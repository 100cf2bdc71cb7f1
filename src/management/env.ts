/** Bindings and settings of the management Worker, read and checked once per isolate. */
import type { Removed } from "../access/chore.ts";
import type { OrganisationMap, PermissionSet } from "../access/permission-set.ts";
import { readSealKeys, type SealKeys } from "../access/seal.ts";
import { readImportedTokens, readTagKeys, type TagKeys } from "../access/token.ts";
import type { Publisher } from "./publish.ts";

export interface ManagementEnv {
  PERMISSIONS: KVNamespace;
  DB: D1Database;
  PUBLISHER: DurableObjectNamespace<Publisher>;
  TOKEN_TAG_KEYS?: string;
  SETUP_TOKEN?: string;
  SINK_SECRETS_KEY?: string;
  IMPORTED_TOKENS?: string | boolean;
  SECRET_SCANNING_KEYS_URL?: string;
  ALLOW_INSECURE_ISSUERS?: string;
  PUBLIC_URL: string;
  DEFAULT_REGION: string;
  /** Region id -> its URL and the name of the service binding that leads there; an object, or its JSON text. */
  REGIONS: unknown;
}

/** What management asks of a region's Worker over RPC. */
export interface Region {
  flush(destination: Destination): Promise<{ segments: number; rows: number }>;
  /** Removes all that is buffered and stored of a deleted dataset. */
  purge(destination: Destination): Promise<Removed>;
  /** The owner has chosen other sinks. */
  settingsChanged(destination: Destination): Promise<void>;
  /** Removes the objects whose segments were begun before a time (epoch milliseconds). */
  trim(destination: Destination, beforeMs: number): Promise<Removed>;
  /** A request for a path of the edge, of somebody who was proven here and may do this with the dataset in the path. */
  serve(request: Request, from: Origin, traceId: string): Promise<Response>;
}

export interface Origin {
  /** The sender's address, by the platform's word. */
  ip: string | null;
  proven: { set: PermissionSet; organisation: OrganisationMap };
}

export interface Destination {
  org: string;
  /** Its name. */
  dataset: string;
  datasetId: string;
  region: string;
}

export interface ManagementSettings {
  tagKeys: TagKeys;
  /** Whether tokens of Axiom's own form can be imported and are looked up. */
  importedTokens: boolean;
  /** Where GitHub publishes the keys that its reports of leaked tokens are signed with. */
  scanningKeysUrl: string;
  /** Null: the deployment cannot be set up over HTTP. */
  setupToken: string | null;
  /** Empty: secrets of sinks cannot be kept. */
  sealKeys: SealKeys;
  /** Where people and programs reach this Worker: an origin, no trailing slash. Never taken from a request's Host. */
  publicUrl: string;
  /** Whether providers, issuers and upstreams may be at this machine itself, without TLS: for local tests only. */
  allowInsecure: boolean;
  defaultRegion: string;
  /** By region id. */
  regions: ReadonlyMap<string, RegionSettings>;
}

export interface RegionSettings {
  /** Where senders reach the region's edge; no trailing slash. */
  url: string;
  worker: Region;
}

/** A shorter one could be guessed. */
const SETUP_TOKEN_LENGTH_MIN = 16;

const GITHUB_SCANNING_KEYS = "https://api.github.com/meta/public_keys/secret_scanning";

let read: { from: ManagementEnv; settings: ManagementSettings } | undefined;

/** @throws Error naming the setting that is missing or wrong. */
export function settingsOf(env: ManagementEnv): ManagementSettings {
  if (read?.from !== env) read = { from: env, settings: readSettings(env) };
  return read.settings;
}

/** Base URL of each region's edge, by region id. */
export function regionUrls(env: ManagementEnv): Record<string, string> {
  return Object.fromEntries([...settingsOf(env).regions].map(([id, { url }]) => [id, url]));
}

function readSettings(env: ManagementEnv): ManagementSettings {
  const regions = readRegions(env);
  if (!regions.has(env.DEFAULT_REGION)) throw new Error(`DEFAULT_REGION must be one of REGIONS: ${[...regions.keys()].join(", ")}`);
  const setupToken = env.SETUP_TOKEN ?? "";
  // one that no Authorization header can carry would look like a wrong one for ever
  if (!/^[\w.~+/-]*=*$/.test(setupToken)) throw new Error("SETUP_TOKEN may hold letters, digits and - . _ ~ + / only");
  const scanningKeysUrl = env.SECRET_SCANNING_KEYS_URL || GITHUB_SCANNING_KEYS;
  if (!URL.canParse(scanningKeysUrl)) throw new Error("SECRET_SCANNING_KEYS_URL must be a URL");
  return {
    tagKeys: readTagKeys(env.TOKEN_TAG_KEYS),
    importedTokens: readImportedTokens(env.IMPORTED_TOKENS),
    scanningKeysUrl,
    setupToken: setupToken.length < SETUP_TOKEN_LENGTH_MIN ? null : setupToken,
    sealKeys: readSealKeys(env.SINK_SECRETS_KEY),
    publicUrl: readPublicUrl(env.PUBLIC_URL),
    allowInsecure: env.ALLOW_INSECURE_ISSUERS === "true",
    defaultRegion: env.DEFAULT_REGION,
    regions,
  };
}

/** Links that people follow are made of it, so plain HTTP is for this machine only. */
function readPublicUrl(value: unknown): string {
  const url = typeof value === "string" ? URL.parse(value) : null;
  const safe = url?.protocol === "https:" || (url?.protocol === "http:" && /^(127\.0\.0\.1|localhost|\[::1\])$/.test(url.hostname));
  if (!url || !safe || url.href !== `${url.origin}/`)
    throw new Error("PUBLIC_URL must be https:// and the host of management, without a path; http:// is for 127.0.0.1 and localhost only");
  return url.origin;
}

function readRegions(env: ManagementEnv): Map<string, RegionSettings> {
  const value: unknown = typeof env.REGIONS === "string" ? JSON.parse(env.REGIONS) : env.REGIONS;
  if (typeof value !== "object" || value === null) throw new Error('REGIONS must be {"<region id>": {"url": …, "binding": …}}');
  const regions = new Map<string, RegionSettings>();
  for (const [id, { url, binding }] of Object.entries(value as Record<string, { url?: unknown; binding?: unknown }>)) {
    if (typeof url !== "string" || !URL.canParse(url)) throw new Error(`REGIONS["${id}"].url must be the URL of that region's edge`);
    const worker = (env as unknown as Record<string, unknown>)[String(binding)];
    if (!worker) throw new Error(`REGIONS["${id}"].binding names ${binding}, which is no service binding of this Worker`);
    regions.set(id, { url: url.replace(/\/+$/, ""), worker: worker as Region });
  }
  return regions;
}
