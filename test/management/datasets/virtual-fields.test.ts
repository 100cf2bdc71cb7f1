import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Authority } from "../../../src/management/authority.ts";
import { type Answer, call, type Deployment, dataset, deployment, env, reasonOf, succeeded, token } from "../client.ts";
import { describeResource } from "../describe-resource.ts";

const authority = (exports as unknown as { Authority: Pick<Authority, "lookUpSettings"> }).Authority;
const SUM = { dataset: "web", name: "sum", expression: "a + b", type: "number" };

async function made(): Promise<Deployment> {
  const all = await deployment();
  await dataset(all, "web");
  return all;
}

describeResource({
  name: "a virtual field",
  routes: [
    { method: "GET", path: "/v2/vfields", capability: null },
    { method: "GET", path: "/v2/vfields/:id", capability: null },
    { method: "POST", path: "/v2/vfields", capability: null, body: { ...SUM, name: "another" }, action: "virtualField.create" },
    { method: "PUT", path: "/v2/vfields/:id", capability: null, body: SUM, action: "virtualField.update" },
    { method: "DELETE", path: "/v2/vfields/:id", capability: null, action: "virtualField.delete" },
  ],
  async make(all) {
    await dataset(all, "web");
    return succeeded(await call("POST", "/v2/vfields", all.owner, SUM)).id;
  },
});

describe("virtual fields", () => {
  it("are answered as they were sent, without what is empty", async () => {
    const { owner } = await made();
    const { id, ...field } = succeeded(await call("POST", "/v2/vfields", owner, SUM));
    expect(field).toEqual(SUM);
    const whole = { ...SUM, name: "product", expression: "a * b", description: "of both", unit: "m²" };
    const updated = succeeded(await call("PUT", `/v2/vfields/${id}`, owner, whole));
    expect(updated).toEqual({ id, ...whole });
    expect(succeeded(await call("GET", `/v2/vfields/${id}`, owner))).toEqual(updated);
    for (const path of ["/v2/vfields?dataset=web", "/v2/vfields", "/api/v1/vfields?dataset=web", "/api/v1/virtualfields"])
      expect(succeeded(await call("GET", path, owner))).toEqual([updated]);
    expect((await call("DELETE", `/v2/vfields/${id}`, owner)).status).toBe(204);
    expect(reasonOf(await call("GET", `/v2/vfields/${id}`, owner))).toBe("resource-unknown");
  });

  it("take no name of a field that each event has", async () => {
    const { owner } = await made();
    const { id } = succeeded(await call("POST", "/v2/vfields", owner, SUM));
    for (const name of ["_time", "_sysTime", "_rowID"]) {
      for (const [method, path] of [
        ["POST", "/v2/vfields"],
        ["PUT", `/v2/vfields/${id}`],
      ] as const) {
        const answer = await call(method, path, owner, { ...SUM, name });
        expect([answer.status, reasonOf(answer), answer.body.message]).toEqual([
          400,
          "body-invalid",
          expect.stringContaining("must be none of"),
        ]);
      }
    }
  });

  it("have a name and a dataset of their own", async () => {
    const all = await made();
    const { owner } = all;
    await dataset(all, "api");
    const { id } = succeeded(await call("POST", "/v2/vfields", owner, SUM));
    const again = await call("POST", "/v2/vfields", owner, SUM);
    expect([again.status, reasonOf(again), again.body.message]).toEqual([409, "entity-exists", expect.stringContaining("entity exists")]);
    succeeded(await call("POST", "/v2/vfields", owner, { ...SUM, dataset: "api" }));
    succeeded(await call("POST", "/v2/vfields", owner, { ...SUM, name: "other" }));
    expect(reasonOf(await call("PUT", `/v2/vfields/${id}`, owner, { ...SUM, name: "other" }))).toBe("entity-exists");
    expect(reasonOf(await call("PUT", `/v2/vfields/${id}`, owner, { ...SUM, dataset: "api" }))).toBe("body-invalid");
    expect(reasonOf(await call("POST", "/v2/vfields", owner, { ...SUM, dataset: "absent" }))).toBe("dataset-unknown");
    expect(reasonOf(await call("GET", "/v2/vfields?dataset=absent", owner))).toBe("dataset-unknown");
    for (const expression of ["", "  ", "a".repeat(10_001)])
      expect(reasonOf(await call("POST", "/v2/vfields", owner, { ...SUM, name: "x", expression }))).toBe("body-invalid");
  });

  it("need the capability on their dataset, each way", async () => {
    const all = await made();
    await dataset(all, "api");
    const { id } = succeeded(await call("POST", "/v2/vfields", all.owner, SUM));
    const reader = await token(all, { datasetCapabilities: { web: { virtualFields: ["read"] }, api: { query: ["read"] } } });
    succeeded(await call("POST", "/v2/vfields", all.owner, { ...SUM, dataset: "api" }));
    expect(succeeded(await call<Answer[]>("GET", "/v2/vfields", reader)).map((field) => field["dataset"])).toEqual(["web"]);
    expect((await call("GET", `/v2/vfields/${id}`, reader)).status).toBe(200);
    for (const [method, path, body, capability] of [
      ["GET", "/v2/vfields?dataset=api", undefined, "virtualFields:read"],
      ["POST", "/v2/vfields", { ...SUM, name: "x" }, "virtualFields:create"],
      ["PUT", `/v2/vfields/${id}`, SUM, "virtualFields:update"],
      ["DELETE", `/v2/vfields/${id}`, undefined, "virtualFields:delete"],
    ] as const) {
      const reply = await call(method, path, reader, body);
      expect([reply.status, reply.body.message]).toEqual([403, expect.stringContaining(capability)]);
    }
  });

  it("36 of a dataset that a team hides are as unknown as those that do not exist", async () => {
    const all = await made();
    await dataset(all, "api");
    const { id } = succeeded(await call("POST", "/v2/vfields", all.owner, SUM));
    await env.DB.batch([
      env.DB.prepare("UPDATE members SET role = 'user'"),
      env.DB.prepare("INSERT INTO teams (id, org, name, description, created_at, ver, change_id) VALUES ('t', ?, 't', '', 0, 1, '')").bind(
        all.org,
      ),
      env.DB.prepare("INSERT INTO team_members (team_id, user_id, owner, created_at) VALUES ('t', ?, 0, 0)").bind(all.user.id),
      env.DB.prepare("INSERT INTO team_datasets SELECT 't', id FROM datasets WHERE name = 'api'"),
    ]);
    const hidden = await call("GET", `/v2/vfields/${id}`, all.owner);
    expect([hidden.status, reasonOf(hidden)]).toEqual([404, "resource-unknown"]);
    expect(succeeded(await call("GET", "/v2/vfields", all.owner))).toEqual([]);
    expect(reasonOf(await call("POST", "/v2/vfields", all.owner, { ...SUM, name: "x" }))).toBe("dataset-unknown");
    expect((await call("POST", "/v2/vfields", all.owner, { ...SUM, dataset: "api" })).status).toBe(200);
  });

  it("are what a region is told of its dataset, with the map fields, until the dataset goes", async () => {
    const { owner } = await made();
    succeeded(await call("POST", "/v2/vfields", owner, SUM));
    succeeded(await call("PUT", "/v2/datasets/web/mapfields", owner, ["foo"]));
    const id = (await env.DB.prepare("SELECT id FROM datasets").first<string>("id")) as string;
    const known = await authority.lookUpSettings(id);
    expect(known).toMatchObject({ mapFields: ["foo"], virtualFields: [{ name: "sum", expression: "a + b" }] });
    await call("DELETE", "/v2/datasets/web", owner);
    expect(await authority.lookUpSettings(id)).toBeNull();
    expect(await env.DB.prepare("SELECT * FROM virtual_fields").first()).toBeNull();
  });
});
