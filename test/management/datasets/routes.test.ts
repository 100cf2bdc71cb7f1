import { afterEach, describe, expect, it, vi } from "vitest";
import { organisationKey } from "../../../src/access/permission-set.ts";
import type { Destination } from "../../../src/management/env.ts";
import { type Answer, call, dataset, deployment, EU, env, inKv, reasonOf, secondOrganisation, succeeded, token, US } from "../client.ts";
import { describeResource } from "../describe-resource.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

for (const version of ["v1", "v2"] as const) {
  const path = `/${version}/datasets`;
  describeResource({
    name: `datasets of ${version}`,
    routes: [
      { method: "GET", path, capability: null },
      { method: "POST", path, capability: "datasets:create", body: { name: "made-new" }, action: "dataset.create" },
      { method: "GET", path: `${path}/:id`, capability: null },
      { method: "PUT", path: `${path}/:id`, capability: "datasets:update", body: { description: "new" }, action: "dataset.update" },
      { method: "DELETE", path: `${path}/:id`, capability: "datasets:delete", action: "dataset.delete" },
    ],
    make: async (made) => (await dataset(made, "web")).id,
  });
}

describeResource({
  name: "flush",
  routes: [{ method: "POST", path: "/v2/datasets/:id/flush", capability: "datasets:update" }],
  make: async (made) => (await dataset(made, "web")).id,
});

describe("a dataset", () => {
  it("is what Axiom's clients read, and nothing that axiom-go refuses", async () => {
    const made = await deployment();
    expect(await dataset(made, "web", { description: "of the web" })).toEqual({
      id: "web",
      name: "web",
      description: "of the web",
      created: expect.stringMatching(/^\d{4}-.*Z$/),
      updatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      who: "Ada",
      kind: "axiom:events:v1",
      canWrite: true,
      edgeDeployment: US,
      edgeDeploymentUrl: "https://us-east-1.example.com",
      mapFields: [],
      retentionDays: 0,
      useRetentionPeriod: false,
      sharedByOrg: "",
    });
  });

  it.each(["v1", "v2"])("is the same in the list and alone at %s", async (version) => {
    const made = await deployment();
    await dataset(made, "web");
    const list = succeeded(await call<Answer[]>("GET", `/${version}/datasets`, made.owner));
    expect(list).toEqual([succeeded(await call("GET", `/${version}/datasets/web`, made.owner))]);
    expect(list.map((one) => one["region"])).toEqual([version === "v1" ? US : undefined]);
  });

  it.each([
    ["edgeDeployment", "v2"],
    ["region", "v1"],
    ["region", "v2"],
    ["edgeDeployment", "v1"],
  ])("is made in the region that %s names at %s", async (member, version) => {
    const { owner } = await deployment();
    const made = succeeded(await call("POST", `/${version}/datasets`, owner, { name: "eu", [member]: EU }));
    expect(made).toMatchObject({ edgeDeployment: EU, edgeDeploymentUrl: "https://eu-central-1.example.com" });
  });

  it("is told of the regions there are", async () => {
    const { owner } = await deployment();
    for (const body of [{ edgeDeployment: "cloud.mars.aws" }, { region: EU, edgeDeployment: US }]) {
      const reply = await call("POST", "/v2/datasets", owner, { name: "web", ...body });
      expect([reply.status, reasonOf(reply)]).toEqual([400, "body-invalid"]);
    }
    const reply = await call("POST", "/v2/datasets", owner, { name: "web", edgeDeployment: "cloud.mars.aws" });
    expect(reply.body.message).toContain(US);
    expect(reply.body.message).toContain(EU);
  });

  it("is made from what axiom-py and axiom-go send for nothing", async () => {
    const { owner } = await deployment();
    const nulls = { description: null, region: null, edgeDeployment: null, kind: null, retentionDays: null, useRetentionPeriod: null };
    succeeded(await call("POST", "/v1/datasets", owner, { name: "py", ...nulls }));
    succeeded(await call("POST", "/v2/datasets", owner, { name: "go", description: "", useRetentionPeriod: false, retentionDays: 0 }));
    succeeded(await call("POST", "/v2/datasets?referrer=cli", owner, { name: "cli", kind: "otel:logs:v1", edgeDeployment: "" }));
  });

  it("exists once under a name", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const again = await call("POST", "/v2/datasets", made.owner, { name: "web" });
    expect([again.status, reasonOf(again)]).toEqual([409, "entity-exists"]);
    expect(again.body.message).toContain("entity exists");
    const race = await Promise.all([1, 2, 3].map(() => call("POST", "/v2/datasets", made.owner, { name: "api" })));
    expect(race.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });

  it.each(["a", "A-1", "a.b_c-d", "x".repeat(128)])("may be called %s", async (name) => {
    await dataset(await deployment(), name);
  });

  it.each(["", "-a", "a-", "a b", "a/b", "a\r\nb", "ä", "*", "**", "a*", "%", "_all", "..", "x".repeat(129), 7, null])(
    "43 may not be called %j",
    async (name) => {
      const { owner } = await deployment();
      const reply = await call("POST", "/v2/datasets", owner, { name });
      expect([reply.status, reasonOf(reply)]).toEqual([400, "body-invalid"]);
    },
  );

  it.each([
    { kind: "axiom:metrics:v1" },
    { retentionDays: -1 },
    { retentionDays: 1.5 },
    { retentionDays: "30" },
    { useRetentionPeriod: true },
    { useRetentionPeriod: 1, retentionDays: 1 },
    { description: 5 },
  ])("is refused with %j", async (more) => {
    const { owner } = await deployment();
    const reply = await call("POST", "/v2/datasets", owner, { name: "web", ...more });
    expect([reply.status, reasonOf(reply)]).toEqual([400, "body-invalid"]);
  });

  it("reads back as its update was answered", async () => {
    const made = await deployment();
    const before = await dataset(made, "web");
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 5_000 });
    const update = { description: "new", retentionDays: 30, useRetentionPeriod: true };
    const updated = succeeded(await call("PUT", "/v2/datasets/web", made.owner, update));
    expect(updated).toMatchObject(update);
    expect(updated["created"]).toBe(before["created"]);
    expect(updated["updatedAt"]).not.toBe(before["updatedAt"]);
    expect(succeeded(await call("GET", "/v2/datasets/web", made.owner))).toEqual(updated);
  });

  it("keeps what an update does not mention, and its retention through v1", async () => {
    const made = await deployment();
    await dataset(made, "web", { description: "old", retentionDays: 30, useRetentionPeriod: true });
    const kept = succeeded(await call("PUT", "/v2/datasets/web", made.owner, { retentionDays: 7 }));
    expect(kept).toMatchObject({ description: "old", retentionDays: 7, useRetentionPeriod: true });
    succeeded(await call("PUT", "/v1/datasets/web", made.owner, { description: "new" }));
    const after = succeeded(await call("GET", "/v2/datasets/web", made.owner));
    expect(after).toMatchObject({ description: "new", retentionDays: 7, useRetentionPeriod: true });
    expect((await call("PUT", "/v1/datasets/web", made.owner, { description: "", retentionDays: 1 })).status).toBe(400);
  });

  it("loses no update when two come at once", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const replies = await Promise.all(
      [{ description: "one" }, { retentionDays: 9 }].map((update) => call("PUT", "/v2/datasets/web", made.owner, update)),
    );
    const after = succeeded(await call("GET", "/v2/datasets/web", made.owner));
    const done = replies.map(({ status }) => status === 200);
    expect(done.includes(true)).toBe(true);
    expect([after["description"] === "one", after["retentionDays"] === 9]).toEqual(done);
    for (const reply of replies) if (reply.status !== 200) expect(reasonOf(reply)).toBe("conflict");
  });

  it("is gone after it was deleted, and another one under its name", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const sender = await token(made, { datasetCapabilities: { web: { ingest: ["create"] } } });
    const gone = await call("DELETE", "/v2/datasets/web", made.owner);
    expect([gone.status, gone.body]).toEqual([204, null]);
    for (const method of ["GET", "DELETE"]) {
      const reply = await call(method, "/v2/datasets/web", made.owner);
      expect([reply.status, reasonOf(reply)]).toEqual([404, "dataset-unknown"]);
      expect(reply.body.message).toMatch(/not found/i);
    }
    await dataset(made, "web");
    // the sender's capability was on the old one
    expect(succeeded(await call<Answer[]>("GET", "/v2/datasets", sender))).toEqual([]);
    expect((await call("GET", `/v2/tokens/${sender.id}`, made.owner)).body["datasetCapabilities"]).toEqual({});
  });

  it("is shown to tokens that may do something with it", async () => {
    const made = await deployment();
    for (const name of ["api", "web"]) await dataset(made, name);
    const seenBy = async (request: Record<string, unknown>) => {
      const list = succeeded(await call<Answer[]>("GET", "/v2/datasets", await token(made, request)));
      return list.map(({ name, canWrite }) => [name, canWrite]);
    };
    expect(await seenBy({ datasetCapabilities: { web: { ingest: ["create"] } } })).toEqual([["web", true]]);
    expect(await seenBy({ datasetCapabilities: { api: { query: ["read"] } } })).toEqual([["api", false]]);
    expect(await seenBy({ datasetCapabilities: { "*": { query: ["read"] } } })).toHaveLength(2);
    expect(await seenBy({ orgCapabilities: { datasets: ["read"] } })).toHaveLength(2);
    expect(await seenBy({ orgCapabilities: { datasets: ["create"] } })).toEqual([]);

    const narrow = await token(made, { datasetCapabilities: { api: { query: ["read"] } } });
    const other = await call("GET", "/v2/datasets/web", narrow);
    expect([other.status, reasonOf(other)]).toEqual([404, "dataset-unknown"]);
    // nothing in the answer tells it from one that does not exist
    const nowhere = await call("GET", "/v2/datasets/wob", narrow);
    expect(JSON.stringify(other.body)).toBe(JSON.stringify(nowhere.body).replaceAll("wob", "web"));
  });

  it("36 stays inside its organisation", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const others = await secondOrganisation(made);
    expect(succeeded(await call<Answer[]>("GET", "/v2/datasets", others))).toEqual([]);
    for (const method of ["GET", "DELETE"]) expect((await call(method, "/v2/datasets/web", others)).status).toBe(404);
    succeeded(await call("POST", "/v2/datasets", others, { name: "web" }));
    expect(succeeded(await call<Answer[]>("GET", "/v2/datasets", made.owner))).toHaveLength(1);
  });

  it("reaches the edges with its id and region", async () => {
    const made = await deployment();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 5_000 });
    await dataset(made, "eu", { edgeDeployment: EU });
    const { id } = (await env.DB.prepare("SELECT id FROM datasets").first<{ id: string }>()) ?? {};
    expect(await inKv(organisationKey(made.org))).toMatchObject({
      datasets: { eu: { id, region: EU } },
      regions: { [US]: "https://us-east-1.example.com", [EU]: "https://eu-central-1.example.com" },
      ver: 2,
    });
  });
});

describe("flushing a dataset", () => {
  it("is answered by the region's own Worker", async () => {
    const made = await deployment();
    await dataset(made, "eu", { edgeDeployment: EU });
    expect(succeeded(await call("POST", "/v2/datasets/eu/flush", made.owner))).toEqual({ segments: 0, rows: 0 });
  });

  it("asks for the dataset by name and id, in its region", async () => {
    const made = await deployment();
    await dataset(made, "eu", { edgeDeployment: EU });
    const asked: Destination[] = [];
    const EU_CENTRAL_1 = {
      flush(destination: Destination) {
        asked.push(destination);
        return Promise.resolve({ segments: 2, rows: 7, more: "is left out" });
      },
    };
    const reply = await call("POST", "/v2/datasets/eu/flush", made.owner, undefined, { instead: { EU_CENTRAL_1 } });
    expect(succeeded(reply)).toEqual({ segments: 2, rows: 7 });
    const { id } = (await env.DB.prepare("SELECT id FROM datasets").first<{ id: string }>()) ?? {};
    expect(asked).toEqual([{ org: made.org, dataset: "eu", datasetId: id, region: EU }]);
  });

  it("answers 503 while the region cannot", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const made = await deployment();
    await dataset(made, "eu", { edgeDeployment: EU });
    const EU_CENTRAL_1 = { flush: () => Promise.reject(new Error("away")) };
    const reply = await call("POST", "/v2/datasets/eu/flush", made.owner, undefined, { instead: { EU_CENTRAL_1 } });
    expect([reply.status, reasonOf(reply)]).toEqual([503, "store-unavailable"]);
    expect(reply.headers.get("retry-after")).toBe("1");
  });
});
