import { afterEach, describe, expect, it, vi } from "vitest";
import { mintToken } from "../../../src/access/token.ts";
import { settingsOf } from "../../../src/management/env.ts";
import { forgetReports } from "../../../src/management/leaks/flood.ts";
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
  type Reply,
  reasonOf,
  secondOrganisation,
  succeeded,
  token,
} from "../client.ts";

const { EDGE } = env as unknown as { EDGE: Fetcher };
const report = (body: unknown, from = "192.0.2.1", instead?: Record<string, unknown>) =>
  call("POST", "/v1/report-leak", null, body, { headers: { "cf-connecting-ip": from }, ...(instead && { instead }) });
const refusal = (reply: Reply<Answer>) => [reply.status, reasonOf(reply)];
const counted = async () => (await env.DB.prepare("SELECT address, times FROM leak_reports ORDER BY address").all()).results;

afterEach(() => {
  vi.useRealTimers();
});

describe("a report of a leaked token", () => {
  it("88: ends the token of whatever organisation, and reveals nothing", async () => {
    const made = await deployment();
    const other = await secondOrganisation(made);
    const theirs = succeeded(await call("POST", "/v2/tokens", other, { name: "theirs", ...MAY_ALL }));
    const ingest = succeeded(await call("POST", "/api/v1/tokens/ingest", made.owner, { name: "agent", scopes: ["*"] }));
    const unknown = mintToken("api", settingsOf(env).tagKeys);
    const texts = [theirs.token, theirs.token, ingest.token, made.session.token, made.owner.token, unknown, "some text", ""];
    const replies = [];
    for (const text of texts) replies.push(await report({ token: text }));
    expect(replies.map(({ status }) => status)).toEqual(texts.map(() => 202));
    expect(new Set(replies.map(({ body }) => JSON.stringify(body))).size).toBe(1);

    for (const { token: secret } of [theirs, made.session, made.owner])
      expect(refusal(await call("GET", "/v2/datasets", { token: secret }))).toEqual([401, "token-revoked"]);
    expect(refusal(await call("GET", "/api/v1/tokens/ingest/validate", ingest))).toEqual([401, "token-revoked"]);
    await expect.poll(() => inKv(keyOf(theirs.token)), { timeout: 5_000 }).toMatchObject({ status: "revoked" });
    const sent = await EDGE.fetch("https://edge.example/v1/ingest/x", {
      method: "POST",
      headers: { authorization: `Bearer ${theirs.token}` },
      body: "[]",
    });
    expect(sent.status).toBe(401);

    const entries = (await auditRows()).filter(({ actor_kind }) => actor_kind === "report");
    expect(entries).toMatchObject([
      { action: "token.revoke-leaked", target: theirs.id, org: "of-others", actor_id: "anonymous", ip: "192.0.2.1" },
      { action: "token.revoke-leaked", target: ingest.id, org: made.org },
      { action: "session.revoke-leaked", org: made.org },
      { action: "personal-token.revoke-leaked", org: made.org },
    ]);
    for (const text of texts) if (text) expect(JSON.stringify(entries)).not.toContain(text);
  });

  it("88: may hold a hundred tokens", async () => {
    const made = await deployment();
    const secrets = [];
    for (let n = 0; n < 3; n++) secrets.push((await token(made, MAY_ALL)).token);
    const tokens = [...secrets, ...Array.from({ length: 97 }, (_, n) => `text ${n}`)];
    expect((await report({ tokens })).status).toBe(202);
    expect(await env.DB.prepare("SELECT count(*) AS n FROM tokens WHERE status = 'revoked'").first("n")).toBe(3);
    const traces = (await auditRows()).slice(-3).map(({ trace_id }) => trace_id);
    expect(new Set(traces).size).toBe(3);
    expect(await count("changes")).toBe(1 + 3 + 3);
    expect(refusal(await report({ tokens: [...tokens, "x"] }))).toEqual([400, "body-invalid"]);
  });

  it.each([["{"], ["[]"], [{}], [{ tokens: [] }], [{ token: 1 }], [{ tokens: [1] }], [{ token: "x", org: "acme" }]])(
    "is refused when it is %j",
    async (body) => {
      expect(refusal(await report(body))).toEqual([400, "body-invalid"]);
    },
  );

  it("is refused when it is too large", async () => {
    expect(refusal(await report({ token: "x".repeat(300_000) }))).toEqual([413, "body-too-large"]);
  });

  it("88: that holds nothing like a token of ours asks the database nothing", async () => {
    const DB = new Proxy(
      {},
      {
        get: () => () => {
          throw new Error("asked");
        },
      },
    ) as never;
    const made = await deployment();
    const tokens = ["xaat-96ac7408-c7d1-4cde-9e23-d1bda820636a", "ghp_x", `${made.owner.token.slice(0, -1)}_`, "x".repeat(1_000)];
    for (let n = 0; n < 30; n++) expect((await report({ tokens }, "192.0.2.1", { DB })).status).toBe(202);
    expect(await counted()).toEqual([]);
  });

  it("88: is taken ten times a minute from one sender, whoever else reports", async () => {
    await deployment();
    const secret = mintToken("api", settingsOf(env).tagKeys);
    const start = Math.floor(Date.now() / 60_000) * 60_000;
    vi.useFakeTimers({ toFake: ["Date"], now: start });
    const statuses = async (from: string, times: number) => {
      const seen = [];
      for (let n = 0; n < times; n++) seen.push((await report({ token: secret }, from)).status);
      return seen;
    };
    // one network of IPv6 is one sender, however it is written
    expect(await statuses("2001:db8:1:2::1", 5)).toEqual(Array(5).fill(202));
    expect(await statuses("2001:DB8:1:2:ffff::9", 6)).toEqual([...Array(5).fill(202), 429]);
    expect(await statuses("2001:db8:1:3::1", 1)).toEqual([202]);
    expect(await statuses("192.0.2.1", 6)).toEqual(Array(6).fill(202));
    expect(await statuses("::ffff:192.0.2.1", 5)).toEqual([...Array(4).fill(202), 429]);
    const late = await report({ token: secret }, "192.0.2.1");
    expect(refusal(late)).toEqual([429, "rate-limited"]);
    expect(late.headers.get("retry-after")).not.toBeNull();
    vi.setSystemTime(start + 60_000);
    expect(await statuses("192.0.2.1", 1)).toEqual([202]);
    await forgetReports(env.DB, start + 60_000);
    expect(await counted()).toEqual([{ address: "192.0.2.1", times: 1 }]);
  });

  it("answers 503 and ends nothing when the database fails", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const made = await deployment();
    await env.DB.exec("DROP TABLE provenance");
    expect(refusal(await report({ token: made.owner.token }))).toEqual([503, "store-unavailable"]);
    expect((await call("GET", "/v2/user", made.owner)).status).toBe(200);
    vi.restoreAllMocks();
  });

  it("19: ends a token that Axiom made, where such tokens are taken", async () => {
    const made = await deployment();
    const old = `xait-${crypto.randomUUID()}`;
    const taking = { IMPORTED_TOKENS: "true" };
    await call("POST", "/v2/tokens/import", made.owner, { name: "old", scopes: ["*"], token: old }, { instead: taking });
    expect((await report({ token: old }, "192.0.2.1", taking)).status).toBe(202);
    expect(await env.DB.prepare("SELECT status FROM tokens").first("status")).toBe("revoked");
  });
});
