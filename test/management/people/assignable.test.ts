/** Which roles somebody may give: none that does more than the giver. */
import { beforeEach, describe, expect, it } from "vitest";
import { everything, type Grant } from "../../../src/access/capability.ts";
import type { Caller } from "../../../src/management/caller.ts";
import { assignable, requireWithinCaller } from "../../../src/management/people/assignable.ts";
import { builtInGrant } from "../../../src/management/people/rights.ts";
import { Problem } from "../../../src/problem.ts";
import { env } from "../client.ts";

const ORG = "acme";
const CUSTOM = { datasets: { d1: ["trim:update"] }, org: ["users:read"], views: {} };

beforeEach(async () => {
  await env.DB.batch([
    ...[ORG, "others"].map((org) =>
      env.DB.prepare(
        "INSERT INTO orgs (id, name, status, default_region, created_at, updated_at, ver, change_id) VALUES (?, ?, 'active', 'r', 0, 0, 1, '')",
      ).bind(org, org),
    ),
    ...[ORG, "others"].map((org) =>
      env.DB.prepare(
        "INSERT INTO roles (id, org, name, description, capabilities, created_at, ver, change_id) VALUES (?, ?, 'c', '', ?, 0, 1, '')",
      ).bind(`custom-${org}`, org, JSON.stringify(CUSTOM)),
    ),
  ]);
});

function callerWith(grant: Partial<Grant>, visible: Caller["visible"] = null, more: Partial<Caller> = {}): Caller {
  return {
    actor: { kind: "user", id: "u1", name: "Ada" },
    credential: { kind: "session", id: "s1" },
    user: { id: "u1", name: "Ada", email: "ada@acme.example", home: ORG, createdAt: 0 },
    role: "custom",
    org: ORG,
    defaultRegion: "r",
    grant: { datasets: {}, org: [], views: {}, expiresAt: null, ...grant },
    expiresAt: null,
    visible,
    authenticatedAt: null,
    narrowed: false,
    family: null,
    unchanged: { sql: "1", values: [] },
    ...more,
  };
}

async function outcome(caller: Caller, role: string): Promise<unknown> {
  try {
    return await assignable(env.DB, caller, role);
  } catch (error) {
    return error instanceof Problem ? `${error.reason}: ${error.message}` : error;
  }
}

describe("a role that is given to somebody", () => {
  it("may be any for who may do everything", async () => {
    const owner = callerWith(everything(), null, { role: "owner" });
    for (const role of ["owner", "admin", "user", "read-only", "none"]) expect(await outcome(owner, role)).toEqual(builtInGrant(role));
    expect(await outcome(owner, "custom-acme")).toEqual({ ...CUSTOM, expiresAt: null });
  });

  it("is one of the organisation", async () => {
    const text =
      /^body-invalid: there is no role ".+"; there is owner, admin, user, read-only, none, and GET \/v2\/rbac\/roles lists others$/;
    for (const role of ["custom-others", "guest", ""]) expect(await outcome(callerWith(everything()), role)).toMatch(/^body-invalid/);
    expect(await outcome(callerWith(everything()), "guest")).toMatch(text);
  });

  it("does no more than the giver may", async () => {
    const admin = callerWith(builtInGrant("admin") ?? {}, null, { role: "admin" });
    expect(await outcome(admin, "admin")).toEqual(builtInGrant("admin"));
    expect(await outcome(admin, "owner")).toMatch(/^grant-too-wide: the role owner exceeds what you may do yourself/);
    // whatever capabilities a custom role or a token holds
    for (const role of ["owner", "admin"])
      for (const holder of ["custom", null])
        expect(await outcome(callerWith(everything(), null, { role: holder }), role)).toMatch(/^grant-too-wide/);
    expect(await outcome(callerWith(CUSTOM), "custom-acme")).toEqual({ ...CUSTOM, expiresAt: null });
    expect(await outcome(callerWith({ ...CUSTOM, datasets: { d2: ["trim:update"] } }), "custom-acme")).toMatch(/trim:update on dataset d1/);
    expect(await outcome(callerWith({}), "none")).toEqual(builtInGrant("none"));
  });

  it("is given for good, and so by no credential that ends, or counts in some networks or within limits only", async () => {
    const ends = { ...everything(), expiresAt: 1 };
    expect(await outcome(callerWith(ends), "user")).toMatch(/^sign-in-required/);
    for (const kind of ["api", "personal"] as const)
      expect(await outcome(callerWith(ends, null, { credential: { kind, id: "c1" } }), "user")).toMatch(/^grant-too-wide/);
    const narrowed = callerWith(everything(), null, { credential: { kind: "api", id: "t1" }, narrowed: true });
    expect(await outcome(narrowed, "user")).toMatch(/^grant-too-wide/);
    expect(await outcome(narrowed, "none")).toEqual(builtInGrant("none"));
  });

  it("has nothing of datasets as such when the giver sees a team's only", async () => {
    const grant = { org: ["datasets:read", "users:read"] };
    const asked = { datasets: {}, views: {}, expiresAt: 5 };
    expect(() => requireWithinCaller(callerWith(grant), { ...asked, org: ["datasets:read"] }, "this")).not.toThrow();
    expect(() => requireWithinCaller(callerWith(grant, new Set(["d1"])), { ...asked, org: ["users:read"] }, "this")).not.toThrow();
    expect(() => requireWithinCaller(callerWith(grant, new Set(["d1"])), { ...asked, org: ["datasets:read"] }, "this")).toThrow(
      "this exceeds what you may do yourself: datasets:read on the organisation",
    );
  });
});
