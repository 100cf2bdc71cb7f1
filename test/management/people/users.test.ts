import { describe, expect, it } from "vitest";
import {
  type Answer,
  auditRows,
  call,
  deployment,
  MAY_ALL,
  type Reply,
  reasonOf,
  secondOrganisation,
  succeeded,
  token,
} from "../client.ts";
import { describeResource } from "../describe-resource.ts";
import { customRole, membersOf, person, rowsOf, session, teamOf } from "./person.ts";

const refusal = (reply: Reply<Answer>) => [reply.status, reasonOf(reply)];
const EVE = { name: "Eve", email: "eve@acme.example", role: "user" };
describeResource({
  name: "users",
  routes: [
    { method: "GET", path: "/v2/users", capability: "users:read" },
    { method: "POST", path: "/v2/users", capability: "users:create", body: EVE, action: "user.create" },
    { method: "GET", path: "/v2/users/:id", capability: "users:read" },
    { method: "PUT", path: "/v2/users/:id", capability: "users:update", body: { name: "New" }, action: "user.update" },
    { method: "PUT", path: "/v2/users/:id/role", capability: "users:update", body: { role: "admin" }, action: "user.role" },
    { method: "POST", path: "/v2/users/:id/disable", capability: "users:update", action: "user.disable" },
    { method: "DELETE", path: "/v2/users/:id", capability: "users:delete", action: "user.delete" },
  ],
  make: async (made) => (await person(made, "user", "Bob")).id,
});

describeResource({
  name: "disabled users",
  routes: [{ method: "POST", path: "/v2/users/:id/enable", capability: "users:update", action: "user.enable" }],
  make: async (made) => {
    const { id } = await person(made, "user", "Bob");
    succeeded(await call("POST", `/v2/users/${id}/disable`, made.owner));
    return id;
  },
});

describeResource({
  name: "details of a user",
  kind: "personal",
  routes: [{ method: "GET", path: "/v2/users/:id/details", capability: null }],
  make: async (made) => (await person(made, "user", "Bob")).id,
});

describe("a user", () => {
  it("is the same when made, got and listed, in the four members that Axiom's clients know", async () => {
    const made = await deployment();
    const created = succeeded(await call("POST", "/v2/users", made.owner, EVE));
    expect(created).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: "Eve",
      email: EVE.email,
      role: { id: "user", name: "User" },
    });
    expect(succeeded(await call("GET", `/v2/users/${created.id}`, made.owner))).toEqual(created);
    expect(await membersOf(made.owner)).toEqual([{ ...made.user, role: { id: "owner", name: "Owner" } }, created]);
  });

  it("has a custom role by its id and name", async () => {
    const made = await deployment();
    const role = await customRole(made, "Auditors", ["auditLog:read"]);
    const { id, personal } = await person(made, role, "Bob");
    const seen = { role: { id: role, name: "Auditors" } };
    expect(succeeded(await call("GET", `/v2/users/${id}`, made.owner))).toMatchObject(seen);
    expect(succeeded(await call("GET", "/v2/user", personal))).toMatchObject(seen);
    expect((await call("GET", "/v1/user", personal)).body["permissions"]).toEqual(["auditLog:read"]);
  });

  it("has an address that nobody else in the organisation has, in any case", async () => {
    const made = await deployment();
    for (const email of [made.user.email, made.user.email.toUpperCase()])
      expect(refusal(await call("POST", "/v2/users", made.owner, { ...EVE, email }))).toEqual([409, "entity-exists"]);
    const both = await Promise.all([1, 2].map(() => call("POST", "/v2/users", made.owner, EVE)));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    // a founder whose account was made elsewhere counts, too
    const other = await secondOrganisation(made);
    expect(refusal(await call("POST", "/v2/users", other, { ...EVE, email: made.user.email }))).toEqual([409, "entity-exists"]);
    expect((await call("POST", "/v2/users", other, EVE)).status).toBe(200);
  });

  it.each([
    ["an address without @", { ...EVE, email: "eve" }],
    ["a control character in the address", { ...EVE, email: "eve\u0000@acme.example" }],
    ["a line break in the name", { ...EVE, name: "Eve\nAda" }],
    ["a role that does not exist", { ...EVE, role: "superuser" }],
    ["no role", { name: "Eve", email: EVE.email }],
    ["an id of one's own choice", { ...EVE, id: "eve" }],
  ])("is not made with %s", async (_, request) => {
    const made = await deployment();
    expect(refusal(await call("POST", "/v2/users", made.owner, request))).toEqual([400, "body-invalid"]);
    expect(await membersOf(made.owner)).toHaveLength(1);
  });

  it("is made by many at once, as Terraform does", async () => {
    const made = await deployment();
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, n) => call("POST", "/v2/users", made.owner, { ...EVE, email: `eve${n}@acme.example` })),
    );
    expect(replies.map(({ status }) => status)).toEqual(Array(8).fill(200));
  });

  it("is renamed by whoever may, and by themselves", async () => {
    const made = await deployment();
    const { id, personal } = await person(made, "read-only", "Bob");
    expect(succeeded(await call("PUT", `/v2/users/${id}`, made.owner, { name: "Robert" }))).toMatchObject({ name: "Robert" });
    expect(refusal(await call("PUT", `/v2/users/${id}`, personal, { name: "Bobby" }))).toEqual([403, "forbidden"]);
    expect(succeeded(await call("PUT", "/v2/user", { token: personal.token }, { name: "Bobby" }))).toMatchObject({ id, name: "Bobby" });
    expect((await auditRows()).at(-1)).toMatchObject({ action: "user.update", actor_id: id, target: id });
    expect(JSON.parse((await auditRows()).at(-1)?.detail ?? "")).toEqual({ before: { name: "Robert" }, after: { name: "Bobby" } });
  });

  it("is told to administrators in full, and to nobody else", async () => {
    const made = await deployment();
    const bob = await person(made, "user", "Bob");
    const details = succeeded(await call("GET", `/v2/users/${bob.id}/details`, (await person(made, "admin")).personal));
    expect(details).toMatchObject({
      ...{ id: bob.id, name: "Bob", email: bob.email, role: { id: "user", name: "User" }, status: "active", home: made.org },
      createdBy: { actor: { kind: "user", id: made.user.id }, credential: { kind: "personal" } },
      lastSignInAt: expect.stringMatching(/Z$/),
      invitation: { expiresAt: expect.stringMatching(/Z$/) },
    });
    expect(refusal(await call("GET", `/v2/users/${bob.id}/details`, bob.personal))).toEqual([403, "forbidden"]);
    expect(refusal(await call("GET", `/v2/users/${bob.id}/details`, await token(made, MAY_ALL)))).toEqual([403, "token-kind"]);
    const eve = succeeded(await call("POST", "/v2/users", made.owner, EVE));
    expect((await call("GET", `/v2/users/${eve.id}/details`, made.owner)).body).toMatchObject({ status: "invited", lastSignInAt: null });
  });
});

describe("a role", () => {
  it("counts from the next request on", async () => {
    const made = await deployment();
    const { id, personal } = await person(made, "read-only", "Bob");
    expect(refusal(await call("POST", "/v2/datasets", personal, { name: "web" }))).toEqual([403, "forbidden"]);
    const changed = succeeded(await call("PUT", `/v2/users/${id}/role`, made.session, { role: "user" }));
    expect(changed).toMatchObject({ id, role: { id: "user", name: "User" } });
    expect((await call("POST", "/v2/datasets", personal, { name: "web" })).status).toBe(200);
    const entry = (await auditRows()).filter(({ action }) => action === "user.role").at(-1);
    expect(JSON.parse(entry?.detail ?? "")).toEqual({ before: { role: "read-only" }, after: { role: "user" } });
  });

  it("that somebody has already is no change", async () => {
    const made = await deployment();
    const { id } = await person(made, "user", "Bob");
    const before = (await auditRows()).length;
    expect((await call("PUT", `/v2/users/${id}/role`, made.owner, { role: "user" })).status).toBe(200);
    expect((await auditRows()).length).toBe(before);
  });

  it("takes the teams away from whoever becomes more than a User, and only then", async () => {
    const made = await deployment();
    const { id } = await person(made, "user", "Bob");
    await teamOf(made.org, id);
    const teams = () => rowsOf("SELECT * FROM team_members WHERE user_id = ?", id);
    succeeded(await call("PUT", `/v2/users/${id}/role`, made.owner, { role: "read-only" }));
    expect(await teams()).toHaveLength(1);
    succeeded(await call("PUT", `/v2/users/${id}/role`, made.owner, { role: "admin" }));
    expect(await teams()).toHaveLength(0);
  });

  it.each(["role", "disable", "enable", "delete"])(
    "needs a sign-in of the last quarter of an hour for a session to change it: %s",
    async (what) => {
      const made = await deployment();
      const { id } = await person(made, "user", "Bob");
      const send = (credential: typeof made.owner) =>
        what === "delete"
          ? call("DELETE", `/v2/users/${id}`, credential)
          : call(what === "role" ? "PUT" : "POST", `/v2/users/${id}/${what}`, credential, what === "role" ? { role: "admin" } : undefined);
      const old = await session(made.org, made.user.id, Date.now() - 901_000);
      expect(refusal(await send(old))).toEqual([403, "sign-in-required"]);
      expect((await send(made.session)).status).toBeLessThan(300);
    },
  );
});
