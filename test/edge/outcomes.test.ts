/** What becomes of each row of a request: stored, recognised, quarantined or refused, always counted, never lost. */
import { gunzipSync, gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { organisationKey, organisationMap } from "../../src/access/permission-set.ts";
import { KEPT_BYTES_MAX, RAW_BYTES_MAX } from "../../src/edge/event/rejects.ts";
import { STAGED_BYTES_MIN } from "../../src/edge/stager.ts";
import { ELSEWHERE, env, HERE, type Organisation, organisation, post, send, stored, token } from "./gateway.ts";

let org: Organisation;
let secret: string;

beforeEach(async () => {
  org = await organisation({ logs: HERE });
  secret = await token(org, { logs: ["ingest:create", "query:read"] });
});

interface Stats {
  received: number;
  stored: number;
  deduplicated: number;
  quarantined: number;
  refused: Record<string, number>;
  tokens: (Omit<Stats, "tokens"> & { id: string })[];
}

const json = async <T>(path: string): Promise<T> => (await send(path, { token: secret })).json() as Promise<T>;
const sum = (refused: Record<string, number>) => Object.values(refused).reduce((total, rows) => total + rows, 0);

/** The statistics, after a check that they add up. */
async function stats(): Promise<Stats> {
  const counts = await json<Stats>("/v1/datasets/logs/stats");
  for (const each of [counts, ...counts.tokens])
    expect(each.received).toBe(each.stored + each.deduplicated + each.quarantined + sum(each.refused));
  return counts;
}

interface Line {
  reason: string;
  index: number;
  raw: string;
  bytes: number;
  token: string;
  trace: string;
  received: string;
}

async function quarantined(): Promise<{ id: string; lines: Line[] }[]> {
  await stored(org, "logs");
  const { segments } = await json<{ segments: { id: string }[] }>("/v1/datasets/logs/segments?kind=quarantine");
  return Promise.all(
    segments.map(async ({ id }) => {
      const object = await send(`/v1/datasets/logs/segments/${id}?kind=quarantine`, { token: secret });
      const text = gunzipSync(await object.bytes()).toString();
      return {
        id,
        lines: text
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line)),
      };
    }),
  );
}

const GOOD = '{"_time":"2026-01-02T03:04:05Z","n":1}';

describe("a row that cannot be taken", () => {
  it("is kept with its reason, number, bytes, token and trace, beside its good neighbours", async () => {
    const answer = await post("/v1/ingest/logs", `${GOOD}\n{"n":\n[1]\n{"_time":"never","n":3}\n`, { token: secret });
    expect(await answer.json()).toMatchObject({ ingested: 1, failed: 3 });
    expect((await stored(org, "logs")).map(({ n }) => n)).toEqual([1]);
    const [object, ...more] = await quarantined();
    expect(more).toEqual([]);
    expect(object?.lines.map(({ reason, index, raw }) => [reason, index, raw])).toEqual([
      ["syntax", 1, '{"n":'],
      ["not-an-object", 2, "[1]"],
      ["time", 3, '{"_time":"never","n":3}'],
    ]);
    const [line] = object?.lines ?? [];
    expect(line?.trace).toBe(answer.headers.get("x-axiom-trace-id"));
    expect(line?.received).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(line?.token).toMatch(/^[\da-f-]{36}$/);
    expect(await stats()).toMatchObject({ received: 4, stored: 1, quarantined: 3, refused: {} });
  });

  it("is kept once when its batch is sent again, and also when it was alone", async () => {
    for (const body of [`${GOOD}\n[1]`, "7\n8"]) for (let i = 0; i < 2; i++) await post("/v1/ingest/logs", body, { token: secret });
    expect((await quarantined()).flatMap(({ lines }) => lines.map(({ raw }) => raw))).toEqual(["[1]", "7", "8"]);
    expect(await stats()).toMatchObject({ received: 8, stored: 1, deduplicated: 4, quarantined: 3 });
  });

  it("is kept from a CSV body with its columns", async () => {
    await post("/v1/ingest/logs", "a,b\n1,2\nbroken\n3,4\n", { token: secret, headers: { "content-type": "text/csv" } });
    expect((await quarantined())[0]?.lines).toMatchObject([{ reason: "row", index: 1, raw: "broken", csvFields: ["a", "b"] }]);
    expect(await stats()).toMatchObject({ received: 3, stored: 2, quarantined: 1 });
  });

  it.each<[string, string, string, number, number]>([
    [
      "many columns",
      "text/csv",
      `a,${Array.from({ length: 1_000 }, (_, i) => String(i).padEnd(200, "x")).join(",")}\n${"x\n".repeat(12_000)}`,
      0,
      12_000,
    ],
    ["rows without end", "application/x-ndjson", `${GOOD}\n${"x\n".repeat(200_000)}`, 1, 200_000],
    [
      "bytes that grow when they are written down",
      "application/x-ndjson",
      `${GOOD}\n${`"${"\u0001".repeat(60_000)}\n`.repeat(100)}`,
      1,
      100,
    ],
  ])(
    "costs little memory in a crowd of %s: the good ones are stored, and what is not kept is counted",
    async (_, type, text, good, bad) => {
      const sent = gzipSync(text, { level: 1 });
      const response = await post("/v1/ingest/logs", sent, {
        token: secret,
        headers: { "content-type": type, "content-encoding": "gzip" },
      });
      expect(await response.json()).toMatchObject({ ingested: good, failed: bad });
      const counts = await stats();
      expect(counts).toMatchObject({ received: good + bad, stored: good });
      const kept = await quarantined();
      expect(kept.flatMap(({ lines }) => lines).length).toBe(counts.quarantined);
      expect(JSON.stringify(kept).length).toBeLessThan(2 * KEPT_BYTES_MAX);
    },
  );

  it("is kept up to a bound, which the line tells", async () => {
    const long = `"${"x".repeat(RAW_BYTES_MAX)}"`;
    await post("/v1/ingest/logs", `${GOOD}\n${long}`, { token: secret });
    const [line] = (await quarantined())[0]?.lines ?? [];
    expect(line?.raw.length).toBe(RAW_BYTES_MAX);
    expect(line?.bytes).toBe(long.length);
    const [object] = await quarantined();
    const again = await post(`/v1/datasets/logs/quarantine/${object?.id}/replay`, "", { token: secret });
    expect(await again.json()).toMatchObject({
      replayed: 0,
      failed: 1,
      failures: [{ index: 1, error: expect.stringContaining("in part") }],
    });
  });

  it.each<[string, number, number]>([
    ["switched off", 0, 0],
    ["out of room for the day", 400, 1],
  ])("is only counted where the quarantine is %s", async (_, quarantine, kept) => {
    const { id, region } = org.datasets["logs"] as { id: string; region: string };
    const datasets = { logs: { id, region, quarantine } };
    const map = organisationMap({ id: org.id, status: "active", datasets, regions: { [ELSEWHERE]: "https://eu.example" }, ver: 2 });
    await env.PERMISSIONS.put(organisationKey(org.id), JSON.stringify(map));
    for (const n of [1, 2]) await post("/v1/ingest/logs", `${GOOD}\n[${n}]`, { token: secret });
    expect((await quarantined()).flatMap(({ lines }) => lines).length).toBe(kept);
    expect(await stats()).toMatchObject({ received: 4, stored: 2, quarantined: kept, refused: { "not-an-object": 2 - kept } });
  });
});

describe("a replay", () => {
  const replay = (id: string, query = "") =>
    post(`/v1/datasets/logs/quarantine/${id}/replay${query}`, "", { token: secret }).then(async (response) => ({
      status: response.status,
      ...((await response.json()) as { replayed: number; failed: number }),
    }));

  it("takes what can be read under other parameters, puts the rest back, and deletes the object", async () => {
    await post("/v1/ingest/logs", '{"_time":"02.01.2026","n":1}\n{"_time":"never","n":2}\n[1]\n{"n":3}', { token: secret });
    const [object] = await quarantined();
    expect(await replay(object?.id as string, "?timestamp-format=02.01.2006")).toMatchObject({ status: 200, replayed: 1, failed: 2 });
    expect((await stored(org, "logs")).map(({ n, _time }) => [n, _time])).toContainEqual([1, "2026-01-02T00:00:00.000Z"]);
    const [rest, ...more] = await quarantined();
    expect(more).toEqual([]);
    expect(rest?.id).not.toBe(object?.id);
    expect(rest?.lines.map(({ raw, index }) => [index, raw])).toEqual([
      [1, '{"_time":"never","n":2}'],
      [2, "[1]"],
    ]);
    expect(await stats()).toMatchObject({ received: 4, stored: 2, quarantined: 2 });
    expect(await replay(object?.id as string)).toMatchObject({ status: 404 });
  });

  it("is tried without any effect by a dry run", async () => {
    await post("/v1/ingest/logs", '{"_time":"02.01.2026","n":1}\n[1]', { token: secret });
    const [object] = await quarantined();
    const tried = await replay(object?.id as string, "?timestamp-format=02.01.2006&dry-run=true");
    expect(tried).toMatchObject({ status: 200, dryRun: true, replayed: 1, failed: 1, failures: [{ index: 1, reason: "not-an-object" }] });
    expect(await stored(org, "logs")).toEqual([]);
    expect((await quarantined())[0]?.id).toBe(object?.id);
  });

  it.each<[string, string, string, string, unknown[]]>([
    ["quotes that another delimiter wakes", 'a,b\nx;"y\nz"\n', "text/csv", "?csv-delimiter=%3B", []],
    [
      "a byte order mark",
      `${GOOD}\n\ufeff\n{"precious":1}}\n{"_time":"02/01/2026","n":2}\n`,
      "application/x-ndjson",
      "?timestamp-format=02/01/2006",
      [2],
    ],
    ["nothing but blanks", 'a,b\n   \nx,"1"2\n', "text/csv", "", []],
  ])("keeps rows apart whose bytes hold %s", async (_, text, type, query, replayed) => {
    await post("/v1/ingest/logs", text, { token: secret, headers: { "content-type": type } });
    await post("/v1/ingest/logs", '{"_time":"02/01/2026","n":3}', { token: secret });
    const before = await quarantined();
    const raws = before.flatMap(({ lines }) => lines.map(({ raw }) => raw));
    for (const { id } of before) await replay(id, query);
    const again = (await stored(org, "logs")).map(({ n }) => n).filter((n) => n !== 1 && n !== 3);
    expect(again).toEqual(replayed);
    const after = (await quarantined()).flatMap(({ lines }) => lines.map(({ raw }) => raw));
    expect(raws.filter((raw) => !after.includes(raw)).length).toBe((await stored(org, "logs")).length - (text.startsWith(GOOD) ? 1 : 0));
    await stats();
  });

  it("changes nothing when no row can be taken", async () => {
    await post("/v1/ingest/logs", `${GOOD}\n[1]`, { token: secret });
    const [object] = await quarantined();
    expect(await replay(object?.id as string)).toMatchObject({ status: 200, replayed: 0, failed: 1 });
    expect((await quarantined())[0]?.id).toBe(object?.id);
    expect(await stats()).toMatchObject({ received: 2, stored: 1, quarantined: 1 });
  });

  it("stores once, although it is asked for twice at once", async () => {
    await post("/v1/ingest/logs", '{"_time":"02.01.2026","n":1}', { token: secret });
    const [object] = await quarantined();
    const query = "?timestamp-format=02.01.2006";
    const answers = await Promise.all([1, 2].map(() => replay(object?.id as string, query)));
    expect(answers.map(({ status }) => status).filter((status) => status !== 404 && status !== 200)).toEqual([]);
    expect((await stored(org, "logs")).length).toBe(1);
    expect(await stats()).toMatchObject({ received: 1, stored: 1, quarantined: 0 });
  });

  it("40 needs a token that may ingest", async () => {
    const reader = await token(org, { logs: ["query:read"] });
    const path = "/v1/datasets/logs/quarantine/01JGFJJZ000000000000000000/replay";
    expect((await post(path, "", { token: reader })).status).toBe(403);
    expect((await post(path, "", { token: secret })).status).toBe(404);
    expect((await send(path, { token: secret })).status).toBe(405);
  });
});

describe("a dry run", () => {
  it("tells what would be stored and how each time was read, and stores nothing", async () => {
    const lines = [
      GOOD,
      '{"_time":1767323045,"n":2}',
      '{"_time":"1767323045123","n":3}',
      '{"n":4}',
      '{"_time":"2026-01-02 03:04:05 +0100"}',
      "[1]",
    ];
    const response = await post("/v1/ingest/logs?dry-run=true", lines.join("\n"), { token: secret });
    expect(response.status).toBe(200);
    const answer = (await response.json()) as { events: { n?: number }[]; times: { sent: unknown; read: string; as: string }[] };
    expect(answer).toMatchObject({ dryRun: true, ingested: 5, failed: 1, failures: [{ index: 5, reason: "not-an-object" }] });
    expect(answer.events.map(({ n }) => n)).toEqual([1, 2, 3, 4, undefined]);
    expect(answer.times.map(({ as }) => as)).toEqual([
      "RFC 3339, UTC",
      "a Unix epoch in seconds",
      "a Unix epoch in milliseconds",
      "none: the receive time",
      "a date's text, rewritten to RFC 3339 in UTC",
    ]);
    expect(answer.times.slice(0, 3).map(({ read }) => read.slice(0, 19))).toEqual(Array.from({ length: 3 }, () => "2026-01-02T03:04:05"));
    expect(await stored(org, "logs")).toEqual([]);
    expect(await quarantined()).toEqual([]);
    expect(await stats()).toMatchObject({ received: 0 });
  });

  it.each(["yes", "1", ""])("is not mistaken for a real one: dry-run=%s is refused", async (value) => {
    expect((await post(`/v1/ingest/logs?dry-run=${value}`, GOOD, { token: secret })).status).toBe(400);
    expect(await stored(org, "logs")).toEqual([]);
  });

  it("counts nothing, also when it is refused, and knows how the dataset tells retries", async () => {
    const { id, region } = org.datasets["logs"] as { id: string; region: string };
    const map = organisationMap({ id: org.id, status: "active", datasets: { logs: { id, region, dedupe: "off" } }, regions: {}, ver: 2 });
    await env.PERMISSIONS.put(organisationKey(org.id), JSON.stringify(map));
    expect((await post("/v1/ingest/logs?dry-run=true", "nothing of JSON", { token: secret })).status).toBe(400);
    const tried = await post("/v1/ingest/logs?dry-run=true", GOOD, { token: secret, headers: { "idempotency-key": "k" } });
    expect(await tried.json()).toMatchObject({ retryIsRecognised: false });
    expect((await stats()).received).toBe(0);
  });
});

describe("the statistics", () => {
  it("count a body that was refused whole, once, by reason, and each token by itself", async () => {
    const other = await token(org, { logs: ["ingest:create"] });
    await post("/v1/ingest/logs", "nothing of JSON", { token: secret });
    await post("/v1/ingest/logs", "x", { token: other, headers: { "content-encoding": "lzma" } });
    await post("/v1/ingest/logs", GOOD, { token: other });
    await post("/v1/ingest/logs", "{}", { token: other, headers: { "idempotency-key": "k" } });
    await post("/v1/ingest/logs", '{"a":1}', { token: other, headers: { "idempotency-key": "k" } });
    await expect.poll(async () => (await stats()).received).toBe(5);
    const counts = await stats();
    expect(counts.refused).toEqual({ "body-invalid": 1, "encoding-unsupported": 1, "idempotency-key-reused": 1 });
    expect(counts.tokens.map(({ received }) => received).sort()).toEqual([1, 4]);
  });

  it("40 need a token that may read", async () => {
    const sender = await token(org, { logs: ["ingest:create"] });
    expect((await send("/v1/datasets/logs/stats", { token: sender })).status).toBe(403);
  });
});

describe("a large batch", () => {
  /** Lines that hardly shrink. */
  function lines(bytes: number, mark: string): string {
    const texts: string[] = [];
    for (let length = 0, n = 0; length < bytes; n++) {
      const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(7_500))).toString("base64");
      texts.push(`{"_time":"2026-01-02T03:04:05Z","mark":"${mark}","n":${n},"noise":"${noise}"}`);
      length += noise.length;
    }
    return texts.join("\n");
  }

  it("goes to the bucket at once, is stored once when sent again, and is counted", async () => {
    const text = lines(STAGED_BYTES_MIN * 2, "a");
    const count = text.split("\n").length;
    for (const again of [null, "true"]) {
      const response = await post("/v1/ingest/logs", text, { token: secret });
      expect(await response.json()).toMatchObject({ ingested: count, failed: 0 });
      expect(response.headers.get("x-headgate-deduplicated")).toBe(again);
    }
    // without any flush
    const { segments, buffered } = await json<{ segments: { rows: number }[]; buffered: unknown }>("/v1/datasets/logs/segments");
    expect(segments.map(({ rows }) => rows)).toEqual([count]);
    expect(buffered).toEqual({ rows: 0, bytes: 0 });
    expect((await stored(org, "logs")).map(({ n }) => n)).toEqual(Array.from({ length: count }, (_, n) => n));
    expect(await stats()).toMatchObject({ received: 2 * count, stored: count, deduplicated: count });
  });

  it("becomes several objects where one would be too large, and no line is cut", async () => {
    const text = lines(7_000_000, "b");
    const count = text.split("\n").length;
    const response = await post("/v1/ingest/logs", text, { token: secret });
    expect(await response.json()).toMatchObject({ ingested: count });
    const { segments } = await json<{ segments: { rows: number; bytes: number }[] }>("/v1/datasets/logs/segments");
    expect(segments.length).toBeGreaterThan(1);
    expect(segments.reduce((sum, { rows }) => sum + rows, 0)).toBe(count);
    expect(new Set((await stored(org, "logs")).map(({ n }) => n)).size).toBe(count);
  });
});
