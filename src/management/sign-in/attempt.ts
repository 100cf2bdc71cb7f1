/**
 * One attempt to sign in, on its way to the provider and back: kept by the browser that began it, in a sealed cookie of its own, so
 * that tabs do not disturb each other and nobody can bring the end of another's attempt.
 */
import { hkdfSync, randomBytes } from "node:crypto";
import { EncryptJWT, jwtDecrypt } from "jose";
import { sameSecret } from "../../access/same-secret.ts";
import type { SealKeys } from "../../access/seal.ts";
import { Problem } from "../../problem.ts";
import { dropCookie, readCookies, setCookie } from "./cookies.ts";

export interface Attempt {
  org: string;
  /** Its id. */
  provider: string;
  issuer: string;
  state: string;
  nonce: string;
  /** Of PKCE. */
  verifier: string;
  returnTo: string;
  /** Token of the invitation that the person came by. */
  invitation: string | null;
  /** The person is to show anew who they are. */
  again: boolean;
  /** Epoch milliseconds. */
  begunAt: number;
}

const LIFE_S = 600;
const AT_ONCE_MAX = 5;
const SECRET_BYTES = 32;
const COOKIE = "__Host-oa-";
const STATE = /^[\w-]{43}$/;
const ENCRYPTION = { alg: "dir", enc: "A256GCM" } as const;
const KEY_CONTEXT = "headgate:sign-in-attempt:1";
const KEY_BYTES = 32;

/** 256 bits, base64url. */
export function randomSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

/**
 * The Set-Cookie headers that keep an attempt. When there are too many at once, they drop the oldest ones.
 * @throws Problem `not-configured` without a key.
 */
export async function keepAttempt(attempt: Attempt, headers: Headers, keys: SealKeys): Promise<string[]> {
  const [keyId, key] = [...keys].at(-1) ?? [];
  if (!keyId || !key) throw new Problem("not-configured", "nobody can sign in: this deployment's operator must set SINK_SECRETS_KEY");
  const sealed = await new EncryptJWT({ ...attempt })
    .setProtectedHeader({ ...ENCRYPTION, kid: keyId })
    .setIssuedAt(new Date(attempt.begunAt))
    .setExpirationTime(new Date(attempt.begunAt + LIFE_S * 1_000))
    .encrypt(derived(key));
  const others: { name: string; begunAt: number }[] = [];
  for (const [name, value] of readCookies(headers)) {
    if (name.startsWith(COOKIE)) others.push({ name, begunAt: (await opened(value, keys, attempt.begunAt))?.begunAt ?? 0 });
  }
  others.sort((one, other) => other.begunAt - one.begunAt);
  return [...others.slice(AT_ONCE_MAX - 1).map(({ name }) => dropCookie(name)), setCookie(cookieOf(attempt.state), sealed, LIFE_S)];
}

/**
 * The attempt that a callback's state names, if this browser began it, and the Set-Cookie header that ends it whatever comes of it.
 * Null: none, an old one, or one that was altered.
 */
export async function takeAttempt(
  state: string | null,
  headers: Headers,
  keys: SealKeys,
  now: number,
): Promise<{ attempt: Attempt | null; drop: string | null }> {
  if (state === null || !STATE.test(state)) return { attempt: null, drop: null };
  const name = cookieOf(state);
  const attempt = await opened(readCookies(headers).get(name) ?? "", keys, now);
  return { attempt: attempt && sameSecret(attempt.state, state) ? attempt : null, drop: dropCookie(name) };
}

function cookieOf(state: string): string {
  return COOKIE + state.slice(0, 8);
}

async function opened(sealed: string, keys: SealKeys, now: number): Promise<Attempt | null> {
  try {
    const keyOf = ({ kid = "" }: { kid?: string }) => derived(keys.get(kid) ?? unknownKey());
    const { payload } = await jwtDecrypt(sealed, keyOf, {
      keyManagementAlgorithms: [ENCRYPTION.alg],
      contentEncryptionAlgorithms: [ENCRYPTION.enc],
      requiredClaims: ["exp"],
      currentDate: new Date(now),
    });
    return payload as unknown as Attempt;
  } catch {
    return null;
  }
}

/** What seals secrets at rest seals nothing else itself. */
function derived(key: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", key, new Uint8Array(), KEY_CONTEXT, KEY_BYTES));
}

function unknownKey(): never {
  throw new Error("sealed with a key that is gone");
}
