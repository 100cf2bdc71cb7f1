/** A token's life under bad luck: stores that fail, clocks at the edge of a millisecond, and others who act at the same moment. */
import { runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { standing } from "../../../src/access/permission-set.ts";
import { digestOf } from "../../../src/access/token.ts";
import type { Authority } from "../../../src/management/authority.ts";
import type { ManagementEnv } from "../../../src/management/env.ts";
import {
  type Answer,
  auditRows,
  call,
  count,
  deployment,
  env,
  inKv,
  keyOf,
  MAY_ALL,
  publisherOf,
  reasonOf,
  succeeded,
  token,
} from "../client.ts";

const authority = (exports as unknown as { Authority: Pick<Authority, "lookUpToken"> }).Authority;
const INGEST = { datasetCapabilities: { "*": { ingest: ["create"] } } };
const at = (ms: number) => new Date(ms).toISOString();
const use = async (one: { token: string }) => {
  const reply = await call("GET", "/v2/datasets", { token: one.token });
  return reply.status === 200 ? "taken" : reasonOf(reply);
};

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Runs something between a request's look at the database and its commit. */
function meanwhile(what: () => Promise<unknown>): D1Database {
  return {
    prepare: (sql: string) => env.DB.prepare(sql),
    async batch(statements: D1PreparedStatement[]) {
      await what();
      return env.DB.batch(statements);
    },
  } as unknown as D1Database;
}

describe("a new token", () => {
  it("22: is known to the authority and taken by management at once, with KV dead", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const made = await deployment();
    const PERMISSIONS = { put: () => Promise.reject(new Error("KV PUT failed: 500")) } as unknown as KVNamespace;
    await runInDurableObject(publisherOf(made.org), (publisher) => {
      Object.assign(publisher, { env: { ...env, PERMISSIONS } satisfies ManagementEnv });
    });
    const one = await token(made, MAY_ALL);
    expect(await inKv(keyOf(one.token))).toBeNull();
    expect(await authority.lookUpToken(digestOf(one.token))).toMatchObject({ id: one.id, status: "active" });
    expect(await use(one)).toBe("taken");
  });

  it("22: is in the authority's answer as it was made, restrictions included", async () => {
    const made = await deployment();
    const one = await token(made, { ...INGEST, notBefore: "2020-01-01T00:00:00Z", networks: ["203.0.113.7"], limits: { bytesPerDay: 9 } });
    const set = await authority.lookUpToken(digestOf(one.token));
    expect(set).toMatchObject({ notBefore: Date.parse("2020-01-01T00:00:00Z"), networks: ["203.0.113.7"], limits: { bytesPerDay: 9 } });
    expect(set).toEqual(await inKv(keyOf(one.token)));
  });
});

describe("a token that was deleted", () => {
  it("25: is never published as active again, whatever is published late", async () => {
    const made = await deployment();
    const one = await token(made, INGEST);
    const set = await inKv(keyOf(one.token));
    await call("DELETE", `/v2/tokens/${one.id}`, made.owner);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 5_000 });
    // a writer of before has written over the tombstone, and its change is found once more
    await env.PERMISSIONS.put(keyOf(one.token), JSON.stringify(set));
    await env.DB.prepare("INSERT INTO changes (org, key, ver, at) VALUES (?, ?, 1, 0)").bind(made.org, keyOf(one.token)).run();
    await publisherOf(made.org).publish();
    expect(await inKv(keyOf(one.token))).toMatchObject({ status: "revoked", ver: 2 });
    expect(await use(one)).toBe("token-revoked");
  });
});

describe("a token's times", () => {
  it("26: count to the millisecond, in management and in the document that edges judge by", async () => {
    const made = await deployment();
    const [begin, end] = [Date.now() + 60_000, Date.now() + 120_000];
    const one = await token(made, { ...INGEST, notBefore: at(begin), expiresAt: at(end) });
    const set = await authority.lookUpToken(digestOf(one.token));
    vi.useFakeTimers({ toFake: ["Date"] });
    for (const [now, expected] of [
      [begin - 1, "token-not-yet-valid"],
      [begin, "taken"],
      [begin + 1, "taken"],
      [end - 1, "taken"],
      [end, "token-expired"],
      [end + 1, "token-expired"],
    ] as const) {
      vi.setSystemTime(now);
      expect([now, await use(one)]).toEqual([now, expected]);
      expect([now, set && standing(set, now)]).toEqual([now, expected === "taken" ? "live" : expected]);
    }
  });
});

describe("regenerating", () => {
  const renew = (one: Answer, by: { token: string; org?: string }, request: Record<string, unknown>, instead?: Partial<ManagementEnv>) =>
    call("POST", `/v2/tokens/${one.id}/regenerate`, by, request, instead ? { instead } : {});

  it("27: leaves the old token alive until the end of its grace, and not a millisecond longer", async () => {
    const made = await deployment();
    const old = await token(made, INGEST);
    const end = Date.now() + 48 * 3_600_000;
    const fresh = succeeded(await renew(old, made.owner, { existingTokenExpiresAt: at(end) }));
    vi.useFakeTimers({ toFake: ["Date"], now: end - 1 });
    expect([await use(old), await use(fresh)]).toEqual(["taken", "taken"]);
    vi.setSystemTime(end);
    expect([await use(old), await use(fresh)]).toEqual(["token-expired", "taken"]);
  });

  it("27: gives 30 days of grace at most, and names the latest time", async () => {
    const made = await deployment();
    const old = await token(made, INGEST);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const latest = Date.now() + 30 * 86_400_000;
    const refused = await renew(old, made.owner, { existingTokenExpiresAt: at(latest + 1) });
    expect([refused.status, reasonOf(refused)]).toEqual([400, "body-invalid"]);
    expect(refused.body.message).toContain(at(latest).slice(0, 19));
    expect(await count("tokens")).toBe(1);
    succeeded(await renew(old, made.owner, { existingTokenExpiresAt: at(latest) }));
  });

  it("27: caps a grace beyond the old token's own end, and revives nothing", async () => {
    const made = await deployment();
    const end = Date.now() + 60_000;
    const old = await token(made, { ...INGEST, expiresAt: at(end) });
    const off = await token(made, INGEST);
    succeeded(await call("POST", `/v2/tokens/${off.id}/disable`, made.owner));
    const dead = await token(made, INGEST);
    await call("DELETE", `/v2/tokens/${dead.id}`, made.owner);
    vi.useFakeTimers({ toFake: ["Date"], now: end + 1 });
    for (const one of [old, off]) succeeded(await renew(one, made.owner, { existingTokenExpiresAt: at(end + 3_600_000) }));
    expect((await renew(dead, made.owner, { existingTokenExpiresAt: at(end + 3_600_000) })).status).toBe(404);
    expect([await use(old), await use(off), await use(dead)]).toEqual(["token-expired", "token-disabled", "token-revoked"]);
  });

  it("27: with wider capabilities is creating, and needs the right to", async () => {
    const made = await deployment();
    const old = await token(made, INGEST);
    const can = { "*": { ingest: ["create"], query: ["read"] } };
    const renewer = await token(made, { datasetCapabilities: can, orgCapabilities: { apiTokens: ["update"] } });
    const request = (datasetCapabilities: object) => ({
      existingTokenExpiresAt: at(Date.now()),
      newToken: { name: "n", datasetCapabilities },
    });
    const refused = await renew(old, renewer, request(can));
    expect([refused.status, reasonOf(refused)]).toEqual([403, "forbidden"]);
    expect(refused.body.message).toContain("apiTokens:create");
    succeeded(await renew(old, renewer, request(INGEST.datasetCapabilities)));
  });

  it("29: makes nothing of a token that is deleted meanwhile", async () => {
    const made = await deployment();
    const old = await token(made, INGEST);
    const DB = meanwhile(() => call("DELETE", `/v2/tokens/${old.id}`, made.owner));
    const reply = await renew(old, made.owner, { existingTokenExpiresAt: at(Date.now() + 60_000) }, { DB });
    expect([reply.status, reasonOf(reply)]).toEqual([409, "conflict"]);
    expect(await count("tokens")).toBe(1);
    expect(await use(old)).toBe("token-revoked");
  });

  it("29: makes nothing when the caller is deleted meanwhile", async () => {
    const made = await deployment();
    const old = await token(made, INGEST);
    const caller = await token(made, MAY_ALL);
    const DB = meanwhile(() => call("DELETE", `/v2/tokens/${caller.id}`, made.owner));
    const reply = await renew(old, caller, { existingTokenExpiresAt: at(Date.now()) }, { DB });
    expect([reply.status, reasonOf(reply)]).toEqual([409, "conflict"]);
    expect(await use(old)).toBe("taken");
  });
});

describe("a secret", () => {
  it("31: is shown once: no answer, log, table or document holds it afterwards", async () => {
    const logged: unknown[] = [];
    for (const level of ["log", "info", "warn", "error", "debug"] as const)
      vi.spyOn(console, level).mockImplementation((...words) => void logged.push(words));
    const made = await deployment();
    const keyed = { headers: { "idempotency-key": "k" } };
    const request = { name: "one", ...MAY_ALL };
    const one = succeeded(await call("POST", "/v2/tokens", made.owner, request, keyed));
    const existingTokenExpiresAt = at(Date.now() + 60_000);
    const fresh = succeeded(await call("POST", `/v2/tokens/${one.id}/regenerate`, made.owner, { existingTokenExpiresAt }));
    const answers = [
      await call("POST", "/v2/tokens", made.owner, request, keyed),
      await call("POST", `/v2/tokens/${one.id}/regenerate`, made.owner, { existingTokenExpiresAt }),
      await call("GET", "/v2/tokens", made.owner),
      await call("GET", "/v2/tokens?details=true", made.owner),
      await call("GET", `/v2/tokens/${one.id}`, made.owner),
      await call("GET", `/v2/tokens/${one.id}/details`, made.owner),
      await call("GET", `/v2/tokens/${one.id}/usage`, made.owner),
      await call("GET", "/v2/tokens/current", one),
      await call("POST", "/v2/tokens/identify", made.owner, { token: one.token }),
      await call("PUT", `/v2/tokens/${one.id}/settings`, made.owner, { name: "other" }),
      await call("POST", "/v2/tokens", made.owner, { name: one.token.repeat(9), ...INGEST }),
      await call("GET", `/v2/tokens/${fresh.id}/details`, one),
      await call("GET", "/v2/audit", made.owner),
      await call("DELETE", `/v2/tokens/${one.id}?family=true`, made.owner),
    ];
    const tables = await Promise.all(
      ["tokens", "audit", "changes", "provenance", "idempotency", "refusals"].map((table) =>
        env.DB.prepare(`SELECT * FROM ${table}`).all(),
      ),
    );
    const { keys } = await env.PERMISSIONS.list();
    const documents = await Promise.all(keys.map(({ name }) => env.PERMISSIONS.get(name)));
    const everything = JSON.stringify([answers, logged, tables.map(({ results }) => results), keys, documents, await auditRows()]);
    for (const { token: secret } of [one, fresh]) expect(everything).not.toContain(secret.slice(5, -4));
  });
});
