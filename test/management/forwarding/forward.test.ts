import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { auditRows, call, dataset, deployment, env, reasonOf, succeeded, token } from "../client.ts";

interface Sent {
  url: string;
  method: string;
  headers: Headers;
  body: string;
}

let sent: Sent[] = [];
let answer: () => Response = () => Response.json({ ok: true });

beforeEach(() => {
  sent = [];
  answer = () => Response.json({ ok: true });
  vi.spyOn(globalThis, "fetch").mockImplementation(async (url, init) => {
    const request = new Request(url as string, init as RequestInit);
    sent.push({ url: request.url, method: request.method, headers: request.headers, body: await request.text() });
    return answer();
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

const UPSTREAM = { url: "https://api.upstream.example/base/", token: "upstream-secret", organisation: "their-org" };

async function withUpstream() {
  const made = await deployment();
  succeeded(await call("PUT", "/v2/upstream", made.session, UPSTREAM));
  return made;
}

describe("an upstream", () => {
  it("is set by administrators with a recent session, and its token never shown", async () => {
    const made = await withUpstream();
    expect(succeeded(await call("GET", "/v2/upstream", made.session))).toEqual({
      url: "https://api.upstream.example/base",
      organisation: "their-org",
    });
    expect(JSON.stringify([await auditRows(), await env.DB.prepare("SELECT * FROM upstreams").all()])).not.toContain("upstream-secret");
    expect(reasonOf(await call("PUT", "/v2/upstream", made.owner, UPSTREAM))).toBe("token-kind");
    await env.DB.exec("UPDATE sessions SET authenticated_at = 0");
    expect(reasonOf(await call("PUT", "/v2/upstream", made.session, UPSTREAM))).toBe("sign-in-required");
    expect((await call("GET", "/v2/upstream", made.session)).status).toBe(200);
  });

  it.each([
    "http://api.upstream.example",
    "https://127.0.0.1",
    "https://localhost",
    "https://10.0.0.1/x",
    "https://[::1]",
    "https://metadata.internal",
    "https://user:pass@api.upstream.example",
    "https://api.upstream.example/?q=1",
    "nonsense",
  ])("may not be %s", async (url) => {
    const made = await deployment();
    expect(reasonOf(await call("PUT", "/v2/upstream", made.session, { ...UPSTREAM, url }))).toBe("body-invalid");
  });

  it("is forgotten when it is deleted", async () => {
    const made = await withUpstream();
    expect((await call("DELETE", "/v2/upstream", made.session)).status).toBe(204);
    expect((await call("GET", "/v2/upstream", made.session)).status).toBe(404);
    expect((await auditRows()).map(({ action }) => action).slice(-2)).toEqual(["upstream.set", "upstream.delete"]);
  });
});

describe("what Headgate does not own", () => {
  it("is a 501 that says how to configure it, after the capability was checked", async () => {
    const made = await deployment();
    const reply = await call("GET", "/v2/monitors", made.owner);
    expect([reply.status, reasonOf(reply)]).toEqual([501, "not-configured"]);
    expect(reply.body.message).toContain("PUT /v2/upstream");
    const weak = await token(made, { orgCapabilities: { monitors: ["read"] } });
    expect((await call("GET", "/v2/monitors", weak)).status).toBe(501);
    expect((await call("POST", "/v2/monitors", weak, {})).status).toBe(403);
    expect(sent).toEqual([]);
  });

  it("goes on with the gateway's own credential and nothing of the sender's", async () => {
    const made = await withUpstream();
    const headers = { cookie: "a=b", "x-forwarded-for": "1.2.3.4", "content-type": "application/json", "if-match": '"1"' };
    const reply = await call("PUT", "/v2/monitors/m-1?x=1&x=2", made.owner, { name: "m" }, { headers });
    expect(reply).toMatchObject({ status: 200, body: { ok: true } });
    const [request] = sent;
    expect(request).toMatchObject({
      url: "https://api.upstream.example/base/v2/monitors/m-1?x=1&x=2",
      method: "PUT",
      body: '{"name":"m"}',
    });
    expect(Object.fromEntries(request?.headers ?? [])).toEqual({
      authorization: "Bearer upstream-secret",
      "x-axiom-org-id": "their-org",
      "content-type": "application/json",
      "if-match": '"1"',
    });
    expect((await auditRows()).at(-1)).toMatchObject({ action: "upstream.forward", target: "/base/v2/monitors/m-1", result: "forwarded" });
  });

  it.each([
    ["GET", "/v2/dashboards", "dashboards:read"],
    ["POST", "/v2/dashboards", "dashboards:create"],
    ["PUT", "/v2/notifiers/n1", "notifiers:update"],
    ["PATCH", "/v2/views/v1", "views:update"],
    ["DELETE", "/v2/integrations/i1", "integrations:delete"],
    ["POST", "/v2/integrations/i1/validate", "integrations:update"],
    ["GET", "/v2/shared-access-keys", "sharedAccessKeys:read"],
    ["GET", "/v2/flows/f1/runs", "flows:read"],
    ["DELETE", "/v2/endpoints/e1", "endpoints:delete"],
  ] as const)("%s %s needs %s, which a token can have alone", async (method, path, capability) => {
    const made = await withUpstream();
    const [resource = "", action = ""] = capability.split(":");
    const holder = await token(made, { orgCapabilities: { [resource]: [action] } });
    const body = ["GET", "DELETE"].includes(method) ? undefined : {};
    expect((await call(method, path, holder, body)).status).toBe(200);
    const other = await token(made, { orgCapabilities: { users: ["read"] } });
    const reply = await call(method, path, other, body);
    expect([reply.status, reply.body.message]).toEqual([403, expect.stringContaining(capability)]);
  });

  it("of one dataset needs the capability on that dataset, and on all of them for what is named by its id", async () => {
    const made = await withUpstream();
    await dataset(made, "web");
    await dataset(made, "api");
    const holder = await token(made, { datasetCapabilities: { web: { starredQueries: ["create", "read", "delete"] } } });
    expect((await call("GET", "/v2/apl-starred-queries?dataset=web", holder)).status).toBe(200);
    for (const query of ["?dataset=api", "", "?dataset=elsewhere"])
      expect((await call("GET", `/v2/apl-starred-queries${query}`, holder)).status).toBe(403);
    expect((await call("GET", "/v2/apl-starred-queries?dataset=web&dataset=api", holder)).status).toBe(400);
    expect((await call("POST", "/v2/apl-starred-queries", holder, { dataset: "web", name: "f" })).status).toBe(200);
    expect((await call("POST", "/v2/apl-starred-queries", holder, { dataset: "api", name: "f" })).status).toBe(403);
    expect((await call("POST", "/v2/apl-starred-queries?dataset=web", holder, { dataset: "api" })).status).toBe(400);
    expect((await call("DELETE", "/v2/apl-starred-queries/id-1", holder)).status).toBe(403);
    expect((await call("DELETE", "/v2/apl-starred-queries/id-1", made.owner)).status).toBe(200);
  });

  it("45 reaches the upstream as it was judged: a second dataset in the body is not passed on", async () => {
    const made = await withUpstream();
    await dataset(made, "web");
    const holder = await token(made, { datasetCapabilities: { web: { starredQueries: ["create"] } } });
    for (const body of ['{"dataset":"api","dataset":"web"}', '{"d\\u0061taset":"api","dataset":"web"}'])
      expect((await call("POST", "/v2/apl-starred-queries", holder, body)).status).toBe(200);
    expect(sent.map(({ body }) => body)).toEqual(['{"dataset":"web"}', '{"dataset":"web"}']);
    expect((await call("POST", "/v2/apl-starred-queries", holder, '{"dataset":"web","dataset":"api"}')).status).toBe(403);
  });

  it.each(["%2e%2e%2fusers", "..%2fusers", "a%2Fb", "a%5Cb", "a%00b", "%ff", "a%3Fb", "a;b", "a%252Fb"])(
    "44 takes no segment %s",
    async (segment) => {
      const made = await withUpstream();
      const reply = await call("GET", `/v2/monitors/${segment}`, made.owner);
      expect([400, 404]).toContain(reply.status);
      expect(sent).toEqual([]);
    },
  );

  it("hides what the upstream thinks of the gateway's credential, and where it redirects to", async () => {
    const made = await withUpstream();
    for (const [status, reason] of [
      [401, "upstream-failed"],
      [403, "upstream-failed"],
      [302, "upstream-failed"],
    ] as const) {
      answer = () => new Response("secret text", { status, headers: { location: "https://evil.example", "set-cookie": "x=y" } });
      const reply = await call("GET", "/v2/monitors", made.owner);
      expect([reply.status, reasonOf(reply)]).toEqual([502, reason]);
      expect(JSON.stringify([...reply.headers, reply.body])).not.toMatch(/evil|secret text|x=y/);
    }
    answer = () => Response.json({ message: "no such monitor" }, { status: 404, headers: { "set-cookie": "x=y" } });
    const passed = await call("GET", "/v2/monitors/none", made.owner);
    expect(passed).toMatchObject({ status: 404, body: { message: "no such monitor" } });
    expect(passed.headers.get("set-cookie")).toBeNull();
  });

  it("is nothing for members of teams, whom the upstream does not know", async () => {
    const made = await withUpstream();
    await env.DB.batch([
      env.DB.prepare("UPDATE members SET role = 'user'"),
      env.DB.prepare("INSERT INTO teams (id, org, name, description, created_at, ver, change_id) VALUES ('t', ?, 't', '', 0, 1, '')").bind(
        made.org,
      ),
      env.DB.prepare("INSERT INTO team_members (team_id, user_id, owner, created_at) VALUES ('t', ?, 0, 0)").bind(made.user.id),
    ]);
    expect((await call("GET", "/v2/monitors", made.owner)).status).toBe(403);
    expect(sent).toEqual([]);
  });

  it("lets people change their own permissions on a dashboard, and administrators those of others", async () => {
    const made = await withUpstream();
    await env.DB.exec("UPDATE members SET role = 'user'");
    expect((await call("DELETE", `/v2/dashboards/d1/permissions/${made.user.id}`, made.owner)).status).toBe(200);
    expect((await call("DELETE", "/v2/dashboards/d1/permissions/somebody", made.owner)).status).toBe(403);
    await env.DB.exec("UPDATE members SET role = 'admin'");
    expect((await call("PUT", "/v2/monitors/m1/permissions/somebody", made.owner, {})).status).toBe(200);
  });
});
