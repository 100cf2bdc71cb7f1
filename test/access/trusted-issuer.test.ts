import { describe, expect, it } from "vitest";
import { issuerDigest, issuerKey, namesOrganisation, readTrustedIssuer } from "../../src/access/trusted-issuer.ts";
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

  it("is none of another version", () => {
    const document = trusting([]);
    expect(readTrustedIssuer(document)).toEqual(document);
    for (const other of [null, "text", 1, {}, { ...document, v: 2 }, { ...document, keys: null }])
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
