import { describe, expect, it } from "vitest";
import { organisationKey } from "../../src/access/permission-set.ts";
import { auditRows, call, count, deployment, env, inKv, reasonOf, SETUP, succeeded } from "./client.ts";

const REQUEST = { organisation: "Acme & Sons", name: "Ada", email: "ada@acme.example" };

describe("setting up a deployment", () => {
  it("makes an organisation, its owner and a token that works", async () => {
    const { status, body } = await call("POST", "/v2/setup", SETUP, REQUEST);
    expect(status).toBe(200);
    expect(body).toEqual({
      org: { id: expect.stringMatching(/^acme-sons-[0-9a-z]{4}$/), name: "Acme & Sons" },
      user: { id: expect.any(String), name: "Ada", email: "ada@acme.example" },
      token: expect.stringMatching(/^xapt-/),
      session: expect.stringMatching(/^xast-/),
    });
    const user = await call("GET", "/v2/user", { token: body.token });
    expect(user.body).toMatchObject({ name: "Ada", role: { id: "owner" } });
    const org = (body["org"] as { id: string }).id;
    expect(await inKv(organisationKey(org))).toMatchObject({ id: org, status: "active", datasets: {} });
    expect(await auditRows()).toMatchObject([{ action: "organisation.create", actor_kind: "setup", target: org }]);
  });

  it("names the organisation after its owner when nothing else is said", async () => {
    const { body } = await call("POST", "/v2/setup", SETUP, { name: "Ada", email: "ada@acme.example" });
    expect(body["org"]).toMatchObject({ name: "Ada" });
  });

  it("opens sessions for owners, whoever holds the setup token, and for nobody else", async () => {
    const { org, user } = await deployment();
    const opened = succeeded(await call("POST", "/v2/setup/session", SETUP, { organisation: org, email: "ADA@acme.example" }));
    expect(await call("GET", "/v2/datasets", { token: opened.token, org })).toMatchObject({ status: 200, body: [] });
    for (const request of [
      { organisation: org, email: "eve@acme.example" },
      { organisation: "of-nobody", email: user.email },
    ])
      expect((await call("POST", "/v2/setup/session", SETUP, request)).status).toBe(404);
    expect((await call("POST", "/v2/setup/session", { token: "not-the-setup-token" }, {})).status).toBe(401);
    await env.DB.exec("UPDATE members SET role = 'user'");
    expect((await call("POST", "/v2/setup/session", SETUP, { organisation: org, email: user.email })).status).toBe(404);
    const entry = (await auditRows()).at(-1);
    expect(entry).toMatchObject({ action: "session.create", actor_kind: "setup", target: opened.id });
    expect(JSON.stringify(entry)).not.toContain(opened.token);
  });

  it("happens once", async () => {
    await deployment();
    const again = await call("POST", "/v2/setup", SETUP, REQUEST);
    expect([again.status, reasonOf(again)]).toEqual([409, "entity-exists"]);
    expect(await count("orgs")).toBe(1);
  });

  it("has one winner when several try at once", async () => {
    const replies = await Promise.all(Array.from({ length: 5 }, () => call("POST", "/v2/setup", SETUP, REQUEST)));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409]);
    expect([await count("orgs"), await count("users"), await count("members"), await count("personal_tokens")]).toEqual([1, 1, 1, 1]);
    expect(await count("audit")).toBe(1);
  });

  it("is for whoever holds the secret of the deployment", async () => {
    const none = await call("POST", "/v2/setup", null, REQUEST);
    expect([none.status, reasonOf(none)]).toEqual([401, "credential-missing"]);
    const wrong = await call("POST", "/v2/setup", { token: "setup-token-of-the-test" }, REQUEST);
    expect([wrong.status, reasonOf(wrong)]).toEqual([401, "token-unknown"]);
    expect(await count("orgs")).toBe(0);
  });

  it.each([undefined, "", "fifteen-letters"])("does not exist with the secret %j", async (secret) => {
    const reply = await call("POST", "/v2/setup", { token: secret || "x" }, REQUEST, { instead: { SETUP_TOKEN: secret } });
    expect([reply.status, reasonOf(reply)]).toEqual([404, "route-unknown"]);
  });

  it.each([
    ["no name", { email: "a@b" }],
    ["no address", { name: "Ada" }],
    ["an address without @", { name: "Ada", email: "ada" }],
    ["an empty name", { name: "", email: "a@b" }],
    ["a line break in a name", { name: "Ada\nEve", email: "a@b" }],
    ["an unknown member", { name: "Ada", email: "a@b", role: "owner" }],
  ])("refuses a request with %s", async (_, request) => {
    const reply = await call("POST", "/v2/setup", SETUP, request);
    expect([reply.status, reasonOf(reply)]).toEqual([400, "body-invalid"]);
    expect(await count("orgs")).toBe(0);
  });
});
