/** A JSON Web Key Set (RFC 7517) as an issuer publishes it: the keys in it that can verify a token, and nothing else of it. */
import { importJWK } from "jose";
import type { JwtAlgorithm, PublicKey } from "../trusted-issuer.ts";
import { FetchFailure } from "./fetch-trusted.ts";
import { KEY_ID_LENGTH_MAX } from "./jwt.ts";
import { parseStrict } from "./strict-json.ts";

const KEYS_MAX = 50;
/** Base64url characters of an RSA modulus: 2048 to 8192 bits. Shorter ones are weak, longer ones slow. */
const MODULUS_LENGTH_MIN = 342;
const MODULUS_LENGTH_MAX = 1_366;
const EXPONENT_LENGTH_MAX = 6;

const BASE64URL = /^[\w-]+$/;

/** By key type and curve: which algorithms a key can verify. The first is the one it is tried with. */
const FITTING: Record<string, readonly JwtAlgorithm[]> = {
  "EC P-256": ["ES256"],
  "EC P-384": ["ES384"],
  "OKP Ed25519": ["EdDSA"],
  "RSA ": ["RS256", "PS256"],
};

/**
 * The usable keys of a set. Others are passed over one by one: those for encryption, of unknown types or other algorithms, without an id,
 * too weak, too large, broken, or published with their private part. A key whose set was read is known to be importable.
 * @throws FetchFailure when the text is no key set, has more than KEYS_MAX keys, or none that can be used.
 */
export async function readKeySet(text: string): Promise<PublicKey[]> {
  const usable: PublicKey[] = [];
  for (const value of keysOf(text)) {
    const key = publicKey(value);
    if (key && (await canBeImported(key))) usable.push(key);
  }
  if (usable.length === 0) throw new FetchFailure("the key set has no key that can verify a token");
  return usable;
}

/** Whether a key may verify signatures of an algorithm (RFC 8725 3.1: by the key's own type, never by the token's word alone). */
export function fits(key: PublicKey, algorithm: string): boolean {
  const fitting: readonly string[] = algorithmsOf(key);
  return fitting.includes(algorithm) && (key.alg === undefined || key.alg === algorithm);
}

function keysOf(text: string): unknown[] {
  let set: unknown;
  try {
    set = parseStrict(text);
  } catch {
    throw new FetchFailure("the key set is not JSON");
  }
  const keys: unknown = typeof set === "object" && set !== null && "keys" in set ? set.keys : null;
  if (!Array.isArray(keys)) throw new FetchFailure("the key set has no array keys");
  if (keys.length > KEYS_MAX) throw new FetchFailure(`the key set has more than ${KEYS_MAX} keys`);
  return keys;
}

function publicKey(value: unknown): PublicKey | null {
  if (typeof value !== "object" || value === null) return null;
  const { kty, kid, alg, use, key_ops, crv, x, y, n, e, d } = value as Record<string, unknown>;
  if (d !== undefined) return null;
  if (use !== undefined && use !== "sig") return null;
  if (key_ops !== undefined && !(Array.isArray(key_ops) && key_ops.includes("verify"))) return null;
  if (typeof kid !== "string" || kid === "" || kid.length > KEY_ID_LENGTH_MAX) return null;
  if (kty !== "EC" && kty !== "RSA" && kty !== "OKP") return null;
  const texts = Object.fromEntries(Object.entries({ alg, crv, x, y, n, e }).filter(([, member]) => typeof member === "string"));
  const key: PublicKey = { kty, kid, ...texts };
  return hasItsNumbers(key) && algorithmsOf(key).some((algorithm) => fits(key, algorithm)) ? key : null;
}

function hasItsNumbers({ kty, x = "", y = "", n = "", e = "" }: PublicKey): boolean {
  if (kty === "RSA")
    return (
      [n, e].every((number) => BASE64URL.test(number)) &&
      within(n.length, MODULUS_LENGTH_MIN, MODULUS_LENGTH_MAX) &&
      e.length <= EXPONENT_LENGTH_MAX
    );
  return BASE64URL.test(x) && (kty === "OKP" || BASE64URL.test(y));
}

function within(length: number, least: number, most: number): boolean {
  return length >= least && length <= most;
}

function algorithmsOf({ kty, crv = "" }: PublicKey): readonly JwtAlgorithm[] {
  const type = `${kty} ${kty === "RSA" ? "" : crv}`;
  return Object.hasOwn(FITTING, type) ? (FITTING[type] as readonly JwtAlgorithm[]) : [];
}

/** The runtime looks at the numbers too: a point beside its curve is no key. */
async function canBeImported(key: PublicKey): Promise<boolean> {
  const [algorithm = ""] = algorithmsOf(key).filter((one) => fits(key, one));
  try {
    await importJWK({ ...key }, algorithm);
    return true;
  } catch {
    return false;
  }
}
