import { createExecutionContext } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../../../src/access/token.ts";
import worker from "../../../src/management/worker.ts";
import { call, type Deployment, deployment, env, succeeded } from "../client.ts";

const HOME = "https://management.example.com";
const TOKEN = `xain-${"t".repeat(43)}`;
const GITHUB = { type: "github", clientId: "a", clientSecret: "b" };

let made: Deployment;

async function visit(path: string, headers: Record<string, string> = { accept: "text/html,application/xhtml+xml" }) {
  const response = await worker.fetch(new Request(HOME + path, { headers }), env, createExecutionContext());
  return { status: response.status, headers: response.headers, text: await response.text() };
}

async function inviteOwner(expiresAt = Date.now() + 60_000): Promise<void> {
  await env.DB.prepare(
    `INSERT INTO invitations (id, org, user_id, digest, status, expires_at, created_at, created_by, change_id)
    VALUES ('i1', ?, ?, ?, 'open', ?, 0, '', '')`,
  )
    .bind(made.org, made.user.id, digestOf(TOKEN), expiresAt)
    .run();
}

beforeEach(async () => {
  made = await deployment();
  await env.DB.prepare("UPDATE orgs SET name = ?").bind('<script>alert("x")</script> & Co').run();
});

describe("the page to sign in at", () => {
  it("lists the enabled providers, and escapes what people have named", async () => {
    const hub = succeeded(await call("POST", "/v2/auth/providers", made.session, { name: "hub", ...GITHUB }));
    succeeded(await call("POST", "/v2/auth/providers", made.session, { name: "off", ...GITHUB, enabled: false }));
    const { status, headers, text } = await visit(`/auth/${made.org}`);
    expect([status, headers.get("content-type")]).toEqual([200, "text/html; charset=UTF-8"]);
    expect(text).toContain("<h1>Sign in to &lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; Co</h1>");
    expect([...text.matchAll(/href="([^"]+)"/g)].map(([, href]) => href)).toEqual([`/auth/${made.org}/hub/login`]);
    expect(text).not.toContain("<script");
    const json = await visit(`/auth/${made.org}`, { accept: "application/json" });
    expect(JSON.parse(json.text)).toMatchObject({ organisation: { id: made.org }, providers: [{ name: "hub", type: "github" }] });

    succeeded(await call("PUT", `/v2/auth/providers/${hub.id}`, made.session, { enabled: false }));
    for (const path of [`/auth/${made.org}`, `/auth/${made.org}/hub/login`, `/auth/${made.org}/hub/callback?code=x&state=y`]) {
      const closed = await visit(path);
      expect([path, closed.status]).toEqual([path, 404]);
      // neither tells more than what does not exist
      const unknown = await visit(path.replace(made.org, "no-such-org1"));
      const bare = (page: string) => page.replace(/Trace \w+/, "");
      expect(bare(closed.text)).toBe(bare(unknown.text));
    }
  });

  it("is none for an organisation that is suspended", async () => {
    succeeded(await call("POST", "/v2/auth/providers", made.session, { name: "hub", ...GITHUB }));
    await env.DB.prepare("UPDATE orgs SET status = 'suspended'").run();
    expect((await visit(`/auth/${made.org}`)).status).toBe(404);
    expect((await visit(`/auth/${made.org}/hub/login`)).status).toBe(404);
  });

  it("carries an invitation to the provider, and shows it to no other site", async () => {
    succeeded(await call("POST", "/v2/auth/providers", made.session, { name: "hub", ...GITHUB }));
    await inviteOwner();
    const { status, headers, text } = await visit(`/auth/invitations/${TOKEN}`);
    expect([status, headers.get("referrer-policy"), headers.get("cache-control")]).toEqual([200, "no-referrer", "no-store"]);
    expect(text).toContain(`href="/auth/${made.org}/hub/login?invitation=${TOKEN}"`);
    await env.DB.prepare("UPDATE invitations SET expires_at = ?").bind(Date.now()).run();
    for (const token of [TOKEN, "unknown", "%3Cscript%3E", "x".repeat(5_000)]) {
      const gone = await visit(`/auth/invitations/${token}`);
      expect([gone.status, gone.text.includes("script")]).toEqual([404, false]);
    }
  });

  it("refuses an invitation that was not copied whole before anybody is sent anywhere", async () => {
    succeeded(await call("POST", "/v2/auth/providers", made.session, { name: "hub", ...GITHUB }));
    for (const token of ["", "short", "a b c d e f g h i j k", "x".repeat(300)]) {
      const { status, headers } = await visit(`/auth/${made.org}/hub/login?invitation=${encodeURIComponent(token)}`);
      expect([status, headers.get("location"), headers.get("set-cookie")]).toEqual([400, null, null]);
    }
  });

  it("84 is shown in no frame, runs nothing, and answers refusals in the same manner", async () => {
    succeeded(await call("POST", "/v2/auth/providers", made.session, { name: "hub", ...GITHUB }));
    await inviteOwner();
    const pages = [
      `/auth/${made.org}`,
      `/auth/invitations/${TOKEN}`,
      `/auth/${made.org}/hub/login`,
      `/auth/${made.org}/hub/callback?state=x`,
      "/auth/no-such-org1",
    ];
    for (const path of pages) {
      const { headers, text } = await visit(path);
      expect(headers.get("content-security-policy")).toBe(
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(Object.fromEntries(headers)).toMatchObject({
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "cross-origin-opener-policy": "same-origin",
      });
      expect(text).not.toMatch(/<script|<style|style=|onclick|<img/);
    }
    const refused = await visit(`/auth/${made.org}/hub/callback?state=x`, { accept: "application/json" });
    expect(JSON.parse(refused.text)).toMatchObject({ status: 400, type: "urn:headgate:problem:sign-in-failed" });
    expect(refused.headers.get("content-type")).toBe("application/json");
  });

  it("says that the database is away as a page, too", async () => {
    const DB = {
      prepare: () => {
        throw new Error("D1_ERROR: away");
      },
    } as unknown as D1Database;
    const request = new Request(`${HOME}/auth/${made.org}`, { headers: { accept: "text/html" } });
    const response = await worker.fetch(request, { ...env, DB }, createExecutionContext());
    expect([response.status, await response.text()]).toEqual([503, expect.stringContaining("<h1>Try again in a moment</h1>")]);
    expect(response.headers.get("retry-after")).toBe("1");
  });
});
