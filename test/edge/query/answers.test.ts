/** Queries from the door to the answer, over what was sent a moment before. */
import { beforeEach, describe, expect, it } from "vitest";
import { bufferOf } from "../../../src/edge/buffer/shard.ts";
import { env, HERE, type Organisation, organisation, post, token } from "../gateway.ts";

let org: Organisation;
let sender: string;
let reader: string;

beforeEach(async () => {
  org = await organisation({ logs: HERE, other: HERE });
  sender = await token(org, { "*": ["ingest:create"] });
  reader = await token(org, { "*": ["query:read"] });
});

const T0 = Date.UTC(2026, 0, 2, 3, 0, 0);
const RANGE = { startTime: "2026-01-02T00:00:00Z", endTime: "2026-01-03T00:00:00Z" };
const at = (seconds: number) => new Date(T0 + seconds * 1_000).toISOString();

async function send(events: object[], dataset = "logs"): Promise<void> {
  expect((await post(`/v1/ingest/${dataset}`, events.map((event) => JSON.stringify(event)).join("\n"), { token: sender })).status).toBe(
    200,
  );
}

async function flush(dataset = "logs"): Promise<void> {
  const { id, region } = org.datasets[dataset] as { id: string; region: string };
  await bufferOf(env, { org: org.id, dataset, datasetId: id, region }, 0).flush();
}

interface Reply {
  status: {
    rowsExamined: number;
    rowsMatched: number;
    isPartial: boolean;
    minCursor: string;
    maxCursor: string;
    numGroups: number;
    messages: { code: string; msg: string }[];
  };
  tables: {
    name: string;
    fields: { name: string; type: string; agg?: object }[];
    columns: unknown[][];
    order: object[];
    buckets?: object;
  }[];
  matches: { _time: string; _rowId: string; data: object }[];
  buckets: { series: object[]; totals: object[] };
}

async function ask(apl: string, more: object = {}, search = ""): Promise<Reply> {
  const response = await post(`/v1/query/_apl${search}`, JSON.stringify({ apl, ...RANGE, ...more }), { token: reader });
  const text = await response.text();
  if (response.status !== 200) throw new Error(text);
  return JSON.parse(text) as Reply;
}

async function legacy(query: object): Promise<Reply> {
  const response = await post("/v1/datasets/logs/query", JSON.stringify({ ...RANGE, ...query }), { token: reader });
  const text = await response.text();
  if (response.status !== 200) throw new Error(text);
  return JSON.parse(text) as Reply;
}

/** Values of one column, in the order of the rows. */
function column({ tables }: Reply, name: string, table = 0): unknown[] | undefined {
  const { fields = [], columns = [] } = tables[table] ?? {};
  return columns[fields.findIndex((field) => field.name === name)];
}

describe("a query of events", () => {
  beforeEach(() =>
    send([
      { _time: at(1), foo: "bar" },
      { _time: at(2), foo: "baz" },
      { _time: at(3), foo: "buz", n: 1 },
    ]),
  );

  it("gives what was just sent, newest first, from the buffer as from the bucket", async () => {
    for (const step of [async () => undefined, () => flush()]) {
      await step();
      const reply = await ask("logs");
      expect(reply.tables[0]?.fields.map(({ name }) => name)).toEqual(["_time", "_sysTime", "foo", "n"]);
      expect(column(reply, "foo")).toEqual(["buz", "baz", "bar"]);
      expect(reply.status).toMatchObject({ rowsExamined: 3, rowsMatched: 3, isPartial: false, messages: [] });
    }
  });

  it("goes on behind a cursor in the order that it asks for, and with it where that is wanted", async () => {
    const { status, tables } = await ask("logs | sort by _time desc", { includeCursorField: true });
    const cursors = tables[0]?.columns[tables[0].fields.findIndex(({ name }) => name === "_cursor")] as string[];
    expect([status.maxCursor, status.minCursor]).toEqual([cursors[0], cursors[2]]);
    const behind = async (order: string, includeCursor: boolean) =>
      column(await ask(`logs | sort by _time ${order}`, { cursor: cursors[1], includeCursor }), "foo");
    expect(await behind("desc", false)).toEqual(["bar"]);
    expect(await behind("desc", true)).toEqual(["baz", "bar"]);
    expect(await behind("asc", false)).toEqual(["buz"]);
    expect(await behind("asc", true)).toEqual(["baz", "buz"]);
  });

  it("keeps its cursors when what it reads is written out", async () => {
    const { status } = await ask("logs");
    await flush();
    expect((await ask("logs")).status).toMatchObject({ minCursor: status.minCursor, maxCursor: status.maxCursor });
  });

  it("pages through events of one time without a repeat or a gap", async () => {
    const same = Array.from({ length: 25 }, (_, n) => ({ _time: at(60), n }));
    await send(same.slice(0, 10), "other");
    await flush("other");
    await send(same.slice(10), "other");
    const seen: unknown[] = [];
    for (let cursor: string | undefined, page = 0; page < 20; page++) {
      const reply = await ask("other | sort by _time desc | take 4", cursor === undefined ? {} : { cursor });
      const numbers = column(reply, "n") ?? [];
      if (numbers.length === 0) break;
      seen.push(...numbers);
      cursor = reply.status.minCursor;
    }
    expect(seen.length).toBe(25);
    expect(new Set(seen).size).toBe(25);
  });

  it("goes through interleaved segments page by page, skipping and repeating none", async () => {
    // three segments and the buffer, each with every fourth second, several events of one time
    for (let part = 0; part < 4; part++) {
      await send(
        Array.from({ length: 12 }, (_, n) => ({ _time: at(100 + (((n * 5) % 12) >> 1) * 4 + part), n: n * 4 + part })),
        "other",
      );
      if (part < 3) await flush("other");
    }
    const all = Array.from({ length: 48 }, (_, n) => n);
    for (const [apl, next] of [
      ["other | sort by _time asc | take 7", "maxCursor"],
      ["other | sort by _time desc | take 7", "minCursor"],
      ["other | where n >= 0 | top 7 by _time desc | project n", "minCursor"],
      ["other | project n, _time | top 7 by _time asc", "maxCursor"],
      ["other | sort by _time asc | where n < 100 | take 7 | extend _time = _time + 1h", "maxCursor"],
    ] as const) {
      const seen: unknown[] = [];
      for (let cursor = "", page = 0; page < 10; page++) {
        const reply = await ask(apl, cursor === "" ? {} : { cursor });
        const numbers = column(reply, "n") ?? [];
        seen.push(...numbers);
        cursor = reply.status[next];
        if (numbers.length < 7) break;
      }
      expect([apl, seen.length, [...seen].sort((a, b) => Number(a) - Number(b))]).toEqual([apl, 48, all]);
    }
  });

  it.each([
    "logs | sort by _time desc, n asc | take 100",
    "logs | take 200 | where isnotnull(foo) | sort by _time asc",
    "logs | take 100 | sort by _time asc",
    "logs | top 100 by n desc | sort by _time desc",
    "logs | sample 100",
    "logs | extend _time = _time + 1h | take 100",
  ])("has no cursors, and takes none, where they would skip events: %s", async (apl) => {
    const reply = await ask(apl);
    expect([column(reply, "foo")?.length, reply.status.minCursor, reply.status.maxCursor]).toEqual([3, "", ""]);
    const { status } = await ask("logs");
    await expect(ask(apl, { cursor: status.minCursor })).rejects.toThrow(/sort by _time asc \| take 500/);
  });

  it("has each event's own id and times in the legacy format, whatever it projects", async () => {
    const reply = await ask("logs | where foo == 'baz' | project renamed = foo", {}, "?format=legacy");
    expect(reply.matches).toEqual([
      { _time: "2026-01-02T03:00:02Z", _sysTime: expect.stringMatching(/Z$/), _rowId: reply.status.minCursor, data: { renamed: "baz" } },
    ]);
  });

  it("shows nothing that was added to it", async () => {
    const names = async (apl: string) => (await ask(apl)).tables[0]?.fields.map(({ name }) => name);
    expect(await names("logs | project foo")).toEqual(["foo"]);
    expect(await names("logs | project-keep foo")).toEqual(["foo"]);
    expect(await names("logs | project-away _time, _sysTime, n")).toEqual(["foo"]);
    expect(await names("logs | project foo, _rowID")).toEqual(["foo", "_rowID"]);
    expect((await ask("logs | project foo | sort by foo asc")).tables[0]?.order).toEqual([{ field: "foo", desc: false }]);
  });

  it("gives a thousand where it names no number, and says that there are more", async () => {
    await send(
      Array.from({ length: 1_100 }, (_, n) => ({ _time: at(n), n })),
      "other",
    );
    const reply = await ask("other");
    expect(column(reply, "n")?.length).toBe(1_000);
    expect(reply.status).toMatchObject({ rowsExamined: 1_100, rowsMatched: 1_100, messages: [{ code: "default_limit_warning" }] });
    expect(column(await ask("other | take 1050"), "n")?.length).toBe(1_050);
  });

  it("reads the last 15 minutes where nothing says a time, and its own where it does", async () => {
    await send([{ foo: "now" }]);
    const open = { startTime: undefined, endTime: undefined };
    const recent = await ask("logs", open);
    expect(column(recent, "foo")).toEqual(["now"]);
    expect(recent.status.messages.map(({ code }) => code)).toEqual(["apl_defaulttimerangeapplied_1"]);
    const old = await ask("logs | where _time < datetime(2026-01-02T03:00:02Z)", open);
    expect(column(old, "foo")).toEqual(["bar"]);
  });

  it("takes variables, and what the text gives goes first", async () => {
    const variables = { wanted: "baz", n: 7 };
    expect(column(await ask("logs | where foo == wanted", { variables }), "foo")).toEqual(["baz"]);
    expect(column(await ask("let wanted = 'bar'; logs | where foo == wanted", { variables }), "foo")).toEqual(["bar"]);
  });

  it("is told of a filter that filters nothing, in Axiom's words", async () => {
    expect((await ask("['logs'] | where true")).status.messages).toMatchObject([
      {
        code: "apl_whereclausealwaysevaluatestoTRUEwhichwillincludealldata_1",
        msg: "line: 1, col: 18: where clause always evaluates to TRUE, which will include all data",
      },
    ]);
  });

  it.each<[string, object, RegExp]>([
    ["logs | extend x = nosuch(foo)", {}, /line: 1, col: 19: there is no function nosuch/],
    ["logs", { cursor: "x" }, /cursor must be minCursor/],
    ["logs | summarize count() by bin(_time, 0s)", {}, /col: 40: .*bin\(\) must be a positive timespan of at least a microsecond/],
    ["logs | summarize count() by floor(_time, -1m)", {}, /positive timespan/],
    ["logs | extend x = bin(1h, 0s)", {}, /positive timespan/],
    ["let step = 0s; logs | summarize count() by bin(_time, step)", {}, /positive timespan/],
    ["logs | count", { cursor: "0".repeat(12) }, /order of time/],
    ["logs | sort by foo asc", { cursor: "0".repeat(12) }, /order of time/],
  ])("is refused: %s %j", async (apl, more, message) => {
    await expect(ask(apl, more)).rejects.toThrow(message);
  });
});

describe("a query of groups", () => {
  beforeEach(() =>
    send([
      { _time: at(0), host: "a", ms: 1 },
      { _time: at(10), host: "b", ms: 2 },
      { _time: at(70), host: "a", ms: 3 },
      { _time: at(80), ms: 6 },
    ]),
  );

  it("has the totals beside its intervals", async () => {
    const reply = await ask("logs | summarize count(), avg(ms) by bin(_time, 1m), host");
    expect(reply.tables.map(({ name, columns }) => [name, columns])).toEqual([
      [
        "0",
        [
          ["2026-01-02T03:00:00Z", "2026-01-02T03:00:00Z", "2026-01-02T03:01:00Z", "2026-01-02T03:01:00Z"],
          ["a", "b", "a", null],
          [1, 1, 1, 1],
          [1, 2, 3, 6],
        ],
      ],
      [
        "_totals",
        [
          ["a", "b", null],
          [2, 1, 1],
          [2, 2, 6],
        ],
      ],
    ]);
    expect(reply.tables[0]?.buckets).toEqual({ field: "_time", size: 60_000_000_000 });
    expect(reply.status).toMatchObject({ rowsExamined: 4, rowsMatched: 4, numGroups: 3, minCursor: "" });
  });

  it("says whether they may be estimates", async () => {
    const estimate = async (apl: string) => ((await ask(apl)).status as { isEstimate?: boolean }).isEstimate;
    expect(await estimate("logs | summarize dcount(ms)")).toBe(false);
    await send(Array.from({ length: 1_600 }, (_, n) => ({ _time: at(n), n })));
    expect(await estimate("logs | summarize dcount(n)")).toBe(true);
    expect(await estimate("logs | summarize max(n)")).toBe(false);
  });

  it("names its aggregations as Axiom's clients know them", async () => {
    const { tables } = await ask("logs | summarize topk(host, 1), dcount(host), percentile(ms, 95), n = sum(ms) / count()");
    expect(tables[0]?.fields.map(({ agg }) => agg)).toMatchObject([
      { name: "topk", fields: ["host"], args: [1] },
      { name: "distinct", fields: ["host"] },
      { name: "percentiles", fields: ["ms"], args: [95] },
      { name: "computed" },
    ]);
    expect(tables[0]?.columns[0]).toEqual([[{ key: "a", count: 2, error: 0 }]]);
  });

  it("has series and totals in the legacy format", async () => {
    const { buckets, matches } = await ask("logs | summarize count() by bin(_time, 1m)", {}, "?format=legacy");
    expect(matches).toEqual([]);
    expect(buckets.series).toMatchObject([
      {
        startTime: "2026-01-02T03:00:00Z",
        endTime: "2026-01-02T03:01:00Z",
        groups: [{ group: {}, aggregations: [{ op: "count_", value: 2 }] }],
      },
      { startTime: "2026-01-02T03:01:00Z", groups: [{ aggregations: [{ value: 2 }] }] },
    ]);
    expect(buckets.totals).toMatchObject([{ id: 0, group: {}, aggregations: [{ op: "count_", value: 4 }] }]);
  });
});

describe("a legacy query", () => {
  beforeEach(() =>
    send([
      { _time: at(0), response: "200", request: "GET /a", remote_ip: "10.0.0.1" },
      { _time: at(1), response: 304, request: "GET /b", remote_ip: "10.0.0.2" },
      { _time: at(2), response: 500, request: "PUT /b", remote_ip: "10.0.0.2" },
      { _time: at(3), request: "GET /c", remote_ip: "10.0.0.2", tags: ["x", "y"] },
    ]),
  );

  it("gives events with their ids, filtered, projected, the newest first", async () => {
    const reply = await legacy({
      filter: { op: "contains", field: "request", value: "get" },
      project: [{ field: "remote_ip", alias: "ip" }],
      limit: 2,
    });
    expect(reply.matches).toMatchObject([
      { _time: "2026-01-02T03:00:03Z", data: { ip: "10.0.0.2" } },
      { _time: "2026-01-02T03:00:01Z", data: { ip: "10.0.0.2" } },
    ]);
    expect(reply.matches[0]?._rowId).toBe(reply.status.maxCursor);
    expect(Object.keys(reply.matches[0]?.data ?? {})).toEqual(["ip"]);
    expect(reply.status).toMatchObject({ rowsExamined: 4, rowsMatched: 3 });
    const next = await legacy({ filter: { op: "contains", field: "request", value: "get" }, cursor: reply.status.minCursor });
    expect(next.matches.map(({ data }) => data)).toMatchObject([{ request: "GET /a" }]);
  });

  it.each<[object, string[]]>([
    [{ op: "==", field: "response", value: 304 }, ["GET /b"]],
    [{ op: "exists", field: "response" }, ["PUT /b", "GET /b", "GET /a"]],
    [{ op: "not-exists", field: "response" }, ["GET /c"]],
    [{ op: ">=", field: "response", value: 304 }, ["PUT /b", "GET /b"]],
    [{ op: "starts-with", field: "request", value: "put" }, ["PUT /b"]],
    [{ op: "starts-with", field: "request", value: "put", caseSensitive: true }, []],
    [{ op: "not-ends-with", field: "request", value: "/B" }, ["GET /c", "GET /a"]],
    [{ op: "regexp", field: "request", value: "^GET /[ab]$" }, ["GET /b", "GET /a"]],
    [{ op: "contains", field: "tags", value: "x" }, ["GET /c"]],
    [{ op: "not", children: [{ op: "contains", field: "request", value: "GET" }] }, ["PUT /b"]],
    [
      {
        op: "and",
        children: [
          { op: "gt", field: "response", value: 0 },
          { op: "contains", field: "request", value: "/b" },
        ],
      },
      ["PUT /b", "GET /b"],
    ],
    [{ op: ">", field: "_time", value: at(2) }, ["GET /c"]],
  ])("filters by %j", async (filter, expected) => {
    expect((await legacy({ filter })).matches.map(({ data }) => (data as { request: string }).request)).toEqual(expected);
  });

  it("groups, with virtual fields, in the order that is asked for", async () => {
    const reply = await legacy({
      aggregations: [
        { alias: "event_count", op: "count", field: "*" },
        { op: "distinct", field: "request" },
      ],
      groupBy: ["success", "remote_ip"],
      filter: { op: "exists", field: "response" },
      order: [
        { field: "success", desc: true },
        { field: "remote_ip", desc: false },
      ],
      virtualFields: [{ alias: "success", expr: "toint(response) < 400" }],
      resolution: "1m",
    });
    expect(reply.buckets.totals).toMatchObject([
      {
        group: { success: true, remote_ip: "10.0.0.1" },
        aggregations: [
          { op: "event_count", value: 1 },
          { op: "DISTINCT", value: 1 },
        ],
      },
      { group: { success: true, remote_ip: "10.0.0.2" }, aggregations: [{ value: 1 }, { value: 1 }] },
      { group: { success: false, remote_ip: "10.0.0.2" } },
    ]);
    expect(reply.buckets.series).toMatchObject([{ startTime: "2026-01-02T03:00:00Z", groups: [{}, {}, {}] }]);
    expect(reply.status).toMatchObject({ rowsExamined: 4, rowsMatched: 3, numGroups: 3 });
    expect(reply.matches).toEqual([]);
  });

  it.each<[object, RegExp]>([
    [{ virtualFields: [{ alias: "x", expr: "1 +" }] }, /the virtual field .* line 1, column/],
    [{ virtualFields: [{ alias: "x", expr: "nosuch(1)" }] }, /nosuch/],
    [{ cursor: "x" }, /cursor must be/],
    [{ resolution: "1ns" }, /resolution must be at least a microsecond/],
    [
      {
        cursor: `${"0".repeat(12)}-a`,
        order: [
          { field: "_time", desc: true },
          { field: "response", desc: true },
        ],
      },
      /order by _time alone/,
    ],
  ])("is refused: %j", async (query, message) => {
    await expect(legacy(query)).rejects.toThrow(message);
  });
});
