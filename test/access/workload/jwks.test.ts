/** Inside workerd, whose cryptography decides what a key is. */
import { describe, expect, it } from "vitest";
import { FetchFailure } from "../../../src/access/workload/fetch-trusted.ts";
import { fits, readKeySet } from "../../../src/access/workload/jwks.ts";
import { signer } from "./issuer.ts";

const EC = await signer("ES256", "ec");
const RSA = await signer("RS256", "rsa");
const ED = await signer("EdDSA", "ed");

/** An odd number of so many base64url digits, none of them a zero. */
const digits = (length: number) => "Q".repeat(length - 1) + (length % 4 === 3 ? "U" : "Q");

async function kidsOf(...keys: unknown[]): Promise<string[] | string> {
  try {
    return (await readKeySet(JSON.stringify({ keys }))).map(({ kid }) => kid);
  } catch (error) {
    return error instanceof FetchFailure ? "failure" : String(error);
  }
}

describe("readKeySet", () => {
  it("keeps the usable keys, by their public members only", async () => {
    const keys = await readKeySet(JSON.stringify({ keys: [{ ...EC.jwk, x5c: ["MIIB"], x5u: "https://evil.example" }, RSA.jwk, ED.jwk] }));
    expect(keys.map(({ kid }) => kid)).toEqual(["ec", "rsa", "ed"]);
    expect(Object.keys(keys[0] ?? {}).sort()).toEqual(["alg", "crv", "kid", "kty", "x", "y"]);
  });

  it.each<[string, Record<string, unknown>]>([
    ["a point beside its curve", { ...EC.jwk, y: EC.jwk.x }],
    ["a short coordinate", { ...EC.jwk, x: EC.jwk.x?.slice(0, 20) }],
    ["a missing coordinate", { ...EC.jwk, y: undefined }],
    ["numbers in another alphabet", { ...EC.jwk, x: "+".repeat(43) }],
    ["an Ed25519 key of another length", { ...ED.jwk, x: "AAAA" }],
    ["X25519, which signs nothing", { ...ED.jwk, crv: "X25519", alg: undefined }],
    ["a modulus of 1024 bits", { ...RSA.jwk, n: RSA.jwk.n?.slice(0, 171) }],
    ["a modulus of 16384 bits", { ...RSA.jwk, n: (RSA.jwk.n ?? "").repeat(8) }],
    ["a modulus that is no text", { ...RSA.jwk, n: 1 }],
    ["an exponent of a hundred digits", { ...RSA.jwk, e: "A".repeat(100) }],
    ["a modulus shorter than 2048 bits by one digit", { ...RSA.jwk, n: RSA.jwk.n?.slice(0, 341) }],
    ["a modulus longer than 8192 bits by one digit", { ...RSA.jwk, n: digits(1_367) }],
    ["an exponent of seven digits", { ...RSA.jwk, e: "AAABAAE" }],
    ["a modulus that begins in another alphabet", { ...RSA.jwk, n: `+${RSA.jwk.n?.slice(1)}` }],
    ["a modulus that ends in another alphabet", { ...RSA.jwk, n: `${RSA.jwk.n?.slice(0, -1)}+` }],
    ["an empty key id", { ...EC.jwk, kid: "" }],
    ["a key id of 257 characters", { ...EC.jwk, kid: "k".repeat(257) }],
    ["RS512", { ...RSA.jwk, alg: "RS512" }],
    ["a type that is a prototype's member", { ...EC.jwk, kty: "constructor" }],
  ])("passes over %s", async (_, key) => {
    expect(await kidsOf(key, ED.jwk)).toEqual(["ed"]);
    expect(await kidsOf(key)).toBe("failure");
  });

  it("takes a modulus of 8192 bits, and an exponent of six digits", async () => {
    expect([await kidsOf({ ...RSA.jwk, n: digits(1_366) }), await kidsOf({ ...RSA.jwk, e: "AAEAAQ" })]).toEqual([["rsa"], ["rsa"]]);
  });

  it("takes a key id of 256 characters, and an RSA key that names a curve, which means nothing there", async () => {
    const long = "k".repeat(256);
    expect(await kidsOf({ ...EC.jwk, kid: long }, { ...RSA.jwk, crv: "P-256" })).toEqual([long, "rsa"]);
  });

  it("passes over what is no object", async () => {
    expect(await kidsOf(null, 5, "key", ED.jwk)).toEqual(["ed"]);
  });

  it.each(["", "{", "null", "5", '"keys"', "[]", "{}", '{"keys":null}', '{"keys":{"0":{}}}', '{"keys":"ed"}', '{"keys":[]}'])(
    "refuses what is no key set: %s",
    async (text) => {
      await expect(readKeySet(text)).rejects.toBeInstanceOf(FetchFailure);
    },
  );

  it("takes fifty keys and refuses fifty-one", async () => {
    expect((await kidsOf(...Array.from({ length: 50 }, () => EC.jwk))).length).toBe(50);
    expect(await kidsOf(...Array.from({ length: 51 }, () => EC.jwk))).toBe("failure");
  });
});

describe("fits", () => {
  it("goes by the key's type, and by its alg if it has one", () => {
    const { alg: _, ...open } = RSA.jwk;
    expect(["RS256", "PS256", "ES256", "HS256", "none"].filter((one) => fits(open, one))).toEqual(["RS256", "PS256"]);
    expect(["RS256", "PS256"].filter((one) => fits(RSA.jwk, one))).toEqual(["RS256"]);
    expect(["ES256", "ES384", "EdDSA"].filter((one) => fits(EC.jwk, one))).toEqual(["ES256"]);
  });
});
