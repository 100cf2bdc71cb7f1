/** Google does not run here: the test signs as it would, and answers for it at the network's edge. */
import { createExecutionContext } from "cloudflare:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, describe, expect, it, vi } from "vitest";
import worker from "../../../src/management/worker.ts";
import { call, type Deployment, deployment, env, succeeded } from "../client.ts";

const HOME = "https://management.example.com";
const ISSUER = "https://accounts.google.com";
const CLIENT = { clientId: "123.apps.googleusercontent.com", clientSecret: "GOCSPX-x/y+z" };
const DOCUMENT = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/o/oauth2/v2/auth`,
  token_endpoint: "https://oauth2.googleapis.com/token",
  jwks_uri: "https://www.googleapis.com/oauth2/v3/certs",
  id_token_signing_alg_values_supported: ["RS256"],
};

afterEach(() => {
  vi.unstubAllGlobals();
});

const keys = await generateKeyPair("RS256");

/** @returns the forms that its token endpoint was sent. */
function google(claims: Record<string, unknown>, nonce: () => string): URLSearchParams[] {
  const forms: URLSearchParams[] = [];
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    if (url === `${ISSUER}/.well-known/openid-configuration`) return Response.json(DOCUMENT);
    if (url === DOCUMENT.jwks_uri) return Response.json({ keys: [{ ...(await exportJWK(keys.publicKey)), alg: "RS256", kid: "k1" }] });
    const request = new Request(url, init);
    expect([request.url, request.headers.get("authorization")]).toEqual([DOCUMENT.token_endpoint, null]);
    forms.push(new URLSearchParams(new TextDecoder().decode(await request.arrayBuffer())));
    const id_token = await new SignJWT({ nonce: nonce(), ...claims })
      .setProtectedHeader({ alg: "RS256", kid: "k1" })
      .setIssuer(ISSUER)
      .setAudience(CLIENT.clientId)
      .setSubject(String(claims["sub"] ?? "1055"))
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(keys.privateKey);
    return Response.json({ access_token: "ya29.x", token_type: "Bearer", id_token });
  });
  return forms;
}

async function visit(url: string, cookie = ""): Promise<Response> {
  const request = new Request(url, { headers: { accept: "text/html", ...(cookie && { cookie }) }, redirect: "manual" });
  return worker.fetch(request, env, createExecutionContext());
}

async function signIn(made: Deployment, claims: Record<string, unknown>, query = "") {
  let login = new URL(HOME);
  const forms = google(claims, () => login.searchParams.get("nonce") ?? "");
  const base = `${HOME}/auth/${made.org}/google`;
  const begun = await visit(`${base}/login${query}`);
  login = new URL(begun.headers.get("location") ?? "");
  const answer = new URLSearchParams({ code: "4/x", state: login.searchParams.get("state") ?? "" });
  const back = await visit(`${base}/callback?${answer}`, (begun.headers.get("set-cookie") ?? "").split(";")[0]);
  return { login, forms, back };
}

async function made(): Promise<Deployment> {
  const deployed = await deployment();
  succeeded(await call("POST", "/v2/auth/providers", deployed.session, { name: "google", type: "google", ...CLIENT }));
  for (const email of ["bob@acme.example", "cy@gmail.com"])
    succeeded(await call("POST", "/v2/users", deployed.session, { name: email, email, role: "user" }));
  return deployed;
}

describe("Google", () => {
  it("is sent the client's secret in the body, and asked to let people choose anew rather than to log in", async () => {
    const { login, forms, back } = await signIn(
      await made(),
      { email: "bob@acme.example", email_verified: true, hd: "acme.example" },
      "?prompt=login",
    );
    expect([back.status, back.headers.get("location")]).toEqual([303, `${HOME}/`]);
    expect(Object.fromEntries(login.searchParams)).toMatchObject({ prompt: "select_account", max_age: "0", scope: "openid email profile" });
    expect(forms.map((form) => form.get("client_secret"))).toEqual([CLIENT.clientSecret]);
  });

  it.each<[string, number, Record<string, unknown>]>([
    ["takes an address of a domain that it hosts", 303, { email: "bob@acme.example", hd: "acme.example" }],
    ["takes an address of Gmail", 303, { email: "cy@gmail.com" }],
    ["79 takes no address from elsewhere, which its owner may have lost", 403, { email: "bob@acme.example" }],
    ["79 takes no address that only looks like Gmail's", 403, { email: "bob@acme.example", name: "@gmail.com" }],
    ["79 takes no address that is not verified", 403, { email: "bob@acme.example", hd: "acme.example", email_verified: false }],
  ])("%s", async (_, status, claims) => {
    expect((await signIn(await made(), { email_verified: true, ...claims })).back.status).toBe(status);
  });

  it("refuses a subject that is longer than one may be", async () => {
    const { back } = await signIn(await made(), { sub: "x".repeat(256) });
    expect([back.status, await back.text()]).toEqual([400, expect.stringContaining("255 characters")]);
  });
});
