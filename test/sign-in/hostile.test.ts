/** Providers that lie. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Events, type MutableResponse, type MutableToken, OAuth2Server } from "oauth2-mock-server";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Browser, type Visit } from "./browser.ts";
import { configure, type Deployment, invite, openDeployment } from "./deployment.ts";

const CLIENT = { clientId: "headgate", clientSecret: "x" };
const HOUR_S = 3_600;
const now = () => Math.floor(Date.now() / 1_000);

let made: Deployment;
let hostile: OAuth2Server;
let provider = "";
/** The victim, who came before as `johndoe`, the mock's subject. */
let user = "";

beforeAll(async () => {
  made = await openDeployment();
  hostile = new OAuth2Server();
  await hostile.issuer.keys.generate("RS256");
  await hostile.start(0, "127.0.0.1");
  provider = await configure(made, "hostile", issuer(), CLIENT);
  const invitation = await invite(made, "john@acme.example");
  user = invitation.user;
  expect((await signIn(new Browser(), `?invitation=${invitation.token}`)).status).toBe(303);
});
afterAll(() => hostile.stop());
beforeEach(() => {
  for (const event of Object.values(Events)) hostile.service.removeAllListeners(event);
});

const issuer = () => hostile.issuer.url ?? "";

/** The mock asks nobody: its first page is a redirect. */
async function signIn(browser: Browser, query = ""): Promise<Visit> {
  const login = `${made.url}/auth/${made.org}/hostile/login${query}`;
  return browser.visit(await browser.follow(login, /\/callback\?/));
}

/** Alters ID tokens, which unlike access tokens have a nonce. */
function forging(forge: (token: MutableToken) => void): void {
  hostile.service.on(Events.BeforeTokenSigning, (token: MutableToken) => {
    if (Object.hasOwn(token.payload, "nonce")) forge(token);
  });
}

function answering(change: (body: Record<string, unknown>) => void): void {
  hostile.service.on(Events.BeforeResponse, (response: MutableResponse) => change(response.body as Record<string, unknown>));
}

function reencoded(token: unknown, part: 0 | 1 | 2, change: (value: string) => string): string {
  const parts = String(token).split(".");
  parts[part] = change(parts[part] ?? "");
  return parts.join(".");
}

const json = (change: (value: Record<string, unknown>) => unknown) => (part: string) =>
  Buffer.from(JSON.stringify(change(JSON.parse(Buffer.from(part, "base64url").toString())))).toString("base64url");

async function expectRefused(words: string, status = 400, query = ""): Promise<void> {
  const browser = new Browser();
  const visit = await signIn(browser, query);
  expect([visit.status, visit.text]).toEqual([status, expect.stringContaining(words)]);
  expect([...browser.cookies(made.url).keys()]).toEqual([]);
}

describe("an ID token", () => {
  it("is taken as the mock makes it", async () => {
    const browser = new Browser();
    expect((await signIn(browser)).status).toBe(303);
    expect(JSON.parse((await browser.visit(`${made.url}/auth/session`)).text)).toMatchObject({ user: { id: user } });
  });

  it.each<[string, string, Record<string, unknown>]>([
    ["75 with another nonce", "unexpected ID Token &quot;nonce&quot;", { nonce: "another" }],
    ["75 without a nonce", "JWT &quot;nonce&quot; (nonce) claim missing", { nonce: undefined }],
    ["76 of another issuer", "unexpected JWT &quot;iss&quot;", { iss: "https://accounts.google.com" }],
    ["for another client", "unexpected JWT &quot;aud&quot;", { aud: "somebody-else" }],
    ["for us and others, without saying who asked", "additional untrusted audiences", { aud: ["headgate", "other"] }],
    ["for us, asked for by another", "unexpected ID Token &quot;azp&quot;", { aud: ["headgate", "other"], azp: "other" }],
    ["that has ended", "&quot;exp&quot;", { exp: now() - HOUR_S }],
    ["that has not begun", "&quot;nbf&quot;", { nbf: now() + HOUR_S }],
    ["without an end", "JWT &quot;exp&quot; (expiration time) claim missing", { exp: undefined }],
    ["without a subject", "JWT &quot;sub&quot; (subject) claim missing", { sub: undefined }],
    ["whose subject is no text", "unexpected JWT &quot;sub&quot;", { sub: 7 }],
  ])("is refused %s", async (_, words, claims) => {
    forging(({ payload }) => void Object.assign(payload, claims));
    await expectRefused(words);
  });

  it("is refused signed with a key that the provider does not publish", async () => {
    forging(({ header }) => void Object.assign(header, { kid: "unknown" }));
    await expectRefused("no applicable keys found");
  });

  it.each<[string, string, (token: unknown) => string]>([
    [
      "with a signature that does not fit",
      "JWT signature verification failed",
      (token) => reencoded(token, 2, (part) => part.slice(0, -6) + [...part.slice(-6)].reverse().join("")),
    ],
    [
      "with another payload under its signature",
      "JWT signature verification failed",
      (token) =>
        reencoded(
          token,
          1,
          json((claims) => ({ ...claims, sub: "admin" })),
        ),
    ],
    [
      "with alg none",
      "unexpected JWT &quot;alg&quot;",
      (token) =>
        reencoded(
          reencoded(
            token,
            0,
            json((header) => ({ ...header, alg: "none" })),
          ),
          2,
          () => "",
        ),
    ],
    [
      "with alg HS256",
      "unexpected JWT &quot;alg&quot;",
      (token) =>
        reencoded(
          token,
          0,
          json((header) => ({ ...header, alg: "HS256" })),
        ),
    ],
    ["that is none", "failed to parse JWT", () => "not.a.token"],
  ])("is refused %s", async (_, words, forge) => {
    answering((body) => {
      body["id_token"] = forge(body["id_token"]);
    });
    await expectRefused(words);
  });

  it("is needed", async () => {
    answering((body) => {
      delete body["id_token"];
    });
    await expectRefused("&quot;id_token&quot; property");
  });

  it("must be of now when somebody is to show anew who they are", async () => {
    forging(({ payload }) => {
      payload["auth_time"] = now() - HOUR_S + 0.1234;
    });
    await expectRefused("did not ask you again", 400, "?prompt=login");
    const browser = new Browser();
    expect((await signIn(browser)).status).toBe(303);
    // and a session is only as fresh as its sign-in at the provider
    const { authenticatedAt } = JSON.parse((await browser.visit(`${made.url}/auth/session`)).text);
    expect(Date.now() - Date.parse(authenticatedAt)).toBeGreaterThan(HOUR_S * 1_000 - 60_000);
  });
});

describe("what a provider says besides", () => {
  it("77 stays out of the page unless it is text, at the token endpoint, too", async () => {
    hostile.service.on(Events.BeforeResponse, (response: MutableResponse) => {
      Object.assign(response, { statusCode: 400, body: { error: "<img src=x>", error_description: "\u0000<script>" } });
    });
    await expectRefused("&lt;img src=x&gt;");
  });

  it("79 counts for the subject that it is about only", async () => {
    hostile.service.on(Events.BeforeUserinfo, (response: MutableResponse) => {
      response.body = { sub: "somebody-else", email: "ada@acme.example", email_verified: true };
    });
    await expectRefused("&quot;sub&quot;");
  });

  it("is not waited for without end, nor read without end", async () => {
    answering((body) => {
      body["padding"] = "x".repeat(300_000);
    });
    await expectRefused("more than 262144 bytes", 502);
  });
});

describe("85 a discovery document", () => {
  let document: Record<string, unknown> = {};
  let redirectTo = "";
  let asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (redirectTo && request.url?.includes(".well-known")) response.writeHead(302, { location: redirectTo }).end();
    else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(document));
  });
  let url = "";

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());
  beforeEach(() => {
    asked = [];
    redirectTo = "";
    document = { issuer: url, authorization_endpoint: `${url}/a`, token_endpoint: `${url}/t`, jwks_uri: `${url}/j` };
  });

  /** By the administrator, and by somebody who wants to sign in. */
  async function expectHeard(words: RegExp): Promise<void> {
    const set = await made.api("PUT", `/v2/auth/providers/${provider}`, { issuer: url, clientSecret: "x" });
    expect(set.status).toBe(200);
    const { body } = await made.api("POST", `/v2/auth/providers/${provider}/test`);
    expect(body).toMatchObject({ ok: false, problem: expect.stringMatching(words) });
    const { status, text, location } = await new Browser().visit(`${made.url}/auth/${made.org}/hostile/login`);
    expect([status, text, location]).toEqual([502, expect.stringMatching(words), ""]);
    expect(asked.every((path) => path === "/.well-known/openid-configuration")).toBe(true);
  }

  const elsewhere = "http://169.254.169.254/latest";

  it.each<[string, RegExp, Record<string, unknown>]>([
    ["of another issuer", /of another issuer/, { issuer: "https://accounts.google.com" }],
    ["that leads to link-local", /token_endpoint must/, { token_endpoint: elsewhere }],
    ["that leads to an address", /jwks_uri must/, { jwks_uri: "https://10.0.0.1/keys" }],
    ["that leads to IPv6", /jwks_uri must/, { jwks_uri: "https://[fd00::1]/keys" }],
    ["that leads inside", /userinfo_endpoint must/, { userinfo_endpoint: "https://metadata.google.internal/" }],
    ["that leads to a script", /authorization_endpoint must/, { authorization_endpoint: "javascript:alert(1)" }],
    ["without TLS", /authorization_endpoint must/, { authorization_endpoint: "http://id.example.com/a" }],
    ["without keys", /jwks_uri is missing/, { jwks_uri: undefined }],
    ["whose address is no text", /token_endpoint is missing/, { token_endpoint: [elsewhere] }],
    ["larger than it may be", /more than 262144 bytes/, { padding: "x".repeat(300_000) }],
  ])("is refused %s", async (_, words, members) => {
    Object.assign(document, members);
    await expectHeard(words);
  });

  it("is refused of the issuer with a slash", async () => {
    document["issuer"] = `${url}/`;
    await expectHeard(/of another issuer/);
  });

  it.each([
    ["to a private place", () => elsewhere],
    ["to where it is", () => `${url}/moved`],
  ])("is refused behind a redirect %s", async (_, to) => {
    redirectTo = to();
    await expectHeard(/redirect/);
  });

  it("75 is refused without S256, before anybody comes", async () => {
    document["code_challenge_methods_supported"] = ["plain"];
    const set = await made.api("PUT", `/v2/auth/providers/${provider}`, { issuer: url, clientSecret: "x" });
    expect(set.status).toBe(200);
    const { body } = await made.api<{ problem: string }>("POST", `/v2/auth/providers/${provider}/test`);
    expect(body.problem).toMatch(/S256/);
  });
});
