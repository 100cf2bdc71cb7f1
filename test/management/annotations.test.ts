import { describe, expect, it } from "vitest";
import { type Answer, call, type Deployment, dataset, deployment, env, reasonOf, token } from "./client.ts";
import { describeResource } from "./describe-resource.ts";

const DEPLOY = { datasets: ["web"], type: "deployment", title: "v2" };
const PATH = "/v2/annotations";

describeResource({
  name: "an annotation",
  routes: [
    { method: "GET", path: PATH, capability: "annotations:read" },
    { method: "GET", path: `${PATH}/:id`, capability: "annotations:read" },
    { method: "POST", path: PATH, capability: "annotations:create", body: DEPLOY, action: "annotation.create" },
    { method: "PUT", path: `${PATH}/:id`, capability: "annotations:update", body: { title: "v3" }, action: "annotation.update" },
    { method: "DELETE", path: `${PATH}/:id`, capability: "annotations:delete", action: "annotation.delete" },
  ],
  async make(made) {
    await dataset(made, "web");
    return (await annotate(made, DEPLOY)).id;
  },
});

async function annotate({ owner }: Deployment, body: Record<string, unknown>): Promise<Answer> {
  const reply = await call("POST", PATH, owner, body);
  expect(reply).toMatchObject({ status: 201 });
  return reply.body;
}

async function withDatasets(): Promise<Deployment> {
  const made = await deployment();
  for (const name of ["web", "api"]) await dataset(made, name);
  return made;
}

/** Ids of those that are listed. */
async function listed({ owner }: Deployment, query = ""): Promise<string[]> {
  const { status, body } = await call<Answer[]>("GET", PATH + query, owner);
  expect(status).toBe(200);
  return body.map(({ id }) => id);
}

describe("annotations", () => {
  it("begin now unless they say when, and show nothing that was not given", async () => {
    const made = await withDatasets();
    const before = Date.now();
    const { id, time, ...rest } = await annotate(made, { ...DEPLOY, description: null, url: "", endTime: "0001-01-01T00:00:00Z" });
    expect(id).toMatch(/^ann_/);
    expect(Date.parse(String(time))).toBeGreaterThanOrEqual(before);
    expect(rest).toEqual(DEPLOY);
    const whole = {
      ...{ datasets: ["web", "api"], type: "alert", title: "t", description: "d", url: "https://example.com/1" },
      ...{ time: "2026-01-02T03:04:05.678Z", endTime: "2026-01-02T04:00:00Z" },
    };
    const made2 = await annotate(made, whole);
    expect(made2).toEqual({ id: made2.id, ...whole });
    expect((await call("GET", `${PATH}/${made2.id}`, made.owner)).body).toEqual(made2);
  });

  it("keep in an update what is not given", async () => {
    const made = await withDatasets();
    const annotation = await annotate(made, { ...DEPLOY, time: "2026-01-02T03:04:05Z" });
    const update = { datasets: ["api"], time: "0001-01-01T00:00:00Z", endTime: "2026-01-03T00:00:00Z", title: "" };
    const { title: _, ...rest } = annotation;
    const reply = await call("PUT", `${PATH}/${annotation.id}`, made.owner, update);
    expect(reply).toMatchObject({ status: 200, body: { ...rest, datasets: ["api"], endTime: "2026-01-03T00:00:00Z" } });
    expect(reply.body).not.toHaveProperty("title");
  });

  it("are found by dataset and by time", async () => {
    const made = await withDatasets();
    const web = await annotate(made, { ...DEPLOY, time: "2026-01-01T00:00:00Z", endTime: "2026-01-03T00:00:00Z" });
    const api = await annotate(made, { ...DEPLOY, datasets: ["api"], time: "2026-01-05T00:00:00Z" });
    expect(await listed(made)).toEqual([api.id, web.id]);
    expect(await listed(made, "?datasets=web")).toEqual([web.id]);
    expect(await listed(made, "?datasets=web,api")).toEqual([api.id, web.id]);
    expect(await listed(made, "?datasets=web&datasets=absent")).toEqual([web.id]);
    expect(await listed(made, "?datasets=absent")).toEqual([]);
    expect(await listed(made, "?start=2026-01-02T00:00:00Z&end=2026-01-04T00:00:00Z")).toEqual([web.id]);
    expect(await listed(made, "?start=2026-01-04T00:00:00Z")).toEqual([api.id]);
    // axiom-go says each of its filters twice, and year 1 for none
    expect(await listed(made, "?datasets=api&start=0001-01-01T00%3A00%3A00Z&start=0001-01-01T00%3A00%3A00Z")).toEqual([api.id]);
    expect(reasonOf(await call("GET", `${PATH}?start=yesterday`, made.owner))).toBe("parameter-invalid");
  });

  it.each([
    { datasets: [] },
    { type: "Deployment" },
    { type: "" },
    { title: "a".repeat(257) },
    { description: "a".repeat(513) },
    { url: `https://example.com/${"a".repeat(500)}` },
    { url: "javascript:alert(1)" },
    { time: "2026-01-02" },
    { time: "2026-01-02T00:00:00Z", endTime: "2026-01-01T00:00:00Z" },
  ])("are refused with %j", async (part) => {
    const made = await withDatasets();
    expect(reasonOf(await call("POST", PATH, made.owner, { ...DEPLOY, ...part }))).toBe("body-invalid");
    expect(await listed(made)).toEqual([]);
  });

  it("name only datasets that there are, and outlive them", async () => {
    const made = await withDatasets();
    expect(reasonOf(await call("POST", PATH, made.owner, { ...DEPLOY, datasets: ["absent"] }))).toBe("dataset-unknown");
    const { id } = await annotate(made, DEPLOY);
    await call("DELETE", "/v2/datasets/web", made.owner);
    expect((await call("GET", `${PATH}/${id}`, made.owner)).body).toMatchObject({ id, datasets: [] });
    expect((await call("DELETE", `${PATH}/${id}`, made.owner)).status).toBe(204);
    expect(await listed(made)).toEqual([]);
  });

  it("may be made by a token that may do nothing else", async () => {
    const made = await withDatasets();
    const annotator = await token(made, { orgCapabilities: { annotations: ["create"] } });
    expect((await call("POST", PATH, annotator, DEPLOY)).status).toBe(201);
    expect((await call("GET", PATH, annotator)).status).toBe(403);
  });

  it("36 show a member of a team what is about the team's datasets, and let them change what is about no other", async () => {
    const made = await withDatasets();
    const own = await annotate(made, DEPLOY);
    const both = await annotate(made, { ...DEPLOY, datasets: ["web", "api"] });
    const other = await annotate(made, { ...DEPLOY, datasets: ["api"] });
    await env.DB.batch([
      env.DB.prepare("UPDATE members SET role = 'user'"),
      env.DB.prepare("INSERT INTO teams (id, org, name, description, created_at, ver, change_id) VALUES ('t', ?, 't', '', 0, 1, '')").bind(
        made.org,
      ),
      env.DB.prepare("INSERT INTO team_members (team_id, user_id, owner, created_at) VALUES ('t', ?, 0, 0)").bind(made.user.id),
      env.DB.prepare("INSERT INTO team_datasets SELECT 't', id FROM datasets WHERE name = 'web'"),
    ]);
    expect((await listed(made)).toSorted()).toEqual([own.id, both.id].toSorted());
    expect(await listed(made, "?datasets=api")).toEqual([]);
    expect((await call("GET", `${PATH}/${both.id}`, made.owner)).body).toMatchObject({ datasets: ["web"] });
    for (const method of ["GET", "PUT", "DELETE"])
      expect(reasonOf(await call(method, `${PATH}/${other.id}`, made.owner, method === "PUT" ? {} : undefined))).toBe("resource-unknown");
    expect(reasonOf(await call("PUT", `${PATH}/${both.id}`, made.owner, { title: "x" }))).toBe("forbidden");
    expect(reasonOf(await call("DELETE", `${PATH}/${both.id}`, made.owner))).toBe("forbidden");
    expect(reasonOf(await call("PUT", `${PATH}/${own.id}`, made.owner, { datasets: ["api"] }))).toBe("dataset-unknown");
    expect((await call("PUT", `${PATH}/${own.id}`, made.owner, { title: "x" })).status).toBe(200);
  });

  it("36 of another organisation are not found", async () => {
    const made = await withDatasets();
    const { id } = await annotate(made, DEPLOY);
    await env.DB.prepare("UPDATE annotations SET org = 'of-others'").run();
    expect(reasonOf(await call("GET", `${PATH}/${id}`, made.owner))).toBe("resource-unknown");
    expect(await listed(made)).toEqual([]);
  });
});
