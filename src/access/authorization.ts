/** Reads the `Authorization` header, as strictly as a header that two parties must read alike has to be read. */
import { Problem } from "../problem.ts";
import { TOKEN_LENGTH_MAX } from "./token.ts";
import { isJwtShaped, JWT_LENGTH_MAX } from "./workload/jwt.ts";

/** One token68 word (RFC 6750 2.1). Two headers arrive joined by a comma, which no word holds. */
const SCHEME = /^([A-Za-z]+) +([A-Za-z0-9._~+/-]+=*)$/;

/** Room for the longest JWT, with its scheme. Only a JWT may be longer than a token of ours. */
const HEADER_LENGTH_MAX = JWT_LENGTH_MAX + 16;

/**
 * The token of `Bearer <token>`, or of `Basic` with the token as password (Heroku's drains write `https://axiom:TOKEN@host`).
 * Does not check the token.
 * @throws Problem `credential-missing` without the header, `credential-malformed` for anything else.
 */
export function readAuthorization(headers: Headers): string {
  const header = headers.get("authorization");
  if (!header) throw new Problem("credential-missing", "no credential was sent; add the header Authorization: Bearer <token>");
  const match = header.length <= HEADER_LENGTH_MAX ? SCHEME.exec(header) : null;
  const scheme = match?.[1]?.toLowerCase();
  const word = match?.[2] ?? "";
  const long = header.length > 2 * TOKEN_LENGTH_MAX;
  if (scheme === "bearer" && (!long || isJwtShaped(word))) return word;
  if (scheme === "basic" && !long) return passwordOf(word);
  throw new Problem(
    "credential-malformed",
    "the Authorization header must be sent once, as Bearer <token>, or Basic with the token as password",
  );
}

function passwordOf(word: string): string {
  try {
    const decoded = atob(word);
    const colon = decoded.indexOf(":");
    if (colon >= 0) return decoded.slice(colon + 1);
  } catch {
    // not base64: the same answer as for a missing colon
  }
  throw new Problem("credential-malformed", "Basic credentials must be base64 of <any name>:<token>");
}
