import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  type Answer,
  auditRows,
  call,
  deployment,
  env,
  inKv,
  keyOf,
  MAY_ALL,
  publisherOf,
  type Reply,
  reasonOf,
  succeeded,
  token,
} from "../client.ts";
import { identity, membersOf, person, rowsOf, teamOf } from "./person.ts";

afterEach(() => {
  vi.useRealTimers();
});

const refusal = (reply: Reply<Answer>) => [reply.status, reasonOf(reply)];
const INGEST = { name: "ingest", datasetCapabilities: { "*": { ingest: ["create"] } } };
const gone = (credential: { token: string }) => call("GET", "/v2/user", { token: credential.token });

/** KV takes one write per key and second: a document that was written just now follows by alarm. */
async function allPublished(org: string): Promise<void> {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 5_000 });
  await runDurableObjectAlarm(publisherOf(org));
  vi.useRealTimers();
}

describe("35: a user who is deleted", () => {
  it("can do nothing any more, and can be made anew as somebody else", async () => {
    const made = await deployment();
    const bob = await person(made, "user", "Bob");
    await teamOf(made.org, bob.id);
    await identity(made.org, bob.id);
    await env.DB.batch([
      env.DB.prepare("INSERT INTO group_members (group_id, user_id) SELECT 'g', ?").bind(bob.id),
      env.DB.prepare("INSERT INTO groups (id, org, name, description, created_at, ver, change_id) VALUES ('g', ?, 'g', '', 0, 1, '')").bind(
        made.org,
      ),
    ]);
    expect((await call("DELETE", `/v2/users/${bob.id}`, made.session)).status).toBe(204);

    expect(refusal(await gone(bob.personal))).toEqual([401, "token-revoked"]);
    expect(refusal(await gone(bob.session))).toEqual([401, "token-revoked"]);
    for (const table of ["identities", "team_members", "group_members", "members"])
      expect([table, await rowsOf(`SELECT 1 FROM ${table} WHERE user_id = ?`, bob.id)]).toEqual([table, []]);
    expect(await rowsOf("SELECT 1 FROM invitations WHERE status = 'open'")).toEqual([]);
    expect(await rowsOf("SELECT 1 FROM users WHERE email = ?", bob.email)).toEqual([]);
    expect(await membersOf(made.owner)).toHaveLength(1);
    expect((await call("GET", `/v2/users/${bob.id}`, made.owner)).status).toBe(404);

    const anew = succeeded(await call("POST", "/v2/users", made.owner, { name: "Bob", email: bob.email, role: "user" }));
    expect(anew.id).not.toBe(bob.id);
    expect(refusal(await gone(bob.personal))).toEqual([401, "token-revoked"]);
  });

  it("leaves the organisation's tokens, unless the organisation says otherwise", async () => {
    const made = await deployment();
    const ada = await person(made, "owner", "Second");
    const madeBy = async (credential: typeof made.owner, request: Record<string, unknown> = INGEST) =>
      succeeded(await call("POST", "/v2/tokens", credential, { name: "made", ...request }));
    const kept = await madeBy(ada.personal);
    expect((await call("DELETE", `/v2/users/${ada.id}`, made.owner)).status).toBe(204);
    expect(await inKv(keyOf(kept.token))).toMatchObject({ status: "active" });
    expect((await call("GET", "/v2/datasets", kept)).status).toBe(200);

    succeeded(await call("PUT", `/v2/orgs/${made.org}/settings`, made.owner, { onCreatorRemoved: "revoke" }));
    const bob = await person(made, "owner", "Bob");
    const parent = await madeBy(bob.personal, MAY_ALL);
    const child = await madeBy(parent);
    const grandchild = succeeded(
      await call("POST", `/v2/tokens/${child.id}/regenerate`, parent, {
        existingTokenExpiresAt: new Date(Date.now() + 86_400_000).toISOString(),
      }),
    );
    const ofOthers = await madeBy(made.owner);
    expect((await call("DELETE", `/v2/users/${bob.id}`, made.owner)).status).toBe(204);
    await allPublished(made.org);
    for (const one of [parent, child, grandchild]) {
      expect(await inKv(keyOf(one.token))).toMatchObject({ status: "revoked" });
      expect(refusal(await call("GET", "/v2/datasets", { token: one.token }))).toEqual([401, "token-revoked"]);
    }
    expect(await inKv(keyOf(ofOthers.token))).toMatchObject({ status: "active" });
    expect(await inKv(keyOf(kept.token))).toMatchObject({ status: "active" });
  });

  it("is refused once by everything that was tried at the same moment", async () => {
    const made = await deployment();
    const bob = await person(made, "user", "Bob");
    const replies = await Promise.all([1, 2].map(() => call("DELETE", `/v2/users/${bob.id}`, made.owner)));
    const statuses = replies.map(({ status }) => status).sort();
    expect(statuses[0]).toBe(204);
    expect([404, 409]).toContain(statuses[1]);
    expect((await auditRows()).filter(({ action }) => action === "user.delete")).toHaveLength(1);
  });

  it("leaves what they founded, where there is another owner", async () => {
    const made = await deployment();
    const founder = await person(made, "owner", "Founder");
    const other = succeeded(await call("POST", "/v2/orgs", founder.session, { name: "Other" }));
    const there = { ...founder.personal, org: other.id };
    const heir = succeeded(await call("POST", "/v2/users", there, { name: "Heir", email: "heir@other.example", role: "owner" }));
    succeeded(await call("PUT", `/v2/orgs/${other.id}/settings`, there, { onCreatorRemoved: "revoke" }));
    const token = succeeded(await call("POST", "/v2/tokens", there, INGEST));
    expect((await call("DELETE", `/v2/users/${founder.id}`, made.owner)).status).toBe(409);
    await identity(other.id, heir.id);
    expect((await call("DELETE", `/v2/users/${founder.id}`, made.owner)).status).toBe(204);
    expect(await rowsOf("SELECT user_id FROM members WHERE org = ?", other.id)).toEqual([{ user_id: heir.id }]);
    await allPublished(other.id);
    expect(await inKv(keyOf(token.token))).toMatchObject({ status: "revoked" });
  });

  it("of an organisation that they only founded, keeps the account", async () => {
    const made = await deployment();
    const founder = await person(made, "owner", "Founder");
    const other = succeeded(await call("POST", "/v2/orgs", founder.session, { name: "Other" }));
    const there = { ...founder.personal, org: other.id };
    const path = `/v2/users/${founder.id}`;
    expect(refusal(await call("PUT", path, there, { name: "Nobody" }))).toEqual([403, "forbidden"]);
    expect(refusal(await call("POST", `${path}/disable`, there))).toEqual([403, "forbidden"]);
    expect(refusal(await call("POST", `${path}/invitation`, there))).toEqual([403, "forbidden"]);

    const heir = succeeded(await call("POST", "/v2/users", there, { name: "Heir", email: "heir@other.example", role: "owner" }));
    await identity(other.id, heir.id);
    expect((await call("DELETE", path, there)).status).toBe(204);
    expect(refusal(await call("GET", "/v2/datasets", there))).toEqual([403, "forbidden"]);
    expect((await call("GET", "/v2/datasets", { ...founder.session, org: made.org })).status).toBe(200);
  });
});

describe("54: whoever leaves", () => {
  it("needs nobody's leave, and cannot take anybody along", async () => {
    const made = await deployment();
    const bob = await person(made, "none", "Bob");
    const eve = await person(made, "none", "Eve");
    expect(refusal(await call("DELETE", `/v2/users/${eve.id}`, bob.personal))).toEqual([403, "forbidden"]);
    expect((await call("DELETE", `/v2/users/${bob.id}`, bob.session)).status).toBe(204);
    expect(refusal(await gone(bob.personal))).toEqual([401, "token-revoked"]);
    expect((await gone(eve.personal)).status).toBe(200);
  });
});

describe("a user who is disabled", () => {
  it("can do nothing at once, anywhere, and is back when enabled", async () => {
    const made = await deployment();
    const bob = await person(made, "admin", "Bob");
    const path = `/v2/users/${bob.id}`;
    expect(succeeded(await call("POST", `${path}/disable`, made.session))).toMatchObject({ id: bob.id, name: "Bob" });
    for (const credential of [bob.personal, bob.session]) {
      expect(refusal(await gone(credential))).toEqual([401, "token-disabled"]);
      expect(refusal(await call("GET", "/v2/datasets", credential))).toEqual([401, "token-disabled"]);
    }
    expect((await call("GET", `${path}/details`, made.owner)).body).toMatchObject({ status: "disabled" });
    const before = (await auditRows()).length;
    expect((await call("POST", `${path}/disable`, made.session)).status).toBe(200);
    expect((await auditRows()).length).toBe(before);
    succeeded(await call("POST", `${path}/enable`, made.session));
    expect((await gone(bob.session)).status).toBe(200);
  });

  it("is not brought back by a token that itself ends", async () => {
    const made = await deployment();
    const bob = await person(made, "admin", "Bob");
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const { token: secret } = succeeded(await call("POST", "/v2/user/tokens", made.session, { name: "ends", expiresAt }));
    const ending = { ...made.owner, token: secret };
    succeeded(await call("POST", `/v2/users/${bob.id}/disable`, ending));
    expect(refusal(await call("POST", `/v2/users/${bob.id}/enable`, ending))).toEqual([403, "grant-too-wide"]);
    expect(refusal(await gone(bob.session))).toEqual([401, "token-disabled"]);
  });

  it("is no reason for an API token of theirs to stop", async () => {
    const made = await deployment();
    const bob = await person(made, "admin", "Bob");
    const { token: secret } = await token({ ...made, owner: bob.personal }, INGEST);
    succeeded(await call("POST", `/v2/users/${bob.id}/disable`, made.session));
    expect((await call("GET", "/v2/datasets", { token: secret })).status).toBe(200);
  });
});
