/** The form of a JWT (RFC 7519 in the compact form of RFC 7515), read strictly and believed in nothing: no signature is checked here. */
import { Problem } from "../../problem.ts";
import { parseStrict } from "./strict-json.ts";

/** Longest token that is looked at at all, in characters. */
export const JWT_LENGTH_MAX = 8_192;
/** Key ids are compared with those of a key set and never looked up anywhere. */
export const KEY_ID_LENGTH_MAX = 256;

const SHAPE = /^[\w-]+\.[\w-]+\.[\w-]*$/;
/** Keys and addresses of keys that the token brings along, extensions that change what is signed, and compression. */
const HEADERS_REFUSED = ["jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64", "zip"];

export interface UnverifiedJwt {
  token: string;
  algorithm: string;
  /** As the header has it; undefined: absent. */
  type: string | undefined;
  keyId: string;
  issuer: string;
  audience: string;
  claims: Record<string, unknown>;
}

/** Whether a credential is to be taken for a JWT: three parts. No token of ours has a dot. */
export function isJwtShaped(text: string): boolean {
  return text.length <= JWT_LENGTH_MAX && SHAPE.test(text);
}

/**
 * What a JWT says of itself. Does not check who signed it, whether anybody did, or any time in it.
 * @throws Problem `credential-malformed`, with no value of the token in its text.
 */
export function openJwt(token: string): UnverifiedJwt {
  if (!isJwtShaped(token)) throw malformed(`it must be three parts of base64url, ${JWT_LENGTH_MAX} characters at most`);
  const [head = "", body = "", signature = ""] = token.split(".");
  if (signature === "") throw malformed("it is not signed");
  bytesOf(signature);
  const header = objectOf("header", head);
  const claims = objectOf("payload", body);
  const stray = HEADERS_REFUSED.find((name) => Object.hasOwn(header, name));
  if (stray) throw malformed(`its header has the member ${stray}, which is not taken here`);
  const { alg, typ, kid } = header;
  if (typeof alg !== "string") throw malformed("its header lacks the text alg");
  if (typ !== undefined && typeof typ !== "string") throw malformed("typ in its header is no text");
  if (typeof kid !== "string" || kid === "" || kid.length > KEY_ID_LENGTH_MAX)
    throw malformed(`its header must name the key in kid, a text of 1 to ${KEY_ID_LENGTH_MAX} characters`);
  return { token, algorithm: alg, type: typ, keyId: kid, issuer: issuerOf(claims), audience: audienceOf(claims), claims };
}

function issuerOf({ iss }: Record<string, unknown>): string {
  if (typeof iss !== "string" || iss === "") throw malformed("it lacks the claim iss");
  return iss;
}

/** One audience only: with several, each of them could pass the token on to the others, and it would name several organisations. */
function audienceOf({ aud }: Record<string, unknown>): string {
  const only: unknown = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  if (typeof only !== "string" || only === "") throw malformed("its claim aud must be one text: request a token for one audience");
  return only;
}

function objectOf(part: string, text: string): Record<string, unknown> {
  try {
    // ignoreBOM keeps the mark, which is then no JSON
    const value = parseStrict(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytesOf(text)));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    if (error instanceof Problem) throw error;
  }
  throw malformed(`its ${part} must be one JSON object that has no member twice`);
}

/** Base64url in its one spelling: no padding, and no bits after the end, or many texts would be the same token. */
function bytesOf(text: string): Uint8Array {
  const bytes = Buffer.from(text, "base64url");
  if (bytes.toString("base64url") !== text) throw malformed("a part of it is not base64url");
  return bytes;
}

function malformed(what: string): Problem {
  return new Problem("credential-malformed", `the token is no JWT that is taken here: ${what}`);
}
