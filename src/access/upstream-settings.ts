/** Another server that answers the queries of a dataset, as its owner names it. */
import { fieldsFault, type SinkFields, urlFault } from "./dataset-settings.ts";

export const UPSTREAM_TYPES = ["clickhouse", "axiom", "http"] as const;
export type UpstreamType = (typeof UPSTREAM_TYPES)[number];

export interface UpstreamSettings {
  type: UpstreamType;
  url: string;
  /** Named in UPSTREAM_FIELDS. */
  options: Record<string, string>;
  /** Sealed wherever they are kept. Named in UPSTREAM_FIELDS; of `http`, values of headers by their names in lower case. */
  secrets: Record<string, string>;
}

const PRINTABLE = { form: /^[\x21-\x7e]([\x20-\x7e]{0,4094}[\x21-\x7e])?$/, says: "1 to 4096 printable ASCII characters" };
const USER = { form: /^[\x21-\x7e]{1,200}$/, says: "1 to 200 printable ASCII characters" };
const SQL_NAME = { form: /^[^\p{Cc}]{1,200}$/u, says: "1 to 200 characters without control characters" };
const DATASET = { form: /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/, says: "letters, digits, dots, hyphens and underscores" };
const ORG = { form: /^[A-Za-z0-9_-]{1,128}$/, says: "the id of an organisation" };

/** What each type is configured with, beside its URL. */
export const UPSTREAM_FIELDS: Record<UpstreamType, SinkFields> = {
  clickhouse: {
    options: { database: { required: true, ...SQL_NAME }, table: { required: true, ...SQL_NAME }, user: { required: false, ...USER } },
    secrets: { password: { required: false, ...PRINTABLE } },
    query: false,
  },
  axiom: {
    options: { dataset: { required: true, ...DATASET }, org: { required: false, ...ORG } },
    secrets: { token: { required: true, ...PRINTABLE } },
    query: false,
  },
  http: { options: {}, secrets: {}, query: true },
};

const HEADERS_MAX = 16;
const HEADER = /^[a-z][a-z0-9._-]{0,99}$/;
/** What the exchange itself sets, or what would make it another one. */
const OWN_HEADERS =
  /^(host|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|keep-alive|accept-encoding|cookie|cf-.*|x-headgate-.*|proxy-.*)$/;

/** What is wrong, in words that hold no value of a secret; null: nothing. With secrets opened. Not checked: what answers there. */
export function upstreamFault({ type, url, options, secrets }: UpstreamSettings): string | null {
  const fields = UPSTREAM_FIELDS[type];
  const wrong = urlFault(url, fields.query) ?? fieldsFault("option", fields.options, options);
  if (wrong !== null) return wrong;
  return type === "http" ? headersFault(secrets) : fieldsFault("secret", fields.secrets, secrets);
}

function headersFault(headers: Record<string, string>): string | null {
  const names = Object.keys(headers);
  if (names.length > HEADERS_MAX) return `headers may be ${HEADERS_MAX} at most`;
  const bad = names.find((name) => !HEADER.test(name) || OWN_HEADERS.test(name));
  if (bad !== undefined)
    return `headers must not hold ${JSON.stringify(bad)}: name headers in lower case, and none that belongs to the connection or the body`;
  const unprintable = names.find((name) => !PRINTABLE.form.test(headers[name] ?? ""));
  return unprintable === undefined ? null : `headers.${unprintable} must be ${PRINTABLE.says}`;
}
