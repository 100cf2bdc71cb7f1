/** GitHub as the tests have it: keys of its own, published at an address that a Worker can fetch, and reports signed with them. */
import { createSign, generateKeyPairSync } from "node:crypto";
import { call, type Reply } from "../client.ts";

export interface Scanner {
  /** Where its keys are; each scanner's own, since the Worker remembers what it fetched. */
  url: string;
  keyId: string;
  publicPem: string;
  sign(body: string): string;
}

let scanners = 0;

/** @param curve of its key; anything but P-256 is none of GitHub's. */
export async function openScanner(curve = "P-256"): Promise<Scanner> {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: curve });
  const publicPem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const url = `https://keys-${++scanners}-${crypto.randomUUID().slice(0, 8)}.idp.example/public_keys`;
  const scanner: Scanner = {
    url,
    keyId: `key-${scanners}`,
    publicPem,
    sign: (body) => createSign("sha256").update(body).sign(privateKey, "base64"),
  };
  await publish(url, { public_keys: [{ key_identifier: "older", key: "", is_current: false }, entryOf(scanner)] });
  return scanner;
}

export const entryOf = ({ keyId, publicPem }: Scanner) => ({ key_identifier: keyId, key: publicPem, is_current: true });

export async function publish(url: string, answer: unknown, status = 200): Promise<void> {
  const body = typeof answer === "string" ? answer : JSON.stringify(answer);
  await fetch(url, { method: "PUT", body: JSON.stringify({ status, headers: { "content-type": "application/json" }, body }) });
}

/** Takes the keys away. @returns how often they were asked for since they were published. */
export async function withdraw(url: string): Promise<number> {
  return Number(await (await fetch(url, { method: "DELETE" })).text());
}

export interface Label {
  token_hash: string;
  token_type: string;
  label: string;
}

export interface Sent {
  headers?: Record<string, string | undefined>;
  instead?: Record<string, unknown>;
}

export function deliver<T = Label[]>(scanner: Scanner, matches: unknown, { headers = {}, instead = {} }: Sent = {}): Promise<Reply<T>> {
  const body = typeof matches === "string" ? matches : JSON.stringify(matches);
  const all = { "github-public-key-identifier": scanner.keyId, "github-public-key-signature": scanner.sign(body), ...headers };
  const given = Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
  return call<T>("POST", "/v1/github/secret-scanning", null, body, {
    headers: given,
    instead: { SECRET_SCANNING_KEYS_URL: scanner.url, ...instead },
  });
}
