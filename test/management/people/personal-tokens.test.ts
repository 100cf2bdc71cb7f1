import { afterEach, describe, expect, it, vi } from "vitest";
import {
  type Answer,
  auditRows,
  type Credential,
  call,
  count,
  type Deployment,
  deployment,
  env,
  MAY_ALL,
  reasonOf,
  secondOrganisation,
  succeeded,
  token,
} from "../client.ts";
import { person } from "./person.ts";

afterEach(() => {
  vi.useRealTimers();
});

const mine = (credential: Credential) => call<Answer[]>("GET", "/v2/user/tokens", credential);
const make = (credential: Credential, more: Record<string, unknown> = {}) =>
  call("POST", "/v2/user/tokens", credential, { name: "laptop", ...more });
const refusal = (reply: Awaited<ReturnType<typeof make>>) => [reply.status, reasonOf(reply)];

describe("personal tokens", () => {
  it("31: shows the secret once, and afterwards only its end", async () => {
    const { session, org } = await deployment();
    const { token: secret, ...made } = succeeded(await make(session, { description: "of Ada", expiresAt: "2100-01-01T00:00:00Z" }));
    expect(secret).toMatch(/^xapt-/);
    expect(made).toEqual({
      ...{ id: expect.any(String), name: "laptop", description: "of Ada", hint: secret.slice(-4) },
      ...{ createdAt: expect.stringMatching(/Z$/), expiresAt: "2100-01-01T00:00:00Z", lastUsedAt: null },
    });
    const list = succeeded(await mine(session));
    expect(list.find(({ id }) => id === made.id)).toEqual(made);
    expect(JSON.stringify([list, await auditRows()])).not.toContain(secret.slice(5, -4));
    expect(succeeded(await call("GET", "/v2/datasets", { token: secret, org }))).toEqual([]);
    expect(await auditRows()).toMatchObject([{ action: "organisation.create" }, { action: "personal-token.create", target: made.id }]);
  });

  it("are made by somebody who signed in within 15 minutes, and by no personal or API token", async () => {
    const made = await deployment();
    expect(refusal(await make(made.owner))).toEqual([403, "token-kind"]);
    expect(refusal(await make(await token(made, MAY_ALL)))).toEqual([403, "token-kind"]);
    const now = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: now + 905_000 });
    expect(refusal(await make(made.session))).toEqual([403, "sign-in-required"]);
    vi.setSystemTime(now + 890_000);
    expect((await make(made.session)).status).toBe(200);
  });

  it("live no longer than the strictest of their user's organisations allows", async () => {
    const { session } = await deployment();
    await env.DB.exec("UPDATE orgs SET token_lifetime_max_ms = 86400000");
    for (const expiresAt of [null, undefined, "0001-01-01T00:00:00Z", new Date(Date.now() + 2 * 86_400_000).toISOString()])
      expect(refusal(await make(session, { expiresAt }))).toEqual([400, "body-invalid"]);
    expect((await make(session, { expiresAt: new Date(Date.now() + 80_000_000).toISOString() })).status).toBe(200);
  });

  it("are at most 50, also when several are made at once", async () => {
    const { session, user } = await deployment();
    const more = env.DB.prepare(
      `INSERT INTO personal_tokens (id, user_id, digest, name, description, hint, status, created_at, change_id)
      SELECT value, ?, value, '', '', '', 'active', 1, '' FROM json_each(?)`,
    );
    await more.bind(user.id, JSON.stringify(Array.from({ length: 48 }, (_, n) => `t${n}`))).run();
    const replies = await Promise.all(Array.from({ length: 4 }, () => make(session)));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
    expect(await count("personal_tokens")).toBe(50);
  });

  it.each([
    ["no name", { name: undefined }],
    ["an end that has passed", { expiresAt: "2020-01-01T00:00:00Z" }],
    ["capabilities", { orgCapabilities: {} }],
    ["a user", { userId: "somebody" }],
  ])("are refused with %s", async (_, more) => {
    const { session } = await deployment();
    expect(refusal(await make(session, more))).toEqual([400, "body-invalid"]);
    expect(await count("personal_tokens")).toBe(1);
  });

  it("end themselves, and by a session any of their user's", async () => {
    const { session, org } = await deployment();
    const one = succeeded(await make(session));
    const other = succeeded(await make(session));
    const asOne = { token: one.token, org };
    expect(refusal(await call("DELETE", `/v2/user/tokens/${other.id}`, asOne))).toEqual([403, "forbidden"]);
    expect(refusal(await call("DELETE", "/v2/user/tokens/of-nobody", asOne))).toEqual([404, "resource-unknown"]);
    expect((await call("DELETE", `/v2/user/tokens/${one.id}`, asOne)).status).toBe(204);
    expect(refusal(await call("GET", "/v2/user", asOne))).toEqual([401, "token-revoked"]);
    expect((await call("DELETE", `/v2/user/tokens/${other.id}`, session)).status).toBe(204);
    expect(refusal(await call("DELETE", `/v2/user/tokens/${other.id}`, session))).toEqual([404, "resource-unknown"]);
    expect((await auditRows()).slice(-2)).toMatchObject([
      { action: "personal-token.delete", target: one.id },
      { action: "personal-token.delete", target: other.id },
    ]);
  });
});

describe("personal tokens of somebody else", () => {
  const at = (user: string, one = "") => `/v2/users/${user}/tokens${one && `/${one}`}`;
  const tokenOf = async (person: { session: Credential }) => succeeded(await make(person.session));

  it("are listed and ended by who may do all that their user may", async () => {
    const made = await deployment();
    const admin = await person(made, "admin");
    const user = await person(made, "user");
    const theirs = await tokenOf(user);
    expect(succeeded(await call<Answer[]>("GET", at(user.id), admin.session)).map(({ id }) => id)).toContain(theirs.id);
    expect((await call("DELETE", at(user.id, theirs.id), admin.session)).status).toBe(204);
    expect(refusal(await call("GET", "/v2/user", { token: theirs.token }))).toEqual([401, "token-revoked"]);
    expect((await auditRows()).at(-1)).toMatchObject({ action: "personal-token.delete", target: theirs.id, actor_id: admin.id });
  });

  it("are out of reach of who may do less, and of who may change no users", async () => {
    const made = await deployment();
    const admin = await person(made, "admin");
    const user = await person(made, "user");
    const owners = succeeded(await mine(made.owner))[0]?.id ?? "";
    for (const [method, path] of [
      ["GET", at(made.user.id)],
      ["DELETE", at(made.user.id, owners)],
    ] as const) {
      expect(refusal(await call(method, path, admin.session))).toEqual([403, "grant-too-wide"]);
      expect(refusal(await call(method, path, user.session))).toEqual([403, "forbidden"]);
    }
    expect((await call("GET", "/v2/user", made.owner)).status).toBe(200);
  });

  it("of a founder from elsewhere are left alone, and of people elsewhere as unknown as nobody's", async () => {
    const made = await deployment();
    const admin = await person(made, "admin");
    const founder = await person(made, "user");
    await secondOrganisation(made, "elsewhere");
    await env.DB.prepare("UPDATE users SET org = 'elsewhere' WHERE id = ?").bind(founder.id).run();
    expect(refusal(await call("GET", at(founder.id), admin.session))).toEqual([403, "forbidden"]);
    await env.DB.prepare("DELETE FROM members WHERE user_id = ?").bind(founder.id).run();
    const texts = await Promise.all(
      [founder.id, "of-nobody"].map(async (id) => {
        const reply = await call("GET", at(id), admin.session);
        expect(refusal(reply)).toEqual([404, "resource-unknown"]);
        return reply.body.message.replace(id, "");
      }),
    );
    expect(texts[0]).toBe(texts[1]);
    expect(refusal(await call("DELETE", at(admin.id, "of-nobody"), admin.session))).toEqual([404, "resource-unknown"]);
  });
});

describe("a personal token whose maker or remover changes at that moment", () => {
  /** A database in which something happens right before the next change is committed. */
  const withDatabase = (before: string) => {
    const batch = async (statements: D1PreparedStatement[]) => {
      // looking rights up is a batch of its own, and comes first
      if (statements.length > 2) await env.DB.exec(before);
      return env.DB.batch(statements);
    };
    return { instead: { DB: { prepare: (sql: string) => env.DB.prepare(sql), batch } as unknown as D1Database } };
  };

  it("50: is not made by a session that has ended, nor for a user who is disabled", async () => {
    const { session } = await deployment();
    for (const before of ["UPDATE users SET status = 'disabled'", "UPDATE sessions SET ended_at = 1"]) {
      const reply = await call("POST", "/v2/user/tokens", session, { name: "late" }, withDatabase(before));
      expect(refusal(reply)).toEqual([409, "conflict"]);
      expect([await count("personal_tokens"), (await auditRows()).length]).toEqual([1, 1]);
      await env.DB.exec("UPDATE users SET status = 'active'");
    }
  });

  it("50: is not ended by an administrator who is none any more", async () => {
    const made = await deployment();
    const [admin, user] = [await person(made, "admin"), await person(made, "user")];
    const theirs = succeeded(await make(user.session));
    const late = withDatabase("UPDATE orgs SET rights = rights + 1");
    for (const path of [`/v2/users/${user.id}/tokens/${theirs.id}`, `/v2/users/${user.id}/sessions`])
      expect(refusal(await call("DELETE", path, admin.session, undefined, late))).toEqual([409, "conflict"]);
    expect((await call("GET", "/v2/user", { token: theirs.token })).status).toBe(200);
  });
});

describe("somebody who leaves", () => {
  const standing = async (made: Deployment, who: { token: Credential; session: Credential }) =>
    Promise.all([who.token, who.session].map(async (one) => (await call("GET", "/v2/datasets", { ...one, org: made.org })).status));

  it("35: is out at once with every token and session, while the organisation's tokens stay", async () => {
    const made = await deployment();
    const api = await token(made, MAY_ALL);
    const leaver = await person(made, "admin");
    const personal = { token: succeeded(await make(leaver.session)).token };
    const both = { token: personal, session: leaver.session };
    expect(await standing(made, both)).toEqual([200, 200]);

    await env.DB.prepare("UPDATE users SET status = 'disabled' WHERE id = ?").bind(leaver.id).run();
    expect(refusal(await call("GET", "/v2/user", personal))).toEqual([401, "token-disabled"]);
    expect(await standing(made, both)).toEqual([401, 401]);
    await env.DB.prepare("UPDATE users SET status = 'active' WHERE id = ?").bind(leaver.id).run();
    await env.DB.prepare("DELETE FROM members WHERE user_id = ?").bind(leaver.id).run();
    expect(await standing(made, both)).toEqual([403, 403]);
    expect((await call("GET", "/v2/datasets", api)).status).toBe(200);
  });

  it("33: or whose token ends is judged by the clock of each request, wherever it jumps", async () => {
    const { session, org } = await deployment();
    const start = Date.now();
    const { token: secret } = succeeded(await make(session, { expiresAt: new Date(start + 7_200_000).toISOString() }));
    vi.useFakeTimers({ toFake: ["Date"], now: start });
    const statusAt = async (ms: number) => {
      vi.setSystemTime(start + ms);
      return (await call("GET", "/v2/datasets", { token: secret, org })).status;
    };
    const [hour, day] = [3_600_000, 86_400_000];
    expect([
      await statusAt(hour),
      await statusAt(day),
      await statusAt(-day),
      await statusAt(7_199_999),
      await statusAt(7_200_000),
      await statusAt(-hour),
    ]).toEqual([...[200, 401, 200, 200, 401, 200]]);
  });
});
