/** What a route's row asks of whoever comes, row by row: routes of the test's own over the real database. */
import { createExecutionContext } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { openApp } from "../../src/management/app.ts";
import { ANY_CREDENTIAL, isAdmin, PEOPLE, type Route, requireRecent, STEP_UP_MS } from "../../src/management/route.ts";
import { Problem } from "../../src/problem.ts";
import { allBut, type Credential, type Deployment, dataset, deployment, env, token } from "./client.ts";

const none = { by: ANY_CREDENTIAL, needs: null };
const told = (...members: unknown[]) => Response.json(members);

const ROUTES: Route[] = [
  { method: "GET", path: "/open", as: "anyone", by: "nothing", run: (c) => told(c.get("route")) },
  { method: "GET", path: "/visit", as: "visitor", by: PEOPLE, run: (_, visitor) => told(visitor.user?.name) },
  {
    method: "GET",
    path: "/plain",
    as: "caller",
    ...none,
    run: (c, caller) => told(caller.org, c.get("caller") === caller, c.get("route")),
  },
  { method: "GET", path: "/people", as: "caller", ...none, by: PEOPLE, run: () => told() },
  { method: "POST", path: "/needs", as: "caller", ...none, needs: "users:update", run: () => told() },
  { method: "GET", path: "/admin", as: "caller", ...none, admin: true, run: () => told() },
  { method: "GET", path: "/recent", as: "caller", ...none, recent: true, run: () => told() },
  { method: "GET", path: "/see/:dataset", as: "dataset", ...none, on: "see", run: (_, caller, { name }) => told(caller.org, name) },
  { method: "GET", path: "/on/:dataset", as: "dataset", ...none, on: "trim:update", run: (_, __, { name }) => told(name) },
];
const app = openApp(ROUTES);

let made: Deployment;

beforeEach(async () => {
  made = await deployment();
});

async function ask(path: string, { token: secret, org }: Credential, method = "GET"): Promise<unknown> {
  const headers = { ...(secret && { authorization: `Bearer ${secret}` }), ...(org && { "x-axiom-org-id": org }) };
  const response = await app.fetch(new Request(`https://management.example${path}`, { method, headers }), env, createExecutionContext());
  const body = (await response.json()) as { type: string; message: string };
  return response.ok ? body : `${response.status} ${body.type.replace("urn:headgate:problem:", "")}: ${body.message}`;
}

const become = (role: string) => env.DB.prepare("UPDATE members SET role = ?").bind(role).run();

describe("a route", () => {
  it("is known by its method and path", async () => {
    expect(await ask("/open", { token: "" })).toEqual(["GET /open"]);
    expect(await ask("/plain", made.owner)).toEqual([made.org, true, "GET /plain"]);
    expect(await ask("/open", { token: "" }, "POST")).toMatch(/^4/);
    expect(await ask("/closed", made.owner)).toMatch(/^404/);
  });

  it("without an organisation takes who visits, by the kinds of its row", async () => {
    expect(await ask("/visit", { token: made.owner.token })).toEqual(["Ada"]);
    const { token: api } = await token(made, { orgCapabilities: allBut() });
    expect(await ask("/visit", { token: api })).toMatch(/^403 token-kind/);
  });

  it("of an organisation takes the kinds of its row only", async () => {
    const { token: api } = await token(made, { orgCapabilities: allBut() });
    expect(await ask("/people", made.owner)).toEqual([]);
    expect(await ask("/people", made.session)).toEqual([]);
    expect(await ask("/people", { token: api })).toMatch(/^403 token-kind: API tokens are not taken here; use a personal token/);
    expect(await ask("/plain", { token: api })).toEqual([made.org, true, "GET /plain"]);
    expect(await ask("/plain", { token: "" })).toMatch(/^401 credential-missing/);
  });

  it("asks for its capability", async () => {
    const { token: with_ } = await token(made, { orgCapabilities: { users: ["update"] } });
    const { token: without } = await token(made, { orgCapabilities: allBut("users:update") });
    expect(await ask("/needs", { token: with_ }, "POST")).toEqual([]);
    expect(await ask("/needs", { token: without }, "POST")).toMatch(
      /^403 forbidden: this credential lacks users:update on the organisation/,
    );
  });

  it("for administrators is theirs and the owners', and no token's", async () => {
    const { token: api } = await token(made, { orgCapabilities: allBut() });
    const refused = expect.stringMatching(/^403 forbidden: this credential lacks the role Owner or Admin/);
    expect(await ask("/admin", made.owner)).toEqual([]);
    expect(await ask("/admin", { token: api })).toEqual(refused);
    await become("admin");
    expect(await ask("/admin", made.owner)).toEqual([]);
    for (const role of ["user", "none", "Owner"]) {
      await become(role);
      expect(await ask("/admin", made.owner)).toEqual(refused);
    }
  });

  it("that asks for a recent sign-in means sessions, to the millisecond", async () => {
    const { token: api } = await token(made, { orgCapabilities: allBut() });
    const now = Date.now();
    await env.DB.prepare("UPDATE sessions SET authenticated_at = ?").bind(now).run();
    vi.useFakeTimers({ toFake: ["Date"], now: now + 900_000 });
    try {
      expect(await ask("/recent", made.session)).toEqual([]);
      vi.setSystemTime(now + 900_001);
      expect(await ask("/recent", made.session)).toMatch(/^403 sign-in-required/);
      expect(await ask("/recent", made.owner)).toEqual([]);
      expect(await ask("/recent", { token: api })).toEqual([]);
      expect(await ask("/plain", made.session)).toEqual([made.org, true, "GET /plain"]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("a route of a dataset", () => {
  it("is entered with the dataset, by who may see it", async () => {
    await dataset(made, "web");
    expect(await ask("/see/web", made.owner)).toEqual([made.org, "web"]);
    expect(await ask("/see/wob", made.owner)).toMatch(/^404 dataset-unknown/);
    await become("none");
    expect(await ask("/see/web", made.owner)).toMatch(/^404 dataset-unknown/);
  });

  it("asks for its capability on that dataset, of who may see it", async () => {
    await dataset(made, "web");
    await dataset(made, "other");
    const { token: some } = await token(made, { datasetCapabilities: { web: { trim: ["update"] }, other: { query: ["read"] } } });
    expect(await ask("/on/web", { token: some })).toEqual(["web"]);
    expect(await ask("/on/other", { token: some })).toMatch(/^403 forbidden: this credential lacks trim:update on dataset other/);
    const { token: one } = await token(made, { datasetCapabilities: { web: { query: ["read"] } } });
    expect(await ask("/on/other", { token: one })).toMatch(/^404 dataset-unknown/);
  });
});

describe("what routes ask themselves", () => {
  it("is who is an administrator, and whether a sign-in is recent", () => {
    const roles = ["owner", "admin", "user", "", null].map((role) => isAdmin({ role } as Parameters<typeof isAdmin>[0]));
    expect(roles).toEqual([true, true, false, false, false]);
    const recent = (authenticatedAt: number | null) => () =>
      requireRecent({ authenticatedAt } as Parameters<typeof requireRecent>[0], STEP_UP_MS);
    expect(recent(0)).not.toThrow();
    expect(recent(null)).not.toThrow();
    expect(recent(-1)).toThrow(Problem);
    expect(STEP_UP_MS).toBe(900_000);
  });

  it("is which kinds there are", () => {
    expect(ANY_CREDENTIAL).toEqual(["api", "personal", "session"]);
    expect(PEOPLE).toEqual(["personal", "session"]);
  });
});
