import { describe, expect, it } from "vitest";
import { call, dataset, deployment, succeeded } from "./client.ts";

const DATASET_V25 = "canWrite created description id mapFields name retentionDays sharedByOrg useRetentionPeriod who".split(" ");
const YOUNGER = ["edgeDeployment", "edgeDeploymentUrl", "kind", "updatedAt"];

describe("what axiom-go decodes strictly", () => {
  it.each([
    "axiom-go/v0.25.0",
    "axiom-go/0.17.1",
    "axiom-go",
    "axiom-go-integration-test/local",
    "axiom-go-adapter-zap-integration-test/x",
  ])("holds for %s no member that its version does not know", async (agent) => {
    const made = await deployment();
    await dataset(made, "web");
    const get = async (path: string) => succeeded(await call("GET", path, made.owner, undefined, { headers: { "user-agent": agent } }));
    const one = await get("/v2/datasets/web");
    expect(Object.keys(one).toSorted()).toEqual(DATASET_V25);
    expect(await get("/v2/datasets")).toEqual([one]);
    expect(await get(`/v2/orgs/${made.org}`)).not.toHaveProperty("defaultEdgeDeployment");
    expect(await get("/v2/orgs")).toEqual([await get(`/v2/orgs/${made.org}`)]);
  });

  it.each(["axiom-go/v0.32.0", "axiom-go/v1.0.0", "axiom-cli/v0.19.0", "terraform-provider-axiom/v1.6.1", "curl/8.0 axiom-go/v0.25.0", ""])(
    "has for %j all members",
    async (agent) => {
      const made = await deployment();
      await dataset(made, "web");
      const get = async (path: string) => succeeded(await call("GET", path, made.owner, undefined, { headers: { "user-agent": agent } }));
      expect(Object.keys(await get("/v2/datasets/web")).toSorted()).toEqual([...DATASET_V25, ...YOUNGER].toSorted());
      expect(await get(`/v2/orgs/${made.org}`)).toHaveProperty("defaultEdgeDeployment");
    },
  );
});
