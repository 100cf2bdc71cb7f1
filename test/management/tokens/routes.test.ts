import { afterEach, describe, expect, it, vi } from "vitest";
import {
  type Answer,
  allBut,
  call,
  count,
  dataset,
  deployment,
  env,
  inKv,
  keyOf,
  MAY_ALL,
  reasonOf,
  secondOrganisation,
  succeeded,
  token,
} from "../client.ts";
import { describeResource } from "../describe-resource.ts";

afterEach(() => {
  vi.useRealTimers();
});

const FAR = "2100-01-01T00:00:00Z";
const SOON = new Date(Date.now() + 86_400_000).toISOString();
const INGEST = { datasetCapabilities: { "*": { ingest: ["create"] } } };

describeResource({
  name: "tokens",
  routes: [
    { method: "GET", path: "/v2/tokens", capability: "apiTokens:read" },
    { method: "POST", path: "/v2/tokens", capability: "apiTokens:create", body: { name: "new", ...INGEST }, action: "token.create" },
    { method: "GET", path: "/v2/tokens/current", capability: null },
    { method: "POST", path: "/v2/tokens/identify", capability: "apiTokens:read", body: { token: "xaat-of-nobody" } },
    { method: "GET", path: "/v2/tokens/:id", capability: "apiTokens:read" },
    { method: "GET", path: "/v2/tokens/:id/details", capability: "apiTokens:read" },
    { method: "GET", path: "/v2/tokens/:id/usage", capability: "apiTokens:read" },
    { method: "PUT", path: "/v2/tokens/:id/settings", capability: "apiTokens:update", body: { name: "renamed" }, action: "token.update" },
    { method: "PUT", path: "/v2/tokens/:id/expiry", capability: "apiTokens:update", body: { expiresAt: FAR }, action: "token.expire" },
    { method: "POST", path: "/v2/tokens/:id/disable", capability: "apiTokens:update", action: "token.disable" },
    { method: "DELETE", path: "/v2/tokens/:id", capability: "apiTokens:delete", action: "token.delete" },
    {
      method: "POST",
      path: "/v2/tokens/:id/regenerate",
      capability: "apiTokens:update",
      body: { existingTokenExpiresAt: SOON },
      action: "token.regenerate",
    },
  ],
  make: async (made) => (await token(made, INGEST)).id,
});

describeResource({
  name: "disabled tokens",
  routes: [{ method: "POST", path: "/v2/tokens/:id/enable", capability: "apiTokens:update", action: "token.enable" }],
  async make(made) {
    const { id } = await token(made, INGEST);
    succeeded(await call("POST", `/v2/tokens/${id}/disable`, made.owner));
    return id;
  },
});

describe("a token", () => {
  it("is the same when created, got and listed, but for its secret", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const requests = [
      { name: "basic", datasetCapabilities: { web: { ingest: ["create"] } } },
      { name: "ends", ...INGEST, expiresAt: "2100-01-01T02:00:00.123456700+02:00" },
      { name: "advanced", description: "does much", ...MAY_ALL, viewCapabilities: { errors: { query: ["read"] } } },
    ];
    for (const request of requests) {
      const { token: secret, ...created } = await token(made, request);
      expect(secret).toMatch(/^xaat-/);
      expect((await call("GET", `/v2/tokens/${created.id}`, made.owner)).body).toEqual(created);
      const list = succeeded(await call<Answer[]>("GET", "/v2/tokens", made.owner));
      expect(JSON.stringify(list.find(({ id }) => id === created.id))).toBe(JSON.stringify(created));
      expect(JSON.stringify(list)).not.toContain("xaat-");
    }
  });

  it("has what Axiom's clients read, and views only where there are some", async () => {
    const made = await deployment();
    const basic = await token(made, { name: "basic", ...INGEST });
    expect(basic).toEqual({
      id: expect.any(String),
      name: "basic",
      description: "",
      expiresAt: null,
      datasetCapabilities: { "*": { ingest: ["create"] } },
      orgCapabilities: {},
      samlAuthenticated: false,
      token: expect.stringMatching(/^xaat-/),
    });
    const viewing = await token(made, { viewCapabilities: { "*": { query: ["read"] } } });
    expect(viewing).toMatchObject({ datasetCapabilities: {}, viewCapabilities: { "*": { query: ["read"] } } });
  });

  it("is stored as a digest only", async () => {
    const made = await deployment();
    const { token: secret } = await token(made, INGEST);
    for (const table of ["tokens", "audit", "changes"]) {
      const { results } = await env.DB.prepare(`SELECT * FROM ${table}`).all();
      expect(JSON.stringify(results)).not.toContain(secret.slice(5, -1));
    }
    expect(JSON.stringify(await env.PERMISSIONS.list())).not.toContain(secret);
  });

  it.each([
    ["Go", { description: "", expiresAt: "0001-01-01T00:00:00Z", orgCapabilities: {} }],
    ["Python", { description: null, expiresAt: null, orgCapabilities: null, viewCapabilities: null }],
    ["curl", {}],
  ])("takes what %s sends for nothing", async (_, request) => {
    const made = await deployment();
    const unset = { query: null, starredQueries: [], virtualFields: null, trim: [], vacuum: null, data: null, share: [] };
    const created = await token(made, { ...request, datasetCapabilities: { "*": { ingest: ["create"], ...unset }, gone: null } });
    expect(created).toMatchObject({ description: "", expiresAt: null, orgCapabilities: {} });
    expect(created["datasetCapabilities"]).toEqual({ "*": { ingest: ["create"] } });
  });

  it.each([
    ["no name", { ...INGEST, name: undefined }],
    ["an empty name", { ...INGEST, name: "" }],
    ["an unknown action", { datasetCapabilities: { "*": { ingest: ["delete"] } } }],
    ["an unknown resource", { datasetCapabilities: { "*": { egress: ["create"] } } }],
    ["an unknown organisation resource", { orgCapabilities: { everything: ["read"] } }],
    ["actions that are no array", { orgCapabilities: { datasets: "read" } }],
    ["an expiry that has passed", { ...INGEST, expiresAt: "2020-01-01T00:00:00Z" }],
    ["an expiry that is no time", { ...INGEST, expiresAt: "soon" }],
    ["an expiry that is a number", { ...INGEST, expiresAt: 4_102_444_800 }],
  ])("is refused with %s", async (_, request) => {
    const { owner } = await deployment();
    const reply = await call("POST", "/v2/tokens", owner, { name: "bad", ...request });
    expect([reply.status, reasonOf(reply)]).toEqual([400, "body-invalid"]);
    expect(await count("tokens")).toBe(0);
  });

  it.each([{}, { datasetCapabilities: null }, { datasetCapabilities: { "*": { ingest: [] } } }])(
    "needs a capability, not %j",
    async (none) => {
      const { owner } = await deployment();
      const reply = await call("POST", "/v2/tokens", owner, { name: "none", ...none });
      expect([reply.status, reasonOf(reply)]).toEqual([400, "capability-missing"]);
      // what terraform-provider-axiom looks for
      expect(reply.body.message).toMatch(/at\s+least\s+one\s+(dataset\s+)?capability\s+must\s+be\s+set/i);
    },
  );

  it("names datasets that exist", async () => {
    const made = await deployment();
    const reply = await call("POST", "/v2/tokens", made.owner, { name: "t", datasetCapabilities: { web: { ingest: ["create"] } } });
    expect([reply.status, reasonOf(reply)]).toEqual([400, "body-invalid"]);
    expect(reply.body.message).toContain('"web"');
    expect(reply.body.message).toContain("POST /v2/datasets");
  });

  it.each(["PUT", "PATCH"])("takes no %s: it never changes", async (method) => {
    const made = await deployment();
    const { id } = await token(made, INGEST);
    const reply = await call(method, `/v2/tokens/${id}`, made.owner, { name: "new" });
    expect([reply.status, reasonOf(reply)]).toEqual([405, "method-not-allowed"]);
    expect(reply.body.message).toContain("regenerate");
  });

  it("is in KV when it is answered, datasets by id, and nothing that it does not need", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const created = await token(made, { ...MAY_ALL, name: "n", datasetCapabilities: { web: { ingest: ["create"] } }, expiresAt: FAR });
    const { id } = (await env.DB.prepare("SELECT id FROM datasets").first<{ id: string }>()) ?? {};
    expect(await inKv(keyOf(created.token))).toEqual({
      v: 2,
      id: created.id,
      org: made.org,
      status: "active",
      expiresAt: Date.parse(FAR),
      datasets: { [String(id)]: ["ingest:create"] },
      ver: 1,
    });
  });

  it("leaves a tombstone when it is deleted, and is gone from the list", async () => {
    const made = await deployment();
    const created = await token(made, INGEST);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 5_000 });
    const reply = await call("DELETE", `/v2/tokens/${created.id}`, made.owner);
    expect([reply.status, reply.body]).toEqual([204, null]);
    expect(await inKv(keyOf(created.token))).toMatchObject({ id: created.id, status: "revoked", ver: 2 });
    const { keys } = await env.PERMISSIONS.list({ prefix: "t:" });
    const days = (Number(keys[0]?.expiration) - Date.now() / 1_000) / 86_400;
    expect(days).toBeGreaterThan(29);
    expect(days).toBeLessThan(31);

    expect(succeeded(await call<Answer[]>("GET", "/v2/tokens", made.owner))).toEqual([]);
    for (const [method, path] of [
      ["GET", ""],
      ["DELETE", ""],
      ["POST", "/regenerate"],
    ] as const) {
      const gone = await call(method, `/v2/tokens/${created.id}${path}`, made.owner, path ? { existingTokenExpiresAt: SOON } : undefined);
      expect([method, gone.status, reasonOf(gone)]).toEqual([method, 404, "resource-unknown"]);
    }
  });

  it("stays listed after it has expired, and can be deleted", async () => {
    const made = await deployment();
    const end = Date.now() + 3_600_000;
    const { token: _, ...created } = await token(made, { ...INGEST, expiresAt: new Date(end).toISOString() });
    vi.useFakeTimers({ toFake: ["Date"], now: end + 1 });
    expect(succeeded(await call<Answer[]>("GET", "/v2/tokens", made.owner))).toEqual([created]);
    expect((await call("DELETE", `/v2/tokens/${created.id}`, made.owner)).status).toBe(204);
  });

  it("belongs to its organisation", async () => {
    const made = await deployment();
    const { id } = await token(made, INGEST);
    const others = await secondOrganisation(made);
    expect(succeeded(await call<Answer[]>("GET", "/v2/tokens", others))).toEqual([]);
    expect((await call("GET", `/v2/tokens/${id}`, others)).status).toBe(404);
    expect((await call("DELETE", `/v2/tokens/${id}`, others)).status).toBe(404);
    expect((await call("POST", `/v2/tokens/${id}/regenerate`, others, { existingTokenExpiresAt: SOON })).status).toBe(404);
    expect((await call("GET", `/v2/tokens/${id}`, made.owner)).status).toBe(200);
  });
});

describe("a token that makes tokens", () => {
  const maker = {
    datasetCapabilities: { web: { ingest: ["create"] } },
    orgCapabilities: { apiTokens: ["create", "read"] },
    expiresAt: FAR,
  };

  it.each([
    ["the same", { datasetCapabilities: maker.datasetCapabilities, orgCapabilities: maker.orgCapabilities, expiresAt: FAR }, null],
    ["less, for shorter", { datasetCapabilities: maker.datasetCapabilities, expiresAt: "2099-01-01T00:00:00Z" }, null],
    ["more on its dataset", { datasetCapabilities: { web: { query: ["read"] } }, expiresAt: FAR }, "query:read on dataset web"],
    ["another dataset", { datasetCapabilities: { api: { ingest: ["create"] } }, expiresAt: FAR }, "ingest:create on dataset api"],
    ["all datasets", { datasetCapabilities: { "*": { ingest: ["create"] } }, expiresAt: FAR }, "ingest:create on dataset *"],
    ["more on the organisation", { orgCapabilities: { apiTokens: ["delete"] }, expiresAt: FAR }, "apiTokens:delete on the organisation"],
    ["a view", { viewCapabilities: { v: { query: ["read"] } }, expiresAt: FAR }, "query:read on view v"],
    ["a longer life", { datasetCapabilities: maker.datasetCapabilities, expiresAt: "2100-01-01T00:00:00.001Z" }, "longer"],
    ["a life without end", { datasetCapabilities: maker.datasetCapabilities }, "longer"],
  ])("hands on %s only if it has it", async (_, request, excess) => {
    const made = await deployment();
    for (const name of ["web", "api"]) await dataset(made, name);
    const reply = await call("POST", "/v2/tokens", await token(made, maker), { name: "child", ...request });
    if (excess === null) {
      succeeded(reply);
    } else {
      expect([reply.status, reasonOf(reply)]).toEqual([403, "grant-too-wide"]);
      expect(reply.body.message).toContain(excess);
      expect(await count("tokens")).toBe(1);
    }
  });

  it("hands nothing on when it is revoked between the look and the commit", async () => {
    const made = await deployment();
    const parent = await token(made, MAY_ALL);
    const DB = {
      prepare: (sql: string) => env.DB.prepare(sql),
      async batch(statements: D1PreparedStatement[]) {
        await env.DB.prepare("UPDATE tokens SET status = 'revoked', ver = ver + 1 WHERE id = ?").bind(parent.id).run();
        return env.DB.batch(statements);
      },
    } as unknown as D1Database;
    const before = [await count("tokens"), await count("audit"), await count("changes")];
    const reply = await call("POST", "/v2/tokens", parent, { name: "child", ...INGEST }, { instead: { DB } });
    expect([reply.status, reasonOf(reply)]).toEqual([409, "conflict"]);
    expect([await count("tokens"), await count("audit"), await count("changes")]).toEqual(before);
  });

  it("may not get at a wider one by regenerating it", async () => {
    const made = await deployment();
    const wide = await token(made, MAY_ALL);
    const narrow = await token(made, { orgCapabilities: { apiTokens: ["update"] } });
    const reply = await call("POST", `/v2/tokens/${wide.id}/regenerate`, narrow, { existingTokenExpiresAt: SOON });
    expect([reply.status, reasonOf(reply)]).toEqual([403, "grant-too-wide"]);
    const same = await token(made, { orgCapabilities: allBut() });
    expect((await call("POST", `/v2/tokens/${narrow.id}/regenerate`, same, { existingTokenExpiresAt: SOON })).status).toBe(200);
  });
});
