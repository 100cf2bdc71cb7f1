import { describe, expect, it } from "vitest";
import {
  type Answer,
  allBut,
  auditRows,
  call,
  dataset,
  deployment,
  env,
  MAY_ALL,
  type Reply,
  reasonOf,
  secondOrganisation,
  succeeded,
  token,
} from "../client.ts";
import { describeResource } from "../describe-resource.ts";
import { group, member, role, seenBy, team } from "./member.ts";

const ROLES = "/v2/rbac/roles";
const READS = { datasetCapabilities: { "*": { query: ["read"] } } };
const refusal = (reply: Reply<Answer>) => [reply.status, reasonOf(reply)];

describeResource({
  name: "roles",
  routes: [
    { method: "GET", path: ROLES, capability: "rbac:read" },
    { method: "POST", path: ROLES, capability: "rbac:create", body: { name: "another", ...READS }, action: "role.create" },
    { method: "GET", path: `${ROLES}/:id`, capability: "rbac:read" },
    { method: "PUT", path: `${ROLES}/:id`, capability: "rbac:create", body: { description: "new" }, action: "role.update" },
    { method: "DELETE", path: `${ROLES}/:id`, capability: "rbac:create", action: "role.delete" },
  ],
  make: async (made) => (await role(made, "reader", READS)).id,
});

describe("a custom role", () => {
  it("is what was asked for, alone and in the list, after the built-in ones", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const capabilities = {
      datasetCapabilities: { web: { ingest: ["create"], query: ["read"] } },
      orgCapabilities: { datasets: ["read"] },
      viewCapabilities: { errors: { query: ["read"] } },
    };
    const reader = await role(made, "reader", { description: "of the web", ...capabilities });
    expect(reader).toEqual({ id: expect.any(String), name: "reader", description: "of the web", members: [], ...capabilities });
    const list = succeeded(await call<Answer[]>("GET", ROLES, made.owner));
    expect(list.map(({ name }) => name)).toEqual(["Owner", "Admin", "User", "Read Only", "None", "reader"]);
    expect(list.at(-1)).toEqual(reader);
    expect(list[0]).toMatchObject({ id: "owner", members: [made.user.id], orgCapabilities: allBut() });
    for (const one of list) expect(succeeded(await call("GET", `${ROLES}/${one.id}`, made.owner))).toEqual(one);
  });

  it("counts for its members from the next request on, as does a change of it", async () => {
    const made = await deployment();
    for (const name of ["web", "api"]) await dataset(made, name);
    const reader = await role(made, "reader", { datasetCapabilities: { web: { query: ["read"] } } });
    const bob = await member(made, reader.id);
    expect(await seenBy(bob)).toEqual(["web"]);
    const wider = succeeded(await call("PUT", `${ROLES}/${reader.id}`, made.owner, READS));
    expect(wider).toMatchObject({ ...READS, name: "reader", members: [bob.id], orgCapabilities: {} });
    expect(await seenBy(bob)).toEqual(["api", "web"]);
  });

  it("keeps what a change does not name, and replaces its capabilities as a whole", async () => {
    const made = await deployment();
    const { id } = await role(made, "reader", { description: "old", ...READS, orgCapabilities: { users: ["read"] } });
    const put = async (body: unknown) => succeeded(await call("PUT", `${ROLES}/${id}`, made.owner, body));
    expect(await put({ name: "new" })).toMatchObject({ name: "new", description: "old", ...READS });
    expect(await put({ orgCapabilities: { rbac: ["read"] } })).toMatchObject({
      ...{ name: "new", datasetCapabilities: {}, orgCapabilities: { rbac: ["read"] } },
    });
    const entries = (await auditRows()).filter(({ action }) => action === "role.update").map(({ detail }) => JSON.parse(detail));
    expect(entries[0]).toMatchObject({ before: { name: "reader" }, after: { name: "new" } });
  });

  it("takes back what was read, but gives nobody the role", async () => {
    const made = await deployment();
    const reader = await role(made, "reader", READS);
    const bob = await member(made, reader.id);
    const path = `${ROLES}/${reader.id}`;
    const { id, ...read } = succeeded(await call("GET", path, made.owner));
    expect(succeeded(await call("PUT", path, made.owner, read))).toEqual({ id, ...read });
    const eve = await member(made, "user", "Eve");
    for (const members of [[], [bob.id, eve.id], [eve.id]]) {
      const reply = await call("PUT", path, made.owner, { members });
      expect(refusal(reply)).toEqual([400, "body-invalid"]);
      expect(reply.body.message).toContain("/v2/users/<id>/role");
    }
    expect(refusal(await call("POST", ROLES, made.owner, { name: "x", ...READS, members: [eve.id] }))).toEqual([400, "body-invalid"]);
  });

  it("goes only when nobody holds it", async () => {
    const made = await deployment();
    const reader = await role(made, "reader", READS);
    const bob = await member(made, reader.id);
    const held = await group(made, "readers", [reader.id], []);
    const refused = await call("DELETE", `${ROLES}/${reader.id}`, made.owner);
    expect(refusal(refused)).toEqual([409, "conflict"]);
    expect(refused.body.message).toContain("1 members and 1 groups");
    await call("DELETE", `/v2/rbac/groups/${held.id}`, made.owner);
    expect((await call("DELETE", `${ROLES}/${reader.id}`, made.owner)).status).toBe(409);
    await env.DB.prepare("DELETE FROM members WHERE user_id = ?").bind(bob.id).run();
    expect((await call("DELETE", `${ROLES}/${reader.id}`, made.owner)).status).toBe(204);
    expect((await call("GET", `${ROLES}/${reader.id}`, made.owner)).status).toBe(404);
    await role(made, "reader", READS);
  });

  it.each(["reader", "Owner", "owner", "READ ONLY", " admin "])("may not be called %j when there is one of the name", async (name) => {
    const made = await deployment();
    await role(made, "reader", READS);
    const other = await role(made, "other", READS);
    for (const [method, path] of [
      ["POST", ROLES],
      ["PUT", `${ROLES}/${other.id}`],
    ] as const)
      expect(refusal(await call(method, path, made.owner, { name, ...READS }))).toEqual([409, "entity-exists"]);
  });

  it("exists once under a name, also when several make it at once", async () => {
    const made = await deployment();
    const race = await Promise.all([1, 2, 3].map(() => call("POST", ROLES, made.owner, { name: "reader", ...READS })));
    expect(race.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });

  it("stays inside its organisation", async () => {
    const made = await deployment();
    const reader = await role(made, "reader", READS);
    const others = await secondOrganisation(made);
    for (const [method, body] of [["GET"], ["PUT", READS], ["DELETE"]] as const)
      expect((await call(method, `${ROLES}/${reader.id}`, others, body)).status).toBe(404);
    expect(succeeded(await call<Answer[]>("GET", ROLES, others))).toHaveLength(5);
  });

  it("is made by an API token within what the token may do", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const maker = await token(made, { datasetCapabilities: { web: { query: ["read"] } }, orgCapabilities: { rbac: ["create"] } });
    const reader = succeeded(await call("POST", ROLES, maker, { name: "reader", datasetCapabilities: { web: { query: ["read"] } } }));
    expect(refusal(await call("POST", ROLES, maker, { name: "sender", datasetCapabilities: { web: { ingest: ["create"] } } }))).toEqual([
      ...[403, "grant-too-wide"],
    ]);
    // what somebody with more rights made of it is out of the token's reach
    succeeded(await call("PUT", `${ROLES}/${reader.id}`, made.owner, READS));
    for (const [method, body] of [["PUT", { orgCapabilities: { rbac: ["create"] } }], ["DELETE"]] as const)
      expect(refusal(await call(method, `${ROLES}/${reader.id}`, maker, body))).toEqual([403, "grant-too-wide"]);
  });
});

describe("the built-in roles", () => {
  it.each(["owner", "admin", "user", "read-only", "none"])("never change: %s", async (id) => {
    const { owner } = await deployment();
    for (const [method, body] of [["PUT", { name: "mine" }], ["DELETE"]] as const)
      expect(refusal(await call(method, `${ROLES}/${id}`, owner, body))).toEqual([409, "conflict"]);
  });

  it("allow what the table says", async () => {
    const { owner } = await deployment();
    const list = succeeded(await call<Answer[]>("GET", ROLES, owner));
    const allowed = list.map(({ id, orgCapabilities, datasetCapabilities }) => ({ id, orgCapabilities, datasetCapabilities }));
    expect(allowed).toMatchObject([
      { id: "owner", orgCapabilities: allBut() },
      { id: "admin", orgCapabilities: allBut("billing:read", "billing:update", "auditLog:read") },
      { id: "user", datasetCapabilities: { "*": { ingest: ["create"], query: ["read"] } } },
      { id: "read-only", datasetCapabilities: { "*": { query: ["read"] } } },
      { id: "none", orgCapabilities: {}, datasetCapabilities: {} },
    ]);
  });
});

it.each<[string, Record<string, unknown>]>([
  ["48 an unknown resource", { orgCapabilities: { everything: ["read"] } }],
  ["48 an unknown action", { orgCapabilities: { users: ["impersonate"] } }],
  ["48 a capability on the wrong level", { orgCapabilities: { ingest: ["create"] } }],
  ["48 an organisation's capability on a dataset", { datasetCapabilities: { "*": { users: ["read"] } } }],
  ["48 a wildcard for actions", { orgCapabilities: { users: ["*"] } }],
  ["48 a wildcard for resources", { datasetCapabilities: { "*": { "*": ["read"] } } }],
  ["48 a dataset that does not exist", { datasetCapabilities: { nowhere: { query: ["read"] } } }],
  ["48 something that is no list", { orgCapabilities: { users: { read: true } } }],
  ["48 something that is no object", { orgCapabilities: ["users:read"] }],
  ["48 a member's own name for a prototype", { orgCapabilities: JSON.parse('{"__proto__": ["read"]}') }],
  ["48 billing, which stays with the owner", { orgCapabilities: { billing: ["read"] } }],
])("%s is refused in a role", async (_, capabilities) => {
  const made = await deployment();
  const { id } = await role(made, "reader", READS);
  expect(refusal(await call("POST", ROLES, made.owner, { name: "x", ...capabilities }))).toEqual([400, "body-invalid"]);
  expect(refusal(await call("PUT", `${ROLES}/${id}`, made.owner, capabilities))).toEqual([400, "body-invalid"]);
});

it.each<[string, Record<string, unknown>]>([
  ["48 nothing at all", {}],
  ["48 nulls", { datasetCapabilities: null, orgCapabilities: null, viewCapabilities: null }],
  ["48 empty lists", { datasetCapabilities: { "*": { query: [] } }, orgCapabilities: { users: [] } }],
])("%s makes no role", async (_, capabilities) => {
  const { owner } = await deployment();
  expect(refusal(await call("POST", ROLES, owner, { name: "x", ...capabilities }))).toEqual([400, "capability-missing"]);
});

it("48 a member that is named twice in JSON counts once, as its last", async () => {
  const { owner } = await deployment();
  const body = '{"name": "x", "orgCapabilities": {"users": ["delete"]}, "orgCapabilities": {"users": ["read", "read"]}}';
  expect(succeeded(await call("POST", ROLES, owner, body))).toMatchObject({ orgCapabilities: { users: ["read"] } });
});

describe("49 a role", () => {
  it.each<[string, Record<string, unknown>]>([
    ["the audit log, which an administrator does not read", { orgCapabilities: { auditLog: ["read"] } }],
    ["all of an owner", { ...MAY_ALL, orgCapabilities: allBut("billing:read", "billing:update") }],
  ])("above its author is refused: %s", async (_, capabilities) => {
    const made = await deployment();
    const ann = await member(made, "admin", "Ann");
    expect(refusal(await call("POST", ROLES, ann, { name: "x", ...capabilities }))).toEqual([403, "grant-too-wide"]);
    const { id } = succeeded(await call("POST", ROLES, ann, { name: "y", ...READS }));
    expect(refusal(await call("PUT", `${ROLES}/${id}`, ann, capabilities))).toEqual([403, "grant-too-wide"]);
    // nor does she change what an owner made
    const above = await role(made, "z", { orgCapabilities: { auditLog: ["read"] } });
    for (const [method, body] of [["PUT", READS], ["PUT", { name: "w" }], ["DELETE"]] as const)
      expect(refusal(await call(method, `${ROLES}/${above.id}`, ann, body))).toEqual([403, "grant-too-wide"]);
  });

  it("made by a member of a team holds neither every dataset nor what the team does not see", async () => {
    const made = await deployment();
    for (const name of ["web", "secret"]) await dataset(made, name);
    const bob = await member(made, "user");
    await group(made, "makers", [(await role(made, "maker", { orgCapabilities: { rbac: ["create", "read"] } })).id], [bob]);
    await team(made, "web", [bob], ["web"]);
    const make = (capabilities: Record<string, unknown>) => call("POST", ROLES, bob, { name: "x", ...capabilities });
    expect(refusal(await make(READS))).toEqual([403, "grant-too-wide"]);
    expect(refusal(await make({ orgCapabilities: { datasets: ["read"] } }))).toEqual([403, "grant-too-wide"]);
    const [hidden, nowhere] = [
      await make({ datasetCapabilities: { secret: { query: ["read"] } } }),
      await make({ datasetCapabilities: { sicret: { query: ["read"] } } }),
    ];
    expect(refusal(hidden)).toEqual([400, "body-invalid"]);
    expect(JSON.stringify(hidden.body)).toBe(JSON.stringify(nowhere.body).replaceAll("sicret", "secret"));
    succeeded(await make({ datasetCapabilities: { web: { query: ["read"] } } }));
  });

  it("is not made by somebody whose rights change at that moment", async () => {
    const made = await deployment();
    const ann = await member(made, "admin", "Ann");
    // the same moment: her rights are read, then changed, then used
    const DB = new Proxy(env.DB, {
      get(target, property) {
        if (property !== "batch") return Reflect.get(target, property).bind(target);
        return async (statements: D1PreparedStatement[]) => {
          if (statements.length > 2) await target.prepare("UPDATE members SET role = 'user' WHERE user_id = ?").bind(ann.id).run();
          return target.batch(statements);
        };
      },
    });
    const reply = await call("POST", ROLES, ann, { name: "x", ...READS }, { instead: { DB } });
    expect(refusal(reply)).toEqual([409, "conflict"]);
    expect(await env.DB.prepare("SELECT count(*) AS n FROM roles").first("n")).toBe(0);
  });
});

it("55 a role shows no dataset that the reader may not see", async () => {
  const made = await deployment();
  for (const name of ["web", "secret"]) await dataset(made, name);
  const bob = await member(made, "user");
  await team(made, "web", [bob], ["web"]);
  const both = await role(made, "both", { datasetCapabilities: { web: { query: ["read"] }, secret: { query: ["read"] } } });
  const list = succeeded(await call<Answer[]>("GET", ROLES, bob));
  expect(list.at(-1)).toMatchObject({ id: both.id, datasetCapabilities: { web: { query: ["read"] } } });
  expect(JSON.stringify(list)).not.toContain("secret");
  expect(JSON.stringify(await call("GET", `${ROLES}/${both.id}`, bob))).not.toContain("secret");
});
