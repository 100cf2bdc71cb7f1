/** Reads the `Authorization` header, as strictly as a header that two parties must read alike has to be read. */
import { Problem } from "../problem.ts";
import { looksLikeToken, TOKEN_LENGTH_MAX } from "./token.ts";
import { isJwtShaped, JWT_LENGTH_MAX } from "./workload/jwt.ts";

/** One token68 word (RFC 6750 2.1). Two headers arrive joined by a comma, which no word holds. */
const SCHEME = /^([A-Za-z]+) +([A-Za-z0-9._~+/-]+=*)$/;

/** Two credentials: of which of them a proxy, or the next reader, takes note is nobody's guess. */
const REPEATED = /^(bearer|basic) .*,/i;

/** Room for the longest JWT, with its scheme. Only a JWT may be longer than a token of ours. */
const HEADER_LENGTH_MAX = JWT_LENGTH_MAX + 16;

/**
 * The token of `Bearer <token>`, or of `Basic` with the token as password (Heroku's drains write `https://axiom:TOKEN@host`).
 * Does not check the token. A token in the query string is never one (RFC 6750 2.3): such addresses stand in logs and histories.
 * @throws Problem `credential-missing` without the header, `credential-repeated` for two credentials, one of which may stand in the
 * query string, `credential-malformed` for anything else.
 */
export function readAuthorization(headers: Headers, query: URLSearchParams): string {
  const header = headers.get("authorization");
  if (!header) throw new Problem("credential-missing", "no credential was sent; add the header Authorization: Bearer <token>");
  for (const [name, value] of query)
    if (name === "access_token" || looksLikeToken(value))
      throw new Problem(
        "credential-repeated",
        "a token stands in the query string, too, and so in logs: leave it out, and replace that token",
      );
  if (REPEATED.test(header))
    throw new Problem("credential-repeated", "the Authorization header holds two credentials, or was sent twice; send one");
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
