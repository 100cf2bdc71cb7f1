import { createExecutionContext } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { forgetEntries } from "../../../src/management/audit/entries.ts";
import worker from "../../../src/management/worker.ts";
import { auditRows, call, dataset, deployment, env, reasonOf, succeeded, token } from "../client.ts";
import { describeResource } from "../describe-resource.ts";

describeResource({
  name: "the audit log",
  routes: [
    { method: "GET", path: "/v2/audit", capability: "auditLog:read" },
    { method: "GET", path: "/v2/audit/refusals", capability: "auditLog:read" },
  ],
});

interface Page {
  entries: { id: string; action: string; target: string; actor: { kind: string; id: string }; traceId: string; detail: unknown }[];
  nextCursor: string | null;
}

describe("the audit log", () => {
  it("tells who did what, the newest first", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const maker = await token(made, { orgCapabilities: { datasets: ["create"] } });
    const byToken = await call("POST", "/v2/datasets", maker, { name: "api" });
    const { entries } = succeeded(await call<Page>("GET", "/v2/audit", made.owner));
    expect(entries.map(({ action }) => action)).toEqual(["dataset.create", "token.create", "dataset.create", "organisation.create"]);
    expect(entries[0]).toMatchObject({
      target: "api",
      actor: { kind: "token", id: maker.id, name: "test" },
      traceId: byToken.headers.get("x-axiom-trace-id"),
      detail: { region: "cloud.us-east-1.aws" },
    });
  });

  it("comes in pages that neither repeat nor skip", async () => {
    const made = await deployment();
    for (const name of ["a", "b", "c", "d"]) await dataset(made, name);
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const page: Page = succeeded(await call<Page>("GET", `/v2/audit?limit=2&cursor=${cursor}`, made.owner));
      expect(page.entries.length).toBeLessThanOrEqual(2);
      seen.push(...page.entries.map(({ target }) => target));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(["d", "c", "b", "a", made.org]);
  });

  it.each(["limit=0", "limit=1001", "limit=x", "limit=1.5", "cursor=-1", "cursor=abc"])("refuses ?%s", async (query) => {
    const { owner } = await deployment();
    const reply = await call("GET", `/v2/audit?${query}`, owner);
    expect([reply.status, reasonOf(reply)]).toEqual([400, "parameter-invalid"]);
  });

  it("90 says by which credential, from where and with what", async () => {
    const made = await deployment();
    const headers = { "cf-connecting-ip": "203.0.113.7", "x-forwarded-for": "198.51.100.1", "user-agent": "curl/8.5" };
    succeeded(await call("POST", "/v2/datasets", made.session, { name: "web" }, { headers }));
    const [entry] = succeeded(await call<Page>("GET", "/v2/audit?limit=1", made.owner)).entries;
    const session = await env.DB.prepare("SELECT id FROM sessions").first<string>("id");
    expect(entry).toMatchObject({
      ...{ credential: { kind: "session", id: session }, ip: "203.0.113.7", userAgent: "curl/8.5", result: "done" },
    });
    expect(JSON.stringify(entry)).not.toContain(made.session.token);
  });

  it("is filtered by whoever reads it", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const maker = await token(made, { orgCapabilities: { datasets: ["create"] } });
    await call("POST", "/v2/datasets", maker, { name: "api" });
    const actions = async (query: string) =>
      succeeded(await call<Page>("GET", `/v2/audit?${query}`, made.owner)).entries.map(({ action, target }) => `${action} ${target}`);
    expect(await actions("action=dataset")).toEqual(["dataset.create api", "dataset.create web"]);
    expect(await actions("action=data")).toEqual([]);
    expect(await actions("action=token.create")).toEqual([`token.create ${maker.id}`]);
    expect(await actions(`credential=${maker.id}`)).toEqual(["dataset.create api"]);
    expect(await actions(`actor=${made.user.id}&target=web`)).toEqual(["dataset.create web"]);
    expect(await actions("until=2020-01-01")).toEqual([]);
    expect(await actions("since=2020-01-01T00:00:00Z&action=organisation")).toEqual([`organisation.create ${made.org}`]);
    expect(reasonOf(await call("GET", "/v2/audit?since=yesterday", made.owner))).toBe("parameter-invalid");
  });

  it.each(["ndjson", "csv"])("is exported whole as %s", async (format) => {
    const made = await deployment();
    await dataset(made, "web", { description: '=1+1,"x"' });
    await env.DB.prepare(
      `INSERT INTO audit (org, at, actor_kind, actor_id, actor_name, action, target, detail, trace_id)
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
      SELECT ?, 0, 'user', 'u', '=cmd', 'test.fill', i, '{}', 't' FROM n`,
    )
      .bind(made.org)
      .run();
    const response = await worker.fetch(
      new Request(`https://management.example/v2/audit/export?format=${format}`, {
        headers: { authorization: `Bearer ${made.owner.token}`, "x-axiom-org-id": made.org },
      }),
      env,
      createExecutionContext(),
    );
    expect(response.status).toBe(200);
    const lines = (await response.text()).trim().split("\n");
    expect(lines.length).toBe(2502 + (format === "csv" ? 1 : 0));
    if (format === "csv") expect(lines[1]).toContain(",'=cmd,");
    else expect(JSON.parse(lines[0] as string)).toMatchObject({ action: "test.fill", target: "2500" });
  });

  it("90 counts attempts that were refused, without a row for each", async () => {
    const made = await deployment();
    const weak = await token(made, { datasetCapabilities: { "*": { ingest: ["create"] } } });
    for (let i = 0; i < 3; i++) expect((await call("POST", "/v2/datasets", weak, { name: "x" })).status).toBe(403);
    await call("GET", "/v2/tokens", weak);
    const { refusals } = succeeded(await call<{ refusals: unknown[] }>("GET", "/v2/audit/refusals", made.owner));
    expect(refusals).toMatchObject([
      { actor: { kind: "token", id: weak.id }, credential: weak.id, route: "POST /v2/datasets", reason: "forbidden", times: 3 },
    ]);
  });

  it("tells administrators who made an object and who changed it last, by which token", async () => {
    const made = await deployment();
    const maker = await token(made, { orgCapabilities: { datasets: ["create", "read"] } });
    await call("POST", "/v2/datasets", maker, { name: "web" });
    await call("PUT", "/v2/datasets/web", made.session, { description: "x" });
    expect(succeeded(await call("GET", "/v2/info/dataset/web", made.owner))).toMatchObject({
      created: { actor: { kind: "token", id: maker.id }, credential: { kind: "api", id: maker.id } },
      changed: { actor: { kind: "user", id: made.user.id }, credential: { kind: "session" } },
    });
    expect((await call("GET", "/v2/info/dataset/none", made.owner)).status).toBe(404);
    await env.DB.exec("UPDATE members SET role = 'user'");
    expect(reasonOf(await call("GET", "/v2/info/dataset/web", made.owner))).toBe("forbidden");
  });

  it("forgets what is older than the organisation keeps, and nothing else", async () => {
    const made = await deployment();
    const now = Date.now();
    await env.DB.exec("UPDATE orgs SET audit_keep_days = 30");
    await env.DB.exec(`UPDATE audit SET at = ${now - 31 * 86_400_000}`);
    await dataset(made, "web");
    expect(await forgetEntries(env.DB, now, 100)).toBe(1);
    expect((await auditRows()).map(({ action }) => action)).toEqual(["dataset.create"]);
  });
});
