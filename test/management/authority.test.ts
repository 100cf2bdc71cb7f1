import { createExecutionContext } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { allows } from "../../src/access/permission-set.ts";
import { digestOf } from "../../src/access/token.ts";
import { Authority } from "../../src/management/authority.ts";
import { CHORES_PER_PAGE, SETTLED_AFTER_MS } from "../../src/management/datasets/purge.ts";
import { auditRows, call, type Deployment, dataset, deployment, EU, env, inKv, keyOf, MAY_ALL, succeeded, token, US } from "./client.ts";

const authority = (exports as unknown as { Authority: Pick<Authority, Question> }).Authority;
type Question = "lookUpToken" | "lookUpOrganisation" | "lookUpSettings" | "choresOf" | "purged";

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

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

async function idOf(name: string): Promise<string> {
  return (await env.DB.prepare("SELECT id FROM datasets WHERE name = ?").bind(name).first<string>("id")) ?? "";
}

describe("what the authority tells a region of a dataset's settings", () => {
  it("is all of them, with the secrets sealed", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const sink = { name: "hook", type: "http", url: "https://x.example/", secrets: { authorization: "Bearer secret" } };
    succeeded(await call("PUT", "/v2/datasets/web/settings", made.owner, { dedupe: "key", sinks: [sink] }));
    const settings = await authority.lookUpSettings(await idOf("web"));
    expect(settings).toEqual({
      dedupe: "key",
      quarantine: { enabled: true, bytesPerDayMax: 100_000_000 },
      sinks: [{ ...sink, slot: 0, required: true, options: {}, secrets: { authorization: expect.stringMatching(/^s1\.1\./) } }],
      ...{ mapFields: [], formerMapFields: [], virtualFields: [] },
    });
  });

  it("is the defaults for one that has none, and nothing for one that does not live", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const id = await idOf("web");
    expect(await authority.lookUpSettings(id)).toMatchObject({ dedupe: "content", sinks: [] });
    await call("DELETE", "/v2/datasets/web", made.owner);
    expect(await authority.lookUpSettings(id)).toBeNull();
    expect(await authority.lookUpSettings("no-such-one")).toBeNull();
  });
});

describe("the chores of a region", () => {
  const away = { US_EAST_1: { purge: () => Promise.reject(new Error("away")) } };

  async function deleteUnpurged(made: Deployment, name: string): Promise<void> {
    vi.spyOn(console, "error").mockImplementation(() => {});
    await call("DELETE", `/v2/datasets/${name}`, made.owner, undefined, { instead: away });
  }

  it("are its live datasets with their retention, and the deleted ones that may still hold something", async () => {
    const made = await deployment();
    await dataset(made, "for-ever", { retentionDays: 3 });
    await dataset(made, "a-week", { retentionDays: 7, useRetentionPeriod: true });
    await dataset(made, "elsewhere", { edgeDeployment: EU });
    await dataset(made, "gone");
    await deleteUnpurged(made, "gone");
    const chores = await authority.choresOf(US, null);
    const told = chores.map(({ destination: { dataset: name, ...rest }, ...chore }) => [name, rest, chore]);
    const where = { org: made.org, region: US };
    expect(told.sort()).toEqual([
      ["a-week", { ...where, datasetId: await idOf("a-week") }, { deleted: false, keepMs: 604_800_000 }],
      ["for-ever", { ...where, datasetId: await idOf("for-ever") }, { deleted: false, keepMs: null }],
      ["gone", { ...where, datasetId: await idOf("gone") }, { deleted: true, keepMs: null }],
    ]);
    expect(await authority.choresOf(EU, null)).toHaveLength(1);
    expect(await authority.choresOf("cloud.mars.aws", null)).toEqual([]);
  });

  it("come in pages that neither repeat nor skip", async () => {
    await deployment();
    const many = CHORES_PER_PAGE + 20;
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
      INSERT INTO datasets (id, org, name, description, kind, region, retention_days, use_retention_period, who, created_at, updated_at,
        change_id) SELECT lower(hex(randomblob(8))), (SELECT id FROM orgs), 'd' || i, '', 'k', ?, 0, 0, 'w', 0, 0, '' FROM n`,
    )
      .bind(many, US)
      .run();
    const seen: string[] = [];
    for (let after: string | null = null; ; after = seen.at(-1) ?? null) {
      const page = await authority.choresOf(US, after);
      expect(page.length).toBeLessThanOrEqual(CHORES_PER_PAGE);
      if (page.length === 0) break;
      seen.push(...page.map(({ destination }) => destination.datasetId));
    }
    expect([seen.length, new Set(seen).size]).toEqual([many, many]);
  });

  it("end for a deleted dataset with a purge that nothing can have followed, and are logged once", async () => {
    const made = await deployment();
    await dataset(made, "gone");
    await deleteUnpurged(made, "gone");
    const id = await idOf("gone");
    const purges = async () =>
      (await auditRows()).filter(({ action }) => action === "dataset.purge").map(({ detail }) => JSON.parse(detail));
    await authority.purged(id, { objects: 3, bytes: 90 });
    expect(await purges()).toEqual([{ id, objects: 3, bytes: 90 }]);
    // an edge that does not know yet could still store something
    expect(await authority.choresOf(US, null)).toHaveLength(1);
    await authority.purged(id, { objects: 0, bytes: 0 });
    expect(await purges()).toHaveLength(1);

    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + SETTLED_AFTER_MS + 1_000 });
    await authority.purged(id, { objects: 1, bytes: 9 });
    expect(await purges()).toHaveLength(2);
    expect(await authority.choresOf(US, null)).toEqual([]);
    await authority.purged(id, { objects: 1, bytes: 9 });
    expect(await purges()).toHaveLength(2);
  });

  it("never end for a live one", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const before = (await auditRows()).length;
    for (const id of [await idOf("web"), "no-such-one"]) await authority.purged(id, { objects: 1, bytes: 1 });
    expect(await authority.choresOf(US, null)).toMatchObject([{ deleted: false }]);
    expect(await auditRows()).toHaveLength(before);
  });
});
