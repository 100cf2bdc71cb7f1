/** The whole way with a real provider. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Browser, type Visit } from "./browser.ts";
import { type AuditRow, auditOf, configure, type Deployment, invite, linkFor, openDeployment } from "./deployment.ts";
import { CLIENT, type Honest, openHonest, signInAt } from "./honest.ts";

const DAY_MS = 86_400_000;
const SESSION = "__Host-sid";
const ATTEMPT = /^__Host-oa-[\w-]{8}$/;

let made: Deployment;
let honest: Honest;
/** Vouches for the same logins under an issuer of its own, and tells e-mail addresses at its userinfo endpoint only. */
let other: Honest;
let provider = "";

beforeAll(async () => {
  made = await openDeployment();
  const callbacks = () => ["staff", "other"].map((name) => `${made.url}/auth/${made.org}/${name}/callback`);
  honest = await openHonest(callbacks);
  other = await openHonest(callbacks, false);
  provider = await configure(made, "staff", honest.issuer, CLIENT);
  await configure(made, "other", other.issuer, { ...CLIENT, clientAuth: "client_secret_post" });
});
afterAll(() => {
  honest.close();
  other.close();
});

/** As far as the provider's first page. */
async function begin(browser: Browser, query = "", name = "staff"): Promise<string> {
  const { status, location, text } = await browser.visit(`${made.url}/auth/${made.org}/${name}/login${query}`);
  if (status !== 303) throw new Error(`${status} ${text}`);
  return location;
}

/** As far as the address of our callback, which is not visited. */
async function atCallback(browser: Browser, login: string, query = "", name = "staff"): Promise<URL> {
  return new URL(await signInAt(browser, await begin(browser, query, name), login));
}

async function signIn(browser: Browser, login: string, query = "", name = "staff"): Promise<Visit> {
  return browser.visit((await atCallback(browser, login, query, name)).href);
}

/** Somebody who has come before. */
async function known(login: string): Promise<string> {
  honest.accounts.set(login, { email: `${login}@acme.example`, email_verified: true });
  const { user, token } = await invite(made, `${login}@acme.example`);
  expect((await signIn(new Browser(), login, `?invitation=${token}`)).status).toBe(303);
  return user;
}

const isIn = (browser: Browser) => browser.cookies(made.url).has(SESSION);
const attempts = (browser: Browser) => [...browser.cookies(made.url).keys()].filter((name) => ATTEMPT.test(name));

async function who(browser: Browser): Promise<string | null> {
  const { status, text } = await browser.visit(`${made.url}/auth/session`);
  return status === 200 ? JSON.parse(text).user.id : null;
}

function fromOwnPage(browser: Browser, path: string, body = "{}"): Promise<Visit> {
  const headers = { origin: made.url, "content-type": "application/json", "sec-fetch-site": "same-origin" };
  return browser.visit(made.url + path, { method: "POST", headers, body });
}

function expectFailed({ status, text, headers }: Visit, words: RegExp, expected = 400): void {
  expect([status, text]).toEqual([expected, expect.stringMatching(words)]);
  expect(headers.get("content-type")).toMatch(/^text\/html/);
  expect(headers.get("set-cookie") ?? "").not.toContain(SESSION);
}

async function tokenOf(browser: Browser): Promise<{ token: string; expiresAt: number }> {
  const { token, expiresAt } = JSON.parse((await fromOwnPage(browser, "/auth/session-token")).text);
  return { token, expiresAt: Date.parse(expiresAt) };
}

describe("signing in", () => {
  it("leads from the setup token over a provider and an invitation to a session token that the API takes", async () => {
    const bob = await invite(made, "bob@acme.example");
    honest.accounts.set("bob", { email: "somebody-else@elsewhere.example", email_verified: false });
    const browser = new Browser();
    const invitation = await browser.visit(`${made.url}/auth/invitations/${bob.token}`);
    expect(invitation.text).toContain("<h1>You are invited to Acme &lt;b&gt;</h1>");
    const [, login = ""] = /href="([^"]+staff[^"]+)"/.exec(invitation.text) ?? [];
    const to = await browser.follow(new URL(login.replaceAll("&amp;", "&"), made.url).href, new RegExp(honest.issuer));
    const back = await browser.visit(await signInAt(browser, to, "bob"));
    expect([back.status, back.location, back.text]).toEqual([303, `${made.url}/`, ""]);
    expect([...browser.cookies(made.url).keys()]).toEqual([SESSION]);

    const session = JSON.parse((await browser.visit(`${made.url}/auth/session`)).text);
    const organisations = [{ id: made.org, name: "Acme <b>", role: "read-only" }];
    expect(session).toMatchObject({ user: { id: bob.user, email: "bob@acme.example" }, organisations });
    const { token, expiresAt } = await tokenOf(browser);
    expect(token).toMatch(/^xast-/);
    expect(expiresAt - Date.now()).toBeGreaterThan(29.9 * DAY_MS);
    const bearer = { authorization: `Bearer ${token}`, "x-axiom-org-id": made.org };
    expect(await made.api("GET", "/v2/user", undefined, bearer)).toMatchObject({ status: 200, body: { id: bob.user } });

    const mine = (rows: AuditRow[]) => rows.filter(({ actor_id }) => actor_id === bob.user);
    expect(mine(await auditOf(made, "identity.create"))).toMatchObject([{ actor_kind: "user" }]);
    const begun = mine(await auditOf(made, "session.create"));
    expect(begun.map(({ detail }) => JSON.parse(detail).kind)).toEqual(["browser", "api"]);
    expect(JSON.stringify(begun)).not.toContain(token);
    expect((await browser.visit(`${made.url}/auth/invitations/${bob.token}`)).status).toBe(404);
  });

  it("finds an open invitation by a verified address, also one that only the userinfo endpoint tells", async () => {
    const { user } = await invite(made, "cleo@acme.example");
    other.accounts.set("cleo", { email: "Cleo@ACME.example", email_verified: true });
    const browser = new Browser();
    expect((await signIn(browser, "cleo", "", "other")).status).toBe(303);
    expect(await who(browser)).toBe(user);
  });

  it("lets no owner in by an address, since whoever sets up a provider decides what it verifies", async () => {
    const { token, user } = await invite(made, "olga@acme.example", "owner");
    honest.accounts.set("olga", { email: "olga@acme.example", email_verified: true });
    expectFailed(await signIn(new Browser(), "olga"), /you have no invitation/, 403);
    const browser = new Browser();
    expect((await signIn(browser, "olga", `?invitation=${token}`)).status).toBe(303);
    expect(await who(browser)).toBe(user);
  });

  it("lets the owner who set the deployment up in by a link to their own account, then without one", async () => {
    honest.accounts.set("ada", {});
    const browser = new Browser();
    expect((await signIn(browser, "ada", `?invitation=${await linkFor(made, made.owner)}`)).status).toBe(303);
    expect(await who(browser)).toBe(made.owner);
    const again = new Browser();
    expect((await signIn(again, "ada")).status).toBe(303);
    expect(await who(again)).toBe(made.owner);
  });

  it("takes a new link for an account that has an identity already, which takes its place", async () => {
    const user = await known("bea");
    other.accounts.set("bea-elsewhere", { email: "bea@acme.example", email_verified: true });
    const token = await linkFor(made, user);
    expectFailed(await signIn(new Browser(), "bea-elsewhere", "", "other"), /you have no invitation/, 403);
    const browser = new Browser();
    expect((await signIn(browser, "bea-elsewhere", `?invitation=${token}`, "other")).status).toBe(303);
    expect(await who(browser)).toBe(user);
    expectFailed(await signIn(new Browser(), "bea"), /you have no invitation/, 403);
  });

  it("refuses who is disabled, and whoever is no member any more", async () => {
    const user = await known("dora");
    const { database } = made.gateway;
    expect((await made.api("POST", `/v2/users/${user}/disable`)).status).toBe(200);
    expectFailed(await signIn(new Browser(), "dora"), /disabled/, 403);
    expect((await made.api("POST", `/v2/users/${user}/enable`)).status).toBe(200);
    expect((await signIn(new Browser(), "dora")).status).toBe(303);
    await database.prepare("DELETE FROM members WHERE user_id = ?").bind(user).run();
    expectFailed(await signIn(new Browser(), "dora"), /no member/, 403);
  });

  it("lets in the verified addresses of allowed domains only, however often somebody has come", async () => {
    const user = await known("emil");
    const allow = (allowedDomains: string[]) => made.api("PUT", `/v2/auth/providers/${provider}`, { allowedDomains });
    expect((await allow(["Corp.example", "acme.example"])).body).toMatchObject({ allowedDomains: ["corp.example", "acme.example"] });
    const browser = new Browser();
    expect((await signIn(browser, "emil")).status).toBe(303);
    expect(await who(browser)).toBe(user);
    for (const account of [
      { email: "emil@sub.acme.example", email_verified: true },
      { email: "emil@notacme.example", email_verified: true },
      { email: "acme.example", email_verified: false },
      { email: "emil@acme.example", email_verified: false },
      { email: "x@acme.example@evil.example", email_verified: true },
      {},
    ]) {
      honest.accounts.set("emil", account);
      expectFailed(await signIn(new Browser(), "emil"), /domain/, 403);
    }
    await allow([]);
  });

  it("asks the provider anew when a recent sign-in is needed", async () => {
    const user = await known("fay");
    const browser = new Browser();
    await signIn(browser, "fay");
    await made.gateway.database
      .prepare("UPDATE sessions SET authenticated_at = ? WHERE user_id = ?")
      .bind(Date.now() - DAY_MS, user)
      .run();
    const before = await tokenOf(browser);
    const bearer = (token: string) => ({ authorization: `Bearer ${token}`, "x-axiom-org-id": made.org });
    const url = new URL(await begin(browser, "?prompt=login"));
    expect([url.searchParams.get("prompt"), url.searchParams.get("max_age")]).toEqual(["login", "0"]);
    expect((await browser.visit(await signInAt(browser, url.href, "fay"))).status).toBe(303);
    const after = await tokenOf(browser);
    // made of an old sign-in it ends with that; it inherits when that was
    expect(before.expiresAt).toBeLessThan(after.expiresAt);
    const authenticated = await made.gateway.database
      .prepare("SELECT authenticated_at AS at FROM sessions WHERE user_id = ? AND kind = 'api' ORDER BY created_at")
      .bind(user)
      .all<{ at: number }>();
    const [old = { at: 0 }, fresh = { at: 0 }] = authenticated.results;
    expect(Date.now() - old.at).toBeGreaterThan(DAY_MS - 60_000);
    expect(Date.now() - fresh.at).toBeLessThan(60_000);
    expect((await made.api("GET", "/v2/user", undefined, bearer(after.token))).status).toBe(200);
  });
});

describe("an attempt", () => {
  beforeAll(async () => {
    await known("gus");
  });

  it("74 is refused without its state, with another one, a second time, and in another browser", async () => {
    const missing = new Browser();
    const without = await atCallback(missing, "gus");
    without.searchParams.delete("state");
    expectFailed(await missing.visit(without.href), /not begun in this browser/);

    const wrong = new Browser();
    const altered = await atCallback(wrong, "gus");
    const state = altered.searchParams.get("state") ?? "";
    for (const value of [
      "",
      "x",
      state.slice(0, -1),
      `${state}a`,
      `${state.slice(0, 8)}${"A".repeat(35)}`,
      `${state.slice(0, 8)}\r\nx: y`,
    ]) {
      const tab = wrong.copy();
      altered.searchParams.set("state", value);
      expectFailed(await tab.visit(altered.href), /not begun in this browser/);
    }

    const replaying = new Browser();
    const url = await atCallback(replaying, "gus");
    expect((await replaying.visit(url.href)).status).toBe(303);
    expect(attempts(replaying)).toEqual([]);
    expectFailed(await replaying.visit(url.href), /has ended already/);

    const victim = new Browser();
    expectFailed(await victim.visit((await atCallback(new Browser(), "gus")).href), /not begun in this browser/);
    expect(isIn(victim)).toBe(false);
  });

  it("74 succeeds beside others in parallel tabs, of which the oldest go when there are more than five", async () => {
    const browser = new Browser();
    const tabs = [await atCallback(browser, "gus", "?return_to=/one"), await atCallback(browser, "gus", "?return_to=/two")];
    expect(attempts(browser)).toHaveLength(2);
    const [one, two] = tabs as [URL, URL];
    expect((await browser.visit(two.href)).location).toBe(`${made.url}/two`);
    expect((await browser.visit(one.href)).location).toBe(`${made.url}/one`);

    const first = await atCallback(browser, "gus");
    for (let more = 0; more < 5; more++) await begin(browser);
    expect(attempts(browser)).toHaveLength(5);
    expectFailed(await browser.visit(first.href), /not begun in this browser/);
  });

  it("75 is worth nothing with the code of another attempt, whose PKCE verifier it has not", async () => {
    const browser = new Browser();
    const [one, two] = [await atCallback(browser, "gus"), await atCallback(browser, "gus")];
    two.searchParams.set("code", one.searchParams.get("code") ?? "");
    expectFailed(await browser.visit(two.href), /invalid_grant/);
    const asked = new URL(await begin(browser));
    expect(asked.searchParams.get("code_challenge_method")).toBe("S256");
    expect(asked.searchParams.get("code_challenge")).toMatch(/^[\w-]{43}$/);
  });

  it("76 is refused when the answer names another issuer, none, or comes to another provider", async () => {
    const browser = new Browser();
    const mixed = await atCallback(browser, "gus");
    mixed.searchParams.set("iss", other.issuer);
    expectFailed(await browser.visit(mixed.href), /unexpected &quot;iss&quot; \(issuer\)/);

    const silent = await atCallback(browser, "gus");
    silent.searchParams.delete("iss");
    expectFailed(await browser.visit(silent.href), /&quot;iss&quot; \(issuer\) missing/);

    const elsewhere = await atCallback(browser, "gus");
    elsewhere.pathname = elsewhere.pathname.replace("/staff/", "/other/");
    expectFailed(await browser.visit(elsewhere.href), /not begun in this browser/);

    const twice = await atCallback(browser, "gus");
    twice.searchParams.append("iss", twice.searchParams.get("iss") ?? "");
    expectFailed(await browser.visit(twice.href), /something twice/);
    expect(attempts(browser)).toEqual([]);
  });

  it("77 cannot be ended twice even with the cookie kept: the code is spent", async () => {
    const browser = new Browser();
    const url = await atCallback(browser, "gus");
    const kept = browser.copy();
    expect((await browser.visit(url.href)).status).toBe(303);
    expectFailed(await kept.visit(url.href), /invalid_grant/);
    expect(isIn(kept)).toBe(false);
  });

  it("77 shows what the provider says as text, whatever it is, and leads nowhere", async () => {
    const browser = new Browser();
    const url = await atCallback(browser, "gus");
    url.searchParams.delete("code");
    url.searchParams.set("error", "access_denied");
    url.searchParams.set("error_description", `<script>alert(1)</script><a href="https://evil.example">${"x".repeat(10_000)}`);
    url.searchParams.set("error_uri", "https://evil.example");
    const visit = await browser.visit(url.href);
    expectFailed(visit, /access_denied: &lt;script&gt;alert\(1\)/);
    expect(visit.text).not.toMatch(/<script|<a /);
    expect([visit.location, visit.text.length < 2_000]).toEqual(["", true]);

    const stranger = await new Browser().visit(url.href);
    expectFailed(stranger, /not begun in this browser/);
    expect(stranger.text).not.toContain("alert");
  });

  it("78 leads back to a place of this deployment, through the provider and all", async () => {
    const browser = new Browser();
    for (const [asked, led] of [
      ["/datasets?a=b%20c#d", "/datasets?a=b%20c#d"],
      ["//evil.example", "/"],
      ["/\t/evil.example", "/"],
    ] as const)
      expect((await signIn(browser, "gus", `?return_to=${encodeURIComponent(asked)}`)).location).toBe(made.url + led);
  });

  it("83 begins a session that nothing from before it is part of, and ends the one that the browser had", async () => {
    const browser = new Browser();
    browser.jars.set(new URL(made.url).host, new Map([[SESSION, "A".repeat(43)]]));
    expect((await signIn(browser, "gus")).status).toBe(303);
    const first = browser.cookies(made.url).get(SESSION);
    expect(first).toMatch(/^[\w-]{43}$/);
    expect(first).not.toBe("A".repeat(43));
    const old = browser.copy();
    await signIn(browser, "gus");
    expect(browser.cookies(made.url).get(SESSION)).not.toBe(first);
    expect([await who(old), await who(browser)]).toEqual([null, expect.stringMatching(/./)]);
    const stored = await made.gateway.database
      .prepare("SELECT group_concat(digest) AS all_of_them FROM sessions")
      .first<string>("all_of_them");
    expect(stored).not.toContain(browser.cookies(made.url).get(SESSION));
  });

  it("83 ends on the server when its owner signs out", async () => {
    const browser = new Browser();
    await signIn(browser, "gus");
    const thief = browser.copy();
    expect((await fromOwnPage(browser, "/auth/logout")).status).toBe(204);
    expect(isIn(browser)).toBe(false);
    expect([(await thief.visit(`${made.url}/auth/session`)).status, (await fromOwnPage(thief, "/auth/session-token")).status]).toEqual([
      401, 401,
    ]);
    expect((await auditOf(made, "session.end")).length).toBe(1);
    expect((await fromOwnPage(thief, "/auth/logout")).status).toBe(204);
  });

  it("86 uses a rotated client secret at once, and says what is wrong with the wrong one", async () => {
    const browser = new Browser();
    const rotate = (clientSecret: string) => made.api("PUT", `/v2/auth/providers/${provider}`, { clientSecret });
    const test = async () => (await made.api<{ ok: boolean; problem?: string }>("POST", `/v2/auth/providers/${provider}/test`)).body;
    expect(await test()).toMatchObject({ ok: true, found: { issuer: honest.issuer, clientTaken: true, namesItself: true } });
    await rotate("not-the-secret");
    expectFailed(await signIn(browser, "gus"), /does not take this client id and secret/, 502);
    expect(await test()).toMatchObject({ ok: false, problem: expect.stringMatching(/client id and secret/) });
    await rotate(CLIENT.clientSecret);
    expect((await signIn(browser, "gus")).status).toBe(303);
  });
});

describe("an identity", () => {
  it("79 is not given for an address that is not verified, or is another's that looks alike", async () => {
    await invite(made, "hank@acme.example");
    for (const [login, account] of Object.entries<Record<string, unknown>>({
      hank1: { email: "hank@acme.example", email_verified: false },
      hank2: { email: "hank@acme.example" },
      hank3: { email: "hank@acme.example", email_verified: "true" },
      hank4: { email: "h\u0430nk@acme.example", email_verified: true },
      hank5: { email: "han\u212a@acme.example", email_verified: true },
      hank6: { email: "hank@acme.example ", email_verified: true },
      hank7: { email: "hank@acme.example\u200d", email_verified: true },
      hank8: { email: "%@acme.example", email_verified: true },
      hank9: { email: ["hank@acme.example"], email_verified: true },
    })) {
      honest.accounts.set(login, account);
      expectFailed(await signIn(new Browser(), login), /you have no invitation/, 403);
    }
    honest.accounts.set("hank", { email: "HANK@Acme.Example", email_verified: true });
    expect((await signIn(new Browser(), "hank")).status).toBe(303);
  });

  it("79 is not given for the verified address of somebody who has one already", async () => {
    await known("ida");
    await invite(made, "ida-too@acme.example");
    other.accounts.set("impostor", { email: "ida@acme.example", email_verified: true });
    expectFailed(await signIn(new Browser(), "impostor", "", "other"), /you have no invitation/, 403);
  });

  it("80 is the issuer's: the same subject of another issuer is another", async () => {
    const user = await known("jo");
    other.accounts.set("jo", { email: "jo@acme.example", email_verified: true });
    expectFailed(await signIn(new Browser(), "jo", "", "other"), /you have no invitation/, 403);
    const { token, user: second } = await invite(made, "jo-of-the-other@acme.example");
    const browser = new Browser();
    expect((await signIn(browser, "jo", `?invitation=${token}`, "other")).status).toBe(303);
    expect(await who(browser)).toBe(second);
    const first = new Browser();
    await signIn(first, "jo");
    expect(await who(first)).toBe(user);
  });

  it("80 stays who it is when its e-mail address changes", async () => {
    const user = await known("kim");
    await invite(made, "lea@acme.example");
    honest.accounts.set("kim", { email: "lea@acme.example", email_verified: true });
    const browser = new Browser();
    expect((await signIn(browser, "kim")).status).toBe(303);
    expect(await who(browser)).toBe(user);
  });

  it("is given once for each invitation, and not for one that has ended", async () => {
    const { token, user } = await invite(made, "mia@acme.example");
    for (const login of ["mia1", "mia2"]) honest.accounts.set(login, {});
    const [one, two] = [new Browser(), new Browser()];
    const urls = [await atCallback(one, "mia1", `?invitation=${token}`), await atCallback(two, "mia2", `?invitation=${token}`)] as const;
    const visits = await Promise.all([one.visit(urls[0].href), two.visit(urls[1].href)]);
    expect(visits.map(({ status }) => status).sort()).toEqual([303, 403]);
    expect([await who(one), await who(two)].sort()).toEqual([user, null].sort());
    const late = await invite(made, "late@acme.example");
    await made.gateway.database.prepare("UPDATE invitations SET expires_at = ? WHERE user_id = ?").bind(Date.now(), late.user).run();
    honest.accounts.set("mia3", {});
    expectFailed(await signIn(new Browser(), "mia3", `?invitation=${late.token}`), /you have no invitation/, 403);
  });
});
