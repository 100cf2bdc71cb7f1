import { afterEach, describe, expect, it, vi } from "vitest";
import { type Answer, call, count, deployment, env, type Reply, reasonOf, succeeded, token } from "./client.ts";

afterEach(() => {
  vi.useRealTimers();
});

const INGEST = { datasetCapabilities: { "*": { ingest: ["create"] } } };
const NEW = { name: "new", ...INGEST };
const SOON = new Date(Date.now() + 86_400_000).toISOString();
type Credential = { token: string; org?: string };
const once = (path: string, by: Credential, body: unknown, key = "key-1") =>
  call("POST", path, by, body, { headers: { "idempotency-key": key } });
const refusal = (reply: Reply<Answer>) => [reply.status, reasonOf(reply)];

describe("a request with an Idempotency-Key", () => {
  it("28: happens once, and its repeat learns the id and never the secret", async () => {
    const made = await deployment();
    const first = succeeded(await once("/v2/tokens", made.owner, NEW));
    const repeat = await once("/v2/tokens", made.owner, NEW);
    expect(refusal(repeat)).toEqual([409, "conflict"]);
    expect(repeat.body).toMatchObject({ id: first.id, message: expect.stringContaining(first.id) });
    expect(JSON.stringify(repeat.body)).not.toMatch(/xaat-/);
    expect(await count("tokens")).toBe(1);
  });

  it("28: regenerates once, and its repeat learns the successor", async () => {
    const made = await deployment();
    const old = await token(made, INGEST);
    const renew = (body: unknown) => once(`/v2/tokens/${old.id}/regenerate`, made.owner, body);
    const fresh = succeeded(await renew({ existingTokenExpiresAt: SOON }));
    const repeat = await renew({ existingTokenExpiresAt: SOON });
    expect(refusal(repeat)).toEqual([409, "conflict"]);
    expect(repeat.body.id).toBe(fresh.id);
    expect(refusal(await renew({ existingTokenExpiresAt: SOON, newTokenExpiresAt: SOON }))).toEqual([422, "idempotency-key-reused"]);
    expect(await count("tokens")).toBe(2);
  });

  it.each([
    ["another body", "/v2/tokens", { ...NEW, name: "other" }],
    ["another address", "/v2/tokens?x=1", NEW],
  ])("lends its key to no request with %s", async (_, path, body) => {
    const made = await deployment();
    succeeded(await once("/v2/tokens", made.owner, NEW));
    expect(refusal(await once(path, made.owner, body))).toEqual([422, "idempotency-key-reused"]);
    expect(await count("tokens")).toBe(1);
  });

  it.each(["/v2/tokens", "regenerate"])("has one winner when ten come to %s at once", async (where) => {
    const made = await deployment();
    const old = await token(made, INGEST);
    const [path, body] = where === "regenerate" ? [`/v2/tokens/${old.id}/regenerate`, { existingTokenExpiresAt: SOON }] : [where, NEW];
    const replies = await Promise.all(Array.from({ length: 10 }, () => once(path, made.owner, body)));
    const [winner] = replies.filter(({ status }) => status === 200);
    const losers = replies.filter(({ status }) => status !== 200);
    expect(losers).toHaveLength(9);
    for (const loser of losers) expect([...refusal(loser), loser.body.id]).toEqual([409, "conflict", winner?.body.id]);
    expect(await count("tokens")).toBe(2);
    expect(await env.DB.prepare("SELECT count(*) AS n FROM idempotency").first("n")).toBe(1);
  });

  it("learns of what another request of the same moment did with the key", async () => {
    const made = await deployment();
    const DB = {
      prepare: (sql: string) => env.DB.prepare(sql),
      async batch(statements: D1PreparedStatement[]) {
        succeeded(await once("/v2/tokens", made.owner, { ...NEW, name: "faster" }));
        return env.DB.batch(statements);
      },
    } as unknown as D1Database;
    const reply = await call("POST", "/v2/tokens", made.owner, NEW, { headers: { "idempotency-key": "key-1" }, instead: { DB } });
    expect(refusal(reply)).toEqual([422, "idempotency-key-reused"]);
    expect(await count("tokens")).toBe(1);
  });

  it("shares its key with nobody: another caller's is another", async () => {
    const made = await deployment();
    const maker = await token(made, { ...INGEST, orgCapabilities: { apiTokens: ["create"] } });
    succeeded(await once("/v2/tokens", made.owner, NEW));
    succeeded(await once("/v2/tokens", maker, NEW));
    expect(await count("tokens")).toBe(3);
  });

  it("may be sent again after a refusal", async () => {
    const made = await deployment();
    expect((await once("/v2/tokens", made.owner, { ...NEW, orgCapabilities: { none: ["read"] } })).status).toBe(400);
    succeeded(await once("/v2/tokens", made.owner, NEW));
  });

  it("is forgotten after a day, and its row with it", async () => {
    const made = await deployment();
    succeeded(await once("/v2/tokens", made.owner, NEW));
    const then = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: then + 86_000_000 });
    expect(refusal(await once("/v2/tokens", made.owner, NEW))).toEqual([409, "conflict"]);
    vi.setSystemTime(then + 86_500_000);
    succeeded(await once("/v2/tokens", made.owner, NEW));
    succeeded(await once("/v2/tokens", made.owner, NEW, "key-2"));
    const { results } = await env.DB.prepare("SELECT key FROM idempotency ORDER BY key").all();
    expect(results).toEqual([{ key: "key-1" }, { key: "key-2" }]);
  });

  it.each(["", "two words", "x".repeat(256), "clé"])("is refused with the key %j", async (key) => {
    const made = await deployment();
    expect(refusal(await once("/v2/tokens", made.owner, NEW, key))).toEqual([400, "parameter-invalid"]);
    expect(await count("tokens")).toBe(0);
  });

  it("keeps nothing of the secret or the body", async () => {
    const made = await deployment();
    const { token: secret } = succeeded(await once("/v2/tokens", made.owner, { ...NEW, name: "of-the-body" }));
    const kept = JSON.stringify((await env.DB.prepare("SELECT * FROM idempotency").all()).results);
    expect(kept).not.toContain(secret.slice(5, -4));
    expect(kept).not.toContain("of-the-body");
  });
});
