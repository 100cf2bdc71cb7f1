import { describe, expect, it } from "vitest";
import { type Answer, call, deployment, EU, MAY_ALL, succeeded, token, US } from "./client.ts";
import { describeResource } from "./describe-resource.ts";

describeResource({
  name: "organisations",
  routes: ["/v2/orgs", "/v2/orgs/:id", "/v1/orgs", "/v1/orgs/:id"].map((path) => ({ method: "GET", path, capability: null })),
  make: async ({ org }) => org,
});

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

describe("an organisation", () => {
  it("is the same in the list and alone", async () => {
    const { owner, org } = await deployment();
    const list = succeeded(await call<Answer[]>("GET", "/v2/orgs", { token: owner.token }));
    expect(list).toEqual([succeeded(await call("GET", `/v2/orgs/${org}`, { token: owner.token }))]);
  });

  it("has what Axiom's clients read, in their types", async () => {
    const { owner, org, user } = await deployment();
    const { body } = await call("GET", `/v2/orgs/${org}`, owner);
    expect(body).toMatchObject({
      id: org,
      name: "Acme",
      plan: "enterprise",
      paymentStatus: "na",
      role: "owner",
      primaryEmail: user.email,
      defaultEdgeDeployment: US,
      license: { issuedTo: "Acme", edgeDeployments: [US, EU], withAuths: [] },
    });
    const { license, planCreated, metaCreated, metaModified, lastUsageSync } = body as unknown as Record<string, string>;
    for (const time of [planCreated, metaCreated, metaModified]) expect(time).toMatch(RFC3339);
    expect(lastUsageSync).toBeNull();
    // axiom-go reads them as unsigned integers, and the windows as durations of 2^63 nanoseconds at most
    const { maxDatasets, maxQueryWindowSeconds, issuedAt } = license as unknown as Record<string, number>;
    expect(maxDatasets).toBeGreaterThan(0);
    expect(Number(maxQueryWindowSeconds) * 1e9).toBeLessThan(2 ** 63);
    expect(issuedAt).toMatch(RFC3339);
  });

  it("holds no member that axiom-go refuses", async () => {
    const { owner, org } = await deployment();
    const known = "id name slug plan planCreated lastUsageSync role primaryEmail license paymentStatus metaCreated metaModified";
    const ignored = "firstFailedPayment metaVersion defaultEdgeDeployment";
    const { body } = await call("GET", `/v2/orgs/${org}`, owner);
    expect(Object.keys(body).sort()).toEqual(`${known} ${ignored}`.split(" ").sort());
  });

  it("shows an API token its own, without the owner's address", async () => {
    const made = await deployment();
    const { token: secret } = await token(made, MAY_ALL);
    const list = succeeded(await call<Answer[]>("GET", "/v2/orgs", { token: secret }));
    expect(list).toMatchObject([{ id: made.org, role: "none", primaryEmail: "" }]);
    expect((await call("GET", "/v2/orgs/of-others", { token: secret })).status).toBe(404);
  });
});
