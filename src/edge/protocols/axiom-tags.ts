/**
 * The structured shape of Axiom's first documentation (about 2020): batches of events under common tags, posted without a
 * dataset in the path. An event is stored as its time, the tags, the attributes, and whatever else stood beside them.
 *
 *     curl -X POST https://<edge>/api/v1/ingest -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \
 *       -d '[{"tags":{"host":"a"},"events":[{"timestamp":"2026-01-02T03:04:05Z","attributes":{"key":"value"}}]}]'
 */
import { Problem } from "../../problem.ts";
import { TIME } from "../event/rules.ts";
import { decodeWith, skipSpace, syntaxError, wholeBody } from "../formats/format.ts";
import { json } from "../formats/json.ts";
import { DEPTH_MAX, newScanned, scanValue, watchNames } from "../scan/scan.ts";
import { axiom, rulesOf } from "./axiom.ts";
import type { Protocol } from "./protocol.ts";

/** Bytes of a body here, which is parsed whole: values take many times their text. */
const BODY_BYTES_MAX = 2 * 1_048_576;
/** Bytes of the events it is expanded to. Tags come back in every event, so a small body can become a large one. */
const EXPANDED_BYTES_MAX = 16 * 1_048_576;

const SHAPE = 'this path takes [{"tags": {…}, "events": [{"timestamp": "…", "attributes": {…}}]}]; plain events go to /v1/ingest/<dataset>';

export const axiomTags: Protocol = {
  ...axiom,
  name: "axiom-tags",
  decodeLarge: undefined, // the body is parsed whole
  decode(body, call) {
    if (body.length > BODY_BYTES_MAX) throw tooLarge(`the body is larger than ${BODY_BYTES_MAX} bytes, the most this path takes`);
    const events = expand(parse(body));
    return decodeWith(json, new TextEncoder().encode(`[${events.join(",")}]`), rulesOf(call), { csvDelimiter: 0, csvFields: null });
  },
};

type Members = Record<string, unknown>;

/** The parsed body; whole numbers beyond 2^53 keep their digits. */
function parse(body: Uint8Array): unknown {
  const found = newScanned();
  const end = scanValue(body, 0, body.length, watchNames("", []), false, found);
  const at = end < 0 ? -1 - end : skipSpace(body, end);
  if (end < 0 || at < body.length) throw new Problem("body-invalid", `${syntaxError(wholeBody(body), at, 0, body.length)}; ${SHAPE}`);
  if (found.reshape)
    throw new Problem("body-invalid", `the body is nested deeper than ${DEPTH_MAX} levels or holds a string over 1 MB; ${SHAPE}`);
  return JSON.parse(new TextDecoder().decode(body), exactly as (this: unknown, key: string, value: unknown) => unknown);
}

/** A reviver that keeps the source text of numbers a double cannot hold; the third argument is newer than TypeScript's library. */
function exactly(_key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value) || !context.source) return value;
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(context.source);
}

function expand(body: unknown): string[] {
  const events: string[] = [];
  let length = 0;
  for (const batch of Array.isArray(body) ? body : [body]) {
    if (!isObject(batch) || !Array.isArray(batch["events"])) throw new Problem("body-invalid", SHAPE);
    const tags = batch["tags"] ?? {};
    if (!isObject(tags)) throw new Problem("body-invalid", `tags must be an object; ${SHAPE}`);
    for (const event of batch["events"]) {
      // what is no event goes on as a text, to be rejected and counted
      const text = isEvent(event) ? flatten(tags, event) : '"no event"';
      length += text.length;
      if (length > EXPANDED_BYTES_MAX) throw tooLarge(`the events come to more than ${EXPANDED_BYTES_MAX} bytes with their tags`);
      events.push(text);
    }
  }
  return events;
}

function tooLarge(what: string): Problem {
  return new Problem("body-too-large", `${what}; send smaller batches`);
}

/** Members by their own names through a Map, so that `__proto__` is a name like any other. */
function flatten(tags: Members, event: Members): string {
  const { timestamp, attributes, ...others } = event;
  const members = new Map<string, unknown>();
  for (const part of [tags, others, isObject(attributes) ? attributes : {}])
    for (const [name, value] of Object.entries(part)) members.set(name, value);
  if (timestamp !== undefined) members.set(TIME, timestamp); // over a tag of that name
  return `{${[...members].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
}

function isEvent(value: unknown): value is Members {
  return isObject(value) && (value["attributes"] === undefined || isObject(value["attributes"]));
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
