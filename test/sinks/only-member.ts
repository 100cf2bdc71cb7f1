import { gunzipSync } from "node:zlib";

/** Inflates as readers do that know one gzip member only. @throws Error when anything follows the first. */
export function onlyMember(bytes: Uint8Array): Buffer {
  for (let end = bytes.indexOf(0x1f, 18); end >= 0; end = bytes.indexOf(0x1f, end + 1)) {
    // where another member begins, the bytes before it are whole by themselves
    if (bytes[end + 1] === 0x8b && bytes[end + 2] === 8 && isWhole(bytes.subarray(0, end))) throw new Error("more than one gzip member");
  }
  return gunzipSync(bytes);
}

function isWhole(bytes: Uint8Array): boolean {
  try {
    gunzipSync(bytes);
    return true;
  } catch {
    return false;
  }
}
