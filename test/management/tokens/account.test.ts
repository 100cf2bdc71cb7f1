import { describe, expect, it } from "vitest";
import { type Answer, type Credential, call, dataset, deployment, inKv, keyOf, reasonOf, succeeded, token } from "../client.ts";

const INGEST = { datasetCapabilities: { "*": { ingest: ["create"] } } };
const MAKER = { ...INGEST, orgCapabilities: { apiTokens: ["create", "update"] } };
const LIMITS = { limits: { requestsPerSecond: 5, bytesPerDay: 40 } };

const make = async (by: Credential, request: Record<string, unknown>) =>
  succeeded(await call("POST", "/v2/tokens", by, { name: "child", ...request }));
const accountOf = async ({ token: secret }: Answer) => (await inKv(keyOf(secret)))?.["account"];

describe("a token's limits", () => {
  it("are its family's: children, their children and successors count with the first that has some", async () => {
    const made = await deployment();
    const first = await token(made, { ...MAKER, ...LIMITS });
    expect(await accountOf(first)).toBeUndefined();
    const child = await make(first, MAKER);
    const grandchild = await make(child, { ...INGEST, limits: { requestsPerSecond: 1 } });
    const now = { existingTokenExpiresAt: new Date(Date.now() + 60_000).toISOString() };
    const successor = succeeded(await call("POST", `/v2/tokens/${first.id}/regenerate`, made.owner, now));
    for (const one of [child, grandchild, successor]) expect(await accountOf(one)).toBe(first.id);
  });

  it("are each child's own where the maker has none", async () => {
    const made = await deployment();
    const free = await token(made, MAKER);
    const limited = await make(free, { ...MAKER, ...LIMITS });
    expect(await accountOf(limited)).toBeUndefined();
    expect(await accountOf(await make(limited, INGEST))).toBe(limited.id);
    const unlimited = await make(free, INGEST);
    expect(await inKv(keyOf(unlimited.token))).not.toHaveProperty("account");
  });

  it("are not multiplied by making tokens, through management either", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const first = await token(made, { ...MAKER, ...LIMITS });
    const [one, other] = [await make(first, INGEST), await make(first, INGEST)];
    const send = (by: Answer) =>
      call("POST", "/v1/ingest/web", by, '{"n":"aaaaaaaaaaaaaaaa"}', { headers: { "content-type": "application/x-ndjson" } });
    expect((await send(one)).status).toBe(200);
    for (const by of [other, first]) {
      const refused = await send(by);
      expect([refused.status, reasonOf(refused)]).toEqual([429, "quota-exceeded"]);
    }
  });
});
