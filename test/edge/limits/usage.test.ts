/** Use of tokens, from requests to the Worker under test to management's database, through the real service binding. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env as bindings } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { PermissionSet } from "../../../src/access/permission-set.ts";
import type { Use } from "../../../src/access/use.ts";
import type { Authority, EdgeEnv } from "../../../src/edge/env.ts";
import { noteUse, reportDue } from "../../../src/edge/limits/usage.ts";
import worker from "../../../src/edge/worker.ts";
import { env, HERE, type Organisation, organisation, token } from "../gateway.ts";

const { DB } = bindings as unknown as { DB: D1Database };
const DAY = 86_400_000;

let org: Organisation;
/** Each test a day after the last, so that what the isolate remembers of others is no matter. */
let clock = Date.UTC(2026, 0, 1, 12);
let reports: Use[][] = [];

beforeEach(async () => {
  clock += DAY;
  vi.useFakeTimers({ toFake: ["Date"], now: clock });
  reports = [];
  org = await organisation({ logs: HERE });
  await DB.prepare(
    "INSERT INTO orgs (id, name, status, default_region, created_at, updated_at, ver, change_id) VALUES (?, 'o', 'active', ?, 0, 0, 1, '')",
  )
    .bind(org.id, HERE)
    .run();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function pass(ms: number): void {
  clock += ms;
  vi.setSystemTime(clock);
}

/** A token that management knows, too. */
async function known(id: string, more: Partial<PermissionSet> = {}): Promise<string> {
  const status = more.status ?? "active";
  await DB.prepare(
    `INSERT INTO tokens (id, org, digest, name, description, capabilities, status, created_at, created_by, ver, change_id)
    VALUES (?, ?, ?, '', '', '{}', ?, 0, '', 1, '')`,
  )
    .bind(id, org.id, id, status)
    .run();
  return token(org, { logs: ["ingest:create"] }, { id, ...more });
}

/** Management as it is, and what it is told of this test. */
function listening(fails = () => false): EdgeEnv {
  const AUTHORITY: Pick<Authority, "reportUse"> = {
    async reportUse(uses) {
      reports.push(structuredClone(uses.filter((one) => one.org === org.id)));
      if (fails()) throw new Error("management is away");
      await env.AUTHORITY.reportUse(uses);
    },
  };
  return { ...env, AUTHORITY: AUTHORITY as Authority };
}

/** Sends, and waits for whatever goes on behind the answer. */
async function use(
  secret: string,
  to: EdgeEnv,
  { body = "{}", path = "/v1/ingest/logs", headers = {} as Record<string, string> } = {},
): Promise<number> {
  const context = createExecutionContext();
  const init = { method: "POST", body, headers: { authorization: `Bearer ${secret}`, ...headers } };
  const { status } = await worker.fetch(new Request(`https://edge.example${path}`, init), to, context);
  await waitOnExecutionContext(context);
  return status;
}

async function inDatabase(id: string) {
  const { results } = await DB.prepare("SELECT day, requests, bytes, refused FROM token_usage WHERE token = ? ORDER BY day").bind(id).all();
  return {
    days: results,
    lastUsedAt: await DB.prepare("SELECT last_used_at FROM tokens WHERE id = ?").bind(id).first<number | null>("last_used_at"),
  };
}

const day = () => new Date(clock).toISOString().slice(0, 10);

describe("the use of a token", () => {
  it("is in management's database after its first request", async () => {
    const secret = await known("u1");
    expect(await use(secret, env, { body: '{"a":1}' })).toBe(200);
    expect(await inDatabase("u1")).toEqual({ days: [{ day: day(), requests: 1, bytes: 7, refused: 0 }], lastUsedAt: clock });
  });

  it("is then told once a minute at most, and adds up", async () => {
    const secret = await known("u2");
    const to = listening();
    for (let n = 0; n < 12; n++) {
      await use(secret, to);
      pass(10_000);
    }
    expect(reports.flat().map(({ requests }) => requests)).toEqual([1, 6]);
    expect((await inDatabase("u2")).days).toEqual([{ day: day(), requests: 7, bytes: 14, refused: 0 }]);
  });

  it("is told together with that of other tokens", async () => {
    const to = listening();
    const [one, other] = [await known("u3"), await known("u4")];
    await use(one, to);
    pass(20_000);
    await use(other, to);
    for (let n = 0; n < 3; n++) for (const secret of [one, other]) await use(secret, to);
    pass(40_000);
    await use(one, to);
    const told = reports.map((uses) => uses.map(({ tokenId, requests }) => `${tokenId} ${requests}`));
    expect(told).toEqual([["u3 1"], ["u4 1"], ["u3 4", "u4 3"]]);
  });

  it("counts refusals, and bytes as they came", async () => {
    const secret = await known("u5", { limits: { requestsPerSecond: 2 } });
    const to = listening();
    expect(await use(secret, to, { path: "/v1/ingest/a%20b" })).toBe(400);
    expect(await use(secret, to, { body: "no json" })).toBe(400);
    expect(await use(secret, to)).toBe(429);
    pass(60_000);
    expect(await use(secret, to)).toBe(200);
    expect(await inDatabase("u5")).toEqual({ days: [{ day: day(), requests: 4, bytes: 9, refused: 3 }], lastUsedAt: clock - 60_000 });
  });

  it("from outside its networks is counted as refused and is no use", async () => {
    const secret = await known("u6", { networks: ["203.0.113.0/24"] });
    expect(await use(secret, env)).toBe(403);
    expect(await inDatabase("u6")).toEqual({ days: [{ day: day(), requests: 1, bytes: 0, refused: 1 }], lastUsedAt: null });
  });

  it("that was revoked may be a leak: it is counted as refused, and its id is logged once a minute, never its secret", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const warned = () => warn.mock.calls.flat().filter((text) => String(text).includes("u7"));
    const secret = await known("u7", { status: "revoked" });
    for (let n = 0; n < 3; n++) expect(await use(secret, env)).toBe(401);
    expect(warned()).toEqual(['{"event":"revoked-token-used","token":"u7"}']);
    pass(60_000);
    expect(await use(secret, env)).toBe(401);
    expect(warned()).toHaveLength(2);
    expect(await inDatabase("u7")).toEqual({ days: [{ day: day(), requests: 4, bytes: 0, refused: 4 }], lastUsedAt: null });
  });

  it("that has expired is counted as refused, and not logged", async () => {
    const warned = vi.spyOn(console, "warn");
    expect(await use(await known("u8", { expiresAt: clock }), env)).toBe(401);
    expect((await inDatabase("u8")).days).toMatchObject([{ requests: 1, refused: 1 }]);
    expect(warned).not.toHaveBeenCalled();
  });

  it("is kept while management is away, and told later", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    let away = true;
    const to = listening(() => away);
    const secret = await known("u9");
    for (const _ of [1, 2]) {
      await use(secret, to);
      pass(60_000);
    }
    away = false;
    await use(secret, to);
    expect(reports.map((uses) => uses.map(({ requests }) => requests))).toEqual([[1], [2], [3]]);
    expect(await inDatabase("u9")).toMatchObject({ days: [{ requests: 3 }], lastUsedAt: clock });
  });

  it("belongs to the day of the request, not of the report", async () => {
    const secret = await known("u10");
    const to = listening();
    await use(secret, to);
    pass(Math.ceil(clock / DAY) * DAY - clock - 2_000);
    await use(secret, to);
    pass(1_000);
    await use(secret, to);
    pass(61_000);
    await use(secret, to);
    expect((await inDatabase("u10")).days.map(({ requests }) => requests)).toEqual([3, 1]);
  });
});

describe("many tokens that begin at once", () => {
  it("share their reports, which hold a thousand uses each", async () => {
    const to = listening();
    const { id: nobody } = org;
    const note = (n: number) => noteUse({ id: `many-${n}`, org: nobody }, { at: clock, counts: true, bytes: 1, refused: false });
    note(0);
    await reportDue(to, clock);
    const due = [];
    for (let n = 1; n <= 2_500; n++) {
      note(n);
      due.push(reportDue(to, clock));
    }
    await Promise.all(due);
    expect(reports.map((uses) => uses.length).filter((length) => length > 1)).toEqual([1_000, 1_000, 500]);
    expect(reports.flat().length).toBe(2_501);
    expect(reportDue(to, clock)).toBeNull();
  });
});
