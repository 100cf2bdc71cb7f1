import { describe, expect, it } from "vitest";
import { type Answer, auditRows, call, deployment, MAY_ALL, type Reply, reasonOf, secondOrganisation, succeeded, token } from "./client.ts";
import { describeResource } from "./describe-resource.ts";
import { person } from "./people/person.ts";

const refusal = (reply: Reply<Answer>) => [reply.status, reasonOf(reply)];
const DEFAULTS = { tokenLifetimeMax: null, onCreatorRemoved: "keep", auditKeepDays: 400 };

describeResource({
  name: "an organisation's settings",
  kind: "personal",
  routes: [
    { method: "PUT", path: "/v2/orgs/:id", capability: null, body: { name: "New" }, action: "organisation.update" },
    { method: "GET", path: "/v2/orgs/:id/settings", capability: null },
    { method: "PUT", path: "/v2/orgs/:id/settings", capability: null, body: { auditKeepDays: 90 }, action: "organisation.settings" },
  ],
  make: async ({ org }) => org,
});

describe("an organisation", () => {
  it("is renamed by administrators, and is another version then", async () => {
    const made = await deployment();
    const before = succeeded(await call("GET", `/v2/orgs/${made.org}`, made.owner));
    const renamed = succeeded(await call("PUT", `/v2/orgs/${made.org}`, (await person(made, "admin")).personal, { name: "Acme Ltd" }));
    expect(renamed).toMatchObject({ id: made.org, name: "Acme Ltd", role: "admin" });
    expect(Number(renamed["metaVersion"])).toBeGreaterThan(Number(before["metaVersion"]));
    expect(succeeded(await call("GET", `/v2/orgs/${made.org}`, made.owner))).toEqual({ ...renamed, role: "owner" });
    expect(refusal(await call("PUT", `/v2/orgs/${made.org}`, (await person(made, "user")).personal, { name: "Mine" }))).toEqual([
      403,
      "forbidden",
    ]);
    expect(refusal(await call("PUT", `/v2/orgs/${made.org}`, await token(made, MAY_ALL), { name: "Mine" }))).toEqual([403, "token-kind"]);
  });

  it("has settings of its own, which are not in the object that axiom-go reads", async () => {
    const made = await deployment();
    const path = `/v2/orgs/${made.org}/settings`;
    expect(succeeded(await call("GET", path, made.owner))).toEqual(DEFAULTS);
    const changed = { ...DEFAULTS, tokenLifetimeMax: 86_400, onCreatorRemoved: "revoke" };
    const asked = { tokenLifetimeMax: 86_400, onCreatorRemoved: "revoke" };
    expect(succeeded(await call("PUT", path, made.owner, asked))).toEqual(changed);
    expect(succeeded(await call("GET", path, made.owner))).toEqual(changed);
    expect(JSON.parse((await auditRows()).at(-1)?.detail ?? "")).toEqual({ before: DEFAULTS, after: changed });
    expect(succeeded(await call("PUT", path, made.owner, { tokenLifetimeMax: null }))).toEqual({ ...changed, tokenLifetimeMax: null });
    expect(Object.keys(succeeded(await call("GET", `/v2/orgs/${made.org}`, made.owner)))).not.toContain("onCreatorRemoved");
  });

  it.each([
    { tokenLifetimeMax: 3_599 },
    { tokenLifetimeMax: 3_600.5 },
    { tokenLifetimeMax: "86400" },
    { onCreatorRemoved: "delete" },
    { auditKeepDays: 29 },
    { auditKeepDays: null },
    { auditKeepDays: 3_651 },
    { status: "deleted" },
    { rights: 1 },
  ])("takes no settings such as %j", async (wrong) => {
    const made = await deployment();
    expect(refusal(await call("PUT", `/v2/orgs/${made.org}/settings`, made.owner, wrong))).toEqual([400, "body-invalid"]);
    expect(succeeded(await call("GET", `/v2/orgs/${made.org}/settings`, made.owner))).toEqual(DEFAULTS);
  });
});

describe("37: the organisation that a request names", () => {
  it.each<[string, string, unknown?]>([
    ["GET", "/v2/users"],
    ["POST", "/v2/users", { name: "Eve", email: "eve@acme.example", role: "none" }],
    ["GET", "/v2/invitations"],
    ["GET", "/v2/orgs/:org/settings"],
    ["PUT", "/v2/orgs/:org", { name: "Mine" }],
  ])("is one of the credential's, to the letter: %s %s", async (method, path, body) => {
    const made = await deployment();
    const send = (org: string, credential = made.owner) => call(method, path.replace(":org", made.org), { ...credential, org }, body);
    for (const org of [
      "of-others",
      "*",
      "%",
      made.org.toUpperCase(),
      `${made.org}, ${made.org}`,
      `${made.org}/`,
      `${made.org}%C3%A9`,
      "null",
    ])
      expect([org, ...refusal(await send(org))]).toEqual([org, 403, "forbidden"]);
    expect(refusal(await send(""))).toEqual([400, "organisation-required"]);
    expect((await send(made.org)).status).toBe(200);
  });

  it.each(["of-others", "*"])("is never another than an API token's: %s", async (org) => {
    const made = await deployment();
    const { token: secret } = await token(made, MAY_ALL);
    expect(refusal(await call("GET", "/v2/users", { token: secret, org }))).toEqual([403, "forbidden"]);
  });

  it.each<[string, string, unknown?]>([
    ["PUT", "", { name: "Mine" }],
    ["GET", "/settings"],
    ["PUT", "/settings", { auditKeepDays: 30 }],
    ["DELETE", "", { name: "Acme" }],
  ])("is the one of the path, too: %s /v2/orgs/<id>%s", async (method, rest, body) => {
    const made = await deployment();
    const other = await secondOrganisation(made);
    const send = (id: string) => call(method, `/v2/orgs/${id}${rest}`, { ...made.session, org: made.org }, body);
    expect(refusal(await send(other.org ?? ""))).toEqual([404, "resource-unknown"]);
    expect(refusal(await send("of-nobody"))).toEqual([404, "resource-unknown"]);
    expect((await call("GET", `/v2/orgs/${other.org}`, other)).body).toMatchObject({ name: "Acme" });
  });
});

describe("38: a personal token", () => {
  it.each(["/v2/users", "/v2/invitations"])(
    "says for which organisation at %s, and has no more to say in one that its user has left",
    async (path) => {
      const made = await deployment();
      const founder = await person(made, "owner", "Founder");
      const other = succeeded(await call("POST", "/v2/orgs", founder.session, { name: "Other" }));
      const there = { ...founder.personal, org: other.id };
      expect(refusal(await call("GET", path, { token: founder.personal.token }))).toEqual([400, "organisation-required"]);
      expect((await call("GET", path, there)).status).toBe(200);

      const heir = await person({ ...made, org: other.id, owner: there }, "owner", "Heir");
      expect((await call("DELETE", `/v2/users/${founder.id}`, heir.session)).status).toBe(204);
      const left = await call("GET", path, there);
      expect(refusal(left)).toEqual([403, "forbidden"]);
      const nowhere = await call("GET", path, { ...there, org: "of-nobody" });
      expect(left.body.message.replace(other.id, "…")).toBe(nowhere.body.message.replace("of-nobody", "…"));
      expect((await call("GET", path, founder.personal)).status).toBe(200);
    },
  );
});
