/**
 * The form of a token:
 *
 *     xaat- 1 7VXpMSm7eNw7I0jYSDvUlwz8PWpBgc kbC4 1LhQ8b
 *     kind  │ 30 base62 characters, 178 bits  │    └ CRC32 of all before it: typing errors, secret scanners
 *           └ key id of the tag               └ keyed tag: a flood of made-up tokens costs no look-up
 *
 * Neither check is a security boundary: a token is known by its SHA-256 digest, which is all that is kept of it.
 *
 * Tokens that Axiom made are a prefix and a UUID. A deployment that imports such tokens takes that form, too; as it has neither check,
 * each made-up UUID then costs a look-up.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";

const PREFIXES = { api: "xaat-", personal: "xapt-", session: "xast-", ingest: "xait-" } as const;
export type TokenKind = keyof typeof PREFIXES;

/** Longest text that is looked at at all, in characters. */
export const TOKEN_LENGTH_MAX = 256;

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_LENGTH = 30;
const TAG_LENGTH = 4;
const CRC_LENGTH = 6;
const FORM = /^(xaat|xapt|xast|xait)-([0-9A-Za-z])([0-9A-Za-z]{30})([0-9A-Za-z]{4})([0-9A-Za-z]{6})$/;

const KINDS: Record<string, TokenKind> = { xaat: "api", xapt: "personal", xast: "session", xait: "ingest" };

/** API and ingest tokens only: an imported one never stands for a person. Version 4, the random one. */
const IMPORTED_FORM = /^(xaat|xait)-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Keys of the tag by key id; the last one mints. Empty: key id `0`, no tag. */
export type TagKeys = ReadonlyMap<string, Uint8Array>;

/**
 * Reads the secret `TOKEN_TAG_KEYS`: `<key id>:<base64url key>`, several separated by commas, newest last.
 * @throws Error on anything else, at start and not at a request.
 */
export function readTagKeys(secret: string | undefined): TagKeys {
  const keys = new Map<string, Uint8Array>();
  for (const entry of (secret ?? "").split(",").filter(Boolean)) {
    const match = /^([1-9A-Za-z]):([\w-]{22,})$/.exec(entry.trim());
    if (!match) throw new Error("TOKEN_TAG_KEYS must be <one character, not 0>:<base64url of 16 bytes or more>, comma separated");
    keys.set(match[1] as string, Buffer.from(match[2] as string, "base64url"));
  }
  return keys;
}

export function mintToken(kind: TokenKind, tagKeys: TagKeys): string {
  const keyId = [...tagKeys.keys()].at(-1) ?? "0";
  const stem = PREFIXES[kind] + keyId + randomText(RANDOM_LENGTH);
  const tagged = stem + tagOf(stem, tagKeys.get(keyId));
  return tagged + base62(crc32(tagged), CRC_LENGTH);
}

/** Whether tokens of Axiom's form are taken: the setting `IMPORTED_TOKENS`, off unless it is `true`. */
export function readImportedTokens(setting: unknown): boolean {
  if (setting === undefined || setting === "" || setting === "false" || setting === false) return false;
  if (setting === "true" || setting === true) return true;
  throw new Error("IMPORTED_TOKENS must be true or false");
}

/**
 * The kind of a well-formed token that bears a tag of this deployment, or null. Does no I/O and does not tell whether the token exists:
 * any holder of a tag key can make texts that pass, and with `imported` anybody can.
 */
export function parseToken(text: string, tagKeys: TagKeys, imported = false): TokenKind | null {
  const kind = kindOf(text, tagKeys, imported);
  return kind !== null && isTagged(text, tagKeys) ? kind : null;
}

/** The same whatever its tag is, which is nearly all that `parseToken` costs; the key that it names is one of this deployment. */
export function kindOf(text: string, tagKeys: TagKeys, imported = false): TokenKind | null {
  if (text.length > TOKEN_LENGTH_MAX) return null;
  const match = FORM.exec(text);
  if (!match) return imported ? importedKind(text) : null;
  if (base62(crc32(text.slice(0, -CRC_LENGTH)), CRC_LENGTH) !== match[5]) return null;
  // untagged tokens are for deployments without tag keys
  if (match[2] === "0" ? tagKeys.size > 0 : !tagKeys.has(match[2] as string)) return null;
  return KINDS[match[1] as string] ?? null;
}

/** Whether the tag of a text that `kindOf` takes is right. Imported ones have none and pass. */
export function isTagged(text: string, tagKeys: TagKeys): boolean {
  const match = FORM.exec(text);
  if (!match) return IMPORTED_FORM.test(text);
  const tag = tagOf(text.slice(0, -(TAG_LENGTH + CRC_LENGTH)), tagKeys.get(match[2] as string));
  return timingSafeEqual(Buffer.from(tag), Buffer.from(match[4] as string));
}

/** By its prefix only: whatever goes on like this was meant as a token. */
export function looksLikeToken(text: string): boolean {
  return /^xa[apsi]t-/.test(text);
}

/** The kind of a text in the form that Axiom gives its tokens; null: another form. */
export function importedKind(text: string): "api" | "ingest" | null {
  const prefix = IMPORTED_FORM.exec(text)?.[1];
  return prefix === undefined ? null : prefix === "xaat" ? "api" : "ingest";
}

/** SHA-256 of the whole token, base64url: what is stored, looked up and never turned back. */
export function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

function tagOf(stem: string, key: Uint8Array | undefined): string {
  if (!key) return ALPHABET.charAt(0).repeat(TAG_LENGTH);
  return base62(createHmac("sha256", key).update(stem).digest().readUIntBE(0, 6), TAG_LENGTH);
}

/** The last `length` base62 digits of a number. */
function base62(value: number, length: number): string {
  let text = "";
  for (let rest = value; text.length < length; rest = Math.floor(rest / 62)) text = ALPHABET.charAt(rest % 62) + text;
  return text;
}

/** Uniform base62 characters: bytes from 248 up are thrown away, since 256 is no multiple of 62. */
function randomText(length: number): string {
  let text = "";
  while (text.length < length) {
    for (const byte of randomBytes(length)) if (byte < 248 && text.length < length) text += ALPHABET.charAt(byte % 62);
  }
  return text;
}
