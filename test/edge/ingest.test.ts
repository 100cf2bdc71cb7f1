import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { mintToken } from "../../src/access/token.ts";
import { settingsOf } from "../../src/edge/env.ts";
import { LARGE_INFLATED_BYTES_MAX } from "../../src/edge/inflate-stream.ts";
import { LARGE_BODY_BYTES_MAX } from "../../src/edge/large-body.ts";
import { ELSEWHERE, env, HERE, type Organisation, organisation, post, send, stored, token } from "./gateway.ts";

const MEMBERS = ["ingested", "failed", "failures", "processedBytes", "blocksCreated", "walLength"];
const encode = (text: string) => new TextEncoder().encode(text);

let org: Organisation;
let secret: string;

beforeEach(async () => {
  org = await organisation({ logs: HERE, other: HERE, far: ELSEWHERE });
  secret = await token(org, { logs: ["ingest:create"], far: ["ingest:create"] });
});

const body = async (response: Response) => (await response.json()) as Record<string, unknown> & { message: string; type: string };
const reasonOf = async (response: Response) => (await body(response)).type.split(":").at(-1);

describe("ingest", () => {
  it.each(["/v1/ingest/logs", "/v1/datasets/logs/ingest", "/api/v1/datasets/logs/ingest", "/v1/ingest/logs/"])(
    "takes events at %s",
    async (path) => {
      const response = await post(path, '{"a":1}\n{"a":2}\n', { token: secret, headers: { "content-type": "application/x-ndjson" } });
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("application/json");
      expect(response.headers.get("x-axiom-trace-id")).toMatch(/^[0-9a-f]{32}$/);
      const status = await body(response);
      expect(Object.keys(status)).toEqual(MEMBERS);
      expect(status).toMatchObject({ ingested: 2, failed: 0, failures: [], processedBytes: 16, blocksCreated: 0 });
      expect((await stored(org, "logs")).map(({ a }) => a)).toEqual([1, 2]);
    },
  );

  it("answers a partial failure with 200 and says what failed", async () => {
    const response = await post("/v1/ingest/logs", '{"a":1}\n{"a":\n{"_time":"never"}\n', { token: secret });
    const status = await body(response);
    expect(response.status).toBe(200);
    expect(status).toMatchObject({ ingested: 1, failed: 2, processedBytes: 32 });
    const failures = status["failures"] as { timestamp: string; error: string }[];
    expect(failures.map(({ error }) => error)).toEqual([
      expect.stringMatching(/^event 1 .*JSON/),
      expect.stringMatching(/^event 2 .*time/),
    ]);
    expect(new Date(failures[0]?.timestamp ?? "").getTime()).toBeGreaterThan(0);
  });

  it("counts the labels header once in processedBytes", async () => {
    const labels = '{"region":"eu-west-1"}';
    const response = await post("/v1/ingest/logs", '[{"a":1},{"a":2}]', { token: secret, headers: { "x-axiom-event-labels": labels } });
    expect(await body(response)).toMatchObject({ ingested: 2, processedBytes: 17 + 22 });
    expect((await stored(org, "logs")).map(({ region }) => region)).toEqual(["eu-west-1", "eu-west-1"]);
  });

  it("answers an empty body with zeros and stores nothing", async () => {
    expect(await body(await post("/v1/ingest/logs", "", { token: secret }))).toMatchObject({ ingested: 0, failed: 0, processedBytes: 0 });
    expect(await stored(org, "logs")).toEqual([]);
  });

  it("reads CSV with its parameters, and ignores csv-delimiter elsewhere", async () => {
    const csv = await post("/v1/ingest/logs?csv-delimiter=%3B", "1;x\n2;y", {
      token: secret,
      headers: { "content-type": "text/csv", "x-axiom-csv-fields": "n, name" },
    });
    expect(await body(csv)).toMatchObject({ ingested: 2 });
    const empty = await post("/v1/ingest/logs", "n\n3", {
      token: secret,
      headers: { "content-type": "text/csv", "x-axiom-csv-fields": "" },
    });
    expect(await body(empty)).toMatchObject({ ingested: 1 });
    const other = await post("/v1/ingest/logs?csv-delimiter=nonsense", '{"n":"4"}', { token: secret });
    expect(await body(other)).toMatchObject({ ingested: 1 });
    expect((await stored(org, "logs")).map(({ n }) => n).sort()).toEqual(["1", "2", "3", "4"]);
  });

  it("reads the time by the parameters, a plus sign meaning a space", async () => {
    const query = "timestamp-field=time&timestamp-format=2%2FJan%2F2006%3A15%3A04%3A05+%2B0000";
    await post(`/v1/ingest/logs?${query}`, '{"time":"17/May/2015:08:05:32 +0000"}', { token: secret });
    expect((await stored(org, "logs"))[0]?.["_time"]).toMatch(/^2015-05-17T08:05:32/);
  });

  it("expands the tags-and-events shape into the token's only dataset", async () => {
    const only = await token(org, { logs: ["ingest:create"] });
    const events =
      '[{"tags":{"host":"h"},"events":[{"timestamp":"2016-06-06T12:00:00+02:00","attributes":{"key1":"value1","big":9007199254740993}}]}]';
    for (const path of ["/api/v1/ingest", "/api/v1/ingest/"])
      expect(await body(await post(path, events, { token: only }))).toMatchObject({ ingested: 1 });
    expect((await stored(org, "logs"))[0]).toMatchObject({
      _time: expect.stringMatching(/^2016-06-06T10:00:00/),
      host: "h",
      key1: "value1",
    });
    expect(await reasonOf(await post("/api/v1/ingest", events, { token: secret }))).toBe("dataset-ambiguous");
    const many = `[{"tags":{"t":"${"x".repeat(10_000)}"},"events":[${"{},".repeat(3_000)}{}]}]`;
    for (const large of [many, `[{"events":[${"{},".repeat(800_000)}{}]}]`])
      expect(await reasonOf(await post("/api/v1/ingest", large, { token: only }))).toBe("body-too-large");
    const partly = '[{"tags":{"_time":"never"},"events":[{"timestamp":"2026-01-02T03:04:05Z"},{"attributes":"text"},5]}]';
    expect(await body(await post("/api/v1/ingest", partly, { token: only }))).toMatchObject({ ingested: 1, failed: 2 });
    for (const wrong of ["[{}]", "{}", "[1]", "nonsense", '[{"events":[],"tags":[]}]'])
      expect(await reasonOf(await post("/api/v1/ingest", wrong, { token: only }))).toBe("body-invalid");
  });
});

describe("encodings", () => {
  const text = `${JSON.stringify({ n: 1, pad: "x".repeat(300) })}\n`.repeat(20);
  const half = text.slice(0, text.length / 2);
  it.each<[string, string, Uint8Array]>([
    ["none", "", encode(text)],
    ["axiom-py's 1", "1", encode(text)],
    ["identity", "identity", encode(text)],
    ["gzip", "gzip", gzipSync(text)],
    ["gzip of two members", "gzip", Buffer.concat([gzipSync(half), gzipSync(half)])],
    ["GZIP in capitals", " GZIP ", gzipSync(text)],
    ["deflate", "deflate", deflateSync(text)],
    ["raw deflate", "deflate", deflateRawSync(text)],
    ["brotli", "br", brotliCompressSync(text)],
    ["gzip twice", "gzip, gzip", gzipSync(gzipSync(text))],
  ])("takes %s", async (_name, encoding, bytes) => {
    const response = await post("/v1/ingest/logs", bytes, { token: secret, headers: { "content-encoding": encoding } });
    expect(await body(response)).toMatchObject({ ingested: 20, processedBytes: text.length });
  });

  it.each<[string, string, Uint8Array, string]>([
    ["gzip that is none", "gzip", encode(text), "encoding-broken"],
    ["gzip cut short", "gzip", gzipSync(text).subarray(0, 40), "encoding-broken"],
    ["a second deflate stream", "deflate", Buffer.concat([deflateSync(text), deflateSync(text)]), "encoding-broken"],
    ["raw deflate with junk behind it", "deflate", Buffer.concat([deflateRawSync(text), encode("junk")]), "encoding-broken"],
    ["a second brotli stream", "br", Buffer.concat([brotliCompressSync(text), brotliCompressSync(text)]), "encoding-broken"],
    ["gzip with junk behind it", "gzip", Buffer.concat([gzipSync(text), encode("junk")]), "encoding-broken"],
    ["gzip with a wrong checksum", "gzip", flip(gzipSync(text), -6), "encoding-broken"],
    ["zstd that is none", "zstd", encode(text), "encoding-broken"],
    ["brotli cut short", "br", brotliCompressSync(text).subarray(0, 20), "encoding-broken"],
    ["an unknown encoding", "compress", encode(text), "encoding-unsupported"],
    ["three encodings", "gzip, gzip, gzip", encode(text), "encoding-unsupported"],
    ["zeros without end", "gzip", gzipSync(new Uint8Array(LARGE_INFLATED_BYTES_MAX + 1)), "body-too-large"],
  ])("63 refuses %s", async (_name, encoding, bytes, reason) => {
    const response = await post("/v1/ingest/logs", bytes, { token: secret, headers: { "content-encoding": encoding } });
    expect(await reasonOf(response)).toBe(reason);
    expect(response.status).toBeLessThan(500);
  });

  it("63 refuses a body over the limit before reading it, and one that turns out to be", async () => {
    const large = new Uint8Array(LARGE_BODY_BYTES_MAX + 1);
    expect((await post("/v1/ingest/logs", large, { token: secret })).status).toBe(413);
    let left = LARGE_BODY_BYTES_MAX / 1_000_000 + 1;
    const stream = new ReadableStream({
      pull(controller) {
        if (left-- > 0) controller.enqueue(new Uint8Array(1_000_000));
        else controller.close();
      },
    });
    expect((await post("/v1/ingest/logs", stream, { token: secret, duplex: "half" } as RequestInit & { token: string })).status).toBe(413);
  });
});

describe("who may", () => {
  it.each<[string, () => Promise<string | null>, number, string]>([
    ["no credential", async () => null, 401, "credential-missing"],
    ["a token that is none", async () => "xaat-nonsense", 401, "credential-malformed"],
    ["an unknown token", async () => mintToken("api", settingsOf(env).tagKeys), 401, "token-unknown"],
    ["a personal token", async () => mintToken("personal", settingsOf(env).tagKeys), 403, "token-kind"],
    ["a session token", async () => mintToken("session", settingsOf(env).tagKeys), 403, "token-kind"],
    ["an expired token", () => token(org, { logs: ["ingest:create"] }, { expiresAt: 1 }), 401, "token-expired"],
    ["a revoked token", () => token(org, { logs: ["ingest:create"] }, { status: "revoked" }), 401, "token-revoked"],
    ["a token of another dataset", () => token(org, { other: ["ingest:create"] }), 403, "forbidden"],
    ["a token that may only read", () => token(org, { "*": ["query:read"] }), 403, "forbidden"],
  ])("refuses %s", async (_name, make, status, reason) => {
    const text = await make();
    const response = await post("/v1/ingest/logs", "{}", text ? { token: text } : {});
    expect(response.status).toBe(status);
    expect(response.headers.get("www-authenticate")?.startsWith("Bearer") ?? false).toBe(status === 401);
    const problem = await body(response);
    expect(problem).toMatchObject({ code: status, type: `urn:headgate:problem:${reason}` });
    expect(JSON.stringify(problem)).not.toContain(text ?? "\0");
  });

  it("65 does not read the body of a sender it does not know", async () => {
    let pulled = 0;
    const stream = new ReadableStream({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    const response = await post("/v1/ingest/logs", stream, { duplex: "half" } as RequestInit);
    expect(response.status).toBe(401);
    expect(pulled).toBeLessThan(3);
  });

  it("names both regions and the right address when a dataset lives elsewhere", async () => {
    const response = await post("/v1/ingest/far", "{}", { token: secret });
    expect(response.status).toBe(400);
    const { message } = await body(response);
    for (const part of [`dataset region: ${ELSEWHERE}`, `deployment region: ${HERE}`, "https://eu.example/v1/ingest/far"])
      expect(message).toContain(part);
  });

  it("refuses a suspended organisation", async () => {
    const suspended = await organisation({ logs: HERE }, "suspended");
    const response = await post("/v1/ingest/logs", "{}", { token: await token(suspended, { "*": ["ingest:create"] }) });
    expect(await reasonOf(response)).toBe("organisation-suspended");
  });

  it("says 404 for a dataset that does not exist and 400 for a name that none can have", async () => {
    expect(await reasonOf(await post("/v1/ingest/nowhere", "{}", { token: secret }))).toBe("dataset-unknown");
    for (const name of ["a%0d%0ab", "%2e%2e%2f", "a%2fb", "%", "-a", "a".repeat(129), "%00", "__proto__"])
      expect(await reasonOf(await post(`/v1/ingest/${name}`, "{}", { token: secret }))).toBe("parameter-invalid");
    expect(await reasonOf(await post("/v1/ingest/constructor", "{}", { token: secret }))).toBe("dataset-unknown");
  });
});

describe("the rest of the surface", () => {
  it("tells its region and version", async () => {
    expect(await body(await send("/healthz"))).toMatchObject({
      status: "ok",
      region: HERE,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
  });

  it("answers a browser's preflight and lets pages read replies", async () => {
    const preflight = await send("/v1/ingest/logs", { method: "OPTIONS" });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-headers")).toContain("X-Axiom-Event-Labels");
    const refused = await post("/v1/ingest/logs", "{}");
    expect(refused.headers.get("access-control-allow-origin")).toBe("*");
    expect(refused.headers.get("access-control-expose-headers")).toContain("X-Axiom-Trace-Id");
  });

  it("refuses what it does not serve, in JSON", async () => {
    for (const [path, method, status] of [
      ["/", "GET", 404],
      ["/v1/ingest", "POST", 404],
      ["/v1/ingest/logs", "GET", 405],
      ["/v2/tokens", "GET", 404],
    ] as const) {
      const response = await send(path, { method });
      expect(response.status).toBe(status);
      expect((await body(response)).message.length).toBeGreaterThan(10);
    }
  });
});

describe("a retry", () => {
  const line = '{"_time":"2026-01-02T03:04:05Z","n":1}';

  it("with the same Idempotency-Key is answered alike and stored once", async () => {
    const init = { token: secret, headers: { "idempotency-key": "k1" } };
    const first = await post("/v1/ingest/logs", '{"n":1}', init);
    const again = await post("/v1/ingest/logs", '{"n":1}', init);
    expect(first.headers.get("x-headgate-deduplicated")).toBeNull();
    expect(again.headers.get("x-headgate-deduplicated")).toBe("true");
    expect(await body(again)).toMatchObject({ ingested: 1, failed: 0 });
    expect((await stored(org, "logs")).length).toBe(1);
  });

  it("of the same events, each with its own time, is stored once", async () => {
    for (let i = 0; i < 3; i++) expect(await body(await post("/v1/ingest/logs", line, { token: secret }))).toMatchObject({ ingested: 1 });
    expect((await stored(org, "logs")).length).toBe(1);
  });

  it("is none when labels, columns or the reading of times differ", async () => {
    await post("/v1/ingest/logs", line, { token: secret, headers: { "x-axiom-event-labels": '{"host":"a"}' } });
    const other = await post("/v1/ingest/logs", line, { token: secret, headers: { "x-axiom-event-labels": '{"host":"b"}' } });
    expect(other.headers.get("x-headgate-deduplicated")).toBeNull();
    await post("/v1/ingest/logs?timestamp-field=n", line, { token: secret });
    expect((await stored(org, "logs")).length).toBe(3);
  });

  it.each<[string, string, Record<string, string>]>([
    ["other bytes", '{"n":2}', {}],
    ["other labels", '{"n":1}', { "x-axiom-event-labels": '{"host":"a"}' }],
  ])("is none when the same Idempotency-Key comes with %s: it is refused, naming the key", async (_, other, headers) => {
    const init = { token: secret, headers: { "idempotency-key": "k2" } };
    await post("/v1/ingest/logs", '{"n":1}', init);
    const refused = await post("/v1/ingest/logs", other, { token: secret, headers: { "idempotency-key": "k2", ...headers } });
    expect(refused.status).toBe(422);
    expect(await body(refused)).toMatchObject({
      type: "urn:headgate:problem:idempotency-key-reused",
      message: expect.stringContaining('"k2"'),
    });
    expect((await post("/v1/ingest/logs", '{"n":1}', init)).headers.get("x-headgate-deduplicated")).toBe("true");
    expect((await stored(org, "logs")).map(({ n }) => n)).toEqual([1]);
  });

  it("cannot be told from news when events bring no time", async () => {
    for (let i = 0; i < 3; i++) await post("/v1/ingest/logs", '{"n":1}', { token: secret });
    expect((await stored(org, "logs")).length).toBe(3);
  });
});

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] as number) ^ 0xff;
  return bytes;
}
