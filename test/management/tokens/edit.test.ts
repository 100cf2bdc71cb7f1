import { afterEach, describe, expect, it, vi } from "vitest";
import { type Answer, auditRows, call, deployment, env, inKv, keyOf, reasonOf, succeeded, token } from "../client.ts";

afterEach(() => {
  vi.useRealTimers();
});

const INGEST = { datasetCapabilities: { "*": { ingest: ["create"] } } };
const EDITOR = { ...INGEST, orgCapabilities: { apiTokens: ["create", "update"] } };
const put = (one: Answer, what: "settings" | "expiry", by: { token: string; org?: string }, body: Record<string, unknown>) =>
  call("PUT", `/v2/tokens/${one.id}/${what}`, by, body);
const lastDetail = async () => JSON.parse((await auditRows()).at(-1)?.detail ?? "null");

describe("a token's settings", () => {
  it("change its texts and limits, and nothing that was not sent", async () => {
    const made = await deployment();
    const one = await token(made, { name: "one", description: "of old", ...INGEST, limits: { requestsPerSecond: 5 } });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 5_000 });
    const renamed = succeeded(await put(one, "settings", made.owner, { name: "other" }));
    expect(renamed).toMatchObject({ id: one.id, name: "other", description: "of old", limits: { requestsPerSecond: 5 } });
    expect(await lastDetail()).toEqual({ before: { name: "one" }, after: { name: "other" } });

    vi.setSystemTime(Date.now() + 5_000);
    succeeded(await put(one, "settings", made.owner, { description: null, limits: { bytesPerDay: 7 } }));
    const { token: _, ...before } = one;
    expect((await call("GET", `/v2/tokens/${one.id}`, made.owner)).body).toEqual({
      ...{ ...before, name: "other", description: "" },
      limits: { bytesPerDay: 7 },
    });
    expect(await inKv(keyOf(one.token))).toMatchObject({ limits: { bytesPerDay: 7 }, ver: 3 });

    succeeded(await put(one, "settings", made.owner, { limits: null }));
    expect((await call("GET", `/v2/tokens/${one.id}`, made.owner)).body).not.toHaveProperty("limits");
  });

  it.each([
    ["capabilities", { orgCapabilities: { users: ["read"] } }],
    ["networks", { networks: ["0.0.0.0/0"] }],
    ["an end", { expiresAt: "2100-01-01T00:00:00Z" }],
    ["a beginning", { notBefore: "2020-01-01T00:00:00Z" }],
    ["an empty name", { name: "" }],
    ["a limit that is none", { limits: { requestsPerSecond: "many" } }],
  ])("have no place for %s", async (_, request) => {
    const made = await deployment();
    const one = await token(made, INGEST);
    const reply = await put(one, "settings", made.owner, request);
    expect([reply.status, reasonOf(reply)]).toEqual([400, "body-invalid"]);
  });

  it("do not let a token loosen its own or its family's limits", async () => {
    const made = await deployment();
    const own = await token(made, { ...EDITOR, limits: { requestsPerSecond: 5, bytesPerDay: 100 } });
    const child = succeeded(await call("POST", "/v2/tokens", own, { name: "child", ...INGEST, limits: { requestsPerSecond: 2 } }));
    for (const [target, limits] of [
      [own, null],
      [own, { requestsPerSecond: 6, bytesPerDay: 100 }],
      [own, { requestsPerSecond: 5 }],
      [child, { requestsPerSecond: 3, bytesPerDay: 100 }],
    ] as const) {
      const reply = await put(target, "settings", own, { limits });
      expect([reply.status, reasonOf(reply)]).toEqual([403, "forbidden"]);
    }
    succeeded(await put(own, "settings", own, { limits: { requestsPerSecond: 4, bytesPerDay: 100, bytesPerSecond: 9 } }));
    succeeded(await put(child, "settings", made.owner, { limits: null }));
  });

  it("let a token loosen another's no further than its own", async () => {
    const made = await deployment();
    const editor = await token(made, { ...EDITOR, limits: { requestsPerSecond: 5 } });
    const other = await token(made, { ...INGEST, limits: { requestsPerSecond: 1 } });
    for (const limits of [{ requestsPerSecond: 6 }, { bytesPerDay: 1 }, null]) {
      const reply = await put(other, "settings", editor, { limits });
      expect([reply.status, reasonOf(reply)]).toEqual([403, "grant-too-wide"]);
    }
    succeeded(await put(other, "settings", editor, { limits: { requestsPerSecond: 5 } }));
  });

  it("lose against a change between the look and the commit", async () => {
    const made = await deployment();
    const one = await token(made, INGEST);
    const DB = {
      prepare: (sql: string) => env.DB.prepare(sql),
      async batch(statements: D1PreparedStatement[]) {
        await env.DB.prepare("UPDATE tokens SET ver = ver + 1 WHERE id = ?").bind(one.id).run();
        return env.DB.batch(statements);
      },
    } as unknown as D1Database;
    const before = (await auditRows()).length;
    const reply = await call("PUT", `/v2/tokens/${one.id}/settings`, made.owner, { name: "lost" }, { instead: { DB } });
    expect([reply.status, reasonOf(reply)]).toEqual([409, "conflict"]);
    expect((await auditRows()).length).toBe(before);
  });
});

describe("a token's end", () => {
  it("comes nearer, and never goes away", async () => {
    const made = await deployment();
    const one = await token(made, INGEST);
    const [near, far] = ["2050-01-01T00:00:00Z", "2060-01-01T00:00:00.5Z"];
    expect(succeeded(await put(one, "expiry", made.owner, { expiresAt: far })).expiresAt).toBe(far);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 5_000 });
    expect(succeeded(await put(one, "expiry", made.owner, { expiresAt: near })).expiresAt).toBe(near);
    expect(await lastDetail()).toEqual({ before: { expiresAt: far }, after: { expiresAt: near } });
    expect(await inKv(keyOf(one.token))).toMatchObject({ expiresAt: Date.parse(near) });
    for (const expiresAt of [far, null, "0001-01-01T00:00:00Z", "soon"]) {
      const reply = await put(one, "expiry", made.owner, { expiresAt });
      expect([expiresAt, reply.status, reasonOf(reply)]).toEqual([expiresAt, 400, "body-invalid"]);
    }
    expect((await call("GET", `/v2/tokens/${one.id}`, made.owner)).body.expiresAt).toBe(near);
  });

  it("that has come is not put off", async () => {
    const made = await deployment();
    const end = Date.now() + 60_000;
    const one = await token(made, { ...INGEST, expiresAt: new Date(end).toISOString() });
    vi.useFakeTimers({ toFake: ["Date"], now: end + 1 });
    expect((await put(one, "expiry", made.owner, { expiresAt: new Date(end + 60_000).toISOString() })).status).toBe(400);
    expect(reasonOf(await call("GET", "/v2/datasets", one))).toBe("token-expired");
  });
});

describe("a token that is disabled", () => {
  const turn = (one: Answer, which: "enable" | "disable", by: { token: string; org?: string }) =>
    call("POST", `/v2/tokens/${one.id}/${which}`, by);

  it("does nothing until it is enabled, and neither happens twice", async () => {
    const made = await deployment();
    const one = await token(made, EDITOR);
    expect(succeeded(await turn(one, "disable", made.owner))).toMatchObject({ status: "disabled", disabled: true });
    const refused = await call("GET", "/v2/datasets", one);
    expect([refused.status, reasonOf(refused)]).toEqual([401, "token-disabled"]);
    const entries = (await auditRows()).length;
    succeeded(await turn(one, "disable", made.owner));
    expect((await auditRows()).length).toBe(entries);

    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 5_000 });
    expect(succeeded(await turn(one, "enable", made.owner))).toMatchObject({ status: "active", disabled: false });
    expect(await inKv(keyOf(one.token))).toMatchObject({ status: "active", ver: 3 });
    expect((await call("GET", "/v2/datasets", one)).status).toBe(200);
  });

  it("is enabled only by who may do as much", async () => {
    const made = await deployment();
    const wide = await token(made, { ...INGEST, orgCapabilities: { users: ["read"] } });
    succeeded(await turn(wide, "disable", made.owner));
    const reply = await turn(wide, "enable", await token(made, EDITOR));
    expect([reply.status, reasonOf(reply)]).toEqual([403, "grant-too-wide"]);
    const covering = await token(made, { ...INGEST, orgCapabilities: { apiTokens: ["update"], users: ["read"] } });
    succeeded(await turn(wide, "enable", covering));
  });
});
