/** An issuer of JWTs that tests hold in their hand: real keys, and tokens down to the byte, well made or not. */
import {
  type ClaimMapping,
  type JwtAlgorithm,
  type PublicKey,
  type TrustedIssuer,
  trustedIssuer,
} from "../../../src/access/trusted-issuer.ts";

export const NOW = Date.UTC(2026, 0, 1);
export const NOW_S = NOW / 1_000;
export const ISSUER = "https://id.acme.example";
export const AUDIENCE = "https://headgate.example/acme-1a2b";
export const SUBJECT = "system:deployer";

type Json = Record<string, unknown>;

export interface Signer {
  algorithm: JwtAlgorithm;
  /** As a key set publishes it. */
  jwk: PublicKey & { use: string };
  privateKey: CryptoKey;
  publicKey: CryptoKey;
  /** Texts and bytes are taken as they are; objects go over the well-made ones, and undefined leaves a member out. */
  token(claims?: Json | string | Uint8Array, header?: Json | string): Promise<string>;
}

const KEYS = {
  ES256: [
    { name: "ECDSA", namedCurve: "P-256" },
    { name: "ECDSA", hash: "SHA-256" },
  ],
  ES384: [
    { name: "ECDSA", namedCurve: "P-384" },
    { name: "ECDSA", hash: "SHA-384" },
  ],
  RS256: [rsa("RSASSA-PKCS1-v1_5"), { name: "RSASSA-PKCS1-v1_5" }],
  PS256: [rsa("RSA-PSS"), { name: "RSA-PSS", saltLength: 32 }],
  EdDSA: [{ name: "Ed25519" }, { name: "Ed25519" }],
} as const;

function rsa(name: string) {
  return { name, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" };
}

let keys = 0;

export async function signer(algorithm: JwtAlgorithm = "ES256", kid = `key-${++keys}`): Promise<Signer> {
  const [generation, signing] = KEYS[algorithm];
  const { privateKey, publicKey } = (await crypto.subtle.generateKey(generation, true, ["sign", "verify"])) as CryptoKeyPair;
  const exported = (await crypto.subtle.exportKey("jwk", publicKey)) as PublicKey;
  const { kty, crv, x, y, n, e } = exported;
  const jwk = JSON.parse(JSON.stringify({ kty, crv, x, y, n, e, kid, alg: algorithm, use: "sig" })) as Signer["jwk"];
  const token = async (claims: Json | string | Uint8Array = {}, header: Json | string = {}) => {
    const head = typeof header === "string" ? header : JSON.stringify({ alg: algorithm, typ: "at+jwt", kid, ...header });
    const body = typeof claims === "string" || claims instanceof Uint8Array ? claims : JSON.stringify({ ...claimsOf(), ...claims });
    const signed = `${encode(head)}.${encode(body)}`;
    return `${signed}.${encode(new Uint8Array(await crypto.subtle.sign(signing, privateKey, Buffer.from(signed))))}`;
  };
  return { algorithm, jwk, privateKey, publicKey, token };
}

export function claimsOf(): Json {
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: SUBJECT,
    iat: NOW_S - 10,
    exp: NOW_S + 600,
    jti: "b1946ac9",
    client_id: "deployer",
  };
}

export function encode(value: string | Uint8Array): string {
  return Buffer.from(value).toString("base64url");
}

export const MAPPING: ClaimMapping = { when: [{ claim: "sub", equals: SUBJECT }], grants: { datasets: { d1: ["ingest:create"] } } };

/** A document that trusts these signers, its set fetched just now. */
export function trusting(signers: readonly Pick<Signer, "jwk">[], more: Partial<TrustedIssuer> = {}): TrustedIssuer {
  return trustedIssuer({
    id: "issuer-1",
    org: "acme-1a2b",
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: ["ES256"],
    jwksUri: `${ISSUER}/jwks`,
    typ: "at+jwt",
    maxTokenAgeS: 3_600,
    claims: [MAPPING],
    status: "active",
    keys: signers.map(({ jwk: { use, ...key } }) => key),
    keysAt: NOW,
    ver: 1,
    ...more,
  });
}
