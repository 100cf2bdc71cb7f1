import { describe, expect, it } from "vitest";
import { digestOf } from "../../../src/access/token.ts";
import { type Change, commit, happened } from "../../../src/management/change.ts";
import { acceptInvitation, findInvitation, INVITATION_MS, openInvitationFor } from "../../../src/management/people/invitations.ts";
import {
  type Answer,
  auditRows,
  call,
  type Deployment,
  deployment,
  env,
  type Reply,
  reasonOf,
  SETUP,
  secondOrganisation,
  succeeded,
} from "../client.ts";
import { describeResource } from "../describe-resource.ts";
import { identity, person, rowsOf, session } from "./person.ts";

const refusal = (reply: Reply<Answer>) => [reply.status, reasonOf(reply)];
const EVE = { name: "Eve", email: "eve@acme.example", role: "user" };

async function invited({ owner }: Deployment): Promise<{ user: string; url: string; token: string }> {
  const { id } = succeeded(await call("POST", "/v2/users", owner, EVE));
  const link = succeeded(await call("POST", `/v2/users/${id}/invitation`, owner));
  return { user: id, url: String(link["url"]), token: link.token };
}

const open = async ({ owner }: Deployment) => succeeded(await call<Answer[]>("GET", "/v2/invitations", owner));

describeResource({
  name: "invitations",
  routes: [
    { method: "GET", path: "/v2/invitations", capability: "users:read" },
    { method: "DELETE", path: "/v2/invitations/:id", capability: "users:create", action: "invitation.delete" },
  ],
  make: async (made) => {
    await invited(made);
    return (await open(made))[0]?.id ?? "";
  },
});

describeResource({
  name: "links of invitations",
  routes: [
    { method: "POST", path: "/v2/users/:id/invitation", by: "personal", capability: "users:create", action: "invitation.create" },
    {
      method: "POST",
      path: "/v2/users/invite",
      by: "personal",
      capability: "users:create",
      body: { users: [{ ...EVE, email: "adam@acme.example" }] },
      action: "user.create",
    },
  ],
  make: async (made) => (await invited(made)).user,
});

describe("an invitation", () => {
  it("is open for seven days from the moment a user is made, and its secret is nobody's", async () => {
    const made = await deployment();
    const before = Date.now();
    const { id } = succeeded(await call("POST", "/v2/users", made.owner, EVE));
    const [invitation] = await open(made);
    expect(invitation).toEqual({
      id: expect.any(String),
      user: { id, name: EVE.name, email: EVE.email },
      createdBy: made.user.id,
      createdAt: expect.stringMatching(/Z$/),
      expiresAt: expect.stringMatching(/Z$/),
    });
    const end = Date.parse(String(invitation?.expiresAt));
    expect(end - before).toBeGreaterThanOrEqual(INVITATION_MS);
    expect(end - Date.now()).toBeLessThanOrEqual(INVITATION_MS);
  });

  it("has a link that is shown once and kept as a digest", async () => {
    const made = await deployment();
    const { user, url, token } = await invited(made);
    expect(token).toMatch(/^xain-[\w-]{43}$/);
    expect(url).toBe(`https://management.example.com/auth/invitations/${token}`);
    const stored = JSON.stringify([await rowsOf("SELECT * FROM invitations"), await auditRows(), await open(made)]);
    expect(stored).not.toContain(token);
    expect(stored).not.toContain(token.slice(5));
    expect(stored).toContain(digestOf(token));
    expect(JSON.stringify(await open(made))).not.toContain(digestOf(token));
    expect(await findInvitation(env.DB, null, digestOf(token), Date.now())).toMatchObject({ org: made.org, user: { id: user } });
  });

  it("ends when there is a newer link, or when it is revoked", async () => {
    const made = await deployment();
    const first = await invited(made);
    const found = (token: string) => findInvitation(env.DB, made.org, digestOf(token), Date.now());
    const second = succeeded(await call("POST", `/v2/users/${first.user}/invitation`, made.owner));
    expect(await found(first.token)).toBeNull();
    const invitation = await found(second.token);
    expect(await open(made)).toMatchObject([{ id: invitation?.id }]);
    expect((await call("DELETE", `/v2/invitations/${invitation?.id}`, made.owner)).status).toBe(204);
    expect(await found(second.token)).toBeNull();
    expect(await open(made)).toEqual([]);
    expect((await call("DELETE", `/v2/invitations/${invitation?.id}`, made.owner)).status).toBe(404);
  });

  it.each<[string, (made: Deployment, user: string) => Promise<unknown>]>([
    ["the user is disabled", (made, user) => call("POST", `/v2/users/${user}/disable`, made.owner)],
    ["the user is deleted", (made, user) => call("DELETE", `/v2/users/${user}`, made.owner)],
    ["the organisation is suspended", (made) => call("PUT", `/v2/setup/orgs/${made.org}/status`, SETUP, { status: "suspended" })],
  ])("is none while %s", async (_, event) => {
    const made = await deployment();
    const { user, token } = await invited(made);
    const invitation = await findInvitation(env.DB, made.org, digestOf(token), Date.now());
    await event(made, user);
    expect(await findInvitation(env.DB, made.org, digestOf(token), Date.now())).toBeNull();
    expect(await openInvitationFor(env.DB, made.org, EVE.email, Date.now())).toBeNull();
    const change = changeBy(made, user);
    expect((await acceptInvitation(env.DB, invitation?.id ?? "", change).run()).meta.changes).toBe(0);
  });

  it("is for its own organisation and its own time", async () => {
    const made = await deployment();
    const { token } = await invited(made);
    const now = Date.now();
    expect(await findInvitation(env.DB, "of-others", digestOf(token), now)).toBeNull();
    expect(await openInvitationFor(env.DB, "of-others", EVE.email, now)).toBeNull();
    expect(await openInvitationFor(env.DB, made.org, "adam@acme.example", now)).toBeNull();
    expect(await openInvitationFor(env.DB, made.org, EVE.email.toUpperCase(), now)).toMatchObject({ user: { email: EVE.email } });
    const end = (await findInvitation(env.DB, null, digestOf(token), now))?.expiresAt ?? 0;
    expect(await findInvitation(env.DB, null, digestOf(token), end - 1)).not.toBeNull();
    expect(await findInvitation(env.DB, null, digestOf(token), end)).toBeNull();
    expect(await openInvitationFor(env.DB, made.org, EVE.email, end)).toBeNull();
  });

  it("is accepted once, by one of several at once", async () => {
    const made = await deployment();
    const { user, token } = await invited(made);
    const invitation = await findInvitation(env.DB, made.org, digestOf(token), Date.now());
    const trace = { table: "invitations", id: invitation?.id ?? "" } as const;
    const accept = () => {
      const change = changeBy(made, user);
      const then = happened(trace, change);
      const come = env.DB.prepare(
        `INSERT INTO identities (id, org, issuer, subject, user_id, provider, created_at, last_used_at, change_id)
        SELECT ?, ?, 'https://idp.example', ?, ?, 'p', 0, 0, ? WHERE ${then.sql}`,
      ).bind(change.id, made.org, change.id, user, change.id, ...then.values);
      return commit(env.DB, change, [acceptInvitation(env.DB, trace.id, change), come], trace);
    };
    expect((await Promise.all([accept(), accept(), accept()])).filter(Boolean)).toHaveLength(1);
    expect(await rowsOf("SELECT user_id FROM identities")).toEqual([{ user_id: user }]);
    expect(await findInvitation(env.DB, made.org, digestOf(token), Date.now())).toBeNull();
    expect(await openInvitationFor(env.DB, made.org, EVE.email, Date.now())).toBeNull();
    expect(await open(made)).toEqual([]);
  });

  it("to an account that somebody uses takes a fresh sign-in, whoever asks", async () => {
    const made = await deployment();
    const bob = await person(made, "user", "Bob");
    for (const user of [bob.id, made.user.id]) {
      const path = `/v2/users/${user}/invitation`;
      expect(refusal(await call("POST", path, made.owner))).toEqual([403, "sign-in-required"]);
      const old = await session(made.org, made.user.id, Date.now() - 901_000);
      expect(refusal(await call("POST", path, old))).toEqual([403, "sign-in-required"]);
      expect(succeeded(await call("POST", path, made.session)).token).toMatch(/^xain-/);
    }
  });

  it("by an address never finds somebody who has an identity", async () => {
    const made = await deployment();
    const bob = await person(made, "user", "Bob");
    await identity(made.org, bob.id);
    const { token } = succeeded(await call("POST", `/v2/users/${bob.id}/invitation`, made.session));
    expect(await openInvitationFor(env.DB, made.org, bob.email, Date.now())).toBeNull();
    expect(await findInvitation(env.DB, made.org, digestOf(token), Date.now())).not.toBeNull();
  });
});

describe("a group", () => {
  it("is invited one by one: what is wrong with one is told beside it", async () => {
    const made = await deployment();
    const admin = await person(made, "admin");
    const users = [
      EVE,
      { ...EVE, name: "Twin" },
      { ...EVE, email: "no address" },
      { ...EVE, email: "boss@acme.example", role: "owner" },
      { ...EVE, email: "typo@acme.example", role: "usr" },
      "eve@acme.example",
      { name: "Adam", email: "adam@acme.example", role: "read-only" },
    ];
    const { body } = await call("POST", "/v2/users/invite", admin.personal, { users });
    const refused = (code: number, reason: string) => ({
      error: { code, type: `urn:headgate:problem:${reason}`, message: expect.any(String) },
    });
    expect(body["results"]).toEqual([
      {
        user: expect.objectContaining({ email: EVE.email }),
        invitation: expect.objectContaining({ token: expect.stringMatching(/^xain-/) }),
      },
      refused(409, "entity-exists"),
      refused(400, "body-invalid"),
      refused(403, "grant-too-wide"),
      refused(400, "body-invalid"),
      refused(400, "body-invalid"),
      {
        user: expect.objectContaining({ name: "Adam" }),
        invitation: expect.objectContaining({ url: expect.stringContaining("/auth/invitations/xain-") }),
      },
    ]);
    const [first] = body["results"] as { invitation: { token: string } }[];
    expect(await findInvitation(env.DB, made.org, digestOf(first?.invitation.token ?? ""), Date.now())).toMatchObject({
      user: { email: EVE.email },
    });
    expect((await auditRows()).filter(({ action, actor_id }) => action === "user.create" && actor_id === admin.id)).toHaveLength(2);
    expect(JSON.stringify(await auditRows())).not.toContain("xain-");
  });

  it.each([0, 101])("of %i is refused whole", async (size) => {
    const made = await deployment();
    const users = Array.from({ length: size }, (_, n) => ({ ...EVE, email: `eve${n}@acme.example` }));
    expect(refusal(await call("POST", "/v2/users/invite", made.owner, { users }))).toEqual([400, "body-invalid"]);
    expect(await open(made)).toEqual([]);
  });
});

describe("36: people of another organisation", () => {
  it.each([
    ["GET", "/v2/users/:user"],
    ["GET", "/v2/users/:user/details"],
    ["PUT", "/v2/users/:user", { name: "Nobody" }],
    ["PUT", "/v2/users/:user/role", { role: "none" }],
    ["POST", "/v2/users/:user/disable"],
    ["POST", "/v2/users/:user/enable"],
    ["POST", "/v2/users/:user/invitation"],
    ["DELETE", "/v2/users/:user"],
    ["DELETE", "/v2/invitations/:invitation"],
  ])("are as unknown as those that do not exist: %s %s", async (method, path, body?: Record<string, string>) => {
    const made = await deployment();
    const { user } = await invited(made);
    const [invitation] = await open(made);
    const other = await secondOrganisation(made);
    const send = (userId: string, invitationId: string) =>
      call(method, path.replace(":user", userId).replace(":invitation", invitationId), other, body);
    const [theirs, nobodys] = [await send(user, invitation?.id ?? ""), await send("n".repeat(36), "n".repeat(36))];
    expect([theirs.status, reasonOf(theirs)]).toEqual([404, "resource-unknown"]);
    const without = ({ body: answer }: Reply<Answer>, ids: string[]) =>
      ids.reduce((text, id) => text.replaceAll(id, "…"), JSON.stringify(answer));
    expect(without(theirs, [user, invitation?.id ?? ""])).toBe(without(nobodys, ["n".repeat(36)]));
    expect((await call("GET", `/v2/users/${user}`, made.owner)).body).toMatchObject({ name: EVE.name, role: { id: "user" } });
    expect(await open(made)).toHaveLength(1);
  });

  it("are in no list", async () => {
    const made = await deployment();
    await invited(made);
    const other = await secondOrganisation(made);
    expect(succeeded(await call<Answer[]>("GET", "/v2/users", other))).toMatchObject([{ id: made.user.id }]);
    expect(succeeded(await call<Answer[]>("GET", "/v2/invitations", other))).toEqual([]);
  });
});

function changeBy(made: Deployment, user: string): Change {
  const id = crypto.randomUUID().replaceAll("-", "");
  return {
    id,
    at: Date.now(),
    org: made.org,
    actor: { kind: "user", id: user, name: "Eve" },
    action: "invitation.accept",
    target: user,
    detail: {},
    origin: null,
  };
}
