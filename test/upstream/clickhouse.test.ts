/**
 * Against a stand-in: no ClickHouse server runs here. It judges credentials and settings, tells of its table, and gives the rows that a test
 * puts there. That the SQL is one that the engine takes, and gives what our own engine gives, was compared by hand with version 26.9.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { type Answer, openTestReceiver, type Request } from "../sinks/receiver.ts";
import { answerTo, bodyOf, NOW, refusalOf, upstream } from "./asking.ts";

const PASSWORD = "password-of-the-tests";
const COLUMNS = [
  ["_time", "DateTime64(6, 'UTC')"],
  ["service", "LowCardinality(String)"],
  ["status", "Nullable(UInt16)"],
  ["ms", "Float64"],
  ["tags", "Array(String)"],
];
const SETTINGS = [
  ...["readonly", "max_execution_time", "cancel_http_readonly_queries_on_client_close", "wait_end_of_query"],
  ...["output_format_json_quote_64bit_integers", "output_format_json_quote_denormals"],
];

let columns: string[][];
let rows: unknown[][];
/** For whoever asks for groups and not by time. */
let totals: unknown[][] | null;
let rowsRead: number;

function answered(data: unknown[][]): Answer {
  const meta = (data[0] ?? []).map((_, at) => ({ name: `a${at}`, type: "String" }));
  const body = {
    meta,
    data,
    rows: data.length,
    rows_before_limit_at_least: 40,
    statistics: { elapsed: 0.01, rows_read: rowsRead, bytes_read: 1 },
  };
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

function exception(status: number, code: number, text: string) {
  return { status, headers: { "x-clickhouse-exception-code": String(code) }, body: `Code: ${code}. DB::Exception: ${text}` };
}

function select({ method, url, headers, body }: Request): Answer {
  if (headers["x-clickhouse-user"] !== "reader" || headers["x-clickhouse-key"] !== PASSWORD)
    return exception(403, 516, `Authentication failed: password ${headers["x-clickhouse-key"]} is wrong`);
  const stray = [...url.searchParams.keys()].find((name) => !SETTINGS.includes(name));
  if (method !== "POST" || stray !== undefined) return exception(404, 115, `Unknown setting '${stray}'`);
  if (url.searchParams.get("readonly") !== "2") return exception(500, 1, "the stand-in lets only readers in");
  const sql = body.toString();
  if (sql === "DESCRIBE TABLE `logs`.`web \\`events` FORMAT JSONCompact")
    return answered(columns.map((column) => [...column, "", "", "", "", ""]));
  const data = totals !== null && !/GROUP BY \S+, /.test(sql) ? totals : rows;
  return sql.startsWith("SELECT ") && sql.endsWith(" FORMAT JSONCompact") ? answered(data) : exception(400, 62, "Syntax error");
}

const receiver = await openTestReceiver(select);
const settings = (options = {}, password = PASSWORD) =>
  upstream("clickhouse", receiver.url, { database: "logs", table: "web `events", user: "reader", ...options }, { password });
const sqls = () => receiver.requests.map(({ body }) => body.toString());
const MICROS = NOW * 1_000;

beforeEach(() => {
  columns = COLUMNS;
  rows = [];
  totals = null;
  rowsRead = 0;
  receiver.requests.length = 0;
});

describe("a dataset that ClickHouse answers", () => {
  it("gives events, newest first, as our own engine would", async () => {
    rows = [[MICROS, "api", null, 1.5, '["a"]']];
    rowsRead = 1_000;
    const reply = bodyOf(await answerTo(settings(), { apl: "web | where ms > 1", startTime: "now-1h", endTime: "now" }));
    expect(reply).toMatchObject({
      format: "tabular",
      datasetNames: ["web"],
      status: { rowsExamined: 1_000, rowsMatched: 40, isPartial: false },
      tables: [
        {
          name: "0",
          fields: [
            { name: "_time", type: "datetime" },
            { name: "service", type: "string" },
            { name: "status", type: "integer" },
            { name: "ms", type: "float" },
            { name: "tags" },
          ],
          order: [{ field: "_time", desc: true }],
          range: { start: "2026-01-02T11:00:00Z", end: "2026-01-02T12:00:00Z" },
          columns: [["2026-01-02T12:00:00Z"], ["api"], [null], [1.5], [["a"]]],
        },
      ],
    });
    expect(sqls()[1]).toMatch(/ORDER BY c\d+ DESC NULLS LAST LIMIT 1000\)/);
    expect(sqls()[1]).toContain(`e.\`_time\` >= fromUnixTimestamp64Micro(toInt64(${MICROS - 3.6e9}), 'UTC')`);
  });

  it("gives groups by interval, and asks for their totals", async () => {
    rows = [
      [MICROS - 6e7, "api", 2],
      [MICROS, "api", 3],
    ];
    totals = [["api", 5]];
    const query = { apl: "web | summarize count() by bin(_time, 1m), service", startTime: "now-1h" };
    const { tables } = bodyOf(await answerTo(settings(), query)) as { tables: { name: string; columns: unknown[][]; buckets?: unknown }[] };
    expect(tables.map(({ name }) => name)).toEqual(["0", "_totals"]);
    expect(tables[0]).toMatchObject({ buckets: { field: "_time", size: 6e10 }, groups: [{ name: "_time" }, { name: "service" }] });
    expect(tables[1]?.columns).toEqual([["api"], [5]]);
    expect(receiver.requests.length).toBe(3);
    expect(bodyOf(await answerTo(settings(), query, { search: "format=legacy" }))).toMatchObject({
      buckets: { totals: [{ group: { service: "api" }, aggregations: [{ value: 5 }] }] },
    });
  });

  it("spreads events that one column holds whole, and reads the times in them", async () => {
    columns = [["json", "JSON"]];
    rows = [
      [
        MICROS,
        JSON.stringify({ _time: "2026-01-02 12:00:00.000000000", _sysTime: "2026-01-02 12:00:01.000000000", a: { b: 1 }, s: ["x"] }),
      ],
    ];
    const { tables } = bodyOf(await answerTo(settings(), { apl: "web", startTime: "now-1h" })) as {
      tables: { fields: { name: string }[]; columns: unknown[][] }[];
    };
    const fields = Object.fromEntries((tables[0]?.fields ?? []).map(({ name }, at) => [name, tables[0]?.columns[at]?.[0]]));
    expect(fields).toEqual({ _time: "2026-01-02T12:00:00Z", _sysTime: "2026-01-02T12:00:01Z", "a.b": 1, s: ["x"] });
  });

  it("answers the older language too", async () => {
    rows = [];
    const query = {
      startTime: "2026-01-02T11:00:00Z",
      endTime: "2026-01-02T12:00:00Z",
      filter: { op: ">", field: "ms", value: 5 },
      limit: 7,
    };
    expect(bodyOf(await answerTo(settings(), query))).toMatchObject({ matches: [] });
    expect(sqls()[1]).toContain("LIMIT 7");
  });

  it("puts virtual fields in", async () => {
    await answerTo(settings(), { apl: "web | where slow | count", startTime: "now-1h" }, { virtual: { slow: "ms > 100" } });
    expect(sqls()[1]).toContain("> toInt64(100)");
  });

  it("gives no more rows than our own engine does, and says so", async () => {
    rows = Array.from({ length: 50_001 }, (_, n) => [n, "api"]);
    const { tables, status } = bodyOf(await answerTo(settings(), { apl: "web | distinct ms, service", startTime: "now-1h" })) as {
      tables: { columns: unknown[][] }[];
      status: { isPartial: boolean; messages: { code: string }[] };
    };
    expect(sqls()[1]).toContain(" LIMIT 50001 FORMAT");
    expect([tables[0]?.columns[0]?.length, status.isPartial, status.messages.map(({ code }) => code)]).toEqual([
      50_000,
      true,
      ["apl_output_limit"],
    ]);
  });

  it("takes whole numbers in quotes, as a server gives them that is told to", async () => {
    rows = [["12"]];
    const { tables } = bodyOf(await answerTo(settings(), { apl: "web | count", startTime: "now-1h" })) as {
      tables: { columns: unknown[][] }[];
    };
    expect(tables[0]?.columns).toEqual([[12]]);
  });

  it("names the place in the query of what ClickHouse cannot say, before it is asked", async () => {
    const refused = refusalOf(await answerTo(settings(), { apl: "web\n| make-series count() on _time step 1h", startTime: "now-1h" }));
    expect(refused).toMatchObject({
      reason: "query-invalid",
      detail: expect.stringContaining("line: 2, col: 3: make-series is not available"),
    });
    expect(sqls().filter((sql) => sql.startsWith("SELECT"))).toEqual([]);
  });

  it("refuses cursors, which its rows do not have", async () => {
    const refused = refusalOf(await answerTo(settings(), { apl: "web", startTime: "now-1h", cursor: "0abcdefghijk-1" }));
    expect(refused).toMatchObject({ reason: "query-invalid", detail: expect.stringContaining("_time") });
    expect(receiver.requests).toEqual([]);
  });
});

describe("what ClickHouse says of its troubles", () => {
  const asked = () => answerTo(settings(), { apl: "web | count", startTime: "now-1h" });

  it.each([
    [exception(404, 47, "Unknown identifier"), "query-invalid", "Unknown identifier"],
    [exception(500, 241, "Memory limit exceeded"), "overloaded", "time or memory"],
    [exception(500, 159, "Timeout exceeded"), "overloaded", "time or memory"],
    [exception(500, 164, "Cannot modify 'readonly' setting in readonly mode"), "upstream-failed", "readonly = 2"],
    [exception(404, 60, "Table does not exist"), "upstream-failed", "Table does not exist"],
    [{ status: 200, headers: { "x-clickhouse-exception-code": "395" }, body: "Code: 395" }, "upstream-failed", "answered 200"],
    [{ status: 200, body: '{"data":[[1],\nCode: 395. DB::Exception' }, "upstream-failed", "no JSON"],
    [{ status: 200, body: "[]" }, "upstream-failed", "no table"],
    [{ status: 503, body: "" }, "overloaded", "503"],
  ] satisfies [Answer & { body: string }, string, string][])(
    "becomes a refusal that names the dataset: %j",
    async (answer, reason, words) => {
      const met = receiver.fail({ kind: "answer", ...answer });
      const refused = refusalOf(await asked());
      await met;
      expect(refused).toMatchObject({ reason, detail: expect.stringContaining(words) });
      expect(refused.detail).toContain("dataset web");
    },
  );

  it("is told without the password, even where the server repeats it", async () => {
    const refused = refusalOf(await answerTo(settings({}, "another-password-of-the-tests"), { apl: "web | count", startTime: "now-1h" }));
    expect(refused).toMatchObject({ reason: "upstream-failed", detail: expect.stringContaining("[secret]") });
    expect(refused.detail).not.toContain("another-password");
  });
});
