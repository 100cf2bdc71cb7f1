import { afterEach, describe, expect, it, vi } from "vitest";
import { mintToken } from "../../src/access/token.ts";
import { settingsOf } from "../../src/management/env.ts";
import { type Answer, call, dataset, deployment, env, MAY_ALL, type Reply, reasonOf, token } from "./client.ts";

const refusal = (reply: Reply<Answer>) => [reply.status, reasonOf(reply)];

afterEach(() => {
  vi.useRealTimers();
});

describe("a credential", () => {
  it.each([
    ["a scheme in any case", (secret: string) => `bEaReR ${secret}`],
    ["several blanks", (secret: string) => `Bearer   ${secret}`],
    ["Basic with the token as password", (secret: string) => `Basic ${btoa(`axiom:${secret}`)}`],
  ])("is taken with %s", async (_, header) => {
    const { owner } = await deployment();
    const reply = await call("GET", "/v2/user", null, undefined, { headers: { authorization: header(owner.token) } });
    expect(reply.status).toBe(200);
  });

  it.each([
    ["another scheme", (secret: string) => `Digest ${secret}`],
    ["no scheme", (secret: string) => secret],
    ["a tab", (secret: string) => `Bearer \t${secret}`],
    ["two words", (secret: string) => `Bearer ${secret} ${secret}`],
    ["a quoted token", (secret: string) => `Bearer "${secret}"`],
    ["a very long token", (secret: string) => `Bearer ${secret.padEnd(20_000, "x")}`],
    ["a last character changed", (secret: string) => `Bearer ${secret.slice(0, -1)}${secret.endsWith("a") ? "b" : "a"}`],
    ["a UUID token of Axiom's", () => "Bearer xapt-8d2b5c9e-1f0a-4f0e-9a53-0c6a7c1c1a55"],
  ])("is refused with %s", async (_, header) => {
    const { owner } = await deployment();
    const reply = await call("GET", "/v2/user", null, undefined, { headers: { authorization: header(owner.token) } });
    expect(refusal(reply)).toEqual([401, "credential-malformed"]);
  });

  it("is refused with two of them, which is no wrong credential but a wrong request", async () => {
    const { owner } = await deployment();
    const authorization = `Bearer ${owner.token}, Bearer ${owner.token}`;
    const reply = await call("GET", "/v2/user", null, undefined, { headers: { authorization } });
    expect(refusal(reply)).toEqual([400, "credential-repeated"]);
  });

  it.each(["ingest"] as const)("of the kind %s is not taken here", async (kind) => {
    const { org } = await deployment();
    const reply = await call("GET", "/v2/datasets", { token: mintToken(kind, settingsOf(env).tagKeys), org });
    expect(refusal(reply)).toEqual([403, "token-kind"]);
  });

  it("that was deleted is revoked at once", async () => {
    const made = await deployment();
    const made1 = await token(made, MAY_ALL);
    expect((await call("GET", "/v2/datasets", made1)).status).toBe(200);
    await call("DELETE", `/v2/tokens/${made1.id}`, made.owner);
    expect(refusal(await call("GET", "/v2/datasets", made1))).toEqual([401, "token-revoked"]);
  });

  it("that has expired says so", async () => {
    const made = await deployment();
    const end = Date.now() + 3_600_000;
    const short = await token(made, { ...MAY_ALL, expiresAt: new Date(end).toISOString() });
    vi.useFakeTimers({ toFake: ["Date"], now: end - 1 });
    expect((await call("GET", "/v2/datasets", short)).status).toBe(200);
    vi.setSystemTime(end);
    expect(refusal(await call("GET", "/v2/datasets", short))).toEqual([401, "token-expired"]);
  });

  it("is judged by the database and not by KV", async () => {
    const made = await deployment();
    const api = await token(made, MAY_ALL);
    await env.DB.prepare("UPDATE tokens SET status = 'revoked' WHERE id = ?").bind(api.id).run();
    expect(refusal(await call("GET", "/v2/datasets", api))).toEqual([401, "token-revoked"]);
  });
});

describe("a personal token", () => {
  it("names its organisation", async () => {
    const { owner, org } = await deployment();
    const reply = await call("GET", "/v2/datasets", { token: owner.token });
    expect(refusal(reply)).toEqual([400, "organisation-required"]);
    expect(reply.body.message).toContain(org);
  });

  it.each(["/v2/user", "/v1/user", "/v2/orgs"])("may leave it out at %s", async (path) => {
    const { owner } = await deployment();
    expect((await call("GET", path, { token: owner.token })).status).toBe(200);
    expect((await call("GET", path, owner)).status).toBe(200);
    expect(refusal(await call("GET", path, { ...owner, org: "of-others" }))).toEqual([403, "forbidden"]);
  });

  it("is refused in an organisation it is no member of, existing or not", async () => {
    const { owner } = await deployment();
    await env.DB.exec(
      "INSERT INTO orgs (id, name, status, default_region, created_at, updated_at, ver, change_id) SELECT 'of-others', name, status, default_region, created_at, updated_at, ver, change_id FROM orgs LIMIT 1",
    );
    for (const org of ["of-others", "of-nobody"]) {
      expect(refusal(await call("GET", "/v2/datasets", { ...owner, org }))).toEqual([403, "forbidden"]);
    }
  });

  it("counts for what its user's role is now", async () => {
    const { owner } = await deployment();
    await env.DB.exec("UPDATE members SET role = 'guest', ver = ver + 1");
    expect(refusal(await call("POST", "/v2/datasets", owner, { name: "web" }))).toEqual([403, "forbidden"]);
    expect((await call<unknown[]>("GET", "/v2/datasets", owner)).body).toEqual([]);
  });

  it("of a suspended organisation does nothing there", async () => {
    const { owner } = await deployment();
    await env.DB.exec("UPDATE orgs SET status = 'suspended'");
    expect(refusal(await call("GET", "/v2/datasets", owner))).toEqual([403, "organisation-suspended"]);
  });
});

describe("an API token", () => {
  it("91 counts from its own networks only, whatever other headers say", async () => {
    const made = await deployment();
    const api = await token(made, MAY_ALL);
    await env.DB.prepare("UPDATE tokens SET networks = ? WHERE id = ?").bind('["203.0.113.0/24"]', api.id).run();
    const from = (headers: Record<string, string>) => call("GET", "/v2/datasets", api, undefined, { headers });
    expect((await from({ "cf-connecting-ip": "203.0.113.9" })).status).toBe(200);
    const others: Record<string, string>[] = [
      {},
      { "cf-connecting-ip": "198.51.100.1" },
      { "x-forwarded-for": "203.0.113.9", "true-client-ip": "203.0.113.9" },
    ];
    for (const headers of others) expect(refusal(await from(headers))).toEqual([403, "address-not-allowed"]);
  });

  it("needs no organisation, and may name no other", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const { token: secret } = await token(made, MAY_ALL);
    expect((await call<unknown[]>("GET", "/v2/datasets", { token: secret })).body).toHaveLength(1);
    expect((await call<unknown[]>("GET", "/v2/datasets", { token: secret, org: made.org })).body).toHaveLength(1);
    expect(refusal(await call("GET", "/v2/datasets", { token: secret, org: "of-others" }))).toEqual([403, "forbidden"]);
  });
});
