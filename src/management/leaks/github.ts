/**
 * GitHub's secret scanning reports what it finds in public repositories to whoever issues the tokens.
 * https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partner-program
 *
 * The signature is over the body as it was sent and holds no time, so a report can be sent again by anybody who has seen it; it ends only
 * what it ended before. The answer tells GitHub which texts were tokens of ours, by their SHA-256.
 */
import { createHash } from "node:crypto";
import { Problem } from "../../problem.ts";
import { settingsOf } from "../env.ts";
import type { Request } from "../request.ts";
import type { Route } from "../route.ts";
import { suspectOf } from "./leaked.ts";
import { revokeLeaked } from "./revoke.ts";
import { scanningKey } from "./scanning-keys.ts";
import { isSigned } from "./signature.ts";

const MATCHES_MAX = 10_000;
const BODY_BYTES_MAX = 8 * 1_048_576;
const TYPE_LENGTH_MAX = 200;

export const secretScanning: Route[] = [
  { method: "POST", path: "/v1/github/secret-scanning", as: "anyone", by: "GitHub's signature over the body", run: take },
];

async function take(c: Request): Promise<Response> {
  const body = await signedBody(c);
  const matches = readMatches(body);
  const settings = settingsOf(c.env);
  const suspects = matches.map(({ token, url }) => suspectOf(token, url, settings));
  const ours = await revokeLeaked(
    c,
    suspects.flatMap((suspect) => suspect ?? []),
    { id: "github", name: "GitHub secret scanning" },
  );
  return c.json(
    matches.map(({ token, type }, n) => ({
      token_hash: createHash("sha256").update(token).digest("hex"),
      token_type: type,
      label: ours.has(suspects[n]?.digest ?? "") ? "true_positive" : "false_positive",
    })),
  );
}

/** @throws Problem `signature-invalid` for a body that GitHub has not signed; `body-too-large`. */
async function signedBody(c: Request): Promise<Uint8Array> {
  const identifier = c.req.header("github-public-key-identifier") ?? "";
  const signature = c.req.header("github-public-key-signature") ?? "";
  if (!/^[\w-]{1,128}$/.test(identifier) || signature === "")
    throw unsigned("add the headers Github-Public-Key-Identifier and Github-Public-Key-Signature");
  const key = await scanningKey(settingsOf(c.env).scanningKeysUrl, identifier, c.var.now);
  if (key === null) throw unsigned("the key identifier is none of GitHub's");
  const body = await readBytes(c.req.raw);
  if (!isSigned(body, signature, key)) throw unsigned("the signature is not that of this body, byte for byte");
  return body;
}

function unsigned(how: string): Problem {
  return new Problem("signature-invalid", `the report is not signed by GitHub: ${how}`);
}

async function readBytes(request: globalThis.Request): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > BODY_BYTES_MAX) throw new Problem("body-too-large", `the body is larger than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

interface Match {
  token: string;
  type: string;
  /** Empty: not said. */
  url: string;
}

/** What is no match at all is passed over, so that it cannot keep the others from being acted upon. */
function readMatches(body: Uint8Array): Match[] {
  const matches = parse(body);
  if (!Array.isArray(matches)) throw new Problem("body-invalid", "the body must be a JSON array of matches");
  if (matches.length > MATCHES_MAX) throw new Problem("body-too-large", `the report holds more than ${MATCHES_MAX} matches; send several`);
  return matches.flatMap((match: { token?: unknown; type?: unknown; url?: unknown } | null) => {
    if (typeof match?.token !== "string") return [];
    const text = (value: unknown) => (typeof value === "string" ? value : "");
    return { token: match.token, type: text(match.type).slice(0, TYPE_LENGTH_MAX), url: text(match.url) };
  });
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body));
  } catch {
    throw new Problem("body-invalid", "the body is not valid JSON");
  }
}
