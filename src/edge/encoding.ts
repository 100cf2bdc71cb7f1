/** Content encodings: which a body names, and what is said of one that is not what it names. */
import { Problem } from "../problem.ts";

export type Encoding = "gzip" | "zstd" | "deflate" | "br";

/** Encodings to undo, the last applied first. Absent, empty, `identity` and axiom-py's literal `1` all mean none. */
export function contentEncodings(header: string | null): Encoding[] {
  const named = (header ?? "").split(",").map((name) => name.trim().toLowerCase());
  const encodings: Encoding[] = [];
  for (const name of named) {
    if (name === "" || name === "identity" || name === "1") continue;
    if (name === "gzip" || name === "x-gzip") encodings.unshift("gzip");
    else if (name === "zstd" || name === "deflate" || name === "br") encodings.unshift(name);
    else
      throw new Problem(
        "encoding-unsupported",
        `Content-Encoding ${JSON.stringify(name)} is not known: send gzip, zstd, deflate, br or identity`,
      );
  }
  if (encodings.length > 2) throw new Problem("encoding-unsupported", "Content-Encoding names more than two encodings");
  return encodings;
}

/** "deflate" means the zlib form (RFC 9110 8.4.1.2), but raw deflate is sent under that name too. */
export function isZlib(bytes: Uint8Array): boolean {
  const [method = 0, flags = 0] = bytes;
  return (method & 0x0f) === 8 && ((method << 8) | flags) % 31 === 0;
}

export function notWhole(encoding: Encoding): Problem {
  return new Problem(
    "encoding-broken",
    `the body is not whole ${encoding} as its Content-Encoding says; send what the header names, or no header`,
  );
}

export function tooLarge(what: string, limit: number): Problem {
  return new Problem("body-too-large", `the body is larger than ${limit} bytes ${what}; send smaller batches`);
}
