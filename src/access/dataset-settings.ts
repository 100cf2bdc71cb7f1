/** What an owner chooses for one dataset. Management keeps it, the dataset's region acts by it. */

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
  /** s3: bucket, region, prefix; clickhouse: database, table; elasticsearch: index; axiom: dataset. */
  options: Record<string, string>;
  /** Sealed. s3: accessKeyId, secretAccessKey; clickhouse: user, password; elasticsearch, http: authorization; axiom: token. */
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
}

export function defaultSettings(): DatasetSettings {
  return { dedupe: "content", quarantine: { enabled: true, bytesPerDayMax: 100_000_000 }, sinks: [] };
}

/** Options and secrets by the type of sink; what stands in neither list is refused. */
export const SINK_FIELDS: Record<SinkType, { options: Fields; secrets: Fields }> = {
  s3: {
    options: { required: ["bucket", "region"], optional: ["prefix"] },
    secrets: { required: ["accessKeyId", "secretAccessKey"], optional: [] },
  },
  clickhouse: { options: { required: ["table"], optional: ["database"] }, secrets: { required: [], optional: ["user", "password"] } },
  elasticsearch: { options: { required: ["index"], optional: [] }, secrets: { required: [], optional: ["authorization"] } },
  http: { options: { required: [], optional: [] }, secrets: { required: [], optional: ["authorization"] } },
  axiom: { options: { required: ["dataset"], optional: [] }, secrets: { required: ["token"], optional: [] } },
};

interface Fields {
  required: string[];
  optional: string[];
}
