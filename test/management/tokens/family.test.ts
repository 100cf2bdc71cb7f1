import { applyD1Migrations, type D1Migration, reset } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  type Answer,
  auditRows,
  call,
  count,
  type Deployment,
  deployment,
  env,
  inKv,
  keyOf,
  reasonOf,
  succeeded,
  token,
} from "../client.ts";

afterEach(() => {
  vi.useRealTimers();
});

const INGEST = { datasetCapabilities: { "*": { ingest: ["create"] } } };
const MAKER = { ...INGEST, orgCapabilities: { apiTokens: ["create", "read", "update", "delete"] } };
const NOW = () => ({ existingTokenExpiresAt: new Date().toISOString() });

const child = async (maker: Answer, request: Record<string, unknown> = MAKER) =>
  succeeded(await call("POST", "/v2/tokens", maker, { name: "child", ...request }));
const successor = async (old: Answer, by: { token: string; org?: string }) =>
  succeeded(
    await call("POST", `/v2/tokens/${old.id}/regenerate`, by, { existingTokenExpiresAt: new Date(Date.now() + 60_000).toISOString() }),
  );
const details = async ({ owner }: Deployment, { id }: Answer) => succeeded(await call("GET", `/v2/tokens/${id}/details`, owner));
const alive = async (...tokens: Answer[]) =>
  Promise.all(tokens.map(async (one) => (await call("GET", "/v2/datasets", { token: one.token })).status === 200));

describe("a line of tokens", () => {
  it("begins with what people make, and goes on with successors and children", async () => {
    const made = await deployment();
    const first = await token(made, MAKER);
    const second = await child(first);
    const third = await successor(second, made.owner);
    const fourth = await child(third, INGEST);
    expect(await details(made, first)).toMatchObject({ family: first.id, parent: null, successor: null });
    expect(await details(made, second)).toMatchObject({ family: first.id, parent: first.id, successor: third.id, createdBy: first.id });
    expect(await details(made, third)).toMatchObject({ family: first.id, parent: second.id, createdBy: made.user.id });
    expect(await details(made, fourth)).toMatchObject({ family: first.id, parent: third.id });
  });

  it("30: dies with the token that it came from, in one change that is published for each", async () => {
    const made = await deployment();
    const first = await token(made, MAKER);
    const second = await child(first);
    const third = await successor(second, made.owner);
    const fourth = await child(third);
    const stranger = await token(made, MAKER);
    const [entries, changes] = [await auditRows(), await count("changes")];
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 5_000 }); // KV takes a key once a second
    const reply = await call("DELETE", `/v2/tokens/${second.id}?family=true`, made.owner);
    expect(reply.status).toBe(204);
    expect(await alive(first, second, third, fourth, stranger)).toEqual([true, false, false, false, true]);
    for (const { token: secret } of [second, third, fourth]) expect(await inKv(keyOf(secret))).toMatchObject({ status: "revoked" });
    expect(await count("changes")).toBe(changes + 3);
    const added = (await auditRows()).slice(entries.length);
    expect(added).toMatchObject([{ action: "token.delete", target: second.id }]);
    expect(JSON.parse(added[0]?.detail ?? "")).toMatchObject({ family: 3 });
  });

  it("30: goes on when only its first is deleted, and can be ended afterwards", async () => {
    const made = await deployment();
    const first = await token(made, MAKER);
    const second = await child(first);
    await call("DELETE", `/v2/tokens/${first.id}`, made.owner);
    expect(await alive(first, second)).toEqual([false, true]);
    expect((await call("DELETE", `/v2/tokens/${first.id}?family=true`, made.owner)).status).toBe(204);
    expect(await alive(second)).toEqual([false]);
    const again = await call("DELETE", `/v2/tokens/${first.id}?family=true`, made.owner);
    expect([again.status, reasonOf(again)]).toEqual([404, "resource-unknown"]);
  });

  it("30: holds what a token put in the place of another's, too", async () => {
    const made = await deployment();
    const thief = await token(made, MAKER);
    const victim = await token(made, INGEST);
    const taken = await successor(victim, thief);
    await call("DELETE", `/v2/tokens/${thief.id}?family=true`, made.owner);
    expect(await alive(thief, taken, victim)).toEqual([false, false, true]);
  });

  it("30: of another organisation is not to be reached", async () => {
    const made = await deployment();
    const first = await token(made, MAKER);
    await env.DB.prepare("UPDATE tokens SET parent = ? WHERE id = ?")
      .bind(first.id, (await token(made, INGEST)).id)
      .run();
    await env.DB.exec(
      "INSERT INTO orgs (id, name, status, default_region, created_at, updated_at, ver, change_id) SELECT 'others', name, status, default_region, 0, 0, 1, '' FROM orgs",
    );
    await env.DB.prepare("UPDATE tokens SET org = 'others' WHERE parent = ?").bind(first.id).run();
    expect((await call("DELETE", `/v2/tokens/${first.id}?family=true`, made.owner)).status).toBe(204);
    const { results } = await env.DB.prepare("SELECT org FROM tokens WHERE status = 'active'").all();
    expect(results).toEqual([{ org: "others" }]);
  });

  it("is not lengthened by its own tokens: none regenerates or enables itself or a relative that it did not make", async () => {
    const made = await deployment();
    const first = await token(made, MAKER);
    const second = await child(first);
    for (const [caller, target] of [
      [first, first],
      [second, first],
      [second, await child(first)],
    ] as const) {
      const renewed = await call("POST", `/v2/tokens/${target.id}/regenerate`, caller, NOW());
      expect([renewed.status, reasonOf(renewed)]).toEqual([403, "forbidden"]);
    }
    succeeded(await call("POST", `/v2/tokens/${first.id}/disable`, made.owner));
    const enabled = await call("POST", `/v2/tokens/${first.id}/enable`, second);
    expect([enabled.status, reasonOf(enabled)]).toEqual([403, "forbidden"]);
    expect(await alive(first, second)).toEqual([false, true]);
    succeeded(await call("POST", `/v2/tokens/${second.id}/regenerate`, made.owner, NOW()));
    // as Terraform does with what it made
    const own = await token(made, MAKER);
    const renewed = succeeded(await call("POST", `/v2/tokens/${(await child(own)).id}/regenerate`, own, NOW()));
    expect((await call("DELETE", `/v2/tokens/${own.id}?family=true`, made.owner)).status).toBe(204);
    expect((await call("GET", "/v2/datasets", renewed)).status).toBe(401);
  });

  it("refuses a family that is neither true nor false", async () => {
    const made = await deployment();
    const { id } = await token(made, MAKER);
    const reply = await call("DELETE", `/v2/tokens/${id}?family=yes`, made.owner);
    expect([reply.status, reasonOf(reply)]).toEqual([400, "parameter-invalid"]);
    expect(await count("tokens")).toBe(1);
  });
});

describe("a token that deletes itself", () => {
  it("needs no capability, and reaches nothing else without one", async () => {
    const made = await deployment();
    const [one, other] = [await token(made, INGEST), await token(made, INGEST)];
    for (const path of [other.id, `${one.id}?family=true`]) {
      const reply = await call("DELETE", `/v2/tokens/${path}`, one);
      expect([reply.status, reasonOf(reply)]).toEqual([403, "forbidden"]);
    }
    expect((await call("DELETE", `/v2/tokens/${one.id}`, one)).status).toBe(204);
    expect(await alive(one, other)).toEqual([false, true]);
  });
});

describe("the migration to lines", () => {
  it("finds the lines of tokens that were made before", async () => {
    const { TEST_MIGRATIONS: all } = env as unknown as { TEST_MIGRATIONS: D1Migration[] };
    const at = all.findIndex(({ name }) => name === "0010_tokens.sql");
    await reset();
    await applyD1Migrations(env.DB, all.slice(0, at));
    await env.DB.exec(
      "INSERT INTO orgs (id, name, status, default_region, created_at, updated_at, ver, change_id) VALUES ('o', 'O', 'active', 'r', 0, 0, 1, '')",
    );
    const rows = [
      { id: "first", successor: "second", by: "user" },
      { id: "second", successor: null, by: "user" },
      { id: "made", successor: "remade", by: "second" },
      { id: "remade", successor: null, by: "user" },
      { id: "alone", successor: null, by: "user" },
    ];
    for (const { id, successor: next, by } of rows)
      await env.DB.prepare(
        `INSERT INTO tokens (id, org, digest, name, description, capabilities, status, successor, created_at, created_by, ver, change_id, family)
        VALUES (?, 'o', ?, 'n', '', '{}', 'active', ?, 0, ?, 1, '', ?)`,
      )
        .bind(id, id, next, by, id)
        .run();
    await applyD1Migrations(env.DB, all);
    const { results } = await env.DB.prepare("SELECT id, parent, family FROM tokens ORDER BY rowid").all();
    expect(results).toEqual([
      { id: "first", parent: null, family: "first" },
      { id: "second", parent: "first", family: "first" },
      { id: "made", parent: "second", family: "first" },
      { id: "remade", parent: "made", family: "first" },
      { id: "alone", parent: null, family: "alone" },
    ]);
  });
});
