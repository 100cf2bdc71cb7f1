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

function callerWith(grant: Partial<Grant>, visible: Caller["visible"] = null): Caller {
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
    const owner = callerWith(everything());
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
    const admin = callerWith(builtInGrant("admin") ?? {});
    expect(await outcome(admin, "admin")).toEqual(builtInGrant("admin"));
    expect(await outcome(admin, "owner")).toMatch(
      /^grant-too-wide: the role owner exceeds what you may do yourself: \w+:\w+ on the organisation; ask an owner$/,
    );
    expect(await outcome(callerWith(CUSTOM), "custom-acme")).toEqual({ ...CUSTOM, expiresAt: null });
    expect(await outcome(callerWith({ ...CUSTOM, datasets: { d2: ["trim:update"] } }), "custom-acme")).toMatch(/trim:update on dataset d1/);
    expect(await outcome(callerWith({}), "none")).toEqual(builtInGrant("none"));
  });

  it("may be given by somebody whose own rights end", async () => {
    expect(await outcome(callerWith({ ...everything(), expiresAt: 1 }), "owner")).toEqual(builtInGrant("owner"));
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
