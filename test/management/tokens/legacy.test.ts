import { afterEach, describe, expect, it, vi } from "vitest";
import { digestOf, mintToken } from "../../../src/access/token.ts";
import { settingsOf } from "../../../src/management/env.ts";
import {
  type Answer,
  auditRows,
  type Credential,
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
import { person } from "../people/person.ts";

const { EDGE } = env as unknown as { EDGE: Fetcher };
const INGEST = "/api/v1/tokens/ingest";
const API = "/api/v1/tokens/api";

const ingestToken = async (owner: Credential, more: Record<string, unknown> = {}) =>
  succeeded(await call("POST", INGEST, owner, { name: "agent", scopes: ["*"], ...more }));
const refusal = (reply: Awaited<ReturnType<typeof call<Answer>>>) => [reply.status, reasonOf(reply)];

afterEach(() => {
  vi.useRealTimers();
});

for (const path of [INGEST, API])
  describeResource({
    name: path,
    kind: "personal",
    routes: [
      { method: "GET", path, capability: null },
      { method: "POST", path, capability: null, body: { name: "new", scopes: ["*"], permissions: ["CanIngest"] }, action: "token.create" },
      { method: "GET", path: `${path}/:id`, capability: null },
      { method: "DELETE", path: `${path}/:id`, capability: null, action: "token.delete" },
    ],
    make: async ({ owner }) => succeeded(await call("POST", path, owner, { name: "x", scopes: ["*"], permissions: ["CanIngest"] })).id,
  });

describe("a token of the first API", () => {
  it("is made, got and listed alike, but for its secret", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const { token: secret, ...agent } = await ingestToken(made.owner, { scopes: ["web"], description: "of a host" });
    expect(secret).toMatch(/^xait-/);
    expect(agent).toEqual({ id: expect.any(String), name: "agent", description: "of a host", scopes: ["web"], permissions: ["CanIngest"] });
    expect(succeeded(await call("GET", `${INGEST}/${agent.id}`, made.owner))).toEqual(agent);
    expect(succeeded(await call("GET", INGEST, made.owner))).toEqual([agent]);
    expect(succeeded(await call("GET", API, made.owner))).toEqual([]);
    // and is a token like any other to whoever keeps an eye on them
    const [seen] = succeeded(await call<Answer[]>("GET", "/v2/tokens", made.owner));
    expect(seen).toMatchObject({ id: agent.id, datasetCapabilities: { web: { ingest: ["create"] } }, orgCapabilities: {} });
    for (const table of ["tokens", "audit", "changes"])
      expect(JSON.stringify((await env.DB.prepare(`SELECT * FROM ${table}`).all()).results)).not.toContain(secret.slice(5, -4));
  });

  it("of the kind api can query, too", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const both = { name: "cli", scopes: ["web"], permissions: ["CanQuery", "CanIngest"] };
    const { token: secret, ...cli } = succeeded(await call("POST", API, made.owner, both));
    expect(secret).toMatch(/^xaat-/);
    expect(cli).toMatchObject({ scopes: ["web"], permissions: ["CanIngest", "CanQuery"] });
    const advanced = await token(made, MAY_ALL);
    const onlyOrganisation = await token(made, { orgCapabilities: { users: ["read"] } });
    expect(succeeded(await call<Answer[]>("GET", API, made.owner))).toMatchObject([
      cli,
      { id: advanced.id, scopes: ["*"], permissions: ["CanIngest", "CanQuery"] },
      { id: onlyOrganisation.id, scopes: [], permissions: [] },
    ]);
    expect(succeeded(await call("GET", INGEST, made.owner))).toEqual([]);
  });

  it.each([
    ["a dataset that there is not", { scopes: ["nowhere"] }, "body-invalid"],
    ["no dataset", { scopes: [] }, "capability-missing"],
    ["no scopes", { scopes: undefined }, "body-invalid"],
    ["another permission than to ingest", { permissions: ["CanQuery"] }, "body-invalid"],
    ["an unknown permission", { permissions: ["ManageDatasets"] }, "body-invalid"],
    ["a secret of its own", { token: "xait-1" }, "body-invalid"],
  ])("is refused with %s", async (_, more, reason) => {
    const { owner } = await deployment();
    const reply = await call("POST", INGEST, owner, { name: "agent", scopes: ["*"], ...more });
    expect(refusal(reply)).toEqual([400, reason]);
    expect(await count("tokens")).toBe(0);
  });

  it("is made by people who may make tokens, and may do no more than they", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const body = { name: "x", scopes: ["*"], permissions: ["CanIngest"] };
    const user = await person(made, "user");
    expect(refusal(await call("POST", INGEST, await token(made, MAY_ALL), body))).toEqual([403, "token-kind"]);
    expect(refusal(await call("POST", INGEST, user.session, body))).toEqual([403, "forbidden"]);
    await env.DB.prepare(
      "INSERT INTO roles (id, org, name, description, capabilities, created_at, ver, change_id) VALUES ('maker', ?, 'm', '', ?, 1, 1, '')",
    )
      .bind(made.org, JSON.stringify({ datasets: {}, org: ["apiTokens:create"], views: {} }))
      .run();
    const maker = await person(made, "maker");
    expect(refusal(await call("POST", INGEST, maker.session, body))).toEqual([403, "grant-too-wide"]);
    await env.DB.exec("UPDATE orgs SET token_lifetime_max_ms = 86400000");
    expect(refusal(await call("POST", INGEST, made.owner, body))).toEqual([400, "body-invalid"]);
    const inTime = { ...body, expiresAt: new Date(Date.now() + 3_600_000).toISOString() };
    expect(succeeded(await call("POST", INGEST, made.owner, inTime))).toMatchObject({ expiresAt: expect.any(String) });
  });

  it("36: of another organisation is as unknown as nobody's", async () => {
    const made = await deployment();
    const { id } = await ingestToken(made.owner);
    const other = await secondOrganisation(made);
    for (const path of [INGEST, API])
      for (const [method, end] of [
        ["GET", ""],
        ["DELETE", ""],
        ["GET", "/token"],
      ] as const) {
        const texts = await Promise.all(
          [id, "nobodys"].map(async (one) => {
            const reply = await call("GET" === method ? "GET" : "DELETE", `${path}/${one}${end}`, other);
            expect(refusal(reply)).toEqual([404, "resource-unknown"]);
            return reply.body.message.replaceAll(one, "");
          }),
        );
        expect(texts[0]).toBe(texts[1]);
      }
    // the kinds do not mix either
    expect(refusal(await call("DELETE", `${API}/${id}`, made.owner))).toEqual([404, "resource-unknown"]);
  });

  it("never changes, and is never shown again", async () => {
    const { owner } = await deployment();
    const { id } = await ingestToken(owner);
    const put = await call("PUT", `${INGEST}/${id}`, owner, { name: "other" });
    expect(refusal(put)).toEqual([405, "method-not-allowed"]);
    expect(put.headers.get("allow")).toBe("GET, HEAD, DELETE");
    expect(put.body.message).toContain("never change");
    const shown = await call("GET", `${INGEST}/${id}/token`, owner);
    expect(refusal(shown)).toEqual([410, "resource-gone"]);
    expect(shown.body.message).toContain("only a hash of it is kept");
  });

  it.each([
    ["GET", ""],
    ["POST", ""],
    ["PUT", "/x"],
    ["DELETE", "/x"],
    ["GET", "/x/token"],
  ])("of a person has moved: %s %s", async (method, end) => {
    const reply = await call(method, `/api/v1/tokens/personal${end}`, null, method === "POST" ? {} : undefined);
    expect(refusal(reply)).toEqual([410, "resource-gone"]);
    expect(reply.body.message).toContain("/v2/user/tokens");
  });
});

describe("an ingest token", () => {
  const sends = (secret: string, name: string) =>
    EDGE.fetch(`https://edge.example/v1/ingest/${name}`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}` },
      body: '[{"n":1}]',
    });
  const valid = (secret: string) => call("GET", `${INGEST}/validate`, { token: secret });

  it("is taken by the edge at once for its datasets, is published, and does nothing else", async () => {
    const made = await deployment();
    await dataset(made, "web");
    await dataset(made, "other");
    const { token: secret } = await ingestToken(made.owner, { scopes: ["web"] });
    expect(await inKv(keyOf(secret))).toMatchObject({ status: "active", org: made.org });
    expect(await (await sends(secret, "web")).json()).toMatchObject({ ingested: 1 });
    expect((await sends(secret, "other")).status).toBe(403);
    const segments = await EDGE.fetch("https://edge.example/v1/datasets/web/segments", { headers: { authorization: `Bearer ${secret}` } });
    expect(segments.status).toBe(403);
    expect(refusal(await call("GET", "/v2/datasets", { token: secret, org: made.org }))).toEqual([403, "token-kind"]);
  });

  it("says whether it is valid, and is not once it was deleted", async () => {
    const { owner } = await deployment();
    const { id, token: secret } = await ingestToken(owner);
    expect(succeeded(await valid(secret))).toEqual({ valid: true });
    expect((await call("DELETE", `${INGEST}/${id}`, owner)).status).toBe(204);
    expect(refusal(await valid(secret))).toEqual([401, "token-revoked"]);
    // KV takes a key once a second
    await expect.poll(() => inKv(keyOf(secret)), { timeout: 5_000 }).toMatchObject({ status: "revoked" });
    expect((await auditRows()).at(-1)).toMatchObject({ action: "token.delete", target: id });
  });

  it("is not valid before it exists, when it is broken, of another kind, or of a suspended organisation", async () => {
    const { owner } = await deployment();
    const { token: secret } = await ingestToken(owner);
    expect(refusal(await call("GET", `${INGEST}/validate`, null))).toEqual([401, "credential-missing"]);
    expect(refusal(await valid(mintToken("ingest", settingsOf(env).tagKeys)))).toEqual([401, "token-unknown"]);
    expect(refusal(await valid(`${secret.slice(0, -1)}_`))).toEqual([401, "credential-malformed"]);
    expect(refusal(await valid(owner.token))).toEqual([403, "token-kind"]);
    await env.DB.exec("UPDATE orgs SET status = 'suspended'");
    expect(refusal(await valid(secret))).toEqual([403, "organisation-suspended"]);
  });

  it("that ends has ended at its time", async () => {
    const { owner } = await deployment();
    const end = Date.now() + 60_000;
    const { token: secret } = await ingestToken(owner, { expiresAt: new Date(end).toISOString() });
    vi.useFakeTimers({ toFake: ["Date"], now: end - 1 });
    expect((await valid(secret)).status).toBe(200);
    vi.setSystemTime(end);
    expect(refusal(await valid(secret))).toEqual([401, "token-expired"]);
  });
});

describe("a token that Axiom made", () => {
  const OLD = "xait-96ac7408-c7d1-4cde-9e23-d1bda820636a";
  const TAKING = { instead: { IMPORTED_TOKENS: "true" } };
  const HEX = Buffer.from(digestOf(OLD), "base64url").toString("hex");
  const take = (owner: Credential, body: Record<string, unknown>, how: Parameters<typeof call>[4] = TAKING) =>
    call("POST", "/v2/tokens/import", owner, { name: "old", scopes: ["*"], ...body }, how);

  it("19: is taken over where the deployment says so, published, and usable a minute later at the latest", async () => {
    const { owner, org } = await deployment();
    const before = Date.now();
    const made = succeeded(await take(owner, { token: OLD }));
    expect(Date.parse(String(made["usableFrom"])) - before).toBeGreaterThanOrEqual(60_000);
    expect(made).toMatchObject({ scopes: ["*"], permissions: ["CanIngest"] });
    expect(await inKv(keyOf(OLD))).toMatchObject({ id: made.id, org, status: "active", datasets: { "*": ["ingest:create"] } });
    expect(JSON.stringify([made, await auditRows(), (await env.DB.prepare("SELECT * FROM tokens").all()).results])).not.toContain(
      OLD.slice(5, 30),
    );
    const valid = (how: Parameters<typeof call>[4]) => call("GET", `${INGEST}/validate`, { token: OLD }, undefined, how);
    expect((await valid(TAKING)).status).toBe(200);
    expect(refusal(await valid({}))).toEqual([401, "credential-malformed"]);
  });

  it.each([HEX, HEX.toUpperCase(), digestOf(OLD)])("19: can be named by its digest alone: %s", async (digest) => {
    const { owner } = await deployment();
    expect((await take(owner, { digest })).status).toBe(200);
    expect(await inKv(keyOf(OLD))).toMatchObject({ status: "active" });
    expect((await call("GET", `${INGEST}/validate`, { token: OLD }, undefined, TAKING)).status).toBe(200);
  });

  it("19: of the kind api does what it is given, here and at management", async () => {
    const { owner } = await deployment();
    const old = OLD.replace("xait", "xaat");
    expect(succeeded(await take(owner, { token: old, permissions: ["CanQuery"] }))).toMatchObject({ permissions: ["CanQuery"] });
    expect((await call("GET", "/v2/datasets", { token: old }, undefined, TAKING)).status).toBe(200);
    expect(refusal(await call("GET", "/v2/datasets", { token: old }))).toEqual([401, "credential-malformed"]);
  });

  it("19: is refused where the deployment says nothing", async () => {
    const { owner } = await deployment();
    expect(refusal(await take(owner, { token: OLD }, {}))).toEqual([501, "not-configured"]);
    expect(await count("tokens")).toBe(0);
  });

  it("is known once in the whole deployment, also after it was deleted", async () => {
    const made = await deployment();
    const { id } = succeeded(await take(made.owner, { token: OLD }));
    const other = await secondOrganisation(made);
    expect(refusal(await take(other, { digest: HEX }))).toEqual([409, "entity-exists"]);
    await call("DELETE", `${INGEST}/${id}`, made.owner);
    expect(refusal(await take(made.owner, { token: OLD }))).toEqual([409, "entity-exists"]);
  });

  it.each([
    ["neither token nor digest", {}],
    ["both", { token: OLD, digest: HEX }],
    ["a personal token", { token: OLD.replace("xait", "xapt") }],
    ["a UUID that is not random", { token: "xait-00000000-0000-0000-0000-000000000000" }],
    ["capitals", { token: OLD.toUpperCase() }],
    ["another kind than its own", { token: OLD, kind: "api" }],
    ["a digest of another length", { digest: HEX.slice(1) }],
    ["a digest with loose bits", { digest: `${digestOf(OLD).slice(0, -1)}b` }],
    ["a kind of person's token", { digest: HEX, kind: "personal" }],
    ["one of our own", { token: mintToken("ingest", settingsOf(env).tagKeys) }],
  ])("is refused as %s, without an echo", async (_, body) => {
    const { owner } = await deployment();
    const reply = await take(owner, body);
    expect(refusal(reply)).toEqual([400, "body-invalid"]);
    for (const secret of Object.values(body).map(String)) if (secret.length > 10) expect(reply.body.message).not.toContain(secret);
    expect(await count("tokens")).toBe(0);
  });
});
