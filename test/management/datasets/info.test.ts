import { describe, expect, it } from "vitest";
import { type Answer, call, dataset, deployment, reasonOf, succeeded, token } from "../client.ts";

const EVENTS = '{"_time":"2026-01-02T03:04:05Z","n":1}\n{"_time":"2026-01-02T03:04:06Z","n":2}';
const NDJSON = { headers: { "content-type": "application/x-ndjson" } };

describe("how much of a dataset there is", () => {
  it("counts what is buffered at once, and knows the times of what is written out", async () => {
    const made = await deployment();
    const { created, who } = await dataset(made, "web");
    const info = async (path = "/v1/datasets/web/info") => succeeded(await call("GET", path, made.owner));
    const nothing = { name: "web", numBlocks: 0, numEvents: 0, numFields: 0, inputBytes: 0, compressedBytes: 0, fields: [] };
    expect(await info()).toEqual({ ...nothing, minTime: null, maxTime: null, who, created });
    succeeded(await call("POST", "/v1/ingest/web", made.owner, EVENTS, NDJSON));
    expect(await info()).toMatchObject({ numEvents: 2, numBlocks: 0, minTime: null });
    succeeded(await call("POST", "/v2/datasets/web/flush", made.owner));
    succeeded(await call("PUT", "/v2/datasets/web/fields/n", made.owner, { unit: "s" }));
    succeeded(await call("POST", "/v1/ingest/web", made.owner, '{"n":3}', NDJSON));
    const field = { name: "n", type: "", unit: "s", hidden: false, description: "" };
    for (const path of ["/v1/datasets/web/info", "/api/v1/datasets/web/info"])
      expect(await info(path)).toMatchObject({
        ...{ numEvents: 3, numBlocks: 1, numFields: 1, fields: [field], compressedBytes: expect.any(Number) },
        ...{ minTime: expect.stringContaining("2026-01-02T03:04:05"), maxTime: expect.stringContaining("2026-01-02T03:04:06") },
      });
  });

  it("is for those who may read it", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const sender = await token(made, { datasetCapabilities: { web: { ingest: ["create"] } } });
    expect(reasonOf(await call("GET", "/v1/datasets/web/info", sender))).toBe("forbidden");
  });
});

describe("the paths of older clients", () => {
  it("lead to the same datasets, users and organisations", async () => {
    const made = await deployment();
    succeeded(await call("POST", "/api/v1/datasets", made.owner, { name: "web", description: "first" }));
    const one = succeeded(await call("GET", "/v1/datasets/web", made.owner));
    expect(succeeded(await call("GET", "/api/v1/datasets/web", made.owner))).toEqual(one);
    expect(succeeded(await call("GET", "/api/v1/datasets", made.owner))).toEqual([one]);
    expect(one).toMatchObject({ region: one["edgeDeployment"], description: "first" });
    const updated = succeeded(await call<Answer>("PUT", "/api/v1/datasets/web", made.owner, { description: "second" }));
    expect(updated["description"]).toBe("second");
    expect(succeeded(await call("POST", "/api/v1/datasets/web/trim", made.owner, { maxDuration: "1h" }))).toEqual({ numDeleted: 0 });
    expect(succeeded(await call("GET", "/api/v1/user", made.owner))).toEqual(succeeded(await call("GET", "/v1/user", made.owner)));
    expect(succeeded(await call("GET", "/api/v1/orgs", made.owner))).toEqual(succeeded(await call("GET", "/v2/orgs", made.owner)));
    expect((await call("DELETE", "/api/v1/datasets/web", made.owner)).status).toBe(204);
  });
});
