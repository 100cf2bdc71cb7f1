import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { organisationKey } from "../../src/access/permission-set.ts";
import { choresOf } from "../../src/management/datasets/purge.ts";
import {
  type Answer,
  auditRows,
  call,
  type Deployment,
  dataset,
  deployment,
  env,
  inKv,
  MAY_ALL,
  publisherOf,
  type Reply,
  reasonOf,
  SETUP,
  succeeded,
  token,
  US,
} from "./client.ts";
import { person, rowsOf, session } from "./people/person.ts";

afterEach(() => {
  vi.useRealTimers();
});

const { EDGE } = env as unknown as { EDGE: Fetcher };
const refusal = (reply: Reply<Answer>) => [reply.status, reasonOf(reply)];
const setStatus = (org: string, status: string) => call("PUT", `/v2/setup/orgs/${org}/status`, SETUP, { status });

/** KV takes one write per key and second: a document that was written just now follows by alarm. */
async function allPublished(org: string, laterMs = 5_000): Promise<void> {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + laterMs });
  await runDurableObjectAlarm(publisherOf(org));
  vi.useRealTimers();
}

/** With a token that the edge has not seen before, and so remembers nothing of. */
async function ingested({ token: secret }: Answer): Promise<number> {
  const headers = { authorization: `Bearer ${secret}` };
  const response = await EDGE.fetch("https://edge.example/v1/ingest/web", { method: "POST", headers, body: "[{}]" });
  await response.text();
  return response.status;
}

describe("34: an organisation that is suspended", () => {
  it("can do nothing, at management and at the edge, until it is active again", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const tokens = [await token(made, MAY_ALL), await token(made, MAY_ALL)] as const;
    expect(succeeded(await setStatus(made.org, "suspended"))).toEqual({ id: made.org, name: "Acme", status: "suspended" });
    await allPublished(made.org);
    for (const credential of [made.owner, made.session, tokens[0]])
      expect(refusal(await call("GET", "/v2/datasets", credential))).toEqual([403, "organisation-suspended"]);
    expect(refusal(await call("POST", "/v2/users", made.owner, {}))).toEqual([403, "organisation-suspended"]);
    expect(await inKv(organisationKey(made.org))).toMatchObject({ status: "suspended" });
    expect(await ingested(tokens[0])).toBe(403);

    expect(succeeded(await setStatus(made.org, "active"))).toMatchObject({ status: "active" });
    await allPublished(made.org, 10_000);
    expect((await call("GET", "/v2/datasets", tokens[1])).status).toBe(200);
    expect(await inKv(organisationKey(made.org))).toMatchObject({ status: "active" });
    const entries = (await auditRows()).filter(({ action }) => action === "organisation.status");
    expect(entries.map(({ detail }) => JSON.parse(detail).after.status)).toEqual(["suspended", "active"]);
    expect(entries).toMatchObject([{ actor_kind: "setup" }, { actor_kind: "setup" }]);
  });

  it("is made so by whoever operates the deployment, and by nobody else", async () => {
    const made = await deployment();
    const path = `/v2/setup/orgs/${made.org}/status`;
    const body = { status: "suspended" };
    expect(refusal(await call("PUT", path, null, body))).toEqual([401, "credential-missing"]);
    for (const credential of [made.owner, made.session, await token(made, MAY_ALL)])
      expect(refusal(await call("PUT", path, credential, body))).toEqual([401, "token-unknown"]);
    expect(refusal(await call("PUT", path, SETUP, body, { instead: { SETUP_TOKEN: "" } }))).toEqual([404, "route-unknown"]);
    expect(refusal(await setStatus("of-nobody", "suspended"))).toEqual([404, "resource-unknown"]);
    expect(refusal(await setStatus(made.org, "deleted"))).toEqual([400, "body-invalid"]);
    expect((await call("GET", "/v2/datasets", made.owner)).status).toBe(200);
  });

  it("is not changed by what it is already", async () => {
    const made = await deployment();
    const before = (await auditRows()).length;
    expect(succeeded(await setStatus(made.org, "active"))).toMatchObject({ status: "active" });
    expect((await auditRows()).length).toBe(before);
  });
});

describe("34: an organisation that is deleted", () => {
  const remove = (made: Deployment, credential = made.session, name = "Acme") =>
    call("DELETE", `/v2/orgs/${made.org}`, credential, { name });

  it("leaves no token, no session and no dataset alive", async () => {
    const made = await deployment();
    const { id } = await dataset(made, "web");
    await dataset(made, "logs");
    const api = await token(made, MAY_ALL);
    const bob = await person(made, "user", "Bob");
    expect((await remove(made)).status).toBe(204);
    await allPublished(made.org);

    expect(refusal(await call("GET", "/v2/datasets", api))).toEqual([403, "organisation-suspended"]);
    for (const credential of [made.owner, made.session, bob.personal, bob.session])
      expect(refusal(await call("GET", "/v2/user", credential))).toEqual([401, "token-revoked"]);
    expect(await inKv(organisationKey(made.org))).toMatchObject({ status: "deleted", datasets: {} });
    expect(await ingested(api)).toBeGreaterThanOrEqual(403);
    const chores = await choresOf(env.DB, US, null);
    expect(chores.map(({ destination, deleted }) => [destination.dataset, deleted]).sort()).toEqual([
      ["logs", true],
      ["web", true],
    ]);
    expect(id).toBe("web");
    expect(await rowsOf("SELECT 1 FROM invitations WHERE status = 'open'")).toEqual([]);
    expect(refusal(await setStatus(made.org, "active"))).toEqual([404, "resource-unknown"]);
    expect((await auditRows()).at(-1)).toMatchObject({ action: "organisation.delete", target: made.org, actor_id: made.user.id });
  });

  it("was named by its owner, who had signed in just before", async () => {
    const made = await deployment();
    expect(refusal(await remove(made, made.session, "acme"))).toEqual([400, "body-invalid"]);
    expect(refusal(await call("DELETE", `/v2/orgs/${made.org}`, made.session))).toEqual([400, "body-invalid"]);
    expect(refusal(await remove(made, made.owner))).toEqual([403, "token-kind"]);
    expect(refusal(await remove(made, await token(made, MAY_ALL)))).toEqual([403, "token-kind"]);
    const old = await session(made.org, made.user.id, Date.now() - 901_000);
    expect(refusal(await remove(made, old))).toEqual([403, "sign-in-required"]);
    expect((await call("GET", "/v2/datasets", made.owner)).status).toBe(200);
  });

  it("is no home that somebody still needs to sign in elsewhere", async () => {
    const made = await deployment();
    const other = succeeded(await call("POST", "/v2/orgs", made.session, { name: "Other" }));
    expect(refusal(await remove(made))).toEqual([409, "conflict"]);
    expect((await call("DELETE", `/v2/orgs/${other.id}`, { ...made.session, org: other.id }, { name: "Other" })).status).toBe(204);
    // the account is of the home, and lives on
    expect((await call("GET", "/v2/datasets", made.session)).status).toBe(200);
    expect((await remove(made)).status).toBe(204);
  });
});

describe("another organisation", () => {
  it("is founded by an owner, who owns it as the same user", async () => {
    const made = await deployment();
    const founded = succeeded(await call("POST", "/v2/orgs", made.session, { name: "Other & Co" }));
    expect(founded).toMatchObject({
      id: expect.stringMatching(/^other-co-[0-9a-z]{4}$/),
      name: "Other & Co",
      role: "owner",
      defaultEdgeDeployment: US,
    });
    expect(succeeded(await call("GET", `/v2/orgs/${founded.id}`, { token: made.owner.token }))).toEqual(founded);
    const there = { ...made.owner, org: founded.id };
    expect(succeeded(await call<Answer[]>("GET", "/v2/users", there))).toMatchObject([{ id: made.user.id, role: { id: "owner" } }]);
    expect((await call("POST", "/v2/datasets", there, { name: "web" })).status).toBe(200);
    expect(await inKv(organisationKey(founded.id))).toMatchObject({ status: "active" });
    const entry = (await auditRows()).find(({ target }) => target === founded.id);
    expect(entry).toMatchObject({ action: "organisation.create", actor_kind: "user", actor_id: made.user.id });
    expect(await rowsOf("SELECT org FROM users")).toEqual([{ org: made.org }]);
  });

  it("is founded with a session that is fresh, and not in any number", async () => {
    const made = await deployment();
    const found = (credential = made.session) => call("POST", "/v2/orgs", credential, { name: "Other" });
    expect(refusal(await found(made.owner))).toEqual([403, "token-kind"]);
    expect(refusal(await found(await session(made.org, made.user.id, Date.now() - 901_000)))).toEqual([403, "sign-in-required"]);
    for (let n = 1; n < 20; n += 1) succeeded(await found());
    expect(refusal(await found())).toEqual([409, "conflict"]);
    expect(await rowsOf("SELECT 1 FROM orgs")).toHaveLength(20);
  });
});

describe("57: what Workers ask of each other", () => {
  it.each(["lookUpToken", "lookUpOrganisation", "lookUpSettings", "choresOf", "purged", "announce", "publish"])(
    "is not to be had over HTTP: %s",
    async (name) => {
      const made = await deployment();
      for (const path of [`/${name}`, `/rpc/${name}`, `/Authority/${name}`, `/v2/${name}`, `/v2/authority/${name}`, `/_rpc/${name}`]) {
        for (const credential of [null, made.session, SETUP]) {
          const reply = await call("POST", path, credential, { digest: "x" });
          expect([path, ...refusal(reply)]).toEqual([path, 404, "route-unknown"]);
        }
      }
    },
  );
});
