import { afterEach, describe, expect, it, vi } from "vitest";
import {
  type Answer,
  auditRows,
  type Credential,
  call,
  type Deployment,
  deployment,
  env,
  MAY_ALL,
  reasonOf,
  succeeded,
  token,
} from "../client.ts";
import { describeResource } from "../describe-resource.ts";
import { person } from "./person.ts";

afterEach(() => {
  vi.useRealTimers();
});

const DAY_MS = 86_400_000;
const mine = async (credential: Credential) => succeeded(await call<Answer[]>("GET", "/v2/sessions", credential));
const make = (credential: Credential, description?: string) => call("POST", "/v2/sessions", credential, { description });
const refusal = (reply: Awaited<ReturnType<typeof make>>) => [reply.status, reasonOf(reply)];
const started = async ({ org }: Deployment, credential: Credential) => {
  const made = succeeded(await make(credential));
  return { id: made.id, session: { token: made.token, org }, expiresAt: Date.parse(String(made.expiresAt)) };
};
const alive = async (credential: Credential) => (await call("GET", "/v2/user", credential)).status === 200;

describe("sessions", () => {
  it("31: show their token once, and afterwards what their person needs to know them by", async () => {
    const { session, org } = await deployment();
    const headers = { "cf-connecting-ip": "192.0.2.7", "user-agent": "cli/1" };
    const reply = await call("POST", "/v2/sessions", session, { description: "nightly" }, { headers });
    const made = succeeded(reply);
    expect(made).toEqual({ id: expect.any(String), token: expect.stringMatching(/^xast-/), expiresAt: expect.stringMatching(/Z$/) });
    const [newest, first] = await mine(session);
    expect(newest).toEqual({
      ...{ id: made.id, kind: "api", description: "nightly", hint: made.token.slice(-4), expiresAt: made.expiresAt },
      ...{ createdAt: expect.any(String), lastUsedAt: expect.any(String), ip: "192.0.2.7", userAgent: "cli/1", current: false },
    });
    expect(first).toMatchObject({ description: "setup", current: true });
    expect(await alive({ token: made.token, org })).toBe(true);
    const entry = (await auditRows()).at(-1);
    expect(entry).toMatchObject({ action: "session.create", target: made.id });
    expect(JSON.stringify([newest, first, entry])).not.toContain(made.token.slice(5, -4));
  });

  it("39: are made and listed by sessions alone", async () => {
    const made = await deployment();
    for (const credential of [made.owner, await token(made, MAY_ALL)])
      for (const [method, path] of [
        ["GET", ""],
        ["POST", ""],
        ["DELETE", ""],
        ["DELETE", "/x"],
      ] as const)
        expect(refusal(await call(method, `/v2/sessions${path}`, credential, method === "POST" ? {} : undefined))).toEqual([
          403,
          "token-kind",
        ]);
  });

  it("32: end 30 days after they were made, however much they are used", async () => {
    const made = await deployment();
    const start = Date.now();
    const { session, expiresAt } = await started(made, made.session);
    expect(Math.abs(expiresAt - start - 30 * DAY_MS)).toBeLessThan(60_000);
    vi.useFakeTimers({ toFake: ["Date"], now: start });
    for (const day of [7, 14, 21, 28]) {
      vi.setSystemTime(start + day * DAY_MS);
      expect(await alive(session)).toBe(true);
    }
    vi.setSystemTime(expiresAt - 1);
    expect(await alive(session)).toBe(true);
    expect(Date.parse(String((await mine(session))[0]?.expiresAt))).toBe(expiresAt);
    vi.setSystemTime(expiresAt);
    expect(refusal(await call("GET", "/v2/user", session))).toEqual([401, "token-expired"]);
  });

  it("32: end with the one that made them, unless its person has just signed in", async () => {
    const made = await deployment();
    const start = Date.now();
    const [parent] = await mine(made.session);
    vi.useFakeTimers({ toFake: ["Date"], now: start + 5 * DAY_MS });
    const late = await started(made, made.session);
    expect(new Date(late.expiresAt).toISOString()).toBe(parent?.expiresAt);
    const later = await started(made, late.session);
    expect(later.expiresAt).toBe(late.expiresAt);
    // and count as signed in when their person was
    expect(refusal(await call("POST", "/v2/user/tokens", later.session, { name: "x" }))).toEqual([403, "sign-in-required"]);
  });

  it("32: end when their person signs out everywhere, the present one only if that is asked", async () => {
    const made = await deployment();
    const [one, two] = [await started(made, made.session), await started(made, made.session)];
    const other = await person(made, "user");
    expect((await call("DELETE", "/v2/sessions", one.session)).status).toBe(204);
    expect(await Promise.all([made.session, one.session, two.session, other.session].map(alive))).toEqual([false, true, false, true]);
    expect((await auditRows()).at(-1)).toMatchObject({ action: "user.sign-out", target: made.user.id });
    const entries = (await auditRows()).length;
    expect((await call("DELETE", "/v2/sessions?current=false", one.session)).status).toBe(204);
    expect((await auditRows()).length).toBe(entries);
    expect(refusal(await call("DELETE", "/v2/sessions?current=yes", one.session))).toEqual([400, "parameter-invalid"]);
    expect((await call("DELETE", "/v2/sessions?current=true", one.session)).status).toBe(204);
    expect(refusal(await call("GET", "/v2/sessions", one.session))).toEqual([401, "token-revoked"]);
  });

  it("32: end when their user is disabled", async () => {
    const made = await deployment();
    const { session } = await started(made, made.session);
    await env.DB.exec("UPDATE users SET status = 'disabled'");
    expect(refusal(await call("GET", "/v2/user", session))).toEqual([401, "token-disabled"]);
  });

  it("end one by one, and only for their own person", async () => {
    const made = await deployment();
    const other = await person(made, "user");
    const { id, session } = await started(made, made.session);
    expect(refusal(await call("DELETE", `/v2/sessions/${id}`, other.session))).toEqual([404, "resource-unknown"]);
    expect(refusal(await call("DELETE", "/v2/sessions/of-nobody", other.session))).toEqual([404, "resource-unknown"]);
    expect(await alive(session)).toBe(true);
    expect((await call("DELETE", `/v2/sessions/${id}`, made.session)).status).toBe(204);
    expect(await alive(session)).toBe(false);
    expect((await auditRows()).at(-1)).toMatchObject({ action: "session.delete", target: id });
  });

  it("33: are judged by the clock of each request, wherever it jumps", async () => {
    const made = await deployment();
    const { session, expiresAt } = await started(made, made.session);
    vi.useFakeTimers({ toFake: ["Date"] });
    const statuses = [];
    for (const jump of [-3_600_000, DAY_MS, -DAY_MS, 3_600_000, -1]) {
      vi.setSystemTime(expiresAt + jump);
      statuses.push(await alive(session));
    }
    expect(statuses).toEqual([true, false, true, false, true]);
  });

  it("are at most 1000 at a time", async () => {
    const made = await deployment();
    await env.DB.prepare(
      `INSERT INTO sessions (id, user_id, kind, digest, description, hint, created_at, expires_at, authenticated_at, last_used_at, change_id)
      SELECT value, ?, 'api', value, '', '', 1, ?, 1, 1, '' FROM json_each(?)`,
    )
      .bind(made.user.id, Date.now() + DAY_MS, JSON.stringify(Array.from({ length: 999 }, (_, n) => `s${n}`)))
      .run();
    expect(refusal(await make(made.session))).toEqual([409, "conflict"]);
  });
});

describe("sessions of somebody else", () => {
  it("are listed and ended by who may do all that their user may", async () => {
    const made = await deployment();
    const [admin, user] = [await person(made, "admin"), await person(made, "user")];
    const { id, session } = await started(made, user.session);
    const path = `/v2/users/${user.id}/sessions`;
    expect(succeeded(await call<Answer[]>("GET", path, admin.session)).map(({ current }) => current)).toEqual([false, false]);
    expect((await call("DELETE", `${path}/${id}`, admin.session)).status).toBe(204);
    expect([await alive(session), await alive(user.session)]).toEqual([false, true]);
    expect((await call("DELETE", path, admin.session)).status).toBe(204);
    expect([await alive(user.session), await alive(admin.session)]).toEqual([false, true]);
    expect((await auditRows()).slice(-2)).toMatchObject([
      { action: "session.delete", target: id, actor_id: admin.id },
      { action: "user.sign-out", target: user.id, actor_id: admin.id },
    ]);
  });

  it("are out of reach of who may do less, and of who may change no users", async () => {
    const made = await deployment();
    const [admin, user] = [await person(made, "admin"), await person(made, "user")];
    const path = `/v2/users/${made.user.id}/sessions`;
    const [current] = await mine(made.session);
    for (const [method, one] of [
      ["GET", ""],
      ["DELETE", ""],
      ["DELETE", `/${current?.id}`],
    ] as const) {
      expect(refusal(await call(method, path + one, admin.session))).toEqual([403, "grant-too-wide"]);
      expect(refusal(await call(method, path + one, user.session))).toEqual([403, "forbidden"]);
      expect(refusal(await call(method, path + one, await token(made, MAY_ALL)))).toEqual([403, "token-kind"]);
    }
    expect(await alive(made.session)).toBe(true);
  });
});

describeResource({
  name: "a colleague's sessions and tokens",
  kind: "session",
  routes: [
    { method: "GET", path: "/v2/users/:id/sessions", capability: null },
    { method: "DELETE", path: "/v2/users/:id/sessions", capability: null, action: "user.sign-out" },
    { method: "GET", path: "/v2/users/:id/tokens", capability: null },
  ],
  make: async (made) => (await person(made, "user")).id,
});
