import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { drafted, NewProvider, updated } from "../../../src/management/sign-in/provider-draft.ts";
import type { Provider } from "../../../src/management/sign-in/provider-store.ts";

const DRAFT = { name: "staff", type: "oidc", issuer: "https://id.example.com", clientId: "headgate", clientSecret: "x" };
const known: Provider = {
  ...drafted(v.parse(NewProvider, DRAFT), false),
  ...{ id: "1", org: "acme", clientSecret: "", createdAt: 0, updatedAt: 0, ver: 1 },
};

/** What is wrong with a draft, by its schema or beyond it. */
function faultOf(draft: Record<string, unknown>): string {
  const parsed = v.safeParse(NewProvider, draft);
  if (!parsed.success) return parsed.issues.map((issue) => `${v.getDotPath(issue)} ${issue.message}`).join("; ");
  try {
    drafted(parsed.output, false);
    return "none";
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}

describe("a provider's draft", () => {
  it("is sound by itself", () => {
    expect(faultOf(DRAFT)).toBe("none");
  });

  it.each<[string, RegExp, Record<string, unknown>]>([
    ["a name that is no part of an address", /name/, { name: "Staff!" }],
    ["no name", /name/, { name: undefined }],
    ["an unknown type", /type/, { type: "saml" }],
    ["no issuer", /issuer/, { issuer: undefined }],
    ["an issuer with a query", /query/, { issuer: "https://id.example.com/?a=b" }],
    ["Google's issuer under another type", /google/, { issuer: "https://accounts.google.com" }],
    ["GitHub's issuer under another type", /github/, { issuer: "https://github.com/" }],
    ["another issuer for Google", /accounts\.google\.com/, { type: "google" }],
    ["credentials in a header for GitHub", /client_secret_post/, { type: "github", issuer: undefined, clientAuth: "client_secret_basic" }],
    ["an unknown way to authenticate", /clientAuth/, { clientAuth: "none" }],
    ["scopes without openid", /openid/, { scopes: ["email"] }],
    ["a scope with a blank", /scope/, { scopes: ["openid email"] }],
    ["a domain that is none", /allowedDomains/, { allowedDomains: ["acme"] }],
    ["an empty secret", /clientSecret/, { clientSecret: "" }],
    ["a line break in the client id", /clientId/, { clientId: "a\r\nb" }],
    ["members that nobody knows", /endpoints/, { endpoints: {} }],
  ])("refuses %s", (_, words, more) => {
    expect(faultOf({ ...DRAFT, ...more })).toMatch(words);
  });

  it.each([
    "http://id.example.com",
    "http://169.254.169.254/latest",
    "https://169.254.169.254",
    "http://localhost",
    "https://localhost:8787",
    "https://127.0.0.1",
    "https://2130706433",
    "https://[::1]",
    "https://[::ffff:10.0.0.1]",
    "https://[fd00::1]",
    "https://metadata.google.internal",
    "https://db.local",
    "https://intranet",
    "https://user:pass@id.example.com",
    "file:///etc/passwd",
    "javascript:alert(1)",
  ])("85 refuses the issuer %s", (issuer) => {
    expect(faultOf({ ...DRAFT, issuer })).toMatch(/^issuer must/);
    expect(() => updated(known, { issuer }, false)).toThrow(/^issuer must/);
  });

  it("may name a loopback issuer where the deployment's setting says so", () => {
    expect(updated(known, { issuer: "http://127.0.0.1:9000" }, true).issuer).toBe("http://127.0.0.1:9000");
    expect(() => updated(known, { issuer: "http://id.example.com" }, true)).toThrow(/https/);
  });
});
