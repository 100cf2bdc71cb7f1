import { createExecutionContext } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { PermissionSet, TokenLimits } from "../../../src/access/permission-set.ts";
import type { EdgeEnv } from "../../../src/edge/env.ts";
import worker from "../../../src/edge/worker.ts";
import { env, HERE, type Organisation, organisation, post, send, stored, token } from "../gateway.ts";

const DAY = 86_400_000;
/** A noon long ago: the clock stands still, and moves when a test says so. */
const NOON = 20_000 * DAY + DAY / 2;
const NOON_S = NOON / 1_000;

let org: Organisation;
let ingest: string;
let clock = NOON;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOON });
  clock = NOON;
  org = await organisation({ logs: HERE });
  ingest = "/v1/ingest/logs";
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function pass(ms: number): void {
  clock += ms;
  vi.setSystemTime(clock);
}

const limitedTo = (limits: TokenLimits, more: Partial<PermissionSet> = {}) =>
  token(org, { logs: ["ingest:create", "query:read"] }, { limits, ...more });

/** Of an answer: its status, the reason of a refusal, and what it says of limits. */
async function told(response: Response): Promise<{ is: string; headers: Record<string, string>; message: string }> {
  const { type, message = "" } = (await response.json()) as { type?: string; message?: string };
  const headers = Object.fromEntries([...response.headers].filter(([name]) => /^(x-.*limit-|retry-after)/.test(name)));
  return { is: `${response.status} ${type?.replace("urn:headgate:problem:", "") ?? ""}`.trim(), headers, message };
}

/** A body whose length its head does not tell. */
function chunked(text: string): ReadableStream {
  return new Blob([text]).stream();
}

const lines = (bytes: number) => `{"a":"${"x".repeat(bytes - 8)}"}`;

describe("67 a token's limits", () => {
  it("are answered with 429 and how long to wait, never with 401", async () => {
    const secret = await limitedTo({ requestsPerSecond: 2 });
    const answers = [];
    for (let n = 0; n < 4; n++) answers.push(await told(await post(ingest, `{"n":${n}}`, { token: secret })));
    expect(answers.map(({ is }) => is)).toEqual(["200", "200", "429 rate-limited", "429 rate-limited"]);
    expect(answers[0]?.headers).toEqual({
      "x-ratelimit-scope": "user",
      "x-ratelimit-limit": "2",
      "x-ratelimit-remaining": "1",
      "x-ratelimit-reset": String(NOON_S + 1),
    });
    expect(answers[2]).toMatchObject({
      headers: { "retry-after": "1", "x-ratelimit-scope": "user", "x-ratelimit-limit": "2", "x-ratelimit-remaining": "0" },
      message: "the token may send 2 requests a second to this region: send again in 1 s, in larger batches",
    });
    pass(500);
    expect((await told(await post(ingest, '{"n":5}', { token: secret }))).is).toBe("200");
    expect((await stored(org, "logs")).map(({ n }) => n)).toEqual([0, 1, 5]);
  });

  it("are kept for the token, whatever a client sends beside it", async () => {
    const secret = await limitedTo({ requestsPerSecond: 1 });
    expect((await post(ingest, "{}", { token: secret })).status).toBe(200);
    const attempts: [string, HeadersInit][] = [
      ["/v1/ingest/logs?token=other", { "cf-connecting-ip": "198.51.100.1", "x-forwarded-for": "198.51.100.2" }],
      ["/v1/datasets/logs/ingest", { "user-agent": "another", "x-axiom-org-id": "another", "idempotency-key": "k" }],
      ["/v1/ingest/logs/", { "x-ratelimit-limit": "1000", "x-ratelimit-scope": "organization", cookie: "id=2" }],
      ["/v1/ingest/logs", { authorization: `bearer ${secret}` }],
    ];
    for (const [path, headers] of attempts) {
      const init = new Headers(headers).has("authorization") ? { headers } : { headers, token: secret };
      expect((await told(await post(path, "{}", init))).is).toBe("429 rate-limited");
    }
  });

  it("are its own: another token of the organisation has others, or none", async () => {
    const [one, other, free] = [await limitedTo({ requestsPerSecond: 1 }), await limitedTo({ requestsPerSecond: 1 }), await limitedTo({})];
    for (const secret of [one, other]) expect((await post(ingest, "{}", { token: secret })).status).toBe(200);
    expect((await post(ingest, "{}", { token: one })).status).toBe(429);
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(ingest, "{}", { token: free })));
    for (const answer of answers) expect(await told(answer)).toMatchObject({ is: "200", headers: {} });
  });

  it("are shared by tokens of one account, with the token whose id it has, too", async () => {
    const [one, other] = [
      await limitedTo({ requestsPerSecond: 1 }, { account: "maker" }),
      await limitedTo({ requestsPerSecond: 1 }, { account: "maker" }),
    ];
    const maker = await limitedTo({ requestsPerSecond: 1 }, { id: "maker" });
    expect((await post(ingest, "{}", { token: one })).status).toBe(200);
    for (const secret of [one, other, maker]) expect((await told(await post(ingest, "{}", { token: secret }))).is).toBe("429 rate-limited");
  });

  it("cost a token without any of them no question", async () => {
    const QUOTA = { idFromName: () => Promise.reject(new Error("asked")) } as unknown as EdgeEnv["QUOTA"];
    const warned = vi.spyOn(console, "warn");
    const secret = await token(org, { logs: ["ingest:create"] });
    const request = new Request(`https://edge.example${ingest}`, {
      method: "POST",
      body: "{}",
      headers: { authorization: `Bearer ${secret}` },
    });
    expect((await worker.fetch(request, { ...env, QUOTA }, createExecutionContext())).status).toBe(200);
    expect(warned).not.toHaveBeenCalledWith(expect.stringContaining("limits"), expect.anything(), expect.anything());
  });

  it("hold for reading and replaying, too", async () => {
    const paths = ["/v1/datasets/logs/stats", "/v1/datasets/logs/segments", "/v1/datasets/logs/segments/none"];
    for (const path of paths) {
      const secret = await limitedTo({ requestsPerSecond: 1, bytesPerSecond: 1, bytesPerDay: 1 });
      const first = await told(await send(path, { token: secret }));
      expect(first.is).toBe(path.endsWith("none") ? "404 segment-unknown" : "200");
      expect(first.headers).toMatchObject({ "x-ratelimit-remaining": "0", "x-ingestlimit-remaining": "1" });
      expect((await told(await send(path, { token: secret }))).is).toBe("429 rate-limited");
    }
    const secret = await limitedTo({ requestsPerSecond: 1 });
    const replay = () => post("/v1/datasets/logs/quarantine/none/replay", "", { token: secret });
    expect([(await replay()).status, (await replay()).status]).toEqual([404, 429]);
  });

  it("are shown on every answer, refusals of another kind included", async () => {
    const secret = await limitedTo({ requestsPerSecond: 50, bytesPerDay: 1_000 });
    const refused: [string, string, HeadersInit, number][] = [
      ["/v1/ingest/none", "{}", {}, 404],
      ["/v1/ingest/logs", "no json", {}, 400],
      ["/v1/ingest/logs", "{}", { "content-encoding": "rot13" }, 415],
      ["/v1/ingest/logs?dry-run=perhaps", "{}", {}, 400],
      ["/v1/ingest/a%20b", "{}", {}, 400],
    ];
    for (const [path, body, headers, status] of refused) {
      const response = await post(path, body, { token: secret, headers });
      expect(response.status).toBe(status);
      const groups = ["ratelimit", "ingestlimit"].flatMap((group) => ["limit", "remaining", "reset"].map((part) => `x-${group}-${part}`));
      for (const name of ["x-ratelimit-scope", ...groups]) expect([name, response.headers.get(name)]).toEqual([name, expect.any(String)]);
      const exposed = (response.headers.get("access-control-expose-headers") ?? "").toLowerCase().split(", ");
      expect(exposed).toEqual(expect.arrayContaining(["x-ratelimit-scope", "retry-after", ...groups]));
    }
  });
});

describe("bytes per day", () => {
  it("end with 429 until midnight UTC", async () => {
    const secret = await limitedTo({ bytesPerDay: 100 });
    expect(await told(await post(ingest, lines(60), { token: secret }))).toMatchObject({
      is: "200",
      headers: { "x-ingestlimit-limit": "100", "x-ingestlimit-remaining": "40", "x-ingestlimit-reset": String(NOON_S + 43_200) },
    });
    expect(await told(await post(ingest, lines(41), { token: secret }))).toMatchObject({
      is: "429 quota-exceeded",
      headers: { "retry-after": "43200", "x-ingestlimit-remaining": "40", "x-ratelimit-scope": "user", "x-ratelimit-limit": "100" },
      message:
        "the token may send 100 bytes a day (UTC) to this region: 40 are left, which the body exceeds; send a smaller one, or this one in 43200 s",
    });
    expect((await post(ingest, lines(40), { token: secret })).status).toBe(200);
    expect((await told(await post(ingest, lines(9), { token: secret }))).is).toBe("429 quota-exceeded");
    pass(43_200_000);
    expect((await told(await post(ingest, lines(100), { token: secret }))).headers["x-ingestlimit-remaining"]).toBe("0");
    expect(await stored(org, "logs")).toHaveLength(3);
  });

  it("count a body as it was sent, not as it inflates", async () => {
    const secret = await limitedTo({ bytesPerDay: 1_000 });
    const { gzipSync } = await import("node:zlib");
    const body = gzipSync(lines(50_000));
    const { headers } = await told(await post(ingest, body, { token: secret, headers: { "content-encoding": "gzip" } }));
    expect(headers["x-ingestlimit-remaining"]).toBe(String(1_000 - body.length));
  });

  it("hold for bodies of unknown length, which are judged once they are there and not stored", async () => {
    const secret = await limitedTo({ bytesPerDay: 100 });
    expect((await told(await post(ingest, chunked(lines(90)), { token: secret }))).headers["x-ingestlimit-remaining"]).toBe("10");
    expect(await told(await post(ingest, chunked(lines(11)), { token: secret }))).toMatchObject({
      is: "429 quota-exceeded",
      headers: { "x-ingestlimit-remaining": "10" },
    });
    expect((await told(await post(ingest, chunked(lines(10)), { token: secret }))).headers["x-ingestlimit-remaining"]).toBe("0");
    expect(await stored(org, "logs")).toHaveLength(2);
  });

  it("hold for a body that is too large to be held: nothing of it is stored", async () => {
    const secret = await limitedTo({ bytesPerDay: 34_000_000 });
    const line = `${lines(999)}\n`;
    const send = () => post(ingest, chunked(line.repeat(33_600)), { token: secret });
    expect((await told(await send())).headers["x-ingestlimit-remaining"]).toBe("400000");
    expect(await told(await send())).toMatchObject({ is: "429 quota-exceeded", headers: { "x-ingestlimit-remaining": "400000" } });
    const { stored: rows } = (await (await sendStats(secret)).json()) as { stored: number };
    expect(rows).toBe(33_600);
  });

  const sendStats = (secret: string) => send("/v1/datasets/logs/stats", { token: secret });

  it("are given back for a body that was not read", async () => {
    const secret = await limitedTo({ bytesPerDay: 1_000, bytesPerSecond: 1_000 });
    const left = async (path: string, headers: HeadersInit = {}) =>
      (await told(await post(path, lines(900), { token: secret, headers }))).headers["x-ingestlimit-remaining"];
    expect(await left("/v1/ingest/none")).toBe("1000");
    expect(await left(ingest, { "content-encoding": "rot13" })).toBe("1000");
    // this one was
    expect(await left(`${ingest}?timestamp-format=%25`)).toBe("100");
  });

  it("are given back when the sender hangs up, however much it had announced", async () => {
    const secret = await limitedTo({ bytesPerDay: 1_000_000 });
    const { readable, writable } = new FixedLengthStream(900_000);
    const hangUp = new AbortController();
    const sent = post(ingest, readable, { token: secret, signal: hangUp.signal }).catch(String);
    const writer = writable.getWriter();
    await writer.write(new TextEncoder().encode(lines(70_000)));
    hangUp.abort();
    await sent;
    const left = async () => (await told(await sendStats(secret))).headers["x-ingestlimit-remaining"];
    await vi.waitFor(async () => expect(Number(await left())).toBeGreaterThan(900_000), 5_000);
  });

  it("count a dry run, which is read like any other", async () => {
    const secret = await limitedTo({ bytesPerDay: 1_000 });
    for (const body of [lines(100), chunked(lines(100))]) await post(`${ingest}?dry-run=true`, body, { token: secret });
    expect((await told(await sendStats(secret))).headers["x-ingestlimit-remaining"]).toBe("800");
  });

  it("are exact for many that come at once", async () => {
    const secret = await limitedTo({ bytesPerDay: 500 });
    const bodies = Array.from({ length: 20 }, (_, n) => (n % 2 ? chunked(lines(100)) : lines(100)));
    const statuses = (await Promise.all(bodies.map((body) => post(ingest, body, { token: secret })))).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(5);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
  });
});

describe("bytes per second", () => {
  it("let a body into debt, and say how long it lasts", async () => {
    const secret = await limitedTo({ bytesPerSecond: 100 });
    expect(await told(await post(ingest, lines(1_000), { token: secret }))).toMatchObject({
      is: "200",
      headers: { "x-ingestlimit-limit": "100", "x-ingestlimit-remaining": "0", "x-ingestlimit-reset": String(NOON_S + 10) },
    });
    const refused = await told(await post(ingest, "{}", { token: secret }));
    // both groups, since each client reads one of them
    expect(refused).toMatchObject({
      is: "429 rate-limited",
      headers: {
        "retry-after": "10",
        "x-ingestlimit-limit": "100",
        "x-ratelimit-scope": "user",
        "x-ratelimit-limit": "100",
        "x-ratelimit-remaining": "0",
      },
    });
    pass(9_010);
    expect((await post(ingest, "{}", { token: secret })).status).toBe(200);
  });

  it("refuse before the body is read", async () => {
    const secret = await limitedTo({ bytesPerSecond: 100 });
    await post(ingest, lines(500), { token: secret });
    let pulled = 0;
    const never = new ReadableStream(
      {
        pull() {
          pulled++;
        },
      },
      { highWaterMark: 0 },
    );
    const request = new Request(`https://edge.example${ingest}`, {
      method: "POST",
      body: never,
      headers: { authorization: `Bearer ${secret}` },
    });
    expect((await worker.fetch(request, env, createExecutionContext())).status).toBe(429);
    expect(pulled).toBe(0);
  });
});

describe("a Quota", () => {
  it("that cannot be reached stops nobody, and is logged by the token's id", async () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    const failing = (error: unknown) =>
      ({ idFromName: () => "", get: () => ({ take: () => Promise.reject(error) }) }) as unknown as EdgeEnv["QUOTA"];
    const answer = async (error: unknown) => {
      const secret = await limitedTo({ requestsPerSecond: 1 }, { id: "t-unreached" });
      const request = new Request(`https://edge.example${ingest}`, {
        method: "POST",
        body: "{}",
        headers: { authorization: `Bearer ${secret}` },
      });
      return told(await worker.fetch(request, { ...env, QUOTA: failing(error) }, createExecutionContext()));
    };
    expect(await answer(new Error("away"))).toMatchObject({ is: "200", headers: {} });
    expect(warned).toHaveBeenCalledWith("limits not judged", "t-unreached", "Error: away");
    // but only the token itself can drown it
    expect(await answer(Object.assign(new Error("busy"), { overloaded: true }))).toMatchObject({
      is: "429 rate-limited",
      headers: { "retry-after": "1" },
    });
  });

  it("is not asked again while its refusal holds, and at once when the limits are others", async () => {
    let asked = 0;
    const QUOTA = {
      idFromName: () => "",
      get: () => ({
        take: async (limits: TokenLimits) => {
          asked++;
          const level = { limit: limits.requestsPerSecond, left: 0, resetAt: clock + 400 };
          return {
            refused: { by: "requests", waitMs: 400, tooLarge: false },
            levels: { requests: level, bytes: null, day: null },
            at: clock,
          };
        },
      }),
    } as unknown as EdgeEnv["QUOTA"];
    const id = crypto.randomUUID();
    const secrets = [await limitedTo({ requestsPerSecond: 1 }, { id }), await limitedTo({ requestsPerSecond: 2 }, { id })];
    const ask = async (secret = secrets[0] ?? "") => {
      const request = new Request(`https://edge.example${ingest}`, {
        method: "POST",
        body: "{}",
        headers: { authorization: `Bearer ${secret}` },
      });
      expect((await worker.fetch(request, { ...env, QUOTA }, createExecutionContext())).status).toBe(429);
      return asked;
    };
    expect([await ask(), await ask()]).toEqual([1, 1]);
    pass(399);
    expect(await ask()).toBe(1);
    expect(await ask(secrets[1])).toBe(2);
    pass(400);
    expect(await ask(secrets[1])).toBe(3);
  });
});
