/** The server that a dataset names to answer its queries, as settings hold it. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { open, upstreamSecretContext } from "../../../src/access/seal.ts";
import { settingsOf } from "../../../src/management/env.ts";
import {
  type Answer,
  auditRows,
  call,
  count,
  type Deployment,
  dataset,
  deployment,
  env,
  type Reply,
  reasonOf,
  succeeded,
  token,
} from "../client.ts";

const PATH = "/v2/datasets/web/settings";
const CLICKHOUSE = {
  type: "clickhouse",
  url: "https://ch.example:8443",
  database: "logs",
  table: "web events",
  user: "reader",
  password: "very-secret-password",
};
const AXIOM = { type: "axiom", url: "https://api.axiom.example", dataset: "web-logs", token: "xaat-of-another-place", org: "acme-x1y2" };
const HTTP = {
  type: "http",
  url: "https://q.example/ask?key=k",
  headers: { authorization: "Bearer very-secret-bearer", "x-tenant": "seven" },
};
const SECRETS = [CLICKHOUSE.password, AXIOM.token, ...Object.values(HTTP.headers)];

let made: Deployment;

beforeEach(async () => {
  made = await deployment();
  await dataset(made, "web");
});

const put = (query: unknown, more = {}): Promise<Reply<Answer>> => call("PUT", PATH, made.owner, { query }, more);
const get = async () => succeeded(await call("GET", PATH, made.owner))["query"];

async function kept() {
  const row = await env.DB.prepare("SELECT id, settings FROM datasets").first<{ id: string; settings: string | null }>();
  const settings = JSON.parse(row?.settings ?? "{}") as { query?: { secrets: Record<string, string> } | null };
  const { sealKeys } = settingsOf(env);
  const secrets = Object.entries(settings.query?.secrets ?? {});
  return {
    text: row?.settings ?? "",
    secrets: Object.fromEntries(
      secrets.map(([name, sealed]) => [name, open(sealed, sealKeys, upstreamSecretContext(row?.id ?? "", name))]),
    ),
  };
}

describe("who answers a dataset's queries", () => {
  it.each([
    [CLICKHOUSE, { ...CLICKHOUSE, password: "set" }, { password: CLICKHOUSE.password }],
    [AXIOM, { ...AXIOM, token: "set" }, { token: AXIOM.token }],
    [HTTP, { ...HTTP, headers: { authorization: "set", "x-tenant": "set" } }, HTTP.headers],
    [{ type: "http", url: "http://127.0.0.1:1/" }, { type: "http", url: "http://127.0.0.1:1/", headers: {} }, {}],
    [
      { type: "clickhouse", url: "http://localhost:8123", database: "d", table: "t" },
      { type: "clickhouse", url: "http://localhost:8123", database: "d", table: "t" },
      {},
    ],
  ])("is kept as %j and shown without secrets", async (wanted, shown, secrets) => {
    const log = vi.spyOn(console, "log");
    expect(succeeded(await put(wanted))["query"]).toEqual(shown);
    expect(await get()).toEqual(shown);
    const { text, secrets: opened } = await kept();
    expect(opened).toEqual(secrets);
    const said = JSON.stringify([await auditRows(), log.mock.calls]) + text;
    for (const secret of SECRETS) expect(said).not.toContain(secret);
    log.mockRestore();
    // sent back as it was read
    expect(succeeded(await put(shown))["query"]).toEqual(shown);
    expect((await kept()).secrets).toEqual(secrets);
  });

  it("is our own engine again after null, and stays what it was where nothing is said", async () => {
    succeeded(await put(AXIOM));
    expect(succeeded(await call("PUT", PATH, made.owner, { dedupe: "key" }))["query"]).toMatchObject({ type: "axiom" });
    expect(succeeded(await put(null))["query"]).toBeNull();
    expect((await kept()).secrets).toEqual({});
  });

  it.each([
    {},
    "clickhouse",
    { type: "duckdb", url: "https://x.example" },
    { ...CLICKHOUSE, table: undefined },
    { ...CLICKHOUSE, table: "a\u0000" },
    { ...CLICKHOUSE, slot: 1 },
    { ...CLICKHOUSE, url: "https://ch.example/?database=x" },
    { ...CLICKHOUSE, password: "set" },
    { ...AXIOM, token: null },
    { ...AXIOM, token: "set" },
    { ...AXIOM, token: "a\r\nb" },
    { ...AXIOM, dataset: "a']" },
    { ...AXIOM, dataset: "../v1" },
    ...["Authorization", "host", "content-length", "transfer-encoding", "cookie", "x y", "_x"].map((name) => ({
      ...HTTP,
      headers: JSON.parse(`{${JSON.stringify(name)}: "x"}`),
    })),
    { ...HTTP, headers: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`h${n}`, "x"])) },
    ...["", "x", "http://example.com", "http://10.0.0.1", "ftp://127.0.0.1", "https://u:p@x.example", "https://x.example/#part"].map(
      (url) => ({
        ...HTTP,
        url,
      }),
    ),
    { ...HTTP, url: "https://us-east-1.example.com/v1/query/_apl" },
    { ...AXIOM, url: "https://management.example.com" },
  ])("is refused as %j", async (query) => {
    const reply = await put(query);
    expect([reply.status, reasonOf(reply)]).toEqual([400, "body-invalid"]);
    expect(await get()).toBeNull();
    for (const secret of SECRETS) expect(reply.body.message).not.toContain(secret);
  });

  it("keeps a password that is not sent, but carries none to another server or another kind", async () => {
    succeeded(await put(CLICKHOUSE));
    const { password: _, ...without } = CLICKHOUSE;
    expect(succeeded(await put({ ...without, table: "other" }))["query"]).toEqual({ ...CLICKHOUSE, table: "other", password: "set" });
    for (const moved of [
      { ...without, url: "https://thief.example" },
      { ...CLICKHOUSE, url: "https://thief.example", password: "set" },
    ]) {
      const reply = await put(moved);
      expect([reply.status, reasonOf(reply)]).toEqual([400, "body-invalid"]);
      expect(reply.body.message).toContain("another server");
    }
    expect((await put({ ...AXIOM, url: CLICKHOUSE.url, token: "set" })).status).toBe(400);
    succeeded(await put({ ...CLICKHOUSE, password: null }));
    expect((await kept()).secrets).toEqual({});
  });

  it("is refused where the deployment has no key for secrets", async () => {
    const instead = { SINK_SECRETS_KEY: "" };
    expect(reasonOf(await put(AXIOM, { instead }))).toBe("conflict");
    succeeded(await put({ type: "http", url: "https://q.example" }, { instead }));
  });

  it("is named only by who may read the dataset", async () => {
    const updater = { orgCapabilities: { datasets: ["update"] } };
    const blind = await token(made, updater);
    for (const query of [HTTP, null]) {
      const reply = await call("PUT", PATH, blind, { query });
      expect([reply.status, reasonOf(reply)]).toEqual([403, "forbidden"]);
    }
    const seeing = await token(made, { ...updater, datasetCapabilities: { web: { query: ["read"] } } });
    succeeded(await call("PUT", PATH, seeing, { query: HTTP }));
  });

  it("shows the query of its address only to who may change it, and the audit log none", async () => {
    succeeded(await put(HTTP));
    const reader = await token(made, { orgCapabilities: { datasets: ["read"] } });
    expect(succeeded(await call("GET", PATH, reader))["query"]).toMatchObject({ url: "https://q.example/ask?…" });
    const { detail } = (await auditRows()).findLast(({ action }) => action === "dataset.settings") ?? {};
    expect(JSON.parse(detail ?? "")).toMatchObject({ members: ["query"], query: { type: "http", url: "https://q.example/ask" } });
    succeeded(await put(null));
    expect(JSON.parse((await auditRows()).at(-1)?.detail ?? "")).toMatchObject({ members: ["query"], query: null });
  });

  it("is no business of the edges' map", async () => {
    const before = await count("changes");
    succeeded(await put(AXIOM));
    expect(await count("changes")).toBe(before);
  });
});
