/**
 * Secrets at rest: AES-256-GCM, so that a copy of the database shows none of them and none can be moved to another place in it.
 *
 *     s1.1.q83vEjRWeJCrze8S.3q2-7w…
 *     │  │ └ nonce          └ ciphertext and 16-byte tag, base64url both
 *     │  └ key id
 *     └ version
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const VERSION = "s1";
const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FORM = /^s1\.([1-9A-Za-z])\.([\w-]{16})\.([\w-]{22,})$/;

/** Keys by key id; the last one seals, all of them open. */
export type SealKeys = ReadonlyMap<string, Uint8Array>;

/**
 * Reads the secret `SINK_SECRETS_KEY`: `<key id>:<base64url of 32 bytes>`, several separated by commas, newest last.
 * @throws Error on anything else, at start and not at a request.
 */
export function readSealKeys(secret: string | undefined): SealKeys {
  const keys = new Map<string, Uint8Array>();
  for (const entry of (secret ?? "").split(",").filter(Boolean)) {
    const match = /^([1-9A-Za-z]):([\w-]{43})$/.exec(entry.trim());
    if (!match) throw new Error("SINK_SECRETS_KEY must be <one character, not 0>:<base64url of 32 bytes>, comma separated");
    keys.set(match[1] as string, Buffer.from(match[2] as string, "base64url"));
  }
  return keys;
}

/**
 * @param context where the secret belongs; only whoever names the same opens it.
 * @throws Error without a key.
 */
export function seal(text: string, keys: SealKeys, context: string): string {
  const [keyId, key] = [...keys].at(-1) ?? [];
  if (!keyId || !key) throw new Error("SINK_SECRETS_KEY is not set, so nothing can be sealed");
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(context));
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return [VERSION, keyId, nonce.toString("base64url"), sealed.toString("base64url")].join(".");
}

/** @throws Error for a text that is not sealed, a key that is gone, another context, or anything altered; never with the secret. */
export function open(sealed: string, keys: SealKeys, context: string): string {
  const [, keyId = "", nonce = "", body = ""] = FORM.exec(sealed) ?? [];
  if (!keyId) throw new Error("not a sealed secret; set it again in the dataset's settings");
  const key = keys.get(keyId);
  if (!key) throw new Error(`SINK_SECRETS_KEY lacks the key ${keyId}, with which a secret was sealed; add it, or set the secret again`);
  const bytes = Buffer.from(body, "base64url");
  const decipher = createDecipheriv(CIPHER, key, Buffer.from(nonce, "base64url"), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString("utf8");
  } catch {
    throw new Error(`a secret sealed with key ${keyId} does not open here; set it again in the dataset's settings`);
  }
}

/** The context of one secret of one sink. */
export function sinkSecretContext(datasetId: string, sink: string, secret: string): string {
  return `${datasetId}:${sink}:${secret}`;
}

/** The context of one secret of the server that answers a dataset's queries. No sink has such a name. */
export function upstreamSecretContext(datasetId: string, secret: string): string {
  return `${datasetId}::query:${secret}`;
}
