import { describe, expect, it } from "vitest";
import { seal } from "../../../src/access/seal.ts";
import { settingsOf } from "../../../src/management/env.ts";
import {
  type Answer,
  auditRows,
  type Credential,
  call,
  type Deployment,
  deployment,
  env,
  MAY_ALL,
  reasonOf,
  secondOrganisation,
  succeeded,
  token,
} from "../client.ts";

const PATH = "/v2/auth/providers";
const SECRET = "s3cret-of-the-client";
const OIDC = { name: "staff", type: "oidc", issuer: "https://id.example.com", clientId: "headgate", clientSecret: SECRET };
const FIFTEEN_MINUTES_MS = 900_000;

function make({ session }: Deployment, more: Record<string, unknown> = {}) {
  return call("POST", PATH, session, { ...OIDC, ...more });
}

async function refused(reply: Promise<{ status: number; headers: Headers; body: Answer }>): Promise<string> {
  const answered = await reply;
  reasonOf(answered);
  return `${answered.status} ${answered.body.message}`;
}

describe("providers", () => {
  it("are made, listed, changed and deleted, each with one audit entry", async () => {
    const made = await deployment();
    const provider = succeeded(await make(made));
    expect(provider).toMatchObject({
      name: "staff",
      clientAuth: "client_secret_basic",
      scopes: ["openid", "email", "profile"],
      allowedDomains: [],
      enabled: true,
      callbackUrl: `https://management.example.com/auth/${made.org}/staff/callback`,
      loginUrl: `https://management.example.com/auth/${made.org}/staff/login`,
    });
    const one = `${PATH}/${provider.id}`;
    expect(succeeded(await call("GET", PATH, made.session))).toEqual([provider]);
    expect(succeeded(await call("GET", one, made.session))).toEqual(provider);
    const change = { clientAuth: "client_secret_post", allowedDomains: ["Acme.example"], enabled: false };
    const changed = succeeded(await call("PUT", one, made.session, change));
    expect(changed).toMatchObject({ ...change, allowedDomains: ["acme.example"], issuer: OIDC.issuer, clientId: OIDC.clientId });
    expect((await call("DELETE", one, made.session)).status).toBe(204);
    expect(reasonOf(await call("GET", one, made.session))).toBe("resource-unknown");
    expect(reasonOf(await call("DELETE", one, made.session))).toBe("resource-unknown");
    // the name is free again
    succeeded(await make(made));

    const entries = (await auditRows()).filter(({ action }) => action.startsWith("provider."));
    expect(entries.map(({ action, target, actor_id }) => [action, target, actor_id])).toEqual(
      ["create", "update", "delete", "create"].map((verb) => [`provider.${verb}`, "staff", made.user.id]),
    );
    expect(JSON.parse(entries[1]?.detail ?? "")).toMatchObject({ before: { enabled: true }, after: { enabled: false } });
  });

  it("86 never show a client secret, and keep it sealed for its place alone", async () => {
    const made = await deployment();
    const replies = [await make(made)];
    const one = `${PATH}/${replies[0]?.body.id}`;
    replies.push(await call("GET", PATH, made.session), await call("GET", one, made.session));
    replies.push(
      await call("PUT", one, made.session, { clientSecret: `${SECRET}-2` }),
      await call("PUT", one, made.session, { clientId: "x" }),
    );
    replies.push(await make(made, { clientSecret: `${SECRET}\u00e9` }));
    const rows = await env.DB.prepare("SELECT * FROM auth_providers").all();
    expect(JSON.stringify([replies, rows.results, await auditRows()])).not.toContain(SECRET);
    expect(rows.results).toMatchObject([{ client_secret: expect.stringMatching(/^s1\.1\./) }]);

    // one that was sealed for something else does not open here
    const foreign = seal(SECRET, settingsOf(env).sealKeys, "dataset:sink:authorization");
    await env.DB.prepare("UPDATE auth_providers SET client_secret = ?, type = 'oidc'").bind(foreign).run();
    expect((await call("DELETE", one, made.session)).status).toBe(204);
    expect(await env.DB.prepare("SELECT client_secret FROM auth_providers").first("client_secret")).toBe("");
  });

  it("want the secret again when the issuer changes, so that nobody has it delivered to himself", async () => {
    const made = await deployment();
    const { id } = succeeded(await make(made));
    const put = (body: Record<string, unknown>) => call("PUT", `${PATH}/${id}`, made.session, body);
    expect(await refused(put({ issuer: "https://evil.example.com" }))).toMatch(/^400 .*clientSecret/);
    expect(await refused(put({ issuer: `${OIDC.issuer}/` }))).toMatch(/^400 .*clientSecret/);
    succeeded(await put({ issuer: OIDC.issuer, clientId: "other" }));
    succeeded(await put({ issuer: "https://id2.example.com", clientSecret: "new" }));
  });

  it("are refused over HTTP as their draft is", async () => {
    const made = await deployment();
    expect(await refused(make(made, { issuer: "http://169.254.169.254" }))).toMatch(/^400 issuer must/);
    expect(await refused(make(made, { endpoints: {} }))).toMatch(/^400 .*unknown member/);
    const { id } = succeeded(await make(made));
    const moved = call("PUT", `${PATH}/${id}`, made.session, { issuer: "https://10.0.0.1", clientSecret: "x" });
    expect(await refused(moved)).toMatch(/^400 issuer must/);
  });

  it("of Google and GitHub need no issuer", async () => {
    const made = await deployment();
    const own = { clientId: "a", clientSecret: "b" };
    const google = succeeded(await call("POST", PATH, made.session, { name: "google", type: "google", ...own }));
    expect(google).toMatchObject({ issuer: "https://accounts.google.com", clientAuth: "client_secret_post" });
    const github = succeeded(await call("POST", PATH, made.session, { name: "github", type: "github", ...own }));
    expect(github).toMatchObject({ issuer: "https://github.com", scopes: ["read:user", "user:email"] });
    expect(succeeded(await call("POST", `${PATH}/${github.id}/test`, made.session))).toMatchObject({
      ok: true,
      found: { clientTaken: null },
    });
  });

  it("have names of their own, and an end to their number", async () => {
    const made = await deployment();
    succeeded(await make(made));
    expect(reasonOf(await make(made))).toBe("entity-exists");
    for (let number = 1; number < 20; number++) succeeded(await make(made, { name: `p${number}` }));
    expect(reasonOf(await make(made, { name: "one-more" }))).toBe("entity-exists");
  });

  it("say what is wrong with them when they are tried", async () => {
    const made = await deployment();
    const { id } = succeeded(await make(made));
    const tried = succeeded(await call("POST", `${PATH}/${id}/test`, made.session));
    expect(tried).toMatchObject({
      ok: false,
      callbackUrl: expect.stringContaining("/staff/callback"),
      problem: expect.stringMatching(/OpenID|answer/),
    });
  });

  it("cannot be set up where secrets cannot be kept", async () => {
    const made = await deployment();
    const reply = await call("POST", PATH, made.session, OIDC, { instead: { SINK_SECRETS_KEY: "" } });
    expect([reply.status, reply.body.message]).toEqual([501, expect.stringContaining("SINK_SECRETS_KEY")]);
  });

  it("are for administrators with a session, and their changes for one who has just signed in", async () => {
    const made = await deployment();
    const { id } = succeeded(await make(made));
    const one = `${PATH}/${id}`;
    const all: [string, string, unknown?][] = [
      ["GET", PATH],
      ["POST", PATH, { ...OIDC, name: "x" }],
      ["GET", one],
      ["PUT", one, { enabled: true }],
      ["DELETE", one],
      ["POST", `${one}/test`],
    ];
    const everything: Credential = { token: (await token(made, MAY_ALL)).token };
    for (const [method, path, body] of all) {
      expect(reasonOf(await call(method, path, made.owner, body))).toBe("token-kind");
      expect(reasonOf(await call(method, path, everything, body))).toBe("token-kind");
      expect(reasonOf(await call(method, path, null, body))).toBe("credential-missing");
    }
    await env.DB.prepare("UPDATE sessions SET authenticated_at = ?")
      .bind(Date.now() - FIFTEEN_MINUTES_MS - 1_000)
      .run();
    const old = await Promise.all(
      all.slice(0, 5).map(async ([method, path, body]) => (await call(method, path, made.session, body)).status),
    );
    expect(old).toEqual([200, 403, 200, 403, 403]);
    await env.DB.prepare("UPDATE sessions SET authenticated_at = ?").bind(Date.now()).run();
    for (const role of ["user", "read-only", "none"]) {
      await env.DB.prepare("UPDATE members SET role = ?").bind(role).run();
      for (const [method, path, body] of all) expect(reasonOf(await call(method, path, made.session, body))).toBe("forbidden");
    }
    await env.DB.prepare("UPDATE members SET role = 'admin'").run();
    succeeded(await call("GET", one, made.session));
  });

  it("of another organisation are as unknown as those that do not exist", async () => {
    const made = await deployment();
    const { id } = succeeded(await make(made));
    const { org } = await secondOrganisation(made);
    await env.DB.prepare("UPDATE auth_providers SET org = ?").bind(org).run();
    expect(succeeded(await call("GET", PATH, made.session))).toEqual([]);
    for (const [method, path] of [
      ["GET", ""],
      ["PUT", ""],
      ["DELETE", ""],
      ["POST", "/test"],
    ] as const) {
      const reply = await call(method, `${PATH}/${id}${path}`, made.session, method === "PUT" ? {} : undefined);
      const unknown = await call(method, `${PATH}/no-such-one${path}`, made.session, method === "PUT" ? {} : undefined);
      expect(reply.body.message.replace(id, "?")).toBe(unknown.body.message.replace("no-such-one", "?"));
      expect([reply.status, unknown.status]).toEqual([404, 404]);
    }
  });
});
