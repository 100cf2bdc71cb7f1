import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type Answer, call, dataset, deployment, EU, env, reasonOf, succeeded, token } from "../client.ts";

const EVENTS = '{"_time":"2026-01-02T03:04:05Z","n":1}\n{"_time":"2026-01-02T03:04:06Z","n":2}';
const NDJSON = { headers: { "content-type": "application/x-ndjson" } };

describe("an edge's paths at management", () => {
  it.each(["/v1/ingest/web", "/v1/datasets/web/ingest", "/api/v1/datasets/web/ingest"])(
    "take events of a personal token at %s",
    async (path) => {
      const made = await deployment();
      await dataset(made, "web", { edgeDeployment: EU });
      const reply = await call("POST", path, made.owner, EVENTS, NDJSON);
      expect(reply).toMatchObject({ status: 200, body: { ingested: 2, failed: 0 } });
      expect(reply.headers.get("x-axiom-trace-id")).toMatch(/^[0-9a-f]{32}$/);
      expect(succeeded(await call("POST", "/v2/datasets/web/flush", made.owner))).toEqual({ segments: 1, rows: 2 });
      const { segments } = succeeded(await call<{ segments: Answer[] }>("GET", "/v1/datasets/web/segments", made.session));
      expect(segments).toMatchObject([{ rows: 2 }]);
      const personal = await env.DB.prepare("SELECT id FROM personal_tokens").first<string>("id");
      expect(succeeded(await call("GET", "/v1/datasets/web/stats", made.owner))).toMatchObject({
        stored: 2,
        tokens: [{ id: personal, stored: 2 }],
      });
    },
  );

  it("take compressed bodies and recognise retries as an edge does", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const send = () =>
      call("POST", "/v1/ingest/web", made.owner, new Uint8Array(gzipSync(EVENTS)), {
        headers: { ...NDJSON.headers, "content-encoding": "gzip" },
      });
    expect((await send()).headers.get("x-headgate-deduplicated")).toBeNull();
    expect((await send()).headers.get("x-headgate-deduplicated")).toBe("true");
  });

  it("39 take no session where events are sent", async () => {
    const made = await deployment();
    await dataset(made, "web");
    expect(reasonOf(await call("POST", "/v1/ingest/web", made.session, EVENTS, NDJSON))).toBe("token-kind");
  });

  it("know only the datasets of a member's teams", async () => {
    const made = await deployment();
    for (const name of ["web", "api"]) await dataset(made, name);
    await env.DB.batch([
      env.DB.prepare("UPDATE members SET role = 'user'"),
      env.DB.prepare("INSERT INTO teams (id, org, name, description, created_at, ver, change_id) VALUES ('t', ?, 't', '', 0, 1, '')").bind(
        made.org,
      ),
      env.DB.prepare("INSERT INTO team_members (team_id, user_id, owner, created_at) VALUES ('t', ?, 0, 0)").bind(made.user.id),
      env.DB.prepare("INSERT INTO team_datasets SELECT 't', id FROM datasets WHERE name = 'web'"),
    ]);
    expect((await call("POST", "/v1/ingest/web", made.owner, EVENTS, NDJSON)).status).toBe(200);
    for (const [method, path] of [
      ["POST", "/v1/ingest/api"],
      ["GET", "/v1/datasets/api/segments"],
      ["GET", "/v1/datasets/api/stats"],
    ] as const) {
      const hidden = await call(method, path, made.owner, method === "POST" ? EVENTS : undefined, NDJSON);
      const absent = await call(method, path.replace("api", "abc"), made.owner, method === "POST" ? EVENTS : undefined, NDJSON);
      expect([hidden.status, reasonOf(hidden)]).toEqual([404, "dataset-unknown"]);
      expect(JSON.stringify(hidden.body)).toBe(JSON.stringify(absent.body).replaceAll("abc", "api"));
    }
    await env.DB.exec("UPDATE members SET role = 'read-only'");
    expect(reasonOf(await call("POST", "/v1/ingest/web", made.owner, EVENTS, NDJSON))).toBe("forbidden");
    expect((await call("GET", "/v1/datasets/web/stats", made.owner)).status).toBe(200);
  });

  it("hold an API token to its limits", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const limited = await token(made, { datasetCapabilities: { web: { ingest: ["create"] } }, limits: { bytesPerDay: 100 } });
    expect((await call("POST", "/v1/ingest/web", limited, EVENTS, NDJSON)).status).toBe(200);
    const refused = await call("POST", "/v1/ingest/web", limited, EVENTS, NDJSON);
    expect([refused.status, reasonOf(refused)]).toEqual([429, "quota-exceeded"]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  it("answer 503 while the region is away, and a bad row as the edge does", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const away = { serve: () => Promise.reject(new Error("away")) };
    const reply = await call("POST", "/v1/ingest/web", made.owner, EVENTS, { ...NDJSON, instead: { US_EAST_1: away } });
    expect([reply.status, reasonOf(reply)]).toEqual([503, "store-unavailable"]);
    expect((await call("POST", "/v1/ingest/web", made.owner, '{"n":1}\n{"n":', NDJSON)).body).toMatchObject({ ingested: 1, failed: 1 });
  });
});
