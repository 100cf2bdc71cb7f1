import { gzipSync } from "node:zlib";
import type { Append } from "./segment.ts";

const GZIP_LEVEL = 1;

/** Gzip members in the order of the appends; neighbouring raw ones are compressed together. */
export function membersOf(appends: Pick<Append, "body" | "gzip">[]): Uint8Array[] {
  const members: Uint8Array[] = [];
  let raw: Uint8Array[] = [];
  const compress = () => {
    if (raw.length > 0) members.push(gzipSync(joined(raw), { level: GZIP_LEVEL }));
    raw = [];
  };
  for (const { body, gzip } of appends) {
    if (gzip) {
      compress();
      members.push(body);
    } else raw.push(body);
  }
  compress();
  return members;
}

export function joined(parts: Uint8Array[]): Uint8Array {
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
}
