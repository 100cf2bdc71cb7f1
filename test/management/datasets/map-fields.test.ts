import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Authority } from "../../../src/management/authority.ts";
import { type Answer, call, dataset, deployment, env, reasonOf, succeeded } from "../client.ts";
import { describeResource } from "../describe-resource.ts";

const authority = (exports as unknown as { Authority: Pick<Authority, "lookUpSettings"> }).Authority;

describeResource({
  name: "a dataset's map fields",
  routes: [
    { method: "GET", path: "/v2/datasets/:id/mapfields", capability: "datasets:read" },
    {
      ...{ method: "POST", path: "/v2/datasets/:id/mapfields", capability: "datasets:update" },
      ...{ body: { name: "foo" }, action: "dataset.mapFields" },
    },
  ],
  make: async (made) => (await dataset(made, "web")).id,
});

async function withDataset() {
  const made = await deployment();
  await dataset(made, "web");
  const { id } = (await env.DB.prepare("SELECT id FROM datasets").first<{ id: string }>()) as { id: string };
  const send = (method: string, body?: unknown, name = "") => call(method, `/v2/datasets/web/mapfields${name}`, made.owner, body);
  const shown = async () => succeeded(await call<{ mapFields: string[] }>("GET", "/v2/datasets/web", made.owner)).mapFields;
  return { made, id, send, shown };
}

describe("map fields", () => {
  it("are what the dataset shows, whichever way they came", async () => {
    const { send, shown } = await withDataset();
    expect(await shown()).toEqual([]);
    expect(succeeded(await send("POST", { name: "foo" }))).toEqual({ name: "foo" });
    expect(await shown()).toEqual(["foo"]);
    expect(succeeded(await send("PUT", ["bar", "baz.b-z_1"]))).toEqual(["bar", "baz.b-z_1"]);
    expect(await shown()).toEqual(["bar", "baz.b-z_1"]);
    expect(await send("DELETE", undefined, "/bar")).toMatchObject({ status: 204, body: null });
    expect(succeeded(await send("GET"))).toEqual(["baz.b-z_1"]);
    expect(succeeded(await send("PUT", []))).toEqual([]);
    expect(await shown()).toEqual([]);
  });

  it("are remembered when they are none any more, until they are again", async () => {
    const { id, send } = await withDataset();
    const past = async () => {
      const row = await env.DB.prepare("SELECT settings FROM datasets WHERE id = ?").bind(id).first<{ settings: string }>();
      return JSON.parse(row?.settings ?? "{}").formerMapFields as { name: string; until: number }[];
    };
    succeeded(await send("PUT", ["foo", "bar"]));
    const before = Date.now();
    await send("DELETE", undefined, "/foo");
    const [first] = await past();
    expect(first?.name).toBe("foo");
    expect(first?.until).toBeGreaterThanOrEqual(before);
    succeeded(await send("PUT", ["foo"]));
    expect((await past()).map(({ name }) => name)).toEqual(["bar"]);
  });

  it("say what is wrong with a name, a second one of it, and one that is not there", async () => {
    const { send, shown } = await withDataset();
    succeeded(await send("PUT", ["foo"]));
    const reasons: [unknown, string][] = [];
    for (const [method, body] of [
      ["POST", { name: "__invalid__" }],
      ["POST", { name: "" }],
      ["POST", { name: "a".repeat(201) }],
      ["PUT", ["__invalid__"]],
      ["PUT", ["dupe", "dupe"]],
      ["PUT", [1]],
      ["PUT", { name: "foo" }],
      ["PUT", Array.from({ length: 101 }, (_, i) => `f${i}`)],
    ] as const)
      reasons.push([body, reasonOf(await send(method, body))]);
    expect(reasons.filter(([, reason]) => reason !== "body-invalid")).toEqual([]);
    const again = await send("POST", { name: "foo" });
    expect([again.status, reasonOf(again), again.body.message]).toEqual([409, "entity-exists", expect.stringContaining("entity exists")]);
    const absent = await send("DELETE", undefined, "/bar");
    expect([absent.status, reasonOf(absent), absent.body.message]).toEqual([404, "resource-unknown", expect.stringContaining("not found")]);
    expect(await shown()).toEqual(["foo"]);
  });

  it("are at most a hundred", async () => {
    const { send } = await withDataset();
    succeeded(
      await send(
        "PUT",
        Array.from({ length: 100 }, (_, i) => `f${i}`),
      ),
    );
    expect(reasonOf(await send("POST", { name: "one-more" }))).toBe("conflict");
  });

  it("that are none any more are told to the region with the time until when, unless they come back", async () => {
    const { id, send } = await withDataset();
    const former = async () => (await authority.lookUpSettings(id))?.formerMapFields;
    succeeded(await send("PUT", ["foo", "bar"]));
    expect(await former()).toEqual([]);
    const before = Date.now();
    await send("DELETE", undefined, "/foo");
    succeeded(await send("PUT", ["baz"]));
    const gone = (await former()) ?? [];
    expect(gone.map(({ name }) => name)).toEqual(["foo", "bar"]);
    for (const { until } of gone) expect(until).toBeGreaterThanOrEqual(before);
    succeeded(await send("POST", { name: "foo" }));
    expect((await former())?.map(({ name }) => name)).toEqual(["bar"]);
  });

  it("stay apart from the dataset's other settings", async () => {
    const { made, send, shown } = await withDataset();
    succeeded(await call("PUT", "/v2/datasets/web/settings", made.owner, { dedupe: "off" }));
    succeeded(await send("PUT", ["foo"]));
    expect(succeeded(await call("GET", "/v2/datasets/web/settings", made.owner))).toMatchObject({ dedupe: "off" });
    succeeded(await call("PUT", "/v2/datasets/web/settings", made.owner, { dedupe: "key" }));
    expect(await shown()).toEqual(["foo"]);
  });
});

describe("fields", () => {
  const path = "/v2/datasets/web/fields";

  it("keep what is said about them, whether or not an event has them", async () => {
    const { made } = await withDataset();
    expect(succeeded(await call("GET", path, made.owner))).toEqual([]);
    const said = { name: "geo.city", type: "string", unit: "", hidden: false, description: "where" };
    expect(succeeded(await call("PUT", `${path}/geo.city`, made.owner, { type: "string", description: "where" }))).toEqual(said);
    const hidden = succeeded(await call("PUT", `${path}/geo.city`, made.owner, { name: "geo.city", hidden: true, unit: "km" }));
    expect(hidden).toEqual({ ...said, hidden: true, unit: "km" });
    expect(succeeded(await call("GET", `${path}/geo.city`, made.owner))).toEqual(hidden);
    expect(succeeded(await call("GET", path, made.owner))).toEqual([hidden]);
  });

  it("are not renamed, and one of which nobody spoke is not found", async () => {
    const { made } = await withDataset();
    expect(reasonOf(await call("PUT", `${path}/a`, made.owner, { name: "b" }))).toBe("body-invalid");
    expect(reasonOf(await call("PUT", `${path}/${"a".repeat(201)}`, made.owner, {}))).toBe("parameter-invalid");
    const absent = await call("GET", `${path}/a`, made.owner);
    expect([absent.status, reasonOf(absent)]).toEqual([404, "resource-unknown"]);
  });

  it("go with their dataset, and are none of the next one's under its name", async () => {
    const { made } = await withDataset();
    succeeded(await call("PUT", `${path}/a`, made.owner, { unit: "s" }));
    expect((await call("DELETE", "/v2/datasets/web", made.owner)).status).toBe(204);
    expect(await env.DB.prepare("SELECT * FROM fields").first<Answer>()).toBeNull();
    await dataset(made, "web");
    expect(succeeded(await call("GET", path, made.owner))).toEqual([]);
  });
});
