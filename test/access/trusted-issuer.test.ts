import { describe, expect, it } from "vitest";
import {
  issuerDigest,
  issuerKey,
  JWT_ALGORITHMS,
  JWT_TYPES,
  namesOrganisation,
  readTrustedIssuer,
  WORKLOAD_CAPABILITIES,
} from "../../src/access/trusted-issuer.ts";
import { trusting } from "./workload/issuer.ts";

describe("a trusted issuer's document", () => {
  it("is found by issuer and audience together", () => {
    const keys = [
      ["https://a.example", "b"],
      ["https://a.example", "c"],
      ["https://a.exampleb", ""],
    ].map(([iss = "", aud = ""]) => issuerKey(issuerDigest(iss, aud)));
    expect(new Set(keys).size).toBe(3);
    for (const key of keys) expect(key).toMatch(/^j:[\w-]{43}$/);
  });

  it("knows signatures and no shared secrets, and two capabilities", () => {
    expect(JWT_ALGORITHMS).toEqual(["ES256", "ES384", "RS256", "PS256", "EdDSA"]);
    expect(JWT_TYPES).toEqual(["at+jwt", "JWT"]);
    expect(WORKLOAD_CAPABILITIES).toEqual(["ingest:create", "query:read"]);
  });

  it("is none of another version", () => {
    const document = trusting([]);
    expect(document.v).toBe(1);
    expect(readTrustedIssuer(document)).toEqual(document);
    for (const other of [null, undefined, "text", 1, {}, { ...document, v: 2 }, { ...document, keys: null }, { ...document, claims: {} }])
      expect(readTrustedIssuer(other)).toBeNull();
  });

  it.each(["acme-1a2b", "https://acme-1a2b.example/", "https://headgate.example/acme-1a2b", "urn:headgate:acme-1a2b:ci"])(
    "may have the audience %s, which names its organisation",
    (audience) => {
      expect(namesOrganisation(audience, "acme-1a2b")).toBe(true);
    },
  );

  it.each(["", "acme", "acme-1a2b-c", "xacme-1a2b", "ACME-1A2B", "acme_1a2b", "https://acme-1a2bc.example/", "my-acme-1a2b"])(
    "may not have the audience %j, which names none or another",
    (audience) => {
      expect(namesOrganisation(audience, "acme-1a2b")).toBe(false);
    },
  );
});
