/** The table of formats, and the choice among them. */
import { csv } from "./csv-events.ts";
import { type Format, skipSpace, withoutMark } from "./format.ts";
import { json } from "./json.ts";
import { ndjson } from "./ndjson.ts";

const FORMATS: readonly Format[] = [json, ndjson, csv];

/**
 * The format of a body. Parameters of the content type do not count; a missing or unknown type is decided by the first byte,
 * because curl and many small scripts send `application/x-www-form-urlencoded` or nothing at all.
 */
export function formatOf(contentType: string | null, body: Uint8Array): Format {
  const type = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const named = FORMATS.find(({ types }) => types.includes(type));
  if (named) return named;
  if (type.endsWith("+json")) return json;
  const text = withoutMark(body);
  return text[skipSpace(text, 0)] === 0x5b ? json : ndjson;
}
