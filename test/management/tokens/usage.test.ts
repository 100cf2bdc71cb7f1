import { createExecutionContext } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { USES_PER_REPORT_MAX, type Use } from "../../../src/access/use.ts";
import { Authority } from "../../../src/management/authority.ts";
import { usageOf } from "../../../src/management/tokens/usage.ts";
import { call, type Deployment, dataset, deployment, env, token } from "../client.ts";

const authority = (exports as unknown as { Authority: Pick<Authority, "reportUse"> }).Authority;
const { EDGE } = env as unknown as { EDGE: Fetcher };

const MINUTE = 60_000;
const TODAY = new Date().toISOString().slice(0, 10);
const NOW = Date.now();
const LONG_AGO = "1970-01-01";

let made: Deployment;
let id: string;
let secret: string;

beforeEach(async () => {
  made = await deployment();
  await dataset(made, "web");
  ({ id, token: secret } = await token(made, { datasetCapabilities: { web: { ingest: ["create"] } } }));
});

function used(more: Partial<Use> = {}): Use {
  return { tokenId: id, org: made.org, day: TODAY, lastUsedAt: NOW, requests: 1, bytes: 10, refused: 0, ...more };
}

const lastUsed = () => env.DB.prepare("SELECT last_used_at FROM tokens WHERE id = ?").bind(id).first<number | null>("last_used_at");

describe("what regions report of a token's use", () => {
  it("adds up by day", async () => {
    await authority.reportUse([used(), used({ day: "2026-01-01", requests: 4, refused: 2 })]);
    await authority.reportUse([used({ requests: 2, bytes: 5, refused: 1 })]);
    expect(await usageOf(env.DB, id, LONG_AGO)).toEqual([
      { day: "2026-01-01", requests: 4, bytes: 10, refused: 2 },
      { day: TODAY, requests: 3, bytes: 15, refused: 1 },
    ]);
    expect(await usageOf(env.DB, id, TODAY)).toHaveLength(1);
  });

  it("moves its last use forwards only, and by some minutes at least", async () => {
    expect(await lastUsed()).toBeNull();
    const told = async (lastUsedAt: number | null) => {
      await authority.reportUse([used({ lastUsedAt })]);
      return lastUsed();
    };
    expect(await told(null)).toBeNull();
    expect(await told(NOW)).toBe(NOW);
    expect(await told(NOW + 4 * MINUTE - 1)).toBe(NOW);
    expect(await told(NOW - 60 * MINUTE)).toBe(NOW);
    expect(await told(NOW + 4 * MINUTE)).toBe(NOW + 4 * MINUTE);
  });

  it("takes the last of several uses in one report", async () => {
    await authority.reportUse([
      used({ lastUsedAt: NOW }),
      used({ day: "2026-01-01", lastUsedAt: NOW - MINUTE }),
      used({ lastUsedAt: null }),
    ]);
    expect(await lastUsed()).toBe(NOW);
  });

  it("counts a revoked token's refusals, and is no use of it", async () => {
    await call("DELETE", `/v2/tokens/${id}`, made.owner);
    await authority.reportUse([used({ refused: 1 })]);
    expect(await usageOf(env.DB, id, LONG_AGO)).toEqual([{ day: TODAY, requests: 1, bytes: 10, refused: 1 }]);
    expect(await lastUsed()).toBeNull();
  });

  it("changes nothing that is published or audited", async () => {
    const rows = async () => (await env.DB.prepare("SELECT ver, change_id FROM tokens WHERE id = ?").bind(id).first()) as unknown;
    const counted = () => env.DB.prepare("SELECT (SELECT count(*) FROM changes) + (SELECT count(*) FROM audit) AS n").first("n");
    const before = [await rows(), await counted()];
    await authority.reportUse([used()]);
    expect([await rows(), await counted()]).toEqual(before);
  });

  it("keeps nothing of tokens that do not exist, or are another organisation's", async () => {
    await authority.reportUse([used({ tokenId: "none" }), used({ org: "another" }), used({ tokenId: "'; DROP TABLE tokens --" })]);
    expect(await env.DB.prepare("SELECT count(*) AS n FROM token_usage").first("n")).toBe(0);
  });

  it("drops days after 400 of them, whose token so ever they are", async () => {
    const ago = (days: number) => new Date(NOW - days * 86_400_000).toISOString().slice(0, 10);
    await authority.reportUse([used({ day: ago(401) }), used({ day: ago(399) })]);
    const { id: other } = await token(made, { datasetCapabilities: { web: { ingest: ["create"] } } });
    await authority.reportUse([used({ tokenId: other })]);
    expect((await usageOf(env.DB, id, LONG_AGO)).map(({ day }) => day)).toEqual([ago(399)]);
  });

  it("comes in reports of bounded size", async () => {
    const many = (n: number) => Array.from({ length: n }, (_, i) => used({ tokenId: `t${i}` }));
    await authority.reportUse([]);
    await authority.reportUse(many(USES_PER_REPORT_MAX));
    const direct = new Authority(createExecutionContext(), env);
    await expect(direct.reportUse(many(USES_PER_REPORT_MAX + 1))).rejects.toThrow("at most 1000");
  });
});

it("a token's first request to a region is seen here at once", async () => {
  const before = Date.now();
  const headers = { authorization: `Bearer ${secret}` };
  const { status } = await EDGE.fetch("https://edge.example/v1/ingest/web", { method: "POST", body: '{"a":1}', headers });
  expect(status).toBe(200);
  await expect.poll(() => usageOf(env.DB, id, LONG_AGO)).toEqual([{ day: expect.any(String), requests: 1, bytes: 7, refused: 0 }]);
  expect(await lastUsed()).toBeGreaterThanOrEqual(before);
});
