/**
 * People from the outside, in one run: an owner signs in, a colleague is invited into a team and sees the team's dataset only, a token
 * is rotated with an overlap, and the audit log has all of it.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Browser } from "./browser.ts";
import { configure, type Deployment, linkFor, openDeployment } from "./deployment.ts";
import { CLIENT, type Honest, openHonest, signInAt } from "./honest.ts";

const HOUR_MS = 3_600_000;
/** How long a change may take to reach an edge that hears the change feed. */
const HEARD_MS = 12_000;

let made: Deployment;
let honest: Honest;

beforeAll(async () => {
  made = await openDeployment();
  honest = await openHonest(() => [`${made.url}/auth/${made.org}/staff/callback`]);
});
afterAll(() => honest.close());

type Headers = Record<string, string>;

/** Signs in by an invitation's link and generates a session token, as the console's page does. */
async function sessionOf(login: string, invitation: string): Promise<Headers> {
  const browser = new Browser();
  const begun = await browser.visit(`${made.url}/auth/${made.org}/staff/login?invitation=${invitation}`);
  await browser.visit(await signInAt(browser, begun.location, login));
  const headers = { origin: made.url, "content-type": "application/json", "sec-fetch-site": "same-origin" };
  const { text } = await browser.visit(`${made.url}/auth/session-token`, { method: "POST", headers, body: "{}" });
  return { authorization: `Bearer ${JSON.parse(text).token}`, "x-axiom-org-id": made.org };
}

async function done<T>(method: string, path: string, body: unknown, headers: Headers): Promise<T> {
  const reply = await made.api<T>(method, path, body, headers);
  expect(reply).toMatchObject({ status: path.endsWith("/members") ? expect.any(Number) : 200 });
  expect(reply.status).toBeLessThan(300);
  return reply.body;
}

const ingest = (url: string, secret: string, dataset: string, more: Headers = {}) =>
  fetch(`${url}/v1/ingest/${dataset}`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/x-ndjson", ...more },
    body: `{"at":${Date.now()}}`,
  }).then(({ status }) => status);

it("goes from an owner's sign-in to a token that dies on time, and the audit log tells it", { timeout: 90_000 }, async () => {
  await configure(made, "staff", honest.issuer, CLIENT);
  honest.accounts.set("ada", { email: "ada@acme.example", email_verified: true });
  honest.accounts.set("bob", { email: "bob@acme.example", email_verified: true });
  const owner = await sessionOf("ada", await linkFor(made, made.owner));
  expect(await done("GET", "/v2/user", undefined, owner)).toMatchObject({ id: made.owner, role: { id: "owner" } });

  for (const name of ["team-logs", "secret-logs"]) await done("POST", "/v2/datasets", { name }, owner);
  const { id: bob } = await done<{ id: string }>("POST", "/v2/users", { name: "Bob", email: "bob@acme.example", role: "read-only" }, owner);
  const { token: link } = await done<{ token: string }>("POST", `/v2/users/${bob}/invitation`, undefined, owner);
  const team = await done<{ id: string }>("POST", "/v2/teams", { name: "readers", description: "", datasets: ["team-logs"] }, owner);
  await done("POST", `/v2/teams/${team.id}/members`, { user: bob }, owner);

  const session = await sessionOf("bob", link);
  const personal = await done<{ token: string }>("POST", "/v2/user/tokens", { name: "laptop" }, session);
  const asBob = { authorization: `Bearer ${personal.token}`, "x-axiom-org-id": made.org };
  expect((await done<{ name: string }[]>("GET", "/v2/datasets", undefined, asBob)).map(({ name }) => name)).toEqual(["team-logs"]);
  await done("GET", "/v1/datasets/team-logs/segments", undefined, asBob);
  for (const path of ["/v2/datasets/secret-logs", "/v1/datasets/secret-logs/segments", "/v1/datasets/secret-logs/stats"])
    expect((await made.api("GET", path, undefined, asBob)).status).toBe(404);
  const org = { "x-axiom-org-id": made.org };
  expect(await ingest(made.url, personal.token, "secret-logs", org)).toBe(404);
  expect(await ingest(made.url, personal.token, "team-logs", org)).toBe(403);

  const grant = { name: "shipper", datasetCapabilities: { "team-logs": { ingest: ["create"] } } };
  const old = await done<{ id: string; token: string }>("POST", "/v2/tokens", grant, owner);
  const edge = made.gateway.urls.edges["cloud.us-east-1.aws"] as string;
  expect(await ingest(edge, old.token, "team-logs")).toBe(200);
  const overlap = { existingTokenExpiresAt: new Date(Date.now() + HOUR_MS).toISOString() };
  const next = await done<{ id: string; token: string }>("POST", `/v2/tokens/${old.id}/regenerate`, overlap, owner);
  expect([await ingest(edge, old.token, "team-logs"), await ingest(edge, next.token, "team-logs")]).toEqual([200, 200]);

  // the hour made short: the end comes nearer, but not nearer than an edge hears of it
  const end = Date.now() + HEARD_MS + 1_000;
  await done("PUT", `/v2/tokens/${old.id}/expiry`, { expiresAt: new Date(end).toISOString() }, owner);
  await expect.poll(() => ingest(edge, old.token, "team-logs"), { timeout: HEARD_MS + 5_000, interval: 200 }).toBe(401);
  expect(Date.now() - end).toBeGreaterThanOrEqual(0);
  expect(Date.now() - end).toBeLessThan(2_000);
  expect(await ingest(edge, next.token, "team-logs")).toBe(200);

  const { entries } = await done<{
    entries: { action: string; target: string; actor: { id: string }; credential: { kind: string } | null }[];
  }>("GET", "/v2/audit?limit=100", undefined, owner);
  const told = entries.toReversed().map(({ action, actor, credential }) => {
    const who = { [made.owner]: "ada", [bob]: "bob" }[actor.id] ?? actor.id;
    return `${who} ${action} ${credential?.kind ?? "-"}`;
  });
  expect(told.slice(told.indexOf("ada identity.create -"))).toEqual([
    "ada identity.create -",
    "ada session.create -",
    "ada session.create session",
    "ada dataset.create session",
    "ada dataset.create session",
    "ada user.create session",
    "ada invitation.create session",
    "ada team.create session",
    "ada team.members session",
    "bob identity.create -",
    "bob session.create -",
    "bob session.create session",
    "bob personal-token.create session",
    "ada token.create session",
    "ada token.regenerate session",
    "ada token.expire session",
  ]);
  expect(JSON.stringify(entries)).not.toMatch(/xa[apsi][tn]-/);
});
