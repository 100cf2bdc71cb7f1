import { describe, expect, it } from "vitest";
import { digestOf } from "../../../src/access/token.ts";
import { auditRows, call, type Deployment, deployment, env, reasonOf } from "../client.ts";

const ORIGIN = "https://management.example.com";
const VALUE = "v".repeat(43);
const COOKIE = `__Host-sid=${VALUE}`;
const OWN_PAGE = { origin: ORIGIN, "content-type": "application/json" };
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** As a sign-in leaves it. */
async function signedIn(
  change: { authenticatedAt?: number; lastUsedAt?: number; expiresAt?: number; kind?: string } = {},
): Promise<Deployment> {
  const made = await deployment();
  const now = Date.now();
  const { authenticatedAt = now, lastUsedAt = now, expiresAt = now + 20 * DAY_MS, kind = "browser" } = change;
  await env.DB.prepare(
    `INSERT INTO sessions (id, user_id, kind, digest, description, hint, created_at, expires_at, authenticated_at, last_used_at, change_id)
    VALUES ('s1', ?, ?, ?, '', '', ?, ?, ?, ?, '')`,
  )
    .bind(made.user.id, kind, digestOf(VALUE), now, expiresAt, authenticatedAt, lastUsedAt)
    .run();
  return made;
}

const look = (headers: Record<string, string>) => call("GET", "/auth/session", null, undefined, { headers });
const post = (path: string, headers: Record<string, string>, body = "{}") =>
  call("POST", path, null, body, { headers: { cookie: COOKIE, ...headers } });

function reason({ body }: Awaited<ReturnType<typeof look>>): string {
  return String(body.type).replace("urn:headgate:problem:", "");
}

describe("a browser's session", () => {
  it("says who is signed in, and where", async () => {
    const made = await signedIn();
    const { status, body } = await look({ cookie: `a=b; ${COOKIE}; c=d` });
    expect([status, body]).toMatchObject([200, { user: made.user, organisations: [{ id: made.org, name: "Acme", role: "owner" }] }]);
  });

  it("83 is named by one cookie that only this host can set", async () => {
    await signedIn();
    for (const cookie of [
      "",
      `sid=${VALUE}`,
      `__Secure-sid=${VALUE}`,
      `__host-sid=${VALUE}`,
      `__Host-sid=${VALUE.slice(1)}`,
      `${COOKIE}; ${COOKIE}`,
      `__Host-sid=${"a".repeat(43)}; ${COOKIE}`,
    ])
      expect([cookie, (await look({ cookie })).status]).toEqual([cookie, 401]);
  });

  it("ends after 30 days, after 7 days without use, with its user, and is no API session", async () => {
    const now = Date.now();
    const cases: [Parameters<typeof signedIn>[0], string][] = [
      [{ expiresAt: now - 1 }, "token-expired"],
      [{ lastUsedAt: now - 7 * DAY_MS - 1_000 }, "token-expired"],
      [{ kind: "api" }, "credential-missing"],
    ];
    const [first] = cases;
    await signedIn(first?.[0]);
    for (const [{ expiresAt = now + DAY_MS, lastUsedAt = now, kind = "browser" } = {}, expected] of cases) {
      await env.DB.prepare("UPDATE sessions SET expires_at = ?, last_used_at = ?, kind = ? WHERE id = 's1'")
        .bind(expiresAt, lastUsedAt, kind)
        .run();
      expect(reason(await look({ cookie: COOKIE }))).toBe(expected);
    }
    await env.DB.batch([
      env.DB.prepare("UPDATE sessions SET kind = 'browser', expires_at = ?, last_used_at = ?").bind(now + DAY_MS, now - DAY_MS),
      env.DB.prepare("UPDATE users SET status = 'disabled'"),
    ]);
    expect(reason(await look({ cookie: COOKIE }))).toBe("token-disabled");
    await env.DB.prepare("UPDATE users SET status = 'active'").run();
    expect((await look({ cookie: COOKIE })).status).toBe(200);
    expect(await env.DB.prepare("SELECT last_used_at FROM sessions WHERE id = 's1'").first<number>("last_used_at")).toBeGreaterThanOrEqual(
      now,
    );
  });

  it("is not read by the API, nor is a bearer read here", async () => {
    const made = await signedIn();
    expect(reasonOf(await call("GET", "/v2/user", null, undefined, { headers: { cookie: COOKIE } }))).toBe("credential-missing");
    expect(reasonOf(await call("GET", "/v2/user", { token: VALUE }))).toBe("credential-malformed");
    for (const token of [made.session.token, made.owner.token, VALUE])
      expect((await look({ authorization: `Bearer ${token}` })).status).toBe(401);
  });

  it("makes tokens of 30 days just after a sign-in, and no longer than itself later", async () => {
    const made = await signedIn();
    const token = await post("/auth/session-token", OWN_PAGE);
    expect(token.body.token).toMatch(/^xast-/);
    expect(Date.parse(String(token.body.expiresAt)) - Date.now()).toBeGreaterThan(30 * DAY_MS - MINUTE_MS);
    expect((await call("GET", "/v2/user", { token: token.body.token, org: made.org })).status).toBe(200);

    await env.DB.prepare("UPDATE sessions SET authenticated_at = ? WHERE id = 's1'")
      .bind(Date.now() - 16 * MINUTE_MS)
      .run();
    const later = await post("/auth/session-token", OWN_PAGE, '{"description":"later"}');
    const stored = await env.DB.prepare(
      "SELECT expires_at, authenticated_at, description FROM sessions WHERE id IN ('s1', ?) ORDER BY id = 's1'",
    )
      .bind(later.body.id)
      .all<Record<string, unknown>>();
    const [made2, browser] = stored.results;
    expect(made2).toEqual({ ...browser, description: "later" });
    const entries = (await auditRows()).filter(({ action }) => action === "session.create");
    expect(entries.map(({ actor_id }) => actor_id)).toEqual([made.user.id, made.user.id]);
    expect(JSON.stringify(entries)).not.toContain("xast-");
    expect(reason(await post("/auth/session-token", OWN_PAGE, '{"expiresAt":"2099-01-01"}'))).toBe("body-invalid");
  });

  it.each<[string, Record<string, string>]>([
    ["another site's form", { origin: "https://evil.example", "content-type": "application/x-www-form-urlencoded" }],
    ["a form of no site", { origin: "null", "content-type": "application/x-www-form-urlencoded" }],
    ["another site's JSON as text", { origin: "https://evil.example", "content-type": "text/plain" }],
    ["another site", { origin: "https://evil.example", "content-type": "application/json" }],
    ["no origin", { "content-type": "application/json" }],
    ["a null origin", { origin: "null", "content-type": "application/json" }],
    ["an empty origin", { origin: "", "content-type": "application/json" }],
    ["a sibling subdomain", { origin: "https://evil.example.com", "content-type": "application/json", "sec-fetch-site": "same-site" }],
    ["a subdomain of ours", { origin: "https://evil.management.example.com", "content-type": "application/json" }],
    ["a suffix", { origin: "https://management.example.com.evil.example", "content-type": "application/json" }],
    ["plain HTTP", { origin: "http://management.example.com", "content-type": "application/json" }],
    ["another port", { origin: "https://management.example.com:8443", "content-type": "application/json" }],
    ["two origins", { origin: `${ORIGIN}, https://evil.example`, "content-type": "application/json" }],
    ["our origin, but sent across sites", { ...OWN_PAGE, "sec-fetch-site": "cross-site" }],
    ["our page's form", { origin: ORIGIN, "content-type": "application/x-www-form-urlencoded" }],
    ["our page's text", { origin: ORIGIN, "content-type": "text/plain;charset=application/json" }],
    ["our page's upload", { origin: ORIGIN, "content-type": "multipart/form-data; boundary=application/json" }],
  ])("81 is not used for %s", async (_, headers) => {
    await signedIn();
    const before = (await auditRows()).length;
    for (const path of ["/auth/session-token", "/auth/logout"]) {
      const reply = await post(path, headers);
      expect([reply.status, reason(reply), reply.headers.get("set-cookie")]).toEqual([403, "request-forged", null]);
    }
    expect((await look({ cookie: COOKIE })).status).toBe(200);
    expect((await auditRows()).length).toBe(before);
  });

  it("82 is shown to no other origin, while the API is open to all and takes no cookie", async () => {
    await signedIn();
    const cross = (headers: Headers) => [...headers.keys()].filter((name) => name.startsWith("access-control-"));
    for (const origin of ["https://evil.example", "null", "https://evil-management.example.com", ORIGIN]) {
      for (const path of ["/auth/session", "/%61uth/session", "/auth/nothing", "/auth/x/y/login", "/auth/invitations/x"]) {
        for (const method of ["GET", "OPTIONS"]) {
          const headers = {
            origin,
            cookie: COOKIE,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type",
            accept: "application/json",
          };
          const reply = await call(method, path, null, undefined, { headers });
          expect([path, method, cross(reply.headers)]).toEqual([path, method, []]);
        }
      }
      const api = await call("OPTIONS", "/v2/user", null, undefined, { headers: { origin, "access-control-request-method": "GET" } });
      expect(api.headers.get("access-control-allow-origin")).toBe("*");
      expect(api.headers.get("access-control-allow-credentials")).toBeNull();
    }
  });

  it("84 is shown in no frame, kept in no cache and named to no other site", async () => {
    await signedIn();
    const answers = [
      await look({ cookie: COOKIE }),
      await look({}),
      await post("/auth/session-token", OWN_PAGE),
      await post("/auth/session-token", {}),
      await call("GET", "/auth/nothing", null, undefined, { headers: { accept: "application/json" } }),
    ];
    for (const { headers } of answers) {
      expect(headers.get("content-security-policy")).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
      expect(Object.fromEntries(headers)).toMatchObject({
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
      });
    }
  });

  it("ends with one audit entry, and its cookie goes even when it has ended already", async () => {
    const made = await signedIn();
    for (const _ of [1, 2]) {
      const reply = await post("/auth/logout", OWN_PAGE);
      expect([reply.status, reply.headers.get("set-cookie")]).toEqual([
        204,
        expect.stringMatching(/^__Host-sid=; Path=\/; Max-Age=0; Secure; HttpOnly; SameSite=Lax$/),
      ]);
    }
    expect((await auditRows()).filter(({ action }) => action === "session.end")).toMatchObject([{ target: "s1", actor_id: made.user.id }]);
    expect((await look({ cookie: COOKIE })).status).toBe(401);
  });
});
