/** Segment ids, and the names of their objects: pure, and the same at every attempt. */
import type { Destination, Kind } from "./segment.ts";

const ID_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ID_FORM = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** 48 bits of time and 80 of chance in Crockford's base 32: 26 characters that sort by time. `random` holds 10 bytes. */
export function segmentId(now: number, random: Uint8Array): string {
  let value = BigInt(now);
  for (const byte of random) value = (value << 8n) | BigInt(byte);
  let id = "";
  for (let i = 0; i < 26; i++, value >>= 5n) id = ID_ALPHABET.charAt(Number(value & 31n)) + id;
  return id;
}

/** Epoch milliseconds of a segment's creation; null for a text that is no segment id. */
export function timeOfSegment(id: string): number | null {
  if (!ID_FORM.test(id)) return null;
  return Array.from(id.slice(0, 10)).reduce((time, character) => time * 32 + ID_ALPHABET.indexOf(character), 0);
}

/** What stands before the prefix of a dataset's objects of a kind. */
export function rootOf(kind: Kind): string {
  return kind === "events" ? "" : `${kind}/`;
}

export function objectPrefix({ org, dataset, datasetId }: Destination): string {
  return `v1/org=${org}/dataset=${dataset}/id=${datasetId}/`;
}

/** By arrival time, as engines that know Hive partitions read it. @throws RangeError for a text that is no segment id. */
export function objectKey(destination: Destination, id: string, kind: Kind = "events"): string {
  const time = timeOfSegment(id);
  if (time === null) throw new RangeError("not a segment id");
  const text = new Date(time).toISOString();
  return `${rootOf(kind)}${objectPrefix(destination)}date=${text.slice(0, 10)}/hour=${text.slice(11, 13)}/${id}.ndjson.gz`;
}

/** The segment whose object a key names, `<id>.ndjson.gz` or, of what a sink has refused, `<id>.<sink>.ndjson.gz`; null for any other key. */
export function segmentIn(key: string): string | null {
  const id = /^([^.]+)(\.[a-z\d-]+)?\.ndjson\.gz$/.exec(key.slice(key.lastIndexOf("/") + 1))?.[1];
  return id !== undefined && timeOfSegment(id) !== null ? id : null;
}
