import { describe, expect, it } from "vitest";
import { type Answer, type Credential, call, deployment, env, type Reply, reasonOf, succeeded, token } from "../client.ts";
import { ALL_THERE_IS, credentials, customRole, justBefore, membersOf, person, rowsOf, teamOf } from "./person.ts";

const refusal = (reply: Reply<Answer>) => [reply.status, reasonOf(reply)];
const EVE = { name: "Eve", email: "eve@acme.example", role: "user" };

describe("49: what somebody may do bounds what they may do to others", () => {
  it.each([
    ["admin", "owner", "the role owner exceeds"],
    ["admin", "admin", null],
    ["admin", "none", null],
  ])("an %s gives the role %s", async (role, given, excess) => {
    const made = await deployment();
    const caller = await person(made, role, "Caller");
    const bob = await person(made, "user", "Bob");
    for (const reply of [
      await call("POST", "/v2/users", caller.personal, { ...EVE, role: given }),
      await call("PUT", `/v2/users/${bob.id}/role`, caller.session, { role: given }),
    ]) {
      if (excess === null) expect(reply.status).toBe(200);
      else {
        expect(refusal(reply)).toEqual([403, "grant-too-wide"]);
        expect(reply.body.message).toContain(excess);
      }
    }
    const roles = (await membersOf(made.owner)).map((member) => member.role.id);
    expect(roles.filter((one) => one === "owner")).toHaveLength(1);
  });

  it("an Admin does nothing to an Owner", async () => {
    const made = await deployment();
    const { personal, session: signedIn } = await person(made, "admin");
    const second = await person(made, "owner", "Second");
    for (const credential of [personal, signedIn]) {
      for (const [method, path, body] of [
        ["PUT", "", { name: "Nobody" }],
        ["PUT", "/role", { role: "none" }],
        ["POST", "/disable", undefined],
        ["POST", "/invitation", undefined],
        ["DELETE", "", undefined],
      ] as const)
        expect(refusal(await call(method, `/v2/users/${second.id}${path}`, credential, body))).toEqual([403, "grant-too-wide"]);
    }
    expect((await call("GET", "/v2/user", second.personal)).status).toBe(200);
  });

  it("a custom role that may update users lifts nobody above itself, and touches no Admin", async () => {
    const made = await deployment();
    const helper = await person(made, await customRole(made, "Helpers", ["users:read", "users:update", "users:delete"]), "Helper");
    const admin = await person(made, "admin");
    const nobody = await person(made, "none", "Nobody");
    expect(refusal(await call("PUT", `/v2/users/${helper.id}/role`, helper.session, { role: "admin" }))).toEqual([403, "grant-too-wide"]);
    expect(refusal(await call("PUT", `/v2/users/${nobody.id}/role`, helper.session, { role: "user" }))).toEqual([403, "grant-too-wide"]);
    expect(refusal(await call("PUT", `/v2/users/${admin.id}/role`, helper.session, { role: "none" }))).toEqual([403, "grant-too-wide"]);
    expect(refusal(await call("DELETE", `/v2/users/${admin.id}`, helper.session))).toEqual([403, "grant-too-wide"]);
    expect((await call("DELETE", `/v2/users/${nobody.id}`, helper.session)).status).toBe(204);
  });

  it("counts what groups add to a person", async () => {
    const made = await deployment();
    const admin = await person(made, "admin");
    const bob = await person(made, "user", "Bob");
    const auditors = await customRole(made, "Auditors", ["auditLog:read"]);
    await env.DB.batch([
      env.DB.prepare("INSERT INTO groups (id, org, name, description, created_at, ver, change_id) VALUES ('g', ?, 'g', '', 0, 1, '')").bind(
        made.org,
      ),
      env.DB.prepare("INSERT INTO group_roles (group_id, role) VALUES ('g', ?)").bind(auditors),
      env.DB.prepare("INSERT INTO group_members (group_id, user_id) VALUES ('g', ?)").bind(bob.id),
    ]);
    expect(refusal(await call("DELETE", `/v2/users/${bob.id}`, admin.session))).toEqual([403, "grant-too-wide"]);
  });

  it("an API token gives no role above itself, and acts upon nobody who may do more", async () => {
    const made = await deployment();
    const bob = await person(made, "user", "Bob");
    const narrow = await token(made, { orgCapabilities: { users: ["create", "update", "delete"] } });
    expect(refusal(await call("POST", "/v2/users", narrow, EVE))).toEqual([403, "grant-too-wide"]);
    expect(refusal(await call("PUT", `/v2/users/${bob.id}/role`, narrow, { role: "none" }))).toEqual([403, "grant-too-wide"]);
    expect(refusal(await call("DELETE", `/v2/users/${bob.id}`, narrow))).toEqual([403, "grant-too-wide"]);
    expect((await call("POST", "/v2/users", narrow, { ...EVE, role: "none" })).status).toBe(200);
    const wide = await token(made, ALL_THERE_IS);
    expect((await call("PUT", `/v2/users/${bob.id}/role`, wide, { role: "read-only" })).status).toBe(200);
    // administrators and owners may do what no capability says
    for (const role of ["admin", "owner"])
      expect(refusal(await call("PUT", `/v2/users/${bob.id}/role`, wide, { role }))).toEqual([403, "grant-too-wide"]);
  });

  it("a User in a team gives no role that sees everything", async () => {
    const made = await deployment();
    const inviter = await customRole(made, "Inviters", ["users:create"], { "*": ["query:read"] });
    const bob = await person(made, inviter, "Bob");
    expect((await call("POST", "/v2/users", bob.personal, { ...EVE, role: inviter })).status).toBe(200);
    await teamOf(made.org, bob.id);
    const reply = await call("POST", "/v2/users", bob.personal, { ...EVE, email: "adam@acme.example", role: inviter });
    expect(refusal(reply)).toEqual([403, "grant-too-wide"]);
  });
});

describe("50: between the look and the commit", () => {
  const ownerBecomes = (role: string) =>
    env.DB.batch([
      env.DB.prepare("UPDATE members SET role = ?, ver = ver + 1 WHERE role = 'owner'").bind(role),
      env.DB.prepare("UPDATE orgs SET rights = rights + 1"),
    ]);

  it("a caller who was demoted makes no user", async () => {
    const made = await deployment();
    const DB = justBefore(() => ownerBecomes("admin"));
    expect(refusal(await call("POST", "/v2/users", made.owner, EVE, { instead: { DB } }))).toEqual([409, "conflict"]);
    expect(await rowsOf("SELECT * FROM users WHERE email = ?", EVE.email)).toEqual([]);
    expect(await rowsOf("SELECT * FROM invitations")).toEqual([]);
  });

  it("a caller who was demoted invites nobody, and changes no role", async () => {
    const made = await deployment();
    const eve = succeeded(await call("POST", "/v2/users", made.owner, EVE));
    const invitations = await rowsOf("SELECT * FROM invitations");
    // of an owner as the target, nothing is looked up in a batch before the commit
    await env.DB.prepare("UPDATE members SET role = 'owner' WHERE user_id = ?").bind(eve.id).run();
    const demoted = () => env.DB.prepare("UPDATE members SET role = 'user', ver = ver + 1 WHERE user_id = ?").bind(made.user.id).run();
    const instead = { DB: justBefore(demoted) };
    expect(refusal(await call("POST", `/v2/users/${eve.id}/invitation`, made.owner, undefined, { instead }))).toEqual([409, "conflict"]);
    expect(await rowsOf("SELECT * FROM invitations")).toEqual(invitations);
    await env.DB.prepare("UPDATE members SET role = 'owner' WHERE user_id = ?").bind(made.user.id).run();
    expect(refusal(await call("PUT", `/v2/users/${eve.id}/role`, made.owner, { role: "user" }, { instead }))).toEqual([409, "conflict"]);
    expect(await rowsOf("SELECT role FROM members WHERE user_id = ?", eve.id)).toEqual([{ role: "owner" }]);
  });

  it("a target who was promoted is not acted upon by a token that could not have", async () => {
    const made = await deployment();
    const narrow = await token(made, { orgCapabilities: { users: ["delete"] } });
    const nobody = await person(made, "none", "Nobody");
    let looks = 0;
    // the first batch looks up what the target may do, the second is the commit
    const DB = justBefore(async () => {
      looks += 1;
      if (looks < 2) return;
      await env.DB.prepare("UPDATE members SET role = 'admin', ver = ver + 1 WHERE user_id = ?").bind(nobody.id).run();
    });
    expect(refusal(await call("DELETE", `/v2/users/${nobody.id}`, narrow, undefined, { instead: { DB } }))).toEqual([409, "conflict"]);
    expect(looks).toBe(2);
    expect((await call("GET", "/v2/user", nobody.personal)).status).toBe(200);
  });
});

describe("51: the last owner", () => {
  it.each(["role", "disable", "delete"])("stays: %s", async (what) => {
    const made = await deployment();
    await person(made, "admin");
    const path = `/v2/users/${made.user.id}`;
    const reply =
      what === "role"
        ? await call("PUT", `${path}/role`, made.session, { role: "admin" })
        : what === "disable"
          ? await call("POST", `${path}/disable`, made.session)
          : await call("DELETE", path, made.session);
    expect(refusal(reply)).toEqual([409, "conflict"]);
    expect(reply.body.message).toContain("last owner");
    expect(succeeded(await call("GET", "/v2/user", made.owner))).toMatchObject({ role: { id: "owner" } });
  });

  it.each(["role", "disable", "delete"])("is one of two who go at the same moment: %s", async (what) => {
    const made = await deployment();
    const second = await person(made, "owner", "Second");
    const go = (id: string, self: Credential) =>
      what === "role"
        ? call("PUT", `/v2/users/${id}/role`, self, { role: "admin" })
        : what === "disable"
          ? call("POST", `/v2/users/${id}/disable`, self)
          : call("DELETE", `/v2/users/${id}`, self);
    const replies = await Promise.all([go(made.user.id, made.owner), go(second.id, second.personal)]);
    expect(replies.map(({ status }) => (status < 300 ? "done" : status)).sort()).toEqual([409, "done"]);
    const left = await rowsOf("SELECT u.id FROM members m JOIN users u ON u.id = m.user_id WHERE m.role = 'owner' AND u.status = 'active'");
    expect(left).toHaveLength(1);
  });

  it.each(["role", "disable", "delete"])("is who is left when the other is disabled between the look and the commit: %s", async (what) => {
    const made = await deployment();
    const second = await person(made, "owner", "Second");
    // leaves no trace in what the change compares: the guard alone decides
    const DB = justBefore(() => env.DB.prepare("UPDATE users SET status = 'disabled' WHERE id = ?").bind(second.id).run());
    const path = `/v2/users/${made.user.id}`;
    const instead = { DB };
    const reply =
      what === "role"
        ? await call("PUT", `${path}/role`, made.owner, { role: "admin" }, { instead })
        : what === "disable"
          ? await call("POST", `${path}/disable`, made.owner, undefined, { instead })
          : await call("DELETE", path, made.owner, undefined, { instead });
    expect(refusal(reply)).toEqual([409, "conflict"]);
    expect(reply.body.message).toContain("last owner");
    expect(
      await rowsOf("SELECT u.status FROM members m JOIN users u ON u.id = m.user_id WHERE u.id = ? AND m.role = 'owner'", made.user.id),
    ).toEqual([{ status: "active" }]);
  });

  it("is one of two who demote each other", async () => {
    const made = await deployment();
    const second = await person(made, "owner", "Second");
    const replies = await Promise.all([
      call("PUT", `/v2/users/${second.id}/role`, made.session, { role: "user" }),
      call("PUT", `/v2/users/${made.user.id}/role`, second.session, { role: "user" }),
    ]);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await rowsOf("SELECT 1 FROM members WHERE role = 'owner'")).toHaveLength(1);
  });

  it("is whoever can act: one who was invited and never came, or is disabled, does not count", async () => {
    const made = await deployment();
    const invited = succeeded(await call("POST", "/v2/users", made.owner, { ...EVE, role: "owner" }));
    const leave = () => call("DELETE", `/v2/users/${made.user.id}`, made.session);
    expect(refusal(await leave())).toEqual([409, "conflict"]);
    await credentials(made.org, invited.id);
    succeeded(await call("POST", `/v2/users/${invited.id}/disable`, made.session));
    expect(refusal(await leave())).toEqual([409, "conflict"]);
    succeeded(await call("POST", `/v2/users/${invited.id}/enable`, made.session));
    expect((await leave()).status).toBe(204);
  });

  it("of another organisation can be disabled and not deleted", async () => {
    const made = await deployment();
    const founder = await person(made, "owner", "Founder");
    const other = succeeded(await call("POST", "/v2/orgs", founder.session, { name: "Other" }));
    const reply = await call("DELETE", `/v2/users/${founder.id}`, made.session);
    expect(refusal(reply)).toEqual([409, "conflict"]);
    expect(reply.body.message).toContain("another organisation");
    succeeded(await call("POST", `/v2/users/${founder.id}/disable`, made.session));
    expect(refusal(await call("GET", "/v2/datasets", { ...founder.personal, org: other.id }))).toEqual([401, "token-disabled"]);
  });
});
