/** A dataset's trim, vacuum and end, through the real Worker of its region. */
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Removed } from "../../../src/access/chore.ts";
import { objectKey, segmentId } from "../../../src/edge/buffer/object-key.ts";
import { auditRows, call, type Deployment, dataset, deployment, env, reasonOf, succeeded, token, US } from "../client.ts";
import { describeResource } from "../describe-resource.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const HOUR_MS = 3_600_000;
/** The edge of the region and its bucket, beside the Worker under test. */
const { EDGE, BUCKET } = env as unknown as { EDGE: Fetcher; BUCKET: R2Bucket };

for (const version of ["v1", "v2"]) {
  describeResource({
    name: `a dataset's life at ${version}`,
    routes: [
      {
        method: "POST",
        path: `/${version}/datasets/:id/trim`,
        capability: "trim:update",
        body: { maxDuration: "24h" },
        action: "dataset.trim",
      },
      { method: "POST", path: `/${version}/datasets/:id/vacuum`, capability: "vacuum:update" },
    ],
    make: async (made) => (await dataset(made, "web")).id,
  });
}

async function sender(made: Deployment, name: string) {
  const { token: secret } = await token(made, { datasetCapabilities: { [name]: { ingest: ["create"], query: ["read"] } } });
  const headers = { authorization: `Bearer ${secret}` };
  return {
    id: await idOf(name),
    async send(events: unknown[]) {
      const response = await EDGE.fetch(`https://edge.example/v1/ingest/${name}`, {
        method: "POST",
        headers,
        body: JSON.stringify(events),
      });
      expect(await response.json()).toMatchObject({ ingested: events.length });
    },
    async seen() {
      const response = await EDGE.fetch(`https://edge.example/v1/datasets/${name}/segments`, { headers });
      const { segments, buffered } = (await response.json()) as { segments: unknown[]; buffered: { rows: number } };
      return { segments: segments.length, buffered: buffered.rows };
    },
  };
}

async function idOf(name: string): Promise<string> {
  const sql = "SELECT id FROM datasets WHERE name = ? AND deleted_at IS NULL";
  return (await env.DB.prepare(sql).bind(name).first<string>("id")) ?? "";
}

/** While its region is away. */
async function deleteUnpurged(made: Deployment, name: string): Promise<void> {
  const US_EAST_1 = { purge: () => Promise.reject(new Error("away")) };
  expect((await call("DELETE", `/v2/datasets/${name}`, made.owner, undefined, { instead: { US_EAST_1 } })).status).toBe(204);
  expect((await auditRows()).at(-1)?.action).toBe("dataset.delete");
}

async function keys(): Promise<string[]> {
  return (await BUCKET.list()).objects.map(({ key }) => key);
}

describe("a deleted dataset", () => {
  it("leaves nothing behind, buffered or stored, and the log says so", async () => {
    const made = await deployment();
    await dataset(made, "web");
    await dataset(made, "api");
    const [web, api] = [await sender(made, "web"), await sender(made, "api")];
    await web.send([{ n: 1 }, { n: 2 }]);
    await api.send([{ n: 3 }]);
    for (const name of ["web", "api"]) succeeded(await call("POST", `/v2/datasets/${name}/flush`, made.owner));
    await web.send([{ n: 4 }]);
    expect(await keys()).toHaveLength(2);
    const [stored] = (await BUCKET.list({ prefix: `v1/org=${made.org}/dataset=web/` })).objects;

    expect((await call("DELETE", "/v2/datasets/web", made.owner)).status).toBe(204);
    expect(await keys()).toEqual([expect.stringContaining("/dataset=api/")]);
    expect(await api.seen()).toEqual({ segments: 1, buffered: 0 });
    const entry = (await auditRows()).at(-1);
    expect(entry).toMatchObject({ action: "dataset.purge", target: "web", actor_kind: "system" });
    expect(JSON.parse(entry?.detail ?? "")).toMatchObject({ objects: 1, bytes: stored?.size });
  });

  it("42 shows nothing of its own under the name of the next one, though it is still there", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const made = await deployment();
    await dataset(made, "web");
    const old = await sender(made, "web");
    await old.send([{ n: 1 }]);
    succeeded(await call("POST", "/v2/datasets/web/flush", made.owner));
    await old.send([{ n: 2 }]);
    await deleteUnpurged(made, "web");
    expect(await keys()).toHaveLength(1);

    await dataset(made, "web");
    expect(succeeded(await call("POST", "/v2/datasets/web/flush", made.owner))).toEqual({ segments: 0, rows: 0 });
    expect((await keys()).filter((key) => !key.includes(`id=${old.id}/`))).toEqual([]);
  });

  it("42 is not what a reader of the next one under its name is given", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const made = await deployment();
    await dataset(made, "web");
    const destination = { org: made.org, dataset: "web", datasetId: await idOf("web"), region: US };
    await BUCKET.put(objectKey(destination, segmentId(Date.now(), new Uint8Array(10))), "old");
    await deleteUnpurged(made, "web");
    await dataset(made, "web");
    const next = await sender(made, "web");
    expect(await next.seen()).toEqual({ segments: 0, buffered: 0 });
    await next.send([{ n: 3 }]);
    succeeded(await call("POST", "/v2/datasets/web/flush", made.owner));
    expect(await next.seen()).toEqual({ segments: 1, buffered: 0 });
    expect(await keys()).toHaveLength(2);
  });
});

describe("trimming a dataset", () => {
  /** One object for each age, and the same in quarantine. */
  async function objects(made: Deployment, name: string, ages: number[]): Promise<void> {
    const destination = { org: made.org, dataset: name, datasetId: await idOf(name), region: US };
    for (const age of ages) {
      const key = objectKey(destination, segmentId(Date.now() - age, new Uint8Array(10)));
      for (const root of ["", "quarantine/"]) await BUCKET.put(root + key, "x");
    }
  }

  it("removes what arrived longer ago, and nothing of its neighbours", async () => {
    const made = await deployment();
    for (const name of ["web", "api"]) {
      await dataset(made, name);
      await objects(made, name, [0, 23 * HOUR_MS, 25 * HOUR_MS, 1_000 * HOUR_MS]);
    }
    const v2 = await call("POST", "/v2/datasets/web/trim", made.owner, { maxDuration: "24h0m0s" });
    expect([v2.status, v2.body]).toEqual([204, null]);
    expect((await keys()).filter((key) => key.includes("/dataset=web/"))).toHaveLength(4);
    expect((await keys()).filter((key) => key.includes("/dataset=api/"))).toHaveLength(8);
    expect(succeeded(await call("POST", "/v1/datasets/web/trim", made.owner, { maxDuration: "1d" }))).toEqual({ numDeleted: 0 });
    expect(succeeded(await call("POST", "/v1/datasets/web/trim", made.owner, { maxDuration: "1h" }))).toEqual({ numDeleted: 2 });
  });

  it.each(["", "24", "h", "-1h", "1h ", "1y", "0s", "0h0m", "1e3s", "100000000h", 24, null])("is refused for %j", async (maxDuration) => {
    const made = await deployment();
    await dataset(made, "web");
    await objects(made, "web", [1_000 * HOUR_MS]);
    const reply = await call("POST", "/v2/datasets/web/trim", made.owner, { maxDuration });
    expect([reply.status, reasonOf(reply)]).toEqual([400, "body-invalid"]);
    expect(reply.body.message).toContain("maxDuration");
    expect(await keys()).toHaveLength(2);
  });

  it("is for those only who may trim this dataset", async () => {
    const made = await deployment();
    for (const name of ["web", "api"]) await dataset(made, name);
    const trimmer = await token(made, { datasetCapabilities: { api: { trim: ["update"] } } });
    expect((await call("POST", "/v2/datasets/api/trim", trimmer, { maxDuration: "1h" })).status).toBe(204);
    expect((await call("POST", "/v2/datasets/web/trim", trimmer, { maxDuration: "1h" })).status).toBe(404);
    const reader = await token(made, { datasetCapabilities: { web: { query: ["read"] } } });
    expect((await call("POST", "/v2/datasets/web/trim", reader, { maxDuration: "1h" })).status).toBe(403);
  });

  it("says that more is left, and 503 while the region is away", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const made = await deployment();
    await dataset(made, "web");
    const trim = (answer: () => Promise<Removed>) =>
      call("POST", "/v2/datasets/web/trim", made.owner, { maxDuration: "1h" }, { instead: { US_EAST_1: { trim: answer } } });
    const endless = await trim(() => Promise.resolve({ done: false, objects: 20, bytes: 1 }));
    expect([endless.status, reasonOf(endless)]).toEqual([503, "overloaded"]);
    expect(endless.body.message).toMatch(/[1-9]0+ objects/);
    const away = await trim(() => Promise.reject(new Error("away")));
    expect([away.status, reasonOf(away)]).toEqual([503, "store-unavailable"]);
  });
});
