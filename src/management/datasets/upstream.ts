/** The server that a request names to answer a dataset's queries, merged with the one that the dataset has. */
import * as v from "valibot";
import { type SealKeys, seal, upstreamSecretContext } from "../../access/seal.ts";
import { UPSTREAM_TYPES, type UpstreamSettings, upstreamFault } from "../../access/upstream-settings.ts";
import { Problem } from "../../problem.ts";
import { auditedUrl, IS_SET, noKey, Option, originOf, Secret, viewUrl } from "./sinks.ts";

export const Upstream = v.variant(
  "type",
  [
    v.strictObject({
      type: v.literal("clickhouse"),
      url: v.string(),
      database: Option,
      table: Option,
      user: v.nullish(Option),
      password: v.nullish(Secret),
    }),
    v.strictObject({ type: v.literal("axiom"), url: v.string(), dataset: Option, org: v.nullish(Option), token: Secret }),
    v.strictObject({ type: v.literal("http"), url: v.string(), headers: v.nullish(v.record(v.string(), v.nullable(Secret))) }),
  ],
  `must be one of ${UPSTREAM_TYPES.join(", ")}`,
);
export type Upstream = v.InferOutput<typeof Upstream>;

/** By what they are kept under: settings as they stand in a request have them side by side. */
function parted(wanted: Upstream): { options: Record<string, string>; sent: Map<string, string | null> } {
  if (wanted.type === "clickhouse") {
    const { database, table, user, password } = wanted;
    return {
      options: { database, table, ...(user == null ? {} : { user }) },
      sent: new Map(password === undefined ? [] : [["password", password]]),
    };
  }
  if (wanted.type === "axiom") {
    const { dataset, org, token } = wanted;
    return { options: { dataset, ...(org == null ? {} : { org }) }, sent: new Map([["token", token]]) };
  }
  return { options: {}, sent: new Map(Object.entries(wanted.headers ?? {})) };
}

/**
 * One that keeps its type keeps the secrets that are sent as `"set"`, or a password that is not sent, unless it moves to another server:
 * whoever changes an address must know the secret that is sent there.
 * @throws Problem `body-invalid` naming the member, `conflict` when there is no key to seal with.
 */
export function mergeUpstream(datasetId: string, known: UpstreamSettings | null, wanted: Upstream, keys: SealKeys): UpstreamSettings {
  const { type, url } = wanted;
  const { options, sent } = parted(wanted);
  const before = known?.type === type ? known : null;
  if (type === "clickhouse" && before?.secrets["password"] !== undefined && !sent.has("password")) sent.set("password", IS_SET);
  const given = [...sent].flatMap(([name, text]): [string, string][] => (text === null ? [] : [[name, text]]));
  // with a stand-in for each secret that is kept: it was sound when it was sealed
  const fault = upstreamFault({ type, url, options, secrets: Object.fromEntries(given) });
  if (fault !== null) throw new Problem("body-invalid", `query: ${fault}`);
  const secrets: UpstreamSettings["secrets"] = {};
  for (const [name, text] of given) secrets[name] = text === IS_SET ? kept(name, url, before) : sealed(datasetId, name, text, keys);
  return { type, url, options, secrets };
}

function kept(name: string, url: string, before: UpstreamSettings | null): string {
  const secret = before && Object.hasOwn(before.secrets, name) ? before.secrets[name] : undefined;
  if (before === null || secret === undefined) throw new Problem("body-invalid", `query: ${name} is not set yet; send its value`);
  if (originOf(before.url) !== originOf(url))
    throw new Problem("body-invalid", `query: ${name} is missing: the address is that of another server, so send its secrets again`);
  return secret;
}

function sealed(datasetId: string, name: string, text: string, keys: SealKeys): string {
  if (keys.size === 0) throw noKey();
  return seal(text, keys, upstreamSecretContext(datasetId, name));
}

/** As it was sent, with a mark for each secret; for who may not change it, without the URL's query. */
export function viewUpstream({ type, url, options, secrets }: UpstreamSettings, mayChange: boolean) {
  const marks = Object.fromEntries(Object.keys(secrets).map((name) => [name, IS_SET]));
  return { type, url: viewUrl(url, mayChange), ...options, ...(type === "http" ? { headers: marks } : marks) };
}

export function auditedUpstream({ type, url }: UpstreamSettings) {
  return { type, url: auditedUrl(url) };
}
