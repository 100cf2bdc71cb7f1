import { createExecutionContext } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { allows, type OrganisationMap, type PermissionSet } from "../../src/access/permission-set.ts";
import { digestOf } from "../../src/access/token.ts";
import { Authority } from "../../src/management/authority.ts";
import { call, dataset, deployment, EU, env, inKv, keyOf, MAY_ALL, token } from "./client.ts";

const authority = (
  exports as unknown as {
    Authority: {
      lookUpToken(digest: string): Promise<PermissionSet | null>;
      lookUpOrganisation(org: string): Promise<OrganisationMap | null>;
    };
  }
).Authority;

describe("the authority", () => {
  it("says what KV says", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const { token: secret } = await token(made, { datasetCapabilities: { web: { ingest: ["create"] } } });
    expect(await authority.lookUpToken(digestOf(secret))).toEqual(await inKv(keyOf(secret)));
  });

  it("knows a new dataset before KV does, by the id that tokens are bound to", async () => {
    const made = await deployment();
    await dataset(made, "web");
    await dataset(made, "eu", { edgeDeployment: EU });
    const { token: secret } = await token(made, { datasetCapabilities: { eu: { ingest: ["create"] } } });
    const map = await authority.lookUpOrganisation(made.org);
    const set = await authority.lookUpToken(digestOf(secret));
    expect(map).toMatchObject({ id: made.org, status: "active", ver: 3, datasets: { eu: { region: EU } } });
    expect(set && allows(set, "ingest:create", map?.datasets["eu"]?.id ?? "")).toBe(true);
    expect(set && allows(set, "ingest:create", map?.datasets["web"]?.id ?? "")).toBe(false);
  });

  it("knows deleted tokens as revoked", async () => {
    const made = await deployment();
    const { id, token: secret } = await token(made, MAY_ALL);
    await call("DELETE", `/v2/tokens/${id}`, made.owner);
    expect(await authority.lookUpToken(digestOf(secret))).toMatchObject({ status: "revoked", ver: 2 });
  });

  it("knows nothing of what does not exist, nor of personal tokens", async () => {
    const { owner } = await deployment();
    expect(await authority.lookUpToken(digestOf("xaat-nothing"))).toBeNull();
    expect(await authority.lookUpToken(digestOf(owner.token))).toBeNull();
    expect(await authority.lookUpOrganisation("of-nobody")).toBeNull();
  });

  it("throws when its database is down, rather than to deny", async () => {
    await env.DB.exec("DROP TABLE tokens");
    await expect(new Authority(createExecutionContext(), env).lookUpToken("digest")).rejects.toThrow("D1_ERROR");
  });
});
