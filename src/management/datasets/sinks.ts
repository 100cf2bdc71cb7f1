/** The sinks that a request names, merged with those that a dataset has. */
import * as v from "valibot";
import { SINK_TYPES, type SinkSettings, sinkFault } from "../../access/dataset-settings.ts";
import { type SealKeys, seal, sinkSecretContext } from "../../access/seal.ts";
import { Problem } from "../../problem.ts";
import type { KeptSettings } from "./settings-store.ts";

const SINKS_MAX = 8;
/** The last slot: a segment's record of the sinks that have it is one 31-bit number. */
const SLOT_MAX = 30;
const OPTION_LENGTH_MAX = 500;
const SECRET_LENGTH_MAX = 4_096;

/** How a secret that is there is shown. Sent back, it means to keep it. */
export const IS_SET = "set";

const NAME = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;
/** Whatever a header can carry. */
const PRINTABLE = /^[\x20-\x7e]+$/;

export const Printable = v.pipe(v.string(), v.regex(PRINTABLE, "must be printable ASCII characters, at least one"));

export const Option = v.pipe(Printable, v.maxLength(OPTION_LENGTH_MAX, `must be at most ${OPTION_LENGTH_MAX} characters`));
export const Secret = v.pipe(Printable, v.maxLength(SECRET_LENGTH_MAX, `must be at most ${SECRET_LENGTH_MAX} characters`));

const Sink = v.strictObject({
  name: v.pipe(v.string(), v.regex(NAME, "must be 1 to 32 lower-case letters, digits or hyphens, with no hyphen at either end")),
  type: v.picklist(SINK_TYPES, `must be one of ${SINK_TYPES.join(", ")}`),
  required: v.nullish(v.boolean()),
  url: v.string(),
  options: v.nullish(v.record(v.string(), Option)),
  // null takes an optional one away
  secrets: v.nullish(v.record(v.string(), v.nullable(Secret))),
});
type Sink = v.InferOutput<typeof Sink>;

export const Sinks = v.pipe(v.array(Sink), v.maxLength(SINKS_MAX, `must hold at most ${SINKS_MAX} sinks`));

/**
 * The whole new list. A sink that keeps its name and type keeps its slot and the secrets that are not sent, unless it moves to
 * another server: whoever changes an address must know the secret that is sent there.
 * @throws Problem `body-invalid` naming the member, `conflict` when there is no slot or no key to seal with.
 */
export function mergeSinks(
  datasetId: string,
  known: KeptSettings,
  wanted: Sink[],
  keys: SealKeys,
): Pick<KeptSettings, "sinks" | "nextSlot"> {
  let { nextSlot } = known;
  const names = new Set<string>();
  const sinks = wanted.map((sink, index): SinkSettings => {
    const { name, type, required, url } = sink;
    const member = `sinks.${index}`;
    if (names.has(name)) throw new Problem("body-invalid", `${member}.name ${JSON.stringify(name)} stands twice; a sink's name is its own`);
    names.add(name);
    const before = known.sinks.find((one) => one.name === name && one.type === type);
    requireSound(member, sink, before);
    const slot = before?.slot ?? nextSlot++;
    if (slot > SLOT_MAX)
      throw new Problem(
        "conflict",
        `the dataset has had ${SLOT_MAX + 1} sinks, the most there may ever be; change one that it has instead`,
      );
    return {
      name,
      slot,
      type,
      required: required ?? true,
      url,
      options: sink.options ?? {},
      secrets: secretsOf(member, datasetId, sink, before, keys),
    };
  });
  return { sinks, nextSlot };
}

/** With a stand-in for each secret that is kept: it was sound when it was sealed. */
function requireSound(member: string, { type, url, options, secrets }: Sink, before: SinkSettings | undefined): void {
  if (!URL.canParse(url)) throw new Problem("body-invalid", `${member}: ${sinkFault({ type, url, options: {}, secrets: {} })}`);
  const kept = Object.keys(before?.secrets ?? {}).map((secret) => [secret, IS_SET] as const);
  const merged = Object.entries({ ...Object.fromEntries(kept), ...secrets }).flatMap(([name, text]) =>
    text === null ? [] : [[name, text]],
  );
  const fault = sinkFault({ type, url, options: options ?? {}, secrets: Object.fromEntries(merged) });
  if (fault !== null) throw new Problem("body-invalid", `${member}: ${fault}`);
}

function secretsOf(
  member: string,
  datasetId: string,
  sink: Sink,
  before: SinkSettings | undefined,
  keys: SealKeys,
): SinkSettings["secrets"] {
  const { name, url } = sink;
  const secrets: SinkSettings["secrets"] = {};
  const sent = new Map(Object.entries(sink.secrets ?? {}));
  for (const [secret, sealed] of Object.entries(before?.secrets ?? {})) {
    if (sent.has(secret) && sent.get(secret) !== IS_SET) continue;
    if (before && originOf(before.url) !== originOf(url))
      throw new Problem("body-invalid", `${member}.secrets lacks ${secret}: the sink moves to another server, so send its secrets again`);
    secrets[secret] = sealed;
  }
  const given = [...sent].filter((entry): entry is [string, string] => entry[1] !== null && entry[1] !== IS_SET);
  const unset = [...sent].find(([secret, text]) => text === IS_SET && !Object.hasOwn(secrets, secret));
  if (unset) throw new Problem("body-invalid", `${member}.secrets.${unset[0]} is not set yet; send its value`);
  if (given.length > 0 && keys.size === 0) throw noKey();
  for (const [secret, text] of given) secrets[secret] = seal(text, keys, sinkSecretContext(datasetId, name, secret));
  return secrets;
}

export function noKey(): Problem {
  return new Problem(
    "conflict",
    "this deployment cannot keep secrets: its operator must set SINK_SECRETS_KEY to 1:<base64url of 32 random bytes> with `wrangler secret put` on every Worker",
  );
}

/** Without secrets: only which of them are set; and for who may not change it, without the query, where some receivers want a key. */
export function viewSink({ name, type, required, url, options, secrets }: SinkSettings, mayChange: boolean) {
  return {
    name,
    type,
    required,
    url: viewUrl(url, mayChange),
    options,
    secrets: Object.fromEntries(Object.keys(secrets).map((secret) => [secret, IS_SET])),
  };
}

export function viewUrl(url: string, mayChange: boolean): string {
  const { origin, pathname, search } = new URL(url);
  return mayChange || search === "" ? url : `${origin}${pathname}?…`;
}

/** For the audit log: no query either, where some receivers want a key. */
export function auditedSink({ name, type, url }: SinkSettings) {
  return { name, type, url: auditedUrl(url) };
}

export function auditedUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

export function originOf(url: string): string {
  return new URL(url).origin;
}
