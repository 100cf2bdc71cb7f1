import { afterEach, describe, expect, it, vi } from "vitest";
import { type Answer, type Credential, call, count, deployment, env, inKv, keyOf, reasonOf, succeeded, token } from "../client.ts";

afterEach(() => {
  vi.useRealTimers();
});

const FAR = "2100-01-01T00:00:00Z";
const INGEST = { datasetCapabilities: { "*": { ingest: ["create"] } } };
const MAKER = { ...INGEST, orgCapabilities: { apiTokens: ["create", "update"] } };
const RESTRICTED = {
  notBefore: "2026-01-01T00:00:00Z",
  networks: ["203.0.113.0/24", "2001:db8::/32"],
  limits: { requestsPerSecond: 10, bytesPerDay: 1_000_000 },
};

/** From inside the networks of RESTRICTED. */
const INSIDE = { headers: { "cf-connecting-ip": "203.0.113.7" } };

const make = (credential: Credential, request: Record<string, unknown>) =>
  call("POST", "/v2/tokens", credential, { name: "child", ...INGEST, ...request }, INSIDE);

describe("a token's restrictions", () => {
  it("are answered where there are some, alike when created, got and listed, and published", async () => {
    const made = await deployment();
    const { token: secret, ...created } = await token(made, { ...INGEST, ...RESTRICTED });
    expect(created).toMatchObject(RESTRICTED);
    expect((await call("GET", `/v2/tokens/${created.id}`, made.owner)).body).toEqual(created);
    expect(succeeded(await call<Answer[]>("GET", "/v2/tokens", made.owner))).toEqual([created]);
    expect(await inKv(keyOf(secret))).toMatchObject({ ...RESTRICTED, notBefore: Date.parse(RESTRICTED.notBefore) });

    const plain = await token(made, { ...INGEST, notBefore: null, networks: null, limits: {} });
    expect(Object.keys(plain)).not.toEqual(expect.arrayContaining([expect.stringMatching(/notBefore|networks|limits/)]));
  });

  it.each([
    ["a beginning that is no time", { notBefore: "soon" }, "notBefore"],
    ["a beginning after the end", { notBefore: "2100-01-01T00:00:00Z", expiresAt: "2100-01-01T00:00:00Z" }, "notBefore"],
    ["no network in the list", { networks: [] }, "networks"],
    ["a network that is none", { networks: ["203.0.113.0/33"] }, "networks[0]"],
    ["networks that are no list", { networks: "203.0.113.0/24" }, "networks"],
    ["a limit of nothing", { limits: { requestsPerSecond: 0 } }, "requestsPerSecond"],
    ["half a request", { limits: { requestsPerSecond: 0.5 } }, "requestsPerSecond"],
    ["a limit beyond what is counted", { limits: { bytesPerDay: 1e16 } }, "bytesPerDay"],
    ["an unknown limit", { limits: { bytesPerYear: 1 } }, "bytesPerYear"],
  ])("are refused with %s", async (_, request, member) => {
    const made = await deployment();
    const reply = await make(made.owner, request);
    expect([reply.status, reasonOf(reply)]).toEqual([400, "body-invalid"]);
    expect(reply.body.message).toContain(member);
    expect(await count("tokens")).toBe(0);
  });

  it("keep a token from management until its beginning", async () => {
    const made = await deployment();
    const begin = Date.now() + 60_000;
    const later = await token(made, { ...INGEST, notBefore: new Date(begin).toISOString() });
    vi.useFakeTimers({ toFake: ["Date"], now: begin - 1 });
    expect(reasonOf(await call("GET", "/v2/datasets", later))).toBe("token-not-yet-valid");
    vi.setSystemTime(begin);
    expect((await call("GET", "/v2/datasets", later)).status).toBe(200);
  });

  it("pass to what the token makes, limits without being asked for", async () => {
    const made = await deployment();
    const maker = await token(made, { ...MAKER, ...RESTRICTED });
    const child = succeeded(await make(maker, { networks: ["203.0.113.128/25"], limits: { requestsPerSecond: 5, bytesPerSecond: 9 } }));
    expect(child).toMatchObject({
      networks: ["203.0.113.128/25"],
      limits: { requestsPerSecond: 5, bytesPerSecond: 9, bytesPerDay: 1_000_000 },
    });
    expect((await inKv(keyOf(child.token)))?.["limits"]).toEqual(child["limits"]);
  });

  it.each([
    ["an earlier beginning", { notBefore: "2025-12-31T23:59:59Z" }, "notBefore"],
    ["no networks", { networks: null }, "networks is missing"],
    ["a wider network", { networks: ["203.0.112.0/23"] }, "203.0.112.0/23"],
    ["another network", { networks: ["203.0.113.7", "198.51.100.1"] }, "198.51.100.1"],
    ["everything", { networks: ["0.0.0.0/0", "::/0"] }, "0.0.0.0/0"],
    ["a looser limit", { limits: { requestsPerSecond: 11 } }, "limits.requestsPerSecond"],
  ])("are not to be escaped by a child with %s", async (_, request, named) => {
    const made = await deployment();
    const maker = await token(made, { ...MAKER, ...RESTRICTED });
    const reply = await make(maker, { networks: ["203.0.113.7"], ...request });
    expect([reply.status, reasonOf(reply)]).toEqual([403, "grant-too-wide"]);
    expect(reply.body.message).toContain(named);
    expect(await count("tokens")).toBe(1);
  });

  it("do not bind what people make", async () => {
    const made = await deployment();
    expect((await make(made.owner, { networks: ["0.0.0.0/0"], limits: { bytesPerDay: 1e15 } })).status).toBe(200);
    expect((await make(made.session, { expiresAt: null })).status).toBe(200);
  });

  it("count as they are at the commit: limits that were tightened meanwhile are not escaped", async () => {
    const made = await deployment();
    const maker = await token(made, MAKER);
    const DB = {
      prepare: (sql: string) => env.DB.prepare(sql),
      async batch(statements: D1PreparedStatement[]) {
        const tight = { limits: { requestsPerSecond: 1 } };
        succeeded(await call("PUT", `/v2/tokens/${maker.id}/settings`, made.owner, tight));
        return env.DB.batch(statements);
      },
    } as unknown as D1Database;
    const reply = await call("POST", "/v2/tokens", maker, { name: "child", ...INGEST }, { instead: { DB } });
    expect([reply.status, reasonOf(reply)]).toEqual([409, "conflict"]);
    expect(await count("tokens")).toBe(1);
  });

  it("stay with a successor, whose payload may name others", async () => {
    const made = await deployment();
    const renew = async (more: Record<string, unknown>) => {
      const old = await token(made, { ...INGEST, ...RESTRICTED });
      return call("POST", `/v2/tokens/${old.id}/regenerate`, made.owner, { existingTokenExpiresAt: new Date().toISOString(), ...more });
    };
    expect(succeeded(await renew({}))).toMatchObject(RESTRICTED);
    expect(succeeded(await renew({ newToken: { name: "n", ...INGEST } }))).toMatchObject(RESTRICTED);
    const others = { networks: ["198.51.100.0/24"], limits: { requestsPerSecond: 20 } };
    expect(succeeded(await renew({ newToken: { name: "n", ...INGEST, ...others } }))).toMatchObject({ ...RESTRICTED, ...others });
  });

  it("bind the successor that a token makes of another's to its own", async () => {
    const made = await deployment();
    const caller = await token(made, { ...MAKER, limits: { requestsPerSecond: 3 }, networks: ["203.0.113.0/24"] });
    const free = await token(made, INGEST);
    const now = { existingTokenExpiresAt: new Date().toISOString() };
    const refused = await call("POST", `/v2/tokens/${free.id}/regenerate`, caller, now, INSIDE);
    expect([refused.status, reasonOf(refused)]).toEqual([403, "grant-too-wide"]);
    const newToken = { name: "n", ...INGEST, networks: ["203.0.113.9"] };
    const fresh = succeeded(await call("POST", `/v2/tokens/${free.id}/regenerate`, caller, { ...now, newToken }, INSIDE));
    expect(fresh).toMatchObject({ networks: ["203.0.113.9"], limits: { requestsPerSecond: 3 } });
  });
});

describe("an organisation's longest lifetime", () => {
  const DAY = 86_400_000;
  const limited = async () => {
    const made = await deployment();
    await env.DB.prepare("UPDATE orgs SET token_lifetime_max_ms = ?")
      .bind(90 * DAY)
      .run();
    return made;
  };
  const inDays = (days: number) => new Date(Date.now() + days * DAY).toISOString();

  it("refuses new tokens that live longer, and names the latest end", async () => {
    const made = await limited();
    for (const expiresAt of [inDays(91), FAR, null]) {
      const reply = await make(made.owner, { expiresAt });
      expect([reply.status, reasonOf(reply)]).toEqual([400, "body-invalid"]);
      expect(reply.body.message).toContain(inDays(90).slice(0, 10));
    }
    expect((await make(made.owner, { expiresAt: inDays(89) })).status).toBe(200);
  });

  it("refuses successors that live longer", async () => {
    const made = await limited();
    const old = succeeded(await make(made.owner, { expiresAt: inDays(80) }));
    const renew = (more: Record<string, unknown>) =>
      call("POST", `/v2/tokens/${old.id}/regenerate`, made.owner, { existingTokenExpiresAt: inDays(1), ...more });
    for (const more of [{}, { newTokenExpiresAt: inDays(91) }, { newToken: { name: "n", ...INGEST, expiresAt: FAR } }]) {
      const reply = await renew(more);
      expect([reply.status, reasonOf(reply)]).toEqual([400, "body-invalid"]);
      expect(reply.body.message).toContain(inDays(90).slice(0, 10));
    }
    expect((await renew({ newTokenExpiresAt: inDays(89) })).status).toBe(200);
  });

  it("counts as it is at the commit", async () => {
    const made = await deployment();
    const DB = {
      prepare: (sql: string) => env.DB.prepare(sql),
      async batch(statements: D1PreparedStatement[]) {
        await env.DB.prepare("UPDATE orgs SET token_lifetime_max_ms = ?").bind(DAY).run();
        return env.DB.batch(statements);
      },
    } as unknown as D1Database;
    const reply = await call("POST", "/v2/tokens", made.owner, { name: "n", ...INGEST }, { instead: { DB } });
    expect([reply.status, reasonOf(reply)]).toEqual([409, "conflict"]);
    expect(await count("tokens")).toBe(0);
  });
});
