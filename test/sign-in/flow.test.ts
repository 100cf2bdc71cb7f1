/** The whole way with a real provider. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Browser } from "./browser.ts";
import { auditOf, configure, type Deployment, invite, openDeployment } from "./deployment.ts";
import { CLIENT, type Honest, openHonest, signInAt } from "./honest.ts";

let made: Deployment;
let honest: Honest;

beforeAll(async () => {
  made = await openDeployment();
  honest = await openHonest(() => ["staff", "other"].map((name) => `${made.url}/auth/${made.org}/${name}/callback`));
  await configure(made, "staff", honest.issuer, CLIENT);
});
afterAll(() => honest.close());

const JSON_FROM_OWN_PAGE = () => ({ origin: made.url, "content-type": "application/json" });

describe("signing in", () => {
  it("leads from the setup token over a provider and an invitation to a session token that the API takes", async () => {
    const bob = await invite(made, "bob@acme.example");
    honest.accounts.set("bob", { email: "somebody-else@elsewhere.example", email_verified: false });
    const browser = new Browser();
    const invitation = await browser.visit(`${made.url}/auth/invitations/${bob.token}`);
    const [, login = ""] = /href="([^"]+)"/.exec(invitation.text) ?? [];
    const to = await browser.follow(new URL(login.replaceAll("&amp;", "&"), made.url).href, new RegExp(honest.issuer));
    const back = await browser.visit(await signInAt(browser, to, "bob"));
    expect([back.status, back.location, back.text]).toEqual([303, `${made.url}/`, ""]);
    expect([...browser.cookies(made.url).keys()]).toEqual(["__Host-sid"]);

    const session = JSON.parse((await browser.visit(`${made.url}/auth/session`)).text);
    expect(session).toMatchObject({ user: { id: bob.user }, organisations: [{ id: made.org, name: "Acme <b>", role: "read-only" }] });
    const minted = await browser.visit(`${made.url}/auth/session-token`, {
      method: "POST",
      headers: JSON_FROM_OWN_PAGE(),
      body: '{"description":"cli"}',
    });
    const { token, expiresAt } = JSON.parse(minted.text);
    expect(token).toMatch(/^xast-/);
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(29.9 * 86_400_000);
    const user = await made.api("GET", "/v2/user", undefined, { authorization: `Bearer ${token}`, "x-axiom-org-id": made.org });
    expect(user).toMatchObject({ status: 200, body: { id: bob.user } });

    expect((await auditOf(made, "identity.create")).filter(({ actor_id }) => actor_id === bob.user)).toMatchObject([
      { actor_kind: "user" },
    ]);
    const begun = (await auditOf(made, "session.create")).filter(({ actor_id }) => actor_id === bob.user);
    expect(begun.map(({ detail }) => JSON.parse(detail).kind)).toEqual(["browser", "api"]);
    expect(JSON.stringify(begun)).not.toContain(token);
  });
});
