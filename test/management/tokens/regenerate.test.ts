import { afterEach, describe, expect, it, vi } from "vitest";
import { type Answer, call, count, dataset, deployment, env, inKv, keyOf, MAY_ALL, reasonOf, succeeded, token } from "../client.ts";

afterEach(() => {
  vi.useRealTimers();
});

const FAR = "2100-01-01T00:00:00Z";
const INGEST = { datasetCapabilities: { "*": { ingest: ["create"] } } };
const at = (ms: number) => new Date(ms).toISOString();
const SOON = at(Date.now() + 86_400_000);

async function listed(owner: { token: string; org?: string }): Promise<Answer[]> {
  return succeeded(await call<Answer[]>("GET", "/v2/tokens", owner));
}

describe("regenerating a token", () => {
  it("makes another id and secret that may do the same", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const capabilities = { datasetCapabilities: { web: { ingest: ["create"] } }, orgCapabilities: { datasets: ["read"] } };
    const old = await token(made, { name: "old", description: "of old", ...capabilities });
    const fresh = succeeded(await call("POST", `/v2/tokens/${old.id}/regenerate`, made.owner, { existingTokenExpiresAt: SOON }));
    expect(fresh).toMatchObject({ name: "old", description: "of old", expiresAt: null, ...capabilities });
    expect(fresh.id).not.toBe(old.id);
    expect(fresh.token).not.toBe(old.token);
    const { token: _, ...shown } = fresh;
    expect((await call("GET", `/v2/tokens/${fresh.id}`, made.owner)).body).toEqual(shown);
    for (const { token: secret } of [old, fresh]) expect((await call("GET", "/v2/datasets", { token: secret })).status).toBe(200);
  });

  it("ends the old one at the time asked for, in the list and in KV", async () => {
    const made = await deployment();
    const old = await token(made, { ...INGEST, expiresAt: FAR });
    const now = Date.now() + 5_000;
    vi.useFakeTimers({ toFake: ["Date"], now });
    const end = at(now + 60_000);
    succeeded(await call("POST", `/v2/tokens/${old.id}/regenerate`, made.owner, { existingTokenExpiresAt: end }));
    expect((await call("GET", `/v2/tokens/${old.id}`, made.owner)).body.expiresAt).toBe(end.replace(/\.?0*Z$/, "Z"));
    expect(await inKv(keyOf(old.token))).toMatchObject({ status: "active", expiresAt: now + 60_000, ver: 2 });

    vi.setSystemTime(now + 60_000);
    const late = await call("GET", "/v2/datasets", { token: old.token });
    expect([late.status, reasonOf(late)]).toEqual([401, "token-expired"]);
    expect((await listed(made.owner)).map(({ id }) => id)).not.toContain(old.id);
    expect((await call("DELETE", `/v2/tokens/${old.id}`, made.owner)).status).toBe(204);
    expect((await call("DELETE", `/v2/tokens/${old.id}`, made.owner)).status).toBe(404);
  });

  it("ends it at once, as axiom-go asks", async () => {
    const made = await deployment();
    const old = await token(made, INGEST);
    succeeded(await call("POST", `/v2/tokens/${old.id}/regenerate`, made.owner, { existingTokenExpiresAt: at(Date.now()) }));
    const reply = await call("GET", "/v2/datasets", { token: old.token });
    expect([reply.status, reasonOf(reply)]).toEqual([401, "token-expired"]);
    expect((await listed(made.owner)).map(({ id }) => id)).not.toContain(old.id);
  });

  it("never lets the old one live longer", async () => {
    const made = await deployment();
    const end = Date.now() + 3_600_000;
    const old = await token(made, { ...INGEST, expiresAt: at(end) });
    succeeded(await call("POST", `/v2/tokens/${old.id}/regenerate`, made.owner, { existingTokenExpiresAt: FAR }));
    const row = await env.DB.prepare("SELECT expires_at FROM tokens WHERE id = ?").bind(old.id).first<number>("expires_at");
    expect(row).toBe(end);
  });

  it("replaces an expired one without reviving it", async () => {
    const made = await deployment();
    const end = Date.now() + 3_600_000;
    const old = await token(made, { ...INGEST, expiresAt: at(end) });
    vi.useFakeTimers({ toFake: ["Date"], now: end + 1 });
    const fresh = succeeded(await call("POST", `/v2/tokens/${old.id}/regenerate`, made.owner, { existingTokenExpiresAt: SOON }));
    expect((await call("GET", "/v2/datasets", { token: fresh.token })).status).toBe(200);
    expect(reasonOf(await call("GET", "/v2/datasets", { token: old.token }))).toBe("token-expired");
  });

  it("gives the new one an end of its own", async () => {
    const made = await deployment();
    const old = await token(made, { ...INGEST, expiresAt: FAR });
    const request = { existingTokenExpiresAt: SOON, newTokenExpiresAt: "2050-01-01T00:00:00Z" };
    expect((await call("POST", `/v2/tokens/${old.id}/regenerate`, made.owner, request)).body.expiresAt).toBe("2050-01-01T00:00:00Z");
  });

  it.each([
    ["its own end", { expiresAt: "2040-01-01T00:00:00Z" }, "2040-01-01T00:00:00Z"],
    ["the request's end, where it names none", { expiresAt: "0001-01-01T00:00:00Z" }, "2050-01-01T00:00:00Z"],
  ])("takes a new payload with %s", async (_, more, expiresAt) => {
    const made = await deployment();
    const old = await token(made, INGEST);
    const newToken = { name: "other", description: "wider", ...MAY_ALL, ...more };
    const request = { existingTokenExpiresAt: SOON, newTokenExpiresAt: "2050-01-01T00:00:00Z", newToken };
    const fresh = succeeded(await call("POST", `/v2/tokens/${old.id}/regenerate`, made.owner, request));
    expect(fresh).toMatchObject({ ...newToken, expiresAt });
  });

  it.each([
    ["no end for the old one", {}],
    ["null for it", { existingTokenExpiresAt: null }],
    ["Go's zero time for it", { existingTokenExpiresAt: "0001-01-01T00:00:00Z" }],
    ["an end of the new one that has passed", { existingTokenExpiresAt: SOON, newTokenExpiresAt: "2020-01-01T00:00:00Z" }],
    ["a payload that grants nothing known", { existingTokenExpiresAt: SOON, newToken: { name: "n", orgCapabilities: { all: ["read"] } } }],
  ])("refuses %s", async (_, request) => {
    const made = await deployment();
    const old = await token(made, INGEST);
    const reply = await call("POST", `/v2/tokens/${old.id}/regenerate`, made.owner, request);
    expect([reply.status, reasonOf(reply)]).toEqual([400, "body-invalid"]);
    expect(await count("tokens")).toBe(1);
  });

  it("is no way to end a token that may do more than the caller", async () => {
    const made = await deployment();
    const wide = await token(made, { ...INGEST, orgCapabilities: { datasets: ["create"] } });
    const narrow = await token(made, { orgCapabilities: { apiTokens: ["update"] } });
    const request = { existingTokenExpiresAt: at(Date.now()), newToken: { name: "less", orgCapabilities: { apiTokens: ["update"] } } };
    const answer = await call("POST", `/v2/tokens/${wide.id}/regenerate`, { token: narrow.token }, request);
    expect(reasonOf(answer)).toBe("grant-too-wide");
    expect((await call("GET", "/v2/datasets", { token: wide.token })).status).toBe(200);
  });

  it("28: has one winner when ten try at once", async () => {
    const made = await deployment();
    const old = await token(made, INGEST);
    const before = await count("audit");
    const replies = await Promise.all(
      Array.from({ length: 10 }, () => call("POST", `/v2/tokens/${old.id}/regenerate`, made.owner, { existingTokenExpiresAt: SOON })),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(409)]);
    for (const reply of replies) if (reply.status === 409) expect(reasonOf(reply)).toBe("conflict");
    expect([await count("tokens"), await count("audit")]).toEqual([2, before + 1]);
  });

  it("loses against a change between the look and the commit", async () => {
    const made = await deployment();
    const old = await token(made, INGEST);
    const DB = {
      prepare: (sql: string) => env.DB.prepare(sql),
      async batch(statements: D1PreparedStatement[]) {
        await env.DB.prepare("UPDATE tokens SET ver = ver + 1 WHERE id = ?").bind(old.id).run();
        return env.DB.batch(statements);
      },
    } as unknown as D1Database;
    const request = { existingTokenExpiresAt: SOON };
    const reply = await call("POST", `/v2/tokens/${old.id}/regenerate`, made.owner, request, { instead: { DB } });
    expect([reply.status, reasonOf(reply)]).toEqual([409, "conflict"]);
    expect(await count("tokens")).toBe(1);
  });

  it("happens once to a token, and the refusal names its successor", async () => {
    const made = await deployment();
    const old = await token(made, INGEST);
    const fresh = succeeded(await call("POST", `/v2/tokens/${old.id}/regenerate`, made.owner, { existingTokenExpiresAt: SOON }));
    const again = await call("POST", `/v2/tokens/${old.id}/regenerate`, made.owner, { existingTokenExpiresAt: SOON });
    expect([again.status, reasonOf(again)]).toEqual([409, "conflict"]);
    expect(again.body.message).toContain(fresh.id);
  });

  it("binds the datasets that the old one was bound to", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const old = await token(made, { datasetCapabilities: { web: { ingest: ["create"] } } });
    const fresh = succeeded(await call("POST", `/v2/tokens/${old.id}/regenerate`, made.owner, { existingTokenExpiresAt: SOON }));
    const [before, after] = [await inKv(keyOf(old.token)), await inKv(keyOf(fresh.token))];
    expect(after?.["datasets"]).toEqual(before?.["datasets"]);
    expect(after).toMatchObject({ id: fresh.id, ver: 1 });
  });
});
