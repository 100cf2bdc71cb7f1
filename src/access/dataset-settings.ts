/** What an owner chooses for one dataset. Management keeps it, the dataset's region acts by it. */
import type { UpstreamSettings } from "./upstream-settings.ts";

export const DEDUPE_MODES = ["content", "key", "off"] as const;
/** By what a retry is recognised: the sender's key, else the content; only the key; not at all. */
export type Dedupe = (typeof DEDUPE_MODES)[number];

export const SINK_TYPES = ["s3", "clickhouse", "elasticsearch", "http", "axiom"] as const;
export type SinkType = (typeof SINK_TYPES)[number];

/** A place that segments are brought to beside the region's bucket. */
export interface SinkSettings {
  /** Unique in its dataset: lower-case letters, digits and hyphens. */
  name: string;
  /** Its bit in the record of what is done, 0 to 30; never given to another sink of the same dataset. */
  slot: number;
  type: SinkType;
  /** Whether a segment waits for it. The others are tried, and given up when all required ones are done. */
  required: boolean;
  url: string;
  /** Named in SINK_FIELDS. */
  options: Record<string, string>;
  /** Sealed wherever they are kept. Named in SINK_FIELDS. */
  secrets: Record<string, string>;
}

export interface DatasetSettings {
  dedupe: Dedupe;
  quarantine: {
    enabled: boolean;
    /** Raw bytes of quarantined events kept per day (UTC); beyond it they are only counted. */
    bytesPerDayMax: number;
  };
  sinks: SinkSettings[];
  /** Names of fields whose objects stay whole when the dataset is queried. */
  mapFields: string[];
  /** Those that were map fields once: objects that arrived until then stay whole. */
  formerMapFields: FormerMapField[];
  virtualFields: VirtualField[];
  /** Another server that answers queries; null: our own engine does. */
  query: UpstreamSettings | null;
}

export interface FormerMapField {
  name: string;
  /** Epoch milliseconds. */
  until: number;
}

/** Fields that each event has of its own: what is computed may not stand in their place, since events are found and told apart by them. */
export const OWN_FIELDS: readonly string[] = ["_time", "_sysTime", "_rowID"];

/** A field that is computed when the dataset is queried. */
export interface VirtualField {
  name: string;
  /** APL, as its author wrote it: nobody has looked whether it can be read. */
  expression: string;
}

export function defaultSettings(): DatasetSettings {
  return {
    dedupe: "content",
    quarantine: { enabled: true, bytesPerDayMax: 100_000_000 },
    sinks: [],
    mapFields: [],
    formerMapFields: [],
    virtualFields: [],
    query: null,
  };
}

/** One option or secret of a sink. */
export interface SinkField {
  required: boolean;
  form: RegExp;
  /** The form in words, as the end of "must be ...". */
  says: string;
}

export interface SinkFields {
  options: Record<string, SinkField>;
  secrets: Record<string, SinkField>;
  /** Whether the URL may hold a query: it is the whole address then, else one that paths are added to. */
  query: boolean;
}

export const SINK_URL_LENGTH_MAX = 2_048;

/** Printable ASCII: secrets travel in HTTP headers. */
const SECRET = { form: /^[\x21-\x7e]([\x20-\x7e]{0,4094}[\x21-\x7e])?$/, says: "1 to 4096 printable ASCII characters" };
const SQL_NAME = { form: /^[^\p{Cc}]{1,200}$/u, says: "1 to 200 characters without control characters" };
const BUCKET = { form: /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, says: "3 to 63 lower-case letters, digits, dots and hyphens" };
const REGION = { form: /^[a-z0-9-]{1,64}$/, says: "a region such as eu-central-1, or auto" };
// no part begins with a dot: a URL with `..` in it leads elsewhere
const PREFIX = {
  form: /^(?=.{1,200}$)([A-Za-z0-9_=-][A-Za-z0-9_=.-]*\/)+$/,
  says: "folders, each followed by a slash, such as logs/headgate/",
};
const INDEX = { form: /^[a-z0-9][a-z0-9._-]{0,199}$/, says: "lower-case letters, digits, dots, hyphens and underscores" };
const DATASET = { form: /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/, says: "letters, digits, dots, hyphens and underscores" };

const required = (field: Omit<SinkField, "required">): SinkField => ({ required: true, ...field });
const optional = (field: Omit<SinkField, "required">): SinkField => ({ required: false, ...field });

/** What each type of sink is configured with, beside its URL. */
export const SINK_FIELDS: Record<SinkType, SinkFields> = {
  s3: {
    options: { bucket: required(BUCKET), region: optional(REGION), prefix: optional(PREFIX) },
    secrets: { accessKeyId: required(SECRET), secretAccessKey: required(SECRET) },
    query: false,
  },
  clickhouse: {
    options: { database: optional(SQL_NAME), table: required(SQL_NAME) },
    secrets: { user: optional(SECRET), password: optional(SECRET) },
    query: false,
  },
  elasticsearch: { options: { index: required(INDEX) }, secrets: { authorization: optional(SECRET) }, query: false },
  http: { options: {}, secrets: { authorization: optional(SECRET) }, query: true },
  axiom: { options: { dataset: required(DATASET) }, secrets: { token: required(SECRET) }, query: false },
};

/**
 * What is wrong with a sink's settings, in words that hold no value of a secret; null: nothing. With secrets opened, else their
 * forms mean nothing. Not checked: whether anything answers there, and where the URL's name leads.
 */
export function sinkFault({ type, url, options, secrets }: Pick<SinkSettings, "type" | "url" | "options" | "secrets">): string | null {
  if (!Object.hasOwn(SINK_FIELDS, type)) return `there is no sink of the type ${JSON.stringify(type)}; there is ${SINK_TYPES.join(", ")}`;
  const fields = SINK_FIELDS[type];
  return urlFault(url, fields.query) ?? fieldsFault("option", fields.options, options) ?? fieldsFault("secret", fields.secrets, secrets);
}

export function fieldsFault(kind: string, fields: Record<string, SinkField>, values: Record<string, string>): string | null {
  const known = Object.keys(fields);
  const stray = Object.keys(values).find((name) => !known.includes(name));
  if (stray !== undefined) return `${kind} ${JSON.stringify(stray)} is not known here; there is ${known.join(", ") || "none"}`;
  for (const [name, { required, form, says }] of Object.entries(fields)) {
    const value = values[name];
    if (value === undefined && required) return `${kind} ${name} is missing`;
    if (value !== undefined && !form.test(value)) return `${kind} ${name} must be ${says}`;
  }
  return null;
}

export function urlFault(text: string, query: boolean): string | null {
  if (text.length > SINK_URL_LENGTH_MAX) return `url is longer than ${SINK_URL_LENGTH_MAX} characters`;
  if (!URL.canParse(text)) return "url must be an absolute URL such as https://logs.example.com";
  const url = new URL(text);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname)))
    return "url must begin with https://; http:// is for this machine itself only";
  // it would be kept, listed and logged unsealed
  if (url.username || url.password) return "url must hold no user and no password; they belong to the secrets";
  if (url.hash) return "url must hold no #fragment";
  if (url.search && !query) return "url must hold no ?query for a sink of this type";
  return null;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}
