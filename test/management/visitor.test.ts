/** What is known of whoever calls, and what they may be let do: routes of the test's own over the real database. */
import { createExecutionContext } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Grant } from "../../src/access/capability.ts";
import { openApp } from "../../src/management/app.ts";
import {
  type Caller,
  isRecent,
  mayGrant,
  maySee,
  mayWrite,
  requireCapability,
  requireOn,
  STEP_UP_MS,
} from "../../src/management/caller.ts";
import { ANY_CREDENTIAL, type Route } from "../../src/management/route.ts";
import { Problem } from "../../src/problem.ts";
import { type Credential, type Deployment, deployment, env, secondOrganisation, token } from "./client.ts";

const ROUTES: Route[] = [
  { method: "GET", path: "/visitor", as: "visitor", by: ANY_CREDENTIAL, run: (_, visitor) => Response.json(visitor) },
  { method: "GET", path: "/caller", as: "caller", by: ANY_CREDENTIAL, needs: null, run: (_, caller) => Response.json(caller) },
];
const app = openApp(ROUTES);

interface Told {
  [member: string]: unknown;
  unchanged: Caller["unchanged"];
}

let made: Deployment;

beforeEach(async () => {
  made = await deployment();
});

afterEach(() => {
  vi.useRealTimers();
});

async function ask(path: string, { token: secret, org }: Credential): Promise<Told> {
  const headers = { authorization: `Bearer ${secret}`, ...(org && { "x-axiom-org-id": org }) };
  const response = await app.fetch(new Request(`https://management.example${path}`, { headers }), env, createExecutionContext());
  const body = (await response.json()) as Told & { message?: string };
  if (!response.ok) throw new Error(`${response.status} ${body.message}`);
  return body;
}

const held = (sql: string, ...values: unknown[]) =>
  env.DB.prepare(sql)
    .bind(...values)
    .first<number>("held");

/** Whether the condition holds now. */
async function holds({ unchanged: { sql, values } }: Told): Promise<boolean> {
  return (await held(`SELECT ${sql} AS held`, ...values)) === 1;
}

const one = async <T>(sql: string): Promise<T | null> => env.DB.prepare(sql).first<T>();

describe("an API token that calls", () => {
  it("is itself and nobody, with what it holds", async () => {
    const expiresAt = Math.ceil(Date.now() / 1_000) * 1_000 + 3_600_000;
    const api = await token(made, { orgCapabilities: { users: ["read"] }, expiresAt: new Date(expiresAt).toISOString() });
    expect(await ask("/caller", api)).toMatchObject({
      actor: { kind: "token", id: api.id, name: "test" },
      credential: { kind: "api", id: api.id },
      user: null,
      role: null,
      org: made.org,
      grant: { datasets: {}, org: ["users:read"], views: {}, expiresAt },
      expiresAt,
      visible: null,
      authenticatedAt: null,
    });
    await env.DB.prepare("UPDATE tokens SET family = 'first'").run();
    expect((await ask("/caller", api))["family"]).toBe("first");
    await env.DB.prepare("UPDATE tokens SET family = NULL").run();
    expect((await ask("/caller", api))["family"]).toBe(api.id);
  });

  it("visits as a member of its organisation without a role", async () => {
    const api = await token(made, { orgCapabilities: { users: ["read"] } });
    const told = await ask("/visitor", api);
    expect(told).toMatchObject({ credential: { kind: "api", id: api.id }, user: null, expiresAt: null, authenticatedAt: null });
    expect(told["memberships"]).toMatchObject([{ org: made.org, orgStatus: "active", role: "none", since: 0 }]);
    expect(told["membership"]).toEqual((told["memberships"] as unknown[])[0]);
    expect(await ask("/visitor", { ...api, org: made.org })).toMatchObject({ membership: { org: made.org } });
    await expect(ask("/visitor", { ...api, org: "others" })).rejects.toThrow(
      /^403 this credential is not one of the organisation "others"/,
    );
  });

  it.each([
    "UPDATE tokens SET ver = ver + 1",
    "UPDATE tokens SET status = 'revoked'",
    "UPDATE tokens SET disabled = 1",
    "UPDATE tokens SET id = 'other'",
  ])("is what it was until %s", async (change) => {
    const api = await token(made, { orgCapabilities: { users: ["read"] } });
    const both = [await ask("/caller", api), await ask("/visitor", api)];
    for (const told of both) expect(await holds(told)).toBe(true);
    await env.DB.exec(change);
    for (const told of both) expect(await holds(told)).toBe(false);
  });
});

describe("a person who calls", () => {
  it("is a member with a role, by a personal token that does not tell when they signed in", async () => {
    const row = await one<{ id: string }>("SELECT id FROM personal_tokens");
    expect(await ask("/caller", made.owner)).toMatchObject({
      actor: { kind: "user", id: made.user.id, name: "Ada" },
      credential: { kind: "personal", id: row?.id },
      user: { id: made.user.id, email: "ada@acme.example", home: made.org },
      role: "owner",
      org: made.org,
      expiresAt: null,
      visible: null,
      authenticatedAt: null,
      family: null,
    });
  });

  it("has rights that end with the session, but for the quarter of an hour after the sign-in", async () => {
    const row = await one<{ id: string; expires_at: number }>("SELECT id, expires_at FROM sessions");
    const now = Date.now();
    await env.DB.prepare("UPDATE sessions SET authenticated_at = ?").bind(now).run();
    vi.useFakeTimers({ toFake: ["Date"], now: now + STEP_UP_MS });
    const told = { credential: { kind: "session", id: row?.id }, authenticatedAt: now, expiresAt: row?.expires_at };
    expect(await ask("/caller", made.session)).toMatchObject({ ...told, grant: { expiresAt: null } });
    expect(await ask("/visitor", made.session)).toMatchObject(told);
    vi.setSystemTime(now + STEP_UP_MS + 1);
    expect(await ask("/caller", made.session)).toMatchObject({ ...told, grant: { expiresAt: row?.expires_at } });
  });

  it("visits with all memberships, and means the first or the one that is named", async () => {
    await secondOrganisation(made, "others");
    await env.DB.prepare("UPDATE members SET created_at = created_at + 1 WHERE org = 'others'").run();
    const told = await ask("/visitor", { token: made.owner.token });
    expect(told["memberships"]).toMatchObject([{ org: made.org }, { org: "others" }]);
    expect(told["membership"]).toMatchObject({ org: made.org, role: "owner" });
    expect(await ask("/visitor", { token: made.owner.token, org: "others" })).toMatchObject({ membership: { org: "others" } });
    await expect(ask("/visitor", { token: made.owner.token, org: "nobody" })).rejects.toThrow(/^403/);
    await expect(ask("/caller", { token: made.owner.token })).rejects.toThrow(
      `400 add the header X-Axiom-Org-Id to a personal token; your organisations: ${made.org}, others`,
    );
    await env.DB.prepare("DELETE FROM members").run();
    await expect(ask("/caller", { token: made.owner.token })).rejects.toThrow(/your organisations: none$/);
    expect(await ask("/visitor", { token: made.owner.token })).toMatchObject({ memberships: [], membership: null });
  });

  it("does nothing in an organisation that is not active", async () => {
    await env.DB.prepare("UPDATE orgs SET status = 'suspended'").run();
    for (const credential of [made.owner, made.session])
      await expect(ask("/caller", credential)).rejects.toThrow(`403 the organisation ${made.org} is suspended`);
  });

  it.each<[string, ("personal" | "session")[], boolean]>([
    ["UPDATE orgs SET rights = rights + 1", ["personal", "session"], true],
    ["UPDATE members SET role = 'user'", ["personal", "session"], true],
    ["DELETE FROM members", ["personal", "session"], true],
    ["UPDATE users SET status = 'disabled'", ["personal", "session"], false],
    ["UPDATE personal_tokens SET status = 'revoked'", ["personal"], false],
    ["UPDATE sessions SET ended_at = 1", ["session"], false],
  ])("is what they were until %s (%j)", async (change, changed, callerOnly) => {
    const both = { personal: made.owner, session: made.session };
    const told = Object.entries(both).map(async ([kind, credential]) => ({
      kind: kind as "personal" | "session",
      caller: await ask("/caller", credential),
      visitor: await ask("/visitor", credential),
    }));
    const all = await Promise.all(told);
    for (const { caller, visitor } of all) expect([await holds(caller), await holds(visitor)]).toEqual([true, true]);
    await env.DB.exec(change);
    for (const { kind, caller, visitor } of all) {
      const same = !changed.includes(kind);
      expect([kind, await holds(caller), await holds(visitor)]).toEqual([kind, same, same || callerOnly]);
    }
  });

  it("leaves a note of the use every five minutes", async () => {
    const lastUse = async (table: string) => (await one<{ at: number }>(`SELECT last_used_at AS at FROM ${table}`))?.at;
    const now = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now });
    for (const [table, credential] of [
      ["personal_tokens", made.owner],
      ["sessions", made.session],
    ] as const) {
      await env.DB.prepare(`UPDATE ${table} SET last_used_at = ?`)
        .bind(now - 300_000)
        .run();
      await ask("/caller", credential);
      expect(await lastUse(table)).toBe(now - 300_000);
      await env.DB.prepare(`UPDATE ${table} SET last_used_at = ?`)
        .bind(now - 300_001)
        .run();
      await ask("/visitor", credential);
      expect(await lastUse(table)).toBe(now);
    }
    await env.DB.prepare("UPDATE personal_tokens SET last_used_at = NULL").run();
    await ask("/caller", made.owner);
    expect(await lastUse("personal_tokens")).toBe(now);
  });
});

describe("what a caller may", () => {
  const caller = (grant: Partial<Grant>, visible: Caller["visible"] = null) =>
    ({ grant: { datasets: {}, org: [], views: {}, expiresAt: null, ...grant }, visible }) as Caller;

  it("be required to", () => {
    expect(() => requireCapability(caller({ org: ["users:read"] }), "users:read")).not.toThrow();
    expect(() => requireCapability(caller({ org: ["users:read"] }), "users:update")).toThrow("lacks users:update on the organisation");
    const web = { id: "d1", name: "web" };
    expect(() => requireOn(caller({ datasets: { d1: ["trim:update"] } }), "trim:update", web)).not.toThrow();
    expect(() => requireOn(caller({ datasets: { d2: ["trim:update"] } }), "trim:update", web)).toThrow(Problem);
  });

  it.each<[Partial<Grant>, string[] | null, boolean]>([
    [{}, null, false],
    [{ org: ["datasets:read"] }, null, true],
    [{ org: ["datasets:update"] }, null, true],
    [{ org: ["datasets:delete"] }, null, true],
    [{ org: ["datasets:create", "users:read"] }, null, false],
    [{ datasets: { d1: [] } }, null, true],
    [{ datasets: { d2: ["query:read"] } }, null, false],
    [{ datasets: { "*": ["query:read"] } }, null, true],
    [{ org: ["datasets:read"] }, ["d1"], true],
    [{ org: ["datasets:read"], datasets: { "*": ["query:read"], d1: ["query:read"] } }, ["d2"], false],
    [{}, ["d1"], false],
  ])("see of a dataset, with %j in teams of %j: %s", (grant, visible, sees) => {
    expect(maySee(caller(grant, visible && new Set(visible)), "d1")).toBe(sees);
  });

  it("write into a dataset", () => {
    expect(mayWrite(caller({ datasets: { d1: ["ingest:create"] } }), "d1")).toBe(true);
    expect(mayWrite(caller({ datasets: { "*": ["ingest:create"] } }), "d1")).toBe(true);
    expect(mayWrite(caller({ datasets: { d1: ["query:read"], d2: ["ingest:create"] } }), "d1")).toBe(false);
  });

  it("hand on: in a team nothing of the organisation's that tells of datasets", () => {
    const org = ["apiTokens:create", "auditLog:read", "billing:read", "rbac:read", "users:read", "datasets:read", "monitors:read"];
    const grant = { org, datasets: { d1: ["query:read"] } };
    expect(mayGrant(caller(grant)).org).toEqual(org);
    expect(mayGrant(caller(grant, new Set(["d1"])))).toEqual({ ...caller(grant).grant, org: org.slice(0, 5) });
    expect(mayGrant(caller({ org: ["xusers:read"] }, new Set())).org).toEqual([]);
  });

  it("do with a recent sign-in", () => {
    expect([isRecent(0, STEP_UP_MS), isRecent(0, STEP_UP_MS + 1), isRecent(null, 0)]).toEqual([true, false, false]);
  });
});
