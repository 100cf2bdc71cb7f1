/** What a member may do by role, groups and teams, read from the real database. */
import { beforeEach, describe, expect, it } from "vitest";
import { everything, type Grant } from "../../../src/access/capability.ts";
import { BUILT_IN_ROLES, builtInGrant, ROLE_NAMES, rightsOf, TEAM_ROLES } from "../../../src/management/people/rights.ts";
import { ROLES } from "../authorization/oracle.ts";
import { env } from "../client.ts";

const ORG = "acme";
const USER = "u1";
const NOTHING: Grant = { datasets: {}, org: [], views: {}, expiresAt: null };

const sorted = (capabilities: readonly string[] | undefined) => [...(capabilities ?? [])].sort();
/** What teams leave; what they take away is looked at apart. */
async function rights(role: string) {
  const { ofRoles: _, ...left } = await rightsOf(env.DB, ORG, USER, role);
  return left;
}

/** A custom role, in a form that says only what matters. */
function role(id: string, grant: Partial<Grant>, org = ORG): D1PreparedStatement {
  const { datasets, org: capabilities, views } = { ...NOTHING, ...grant };
  return env.DB.prepare(
    "INSERT INTO roles (id, org, name, description, capabilities, created_at, ver, change_id) VALUES (?, ?, ?, '', ?, 0, 1, '')",
  ).bind(id, org, id, JSON.stringify({ datasets, org: capabilities, views }));
}

function group(id: string, roles: string[], members = [USER], org = ORG): D1PreparedStatement[] {
  return [
    env.DB.prepare("INSERT INTO groups (id, org, name, description, created_at, ver, change_id) VALUES (?, ?, ?, '', 0, 1, '')").bind(
      id,
      org,
      id,
    ),
    ...roles.map((one) => env.DB.prepare("INSERT INTO group_roles (group_id, role) VALUES (?, ?)").bind(id, one)),
    ...members.map((one) => env.DB.prepare("INSERT INTO group_members (group_id, user_id) VALUES (?, ?)").bind(id, one)),
  ];
}

function team(id: string, datasets: string[], members = [USER], org = ORG): D1PreparedStatement[] {
  return [
    env.DB.prepare("INSERT INTO teams (id, org, name, description, created_at, ver, change_id) VALUES (?, ?, ?, '', 0, 1, '')").bind(
      id,
      org,
      id,
    ),
    ...datasets.map((one) => env.DB.prepare("INSERT INTO team_datasets (team_id, dataset_id) VALUES (?, ?)").bind(id, one)),
    ...members.map((one) => env.DB.prepare("INSERT INTO team_members VALUES (?, ?, 0, 0)").bind(id, one)),
  ];
}

beforeEach(async () => {
  await env.DB.batch(
    [ORG, "others"].map((org) =>
      env.DB.prepare(
        "INSERT INTO orgs (id, name, status, default_region, created_at, updated_at, ver, change_id) VALUES (?, ?, 'active', 'r', 0, 0, 1, '')",
      ).bind(org, org),
    ),
  );
});

describe("a built-in role", () => {
  it("is one of five, each with a name", () => {
    expect(ROLE_NAMES).toEqual({ owner: "Owner", admin: "Admin", user: "User", "read-only": "Read Only", none: "None" });
    expect(Object.keys(ROLE_NAMES)).toEqual([...BUILT_IN_ROLES]);
    expect(TEAM_ROLES).toEqual(["user", "read-only"]);
  });

  it.each(BUILT_IN_ROLES)("grants what the table says: %s", (name) => {
    const grant = builtInGrant(name);
    const { org, datasets } = ROLES[name] ?? { org: [], datasets: [] };
    expect(sorted(grant?.org)).toEqual(sorted(org));
    expect(sorted(grant?.datasets["*"])).toEqual(sorted(datasets));
    expect(Object.keys(grant?.datasets ?? {})).toEqual(name === "none" ? [] : ["*"]);
    expect(grant?.expiresAt).toBeNull();
  });

  it("lets all but None read views, and owners and administrators share them", () => {
    expect(builtInGrant("owner")?.views).toEqual(everything().views);
    expect(builtInGrant("admin")?.views).toEqual(everything().views);
    for (const name of ["user", "read-only"]) expect(builtInGrant(name)?.views).toEqual({ "*": ["query:read"] });
    expect(builtInGrant("none")?.views).toEqual({});
  });

  it.each(["custom", "", "Owner", "constructor", "toString"])("is not %j", (name) => {
    expect(builtInGrant(name)).toBeNull();
  });
});

describe("the rights of a member", () => {
  it.each(BUILT_IN_ROLES)("are those of the role %s, on all datasets", async (name) => {
    expect(await rights(name)).toEqual({ grant: builtInGrant(name), visible: null });
  });

  it("are those of a custom role of the organisation", async () => {
    const grant = { datasets: { d1: ["trim:update"] }, org: ["users:read"], views: { v1: ["query:read"] } };
    await env.DB.batch([role("custom", grant), role("foreign", grant, "others")]);
    expect(await rights("custom")).toEqual({ grant: { ...grant, expiresAt: null }, visible: null });
    expect(await rights("foreign")).toEqual({ grant: NOTHING, visible: null });
    expect(await rights("nobody's")).toEqual({ grant: NOTHING, visible: null });
  });

  it("are the role's and the groups' together, each once", async () => {
    await env.DB.batch([
      role("one", { datasets: { d1: ["trim:update"], "*": ["ingest:create"] }, org: ["users:read"], views: { v1: ["query:read"] } }),
      role("two", {
        datasets: { d1: ["trim:update", "data:delete"], d2: ["query:read"] },
        org: ["users:read", "auditLog:read"],
        views: { v1: ["share:read"], v2: ["query:read"] },
      }),
      ...group("g1", ["one"]),
      ...group("g2", ["two", "none"]),
      ...group("not a member's", ["owner"], ["u2"]),
      ...group("others'", ["admin"], [USER], "others"),
    ]);
    const { grant, visible } = await rights("none");
    expect({
      ...grant,
      org: sorted(grant.org),
      datasets: { ...grant.datasets, d1: sorted(grant.datasets["d1"]) },
      views: { ...grant.views, v1: sorted(grant.views["v1"]) },
    }).toEqual({
      datasets: { "*": ["ingest:create"], d1: ["data:delete", "trim:update"], d2: ["query:read"] },
      org: ["auditLog:read", "users:read"],
      views: { v1: ["query:read", "share:read"], v2: ["query:read"] },
      expiresAt: null,
    });
    expect(visible).toBeNull();
  });

  it("may come from a built-in role of a group", async () => {
    await env.DB.batch(group("g1", ["user"]));
    expect(sorted((await rights("none")).grant.org)).toEqual(sorted(ROLES["user"]?.org));
  });
});

describe("the rights of a team's member", () => {
  it("are on the teams' datasets only, and no wildcard any more", async () => {
    await env.DB.batch([
      ...team("t1", ["d1"]),
      ...team("t2", ["d2", "d1"]),
      ...team("not a member's", ["d3"], ["u2"]),
      ...team("others'", ["d4"], [USER], "others"),
    ]);
    const { grant, visible } = await rights("read-only");
    expect(sorted([...(visible ?? [])])).toEqual(["d1", "d2"]);
    expect(Object.keys(grant.datasets).sort()).toEqual(["d1", "d2"]);
    for (const dataset of ["d1", "d2"]) expect(sorted(grant.datasets[dataset])).toEqual(sorted(ROLES["read-only"]?.datasets));
    expect(sorted(grant.org)).toEqual(sorted(ROLES["read-only"]?.org));
    // nobody knows here which datasets a view reads
    expect(grant.views).toEqual({});
  });

  it("are on each dataset what is held on it, by its id or by the wildcard", async () => {
    await env.DB.batch([
      role("custom", { datasets: { d1: ["trim:update"], d2: ["data:delete"], d9: ["ingest:create"], "*": ["query:read"] } }),
      ...team("t1", ["d1", "d2", "d3"]),
    ]);
    const { grant } = await rights("custom");
    expect({ ...grant.datasets, d1: sorted(grant.datasets["d1"]), d2: sorted(grant.datasets["d2"]) }).toEqual({
      d1: ["query:read", "trim:update"],
      d2: ["data:delete", "query:read"],
      d3: ["query:read"],
    });
  });

  it("name no dataset on which nothing is held", async () => {
    await env.DB.batch([role("custom", { datasets: { d1: ["trim:update"] } }), ...team("t1", ["d1", "d2"])]);
    expect(await rights("custom")).toMatchObject({ grant: { datasets: { d1: ["trim:update"] } } });
    expect(Object.keys((await rights("custom")).grant.datasets)).toEqual(["d1"]);
  });

  it("are on nothing in a team without datasets", async () => {
    await env.DB.batch(team("t1", []));
    expect(await rights("user")).toMatchObject({ grant: { datasets: {} }, visible: new Set() });
  });

  it("are on nothing once the last team was left, of this organisation", async () => {
    const leaver = (org: string) => env.DB.prepare("INSERT INTO team_leavers (org, user_id, at) VALUES (?, ?, 0)").bind(org, USER);
    await leaver("others").run();
    expect((await rights("user")).visible).toBeNull();
    await leaver(ORG).run();
    expect(await rights("user")).toMatchObject({ grant: { datasets: {} }, visible: new Set() });
  });

  it.each(["owner", "admin"])("are not restricted for the role %s", async (name) => {
    await env.DB.batch(team("t1", ["d1"]));
    expect(await rights(name)).toEqual({ grant: builtInGrant(name), visible: null });
  });
});

it("judges by what the roles allow, whatever a team hides at the moment", async () => {
  await env.DB.batch(team("t", []));
  const { grant, ofRoles } = await rightsOf(env.DB, ORG, USER, "user");
  expect(grant.datasets).toEqual({});
  expect(ofRoles).toEqual(builtInGrant("user"));
});
