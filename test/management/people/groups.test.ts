import { describe, expect, it } from "vitest";
import { type Answer, call, dataset, deployment, env, type Reply, reasonOf, secondOrganisation, succeeded, token } from "../client.ts";
import { describeResource } from "../describe-resource.ts";
import { group, member, role, seenBy, team } from "./member.ts";

const GROUPS = "/v2/rbac/groups";
const refusal = (reply: Reply<Answer>) => [reply.status, reasonOf(reply)];

describeResource({
  name: "groups",
  routes: [
    { method: "GET", path: GROUPS, capability: "rbac:read" },
    { method: "POST", path: GROUPS, capability: "rbac:create", body: { name: "another", roles: ["user"] }, action: "group.create" },
    { method: "GET", path: `${GROUPS}/:id`, capability: "rbac:read" },
    { method: "PUT", path: `${GROUPS}/:id`, capability: "rbac:create", body: { roles: ["user"] }, action: "group.update" },
    { method: "DELETE", path: `${GROUPS}/:id`, capability: "rbac:create", action: "group.delete" },
  ],
  make: async (made) => (await group(made, "readers", [], [])).id,
});

describe("a group", () => {
  it("is what was asked for, alone and in the list", async () => {
    const made = await deployment();
    const bob = await member(made, "none");
    const readers = succeeded(
      await call("POST", GROUPS, made.owner, {
        name: "readers",
        description: "read",
        members: [bob.id, bob.id],
        roles: ["user", "read-only"],
      }),
    );
    const expected = { name: "readers", description: "read", members: [bob.id], roles: ["read-only", "user"], isManaged: false };
    expect(readers).toEqual({ id: expect.any(String), ...expected });
    expect(succeeded(await call("GET", GROUPS, made.owner))).toEqual([readers]);
    const { id, ...read } = succeeded(await call("GET", `${GROUPS}/${readers.id}`, made.owner));
    expect(succeeded(await call("PUT", `${GROUPS}/${id}`, made.owner, read))).toEqual({ id, ...read });
  });

  it("adds what its roles allow, and takes it away again", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const bob = await member(made, "none");
    expect(await seenBy(bob)).toEqual([]);
    const { id } = await group(made, "readers", ["read-only"], [bob]);
    expect(await seenBy(bob)).toEqual(["web"]);
    const put = async (body: unknown) => succeeded(await call("PUT", `${GROUPS}/${id}`, made.owner, body));
    await put({ roles: [] });
    expect(await seenBy(bob)).toEqual([]);
    expect(await put({ roles: ["read-only"] })).toMatchObject({ members: [bob.id] });
    expect(await seenBy(bob)).toEqual(["web"]);
    expect(await put({ members: [] })).toMatchObject({ roles: ["read-only"] });
    expect(await seenBy(bob)).toEqual([]);
    await put({ members: [bob.id] });
    expect((await call("DELETE", `${GROUPS}/${id}`, made.owner)).status).toBe(204);
    expect(await seenBy(bob)).toEqual([]);
  });

  it("adds nothing that the member's teams hide", async () => {
    const made = await deployment();
    for (const name of ["web", "secret"]) await dataset(made, name);
    const bob = await member(made, "user");
    await team(made, "web", [bob], ["web"]);
    const wide = { datasetCapabilities: { "*": { query: ["read"] } }, orgCapabilities: { datasets: ["read", "delete"] } };
    await group(made, "wide", [(await role(made, "wide", wide)).id], [bob]);
    expect(await seenBy(bob)).toEqual(["web"]);
    expect((await call("DELETE", "/v2/datasets/secret", bob)).status).toBe(404);
  });

  it("tells the audit log what was added and taken away", async () => {
    const made = await deployment();
    const [bob, eve] = [await member(made, "none"), await member(made, "none", "Eve")];
    const { id } = await group(made, "readers", ["read-only"], [bob]);
    succeeded(await call("PUT", `${GROUPS}/${id}`, made.owner, { members: [eve.id] }));
    const detail = await env.DB.prepare("SELECT detail FROM audit WHERE action = 'group.update'").first<string>("detail");
    expect(JSON.parse(String(detail))).toEqual({ before: { members: [bob.id] }, after: { members: [eve.id] } });
  });

  it.each<[string, Record<string, unknown>]>([
    ["a role that does not exist", { roles: ["captain"] }],
    ["a member who does not exist", { members: ["nobody"] }],
    ["a group of a directory", { isManaged: true }],
    ["members of another kind", { members: [7] }],
  ])("is refused with %s", async (_, body) => {
    const made = await deployment();
    const { id } = await group(made, "readers", [], []);
    expect(refusal(await call("POST", GROUPS, made.owner, { name: "x", ...body }))).toEqual([400, "body-invalid"]);
    expect(refusal(await call("PUT", `${GROUPS}/${id}`, made.owner, body))).toEqual([400, "body-invalid"]);
  });

  it("takes nobody of another organisation, nor its roles, and is not there for it", async () => {
    const made = await deployment();
    const bob = await member(made, "none");
    const reader = await role(made, "reader", { orgCapabilities: { users: ["read"] } });
    const readers = await group(made, "readers", [], []);
    const others = await secondOrganisation(made);
    for (const body of [{ members: [bob.id] }, { roles: [reader.id] }])
      expect(refusal(await call("POST", GROUPS, others, { name: "x", ...body }))).toEqual([400, "body-invalid"]);
    for (const [method, body] of [["GET"], ["PUT", { name: "x" }], ["DELETE"]] as const)
      expect((await call(method, `${GROUPS}/${readers.id}`, others, body)).status).toBe(404);
    expect(succeeded(await call("GET", GROUPS, others))).toEqual([]);
  });

  it("exists once under a name", async () => {
    const made = await deployment();
    const race = await Promise.all([1, 2, 3].map(() => call("POST", GROUPS, made.owner, { name: "readers" })));
    expect(race.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const other = await group(made, "other", [], []);
    expect(refusal(await call("PUT", `${GROUPS}/${other.id}`, made.owner, { name: "readers" }))).toEqual([409, "entity-exists"]);
  });

  it("is forgotten by whoever leaves the organisation", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const bob = await member(made, "none");
    const readers = await group(made, "readers", ["read-only"], [bob]);
    await env.DB.prepare("DELETE FROM members WHERE user_id = ?").bind(bob.id).run();
    expect(succeeded(await call("GET", `${GROUPS}/${readers.id}`, made.owner))).toMatchObject({ members: [] });
    await env.DB.prepare(
      "INSERT INTO members (id, org, user_id, role, created_at, ver, change_id) VALUES (? || '/' || ?, ?, ?, 'none', 0, 1, '')",
    )
      .bind(made.org, bob.id, made.org, bob.id)
      .run();
    expect(await seenBy(bob)).toEqual([]);
  });
});

describe("49 a group", () => {
  it("above its author is refused, before the change and after it", async () => {
    const made = await deployment();
    const [ann, bob] = [await member(made, "admin", "Ann"), await member(made, "user")];
    const { id: logReader } = await role(made, "log", { orgCapabilities: { auditLog: ["read"] } });
    expect(refusal(await call("POST", GROUPS, ann, { name: "x", roles: [logReader] }))).toEqual([403, "grant-too-wide"]);
    expect(refusal(await call("POST", GROUPS, ann, { name: "x", roles: ["user", logReader], members: [ann.id] }))).toEqual([
      403,
      "grant-too-wide",
    ]);
    const own = succeeded(await call("POST", GROUPS, ann, { name: "y", roles: ["user"] }));
    expect(refusal(await call("PUT", `${GROUPS}/${own.id}`, ann, { roles: [logReader] }))).toEqual([403, "grant-too-wide"]);
    const above = await group(made, "readers of the log", [logReader], []);
    for (const [method, body] of [["PUT", { members: [bob.id] }], ["PUT", { roles: [] }], ["PUT", { name: "z" }], ["DELETE"]] as const)
      expect(refusal(await call(method, `${GROUPS}/${above.id}`, ann, body))).toEqual([403, "grant-too-wide"]);
  });

  it("of a token's making gives no more than the token has", async () => {
    const made = await deployment();
    const bob = await member(made, "none");
    const maker = await token(made, { orgCapabilities: { rbac: ["create"], users: ["read"] } });
    expect(refusal(await call("POST", GROUPS, maker, { name: "x", roles: ["read-only"], members: [bob.id] }))).toEqual([
      403,
      "grant-too-wide",
    ]);
    const reader = await role(made, "reader", { orgCapabilities: { users: ["read"] } });
    succeeded(await call("POST", GROUPS, maker, { name: "x", roles: [reader.id], members: [bob.id] }));
  });

  it("does not get a role that is made wider at the same moment", async () => {
    const made = await deployment();
    const bob = await member(made, "none");
    const maker = await token(made, { orgCapabilities: { rbac: ["create"], users: ["read"] } });
    const reader = await role(made, "reader", { orgCapabilities: { users: ["read"] } });
    const DB = new Proxy(env.DB, {
      get(target, property) {
        if (property !== "batch") return Reflect.get(target, property).bind(target);
        return async (statements: D1PreparedStatement[]) => {
          succeeded(await call("PUT", `/v2/rbac/roles/${reader.id}`, made.owner, { orgCapabilities: { users: ["delete"] } }));
          return target.batch(statements);
        };
      },
    });
    const reply = await call("POST", GROUPS, maker, { name: "x", roles: [reader.id], members: [bob.id] }, { instead: { DB } });
    expect(refusal(reply)).toEqual([409, "conflict"]);
    expect(succeeded(await call("GET", GROUPS, made.owner))).toEqual([]);
  });

  it("holds no role of owners or administrators, who may do what no capability says", async () => {
    const made = await deployment();
    for (const role of ["owner", "admin"])
      expect(refusal(await call("POST", GROUPS, made.owner, { name: "x", roles: [role] }))).toEqual([400, "body-invalid"]);
  });
});

describe("a name or description of a role, group or team", () => {
  const rightsOf = ({ org }: { org: string }) => env.DB.prepare("SELECT rights FROM orgs WHERE id = ?").bind(org).first<number>("rights");

  it("changes without stopping the changes of others, as what decides rights does not", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const [bob, eve] = [await member(made, "user"), await member(made, "user", "Eve")];
    const paths = {
      team: `/v2/teams/${(await team(made, "web", [bob], ["web"])).id}`,
      group: `${GROUPS}/${(await group(made, "readers", ["read-only"], [bob])).id}`,
      role: `/v2/rbac/roles/${(await role(made, "reader", { orgCapabilities: { users: ["read"] } })).id}`,
    };
    const before = await rightsOf(made);
    succeeded(await call("PUT", paths.team, bob, { description: "1" }));
    succeeded(await call("PUT", paths.team, bob, { name: "webs", datasets: ["web"] }));
    succeeded(await call("PUT", paths.group, made.owner, { name: "others", description: "1", members: [bob.id], roles: ["read-only"] }));
    const capabilities = { orgCapabilities: { users: ["read"] } };
    succeeded(await call("PUT", paths.role, made.owner, { name: "other", description: "1", ...capabilities }));
    expect(await rightsOf(made)).toBe(before);

    succeeded(await call("PUT", paths.team, bob, { datasets: [] }));
    succeeded(await call("POST", `${paths.team}/members`, bob, { user: eve.id }));
    succeeded(await call("POST", `${paths.team}/members`, bob, { user: eve.id, owner: true }));
    succeeded(await call("PUT", paths.group, made.owner, { roles: [] }));
    succeeded(await call("PUT", paths.group, made.owner, { members: [] }));
    succeeded(await call("PUT", paths.role, made.owner, { orgCapabilities: { users: ["read", "update"] } }));
    expect(await rightsOf(made)).toBe((before ?? 0) + 6);
  });

  it.each(["role", "group", "team"])("belongs to one %s alone, although two ask for it at the same moment", async (kind) => {
    const made = await deployment();
    const path = kind === "team" ? "/v2/teams" : `/v2/rbac/${kind}s`;
    const more = kind === "role" ? { orgCapabilities: { users: ["read"] } } : {};
    const ids: string[] = [];
    for (const name of ["a", "b"]) ids.push(succeeded(await call("POST", path, made.owner, { name, ...more })).id);
    // the name is free when it is looked for, and taken when the change is committed
    const DB = new Proxy(env.DB, {
      get: (db, member) =>
        member === "batch"
          ? async (statements: D1PreparedStatement[]) => {
              await db.prepare(`UPDATE ${kind}s SET name = 'c' WHERE id = ?`).bind(ids[1]).run();
              return db.batch(statements);
            }
          : db[member as keyof D1Database].bind(db),
    });
    expect(refusal(await call("PUT", `${path}/${ids[0]}`, made.owner, { name: "c" }, { instead: { DB } }))).toEqual([409, "conflict"]);
    await env.DB.prepare(`UPDATE ${kind}s SET name = 'd' WHERE id = ?`).bind(ids[1]).run();
    expect(refusal(await call("POST", path, made.owner, { name: "c", ...more }, { instead: { DB } }))).toEqual([409, "conflict"]);
  });
});
