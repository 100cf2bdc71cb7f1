/** GitHub does not run here: its answers are those of its documentation, given at the network's edge. */

import { createExecutionContext } from "cloudflare:test";
import { createHash } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { digestOf } from "../../../src/access/token.ts";
import worker from "../../../src/management/worker.ts";
import { call, type Deployment, deployment, env, succeeded } from "../client.ts";

const HOME = "https://management.example.com";
const CLIENT = { clientId: "Iv1.abc", clientSecret: "secret-of-github" };
const EMAILS = [
  { email: "noreply@users.noreply.github.com", verified: true, primary: false },
  { email: "Bob@Acme.example", verified: true, primary: true },
  { email: "claimed@acme.example", verified: false, primary: false },
];

interface GitHub {
  user: unknown;
  emails: unknown;
  token: unknown;
  asked: Request[];
}

afterEach(() => {
  vi.unstubAllGlobals();
});

function gitHub(): GitHub {
  const answers: GitHub = {
    user: { id: 583231, login: "octocat" },
    emails: EMAILS,
    token: { access_token: "gho_x", token_type: "bearer", scope: "" },
    asked: [],
  };
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    const request = new Request(url, init);
    answers.asked.push(request);
    const bodies: Record<string, unknown> = {
      "https://github.com/login/oauth/access_token": answers.token,
      "https://api.github.com/user": answers.user,
      "https://api.github.com/user/emails": answers.emails,
    };
    const body = bodies[url];
    return body === undefined ? new Response("", { status: 404 }) : Response.json(body);
  });
  return answers;
}

/** As a browser would ask; cookies are the caller's to keep. */
async function visit(url: string, cookie = ""): Promise<Response> {
  const request = new Request(url, { headers: { accept: "text/html", ...(cookie && { cookie }) }, redirect: "manual" });
  return worker.fetch(request, env, createExecutionContext());
}

async function invited(made: Deployment, email: string): Promise<string> {
  await env.DB.batch([
    env.DB.prepare(
      "INSERT INTO users (id, org, name, email, status, created_at, ver, change_id) VALUES ('u2', ?, 'Bob', ?, 'active', 0, 1, '')",
    ).bind(made.org, email),
    env.DB.prepare(
      "INSERT INTO members (id, org, user_id, role, created_at, ver, change_id) VALUES ('m2', ?, 'u2', 'user', 0, 1, '')",
    ).bind(made.org),
    env.DB.prepare(
      `INSERT INTO invitations (id, org, user_id, digest, status, expires_at, created_at, created_by, change_id)
      VALUES ('i1', ?, 'u2', ?, 'open', ?, 0, '', '')`,
    ).bind(made.org, digestOf("x".repeat(40)), Date.now() + 60_000),
  ]);
  return "u2";
}

async function signIn(made: Deployment, state?: string): Promise<{ login: URL; back: Response }> {
  const base = `${HOME}/auth/${made.org}/hub`;
  const begun = await visit(`${base}/login`);
  const login = new URL(begun.headers.get("location") ?? "");
  const cookie = (begun.headers.get("set-cookie") ?? "").split(";")[0];
  const answer = new URLSearchParams({ code: "the-code", state: state ?? login.searchParams.get("state") ?? "" });
  return { login, back: await visit(`${base}/callback?${answer}`, cookie) };
}

async function made(): Promise<Deployment> {
  const deployed = await deployment();
  succeeded(await call("POST", "/v2/auth/providers", deployed.session, { name: "hub", type: "github", ...CLIENT }));
  return deployed;
}

const identities = async () => (await env.DB.prepare("SELECT issuer, subject, user_id, email FROM identities").all()).results;

describe("GitHub", () => {
  it("signs in by the number of the account, with PKCE, and finds an invitation by any verified address", async () => {
    const deployed = await made();
    const user = await invited(deployed, "bob@acme.example");
    const hub = gitHub();
    const { login, back } = await signIn(deployed);
    expect(`${login.origin}${login.pathname}`).toBe("https://github.com/login/oauth/authorize");
    expect(Object.fromEntries(login.searchParams)).toMatchObject({
      client_id: CLIENT.clientId,
      redirect_uri: `${HOME}/auth/${deployed.org}/hub/callback`,
      scope: "read:user user:email",
      response_type: "code",
      code_challenge_method: "S256",
    });
    expect([back.status, back.headers.get("location")]).toEqual([303, `${HOME}/`]);
    expect(back.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-oa-.*Max-Age=0/),
      expect.stringMatching(/^__Host-sid=[\w-]{43};/),
    ]);
    expect(await identities()).toEqual([{ issuer: "https://github.com", subject: "583231", user_id: user, email: "Bob@Acme.example" }]);

    const [tokenRequest, ...questions] = hub.asked;
    const form = new URLSearchParams(await tokenRequest?.text());
    expect(Object.fromEntries(form)).toMatchObject({ code: "the-code", client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret });
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    expect(challenge).toBe(login.searchParams.get("code_challenge"));
    expect(tokenRequest?.headers.get("authorization")).toBeNull();
    for (const { headers } of questions)
      expect([headers.get("authorization"), headers.get("user-agent")]).toEqual(["Bearer gho_x", "headgate"]);

    // the same number under another name and address is the same person
    Object.assign(hub, { user: { id: 583231, login: "renamed" }, emails: [] });
    expect((await signIn(deployed)).back.status).toBe(303);
    expect(await identities()).toHaveLength(1);
  });

  it("79 counts only what it has verified", async () => {
    const deployed = await made();
    await invited(deployed, "claimed@acme.example");
    gitHub();
    const { back } = await signIn(deployed);
    expect([back.status, await back.text()]).toEqual([403, expect.stringContaining("you have no invitation")]);
    expect(await identities()).toEqual([]);
  });

  it.each<[string, number, string, Partial<GitHub>]>([
    [
      "its error, which comes with status 200",
      400,
      "bad_verification_code",
      { token: { error: "bad_verification_code", error_description: "<b>expired</b>" } },
    ],
    ["the wrong client, which comes with status 200", 502, "client id and secret", { token: { error: "incorrect_client_credentials" } }],
    ["an account without a number", 502, "/user", { user: { login: "octocat" } }],
    ["an account whose number is none", 502, "/user", { user: { id: "583231" } }],
    ["an account of number 0", 502, "/user", { user: { id: 0 } }],
    ["addresses that are none", 502, "/user/emails", { emails: { message: "x" } }],
    ["nothing", 502, "answered 404", { user: undefined }],
  ])("is refused with %s", async (_, status, words, answers) => {
    const deployed = await made();
    await invited(deployed, "bob@acme.example");
    Object.assign(gitHub(), answers);
    const { back } = await signIn(deployed);
    const text = await back.text();
    expect([back.status, text]).toEqual([status, expect.stringContaining(words)]);
    expect(text).not.toMatch(/<b>expired|secret-of-github|gho_x/);
    expect(back.headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-oa-/)]);
  });

  it("is tried out with a code that nobody was given", async () => {
    const deployed = await made();
    const [{ id = "" } = {}] = succeeded(await call<{ id: string }[]>("GET", "/v2/auth/providers", deployed.session));
    const hub = gitHub();
    const tried = async () => {
      const request = new Request(`${HOME}/v2/auth/providers/${id}/test`, {
        method: "POST",
        headers: { authorization: `Bearer ${deployed.session.token}`, "x-axiom-org-id": deployed.org },
      });
      return (await worker.fetch(request, env, createExecutionContext())).json();
    };
    hub.token = { error: "bad_verification_code" };
    expect(await tried()).toMatchObject({ ok: true, found: { clientTaken: true } });
    hub.token = { error: "something_else" };
    expect(await tried()).toMatchObject({ ok: true, found: { clientTaken: null } });
    hub.token = { error: "incorrect_client_credentials" };
    expect(await tried()).toMatchObject({ ok: false, problem: expect.stringContaining("client id and secret") });
  });

  it("74 is refused with a state that is not the attempt's", async () => {
    const deployed = await made();
    const hub = gitHub();
    const { back } = await signIn(deployed, "A".repeat(43));
    expect(back.status).toBe(400);
    expect(hub.asked).toEqual([]);
  });
});
