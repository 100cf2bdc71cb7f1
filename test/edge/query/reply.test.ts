import { describe, expect, it } from "vitest";
import type { Row, Type } from "../../../src/edge/query/apl/value.ts";
import { legacyAplReply, legacyQueryReply } from "../../../src/edge/query/reply/legacy.ts";
import type { Aggregation, Result, ResultTable } from "../../../src/edge/query/reply/result.ts";
import { tabularReply } from "../../../src/edge/query/reply/tabular.ts";
import { spanText, timeText, typeName, wireValue } from "../../../src/edge/query/reply/value.ts";

const T0 = Date.UTC(2026, 0, 2, 3, 0, 0) * 1_000;
const MINUTE = 60e6;
const COUNT: Aggregation = { name: "count", fields: [], args: [] };

function table(columns: [string, Type, Aggregation?][], rows: Row[], more: Partial<ResultTable> = {}): ResultTable {
  return {
    name: "0",
    columns: columns.map(([name, type, aggregation], slot) => ({ name, type, slot, aggregation: aggregation ?? null })),
    rows,
    order: [],
    groups: [],
    bucket: null,
    ...more,
  };
}

function result(...tables: [ResultTable, ...ResultTable[]]): Result {
  return {
    datasets: ["logs"],
    range: { from: T0, to: T0 + 60 * MINUTE },
    tables,
    status: {
      elapsed: 0,
      blocksExamined: 2,
      rowsExamined: 30,
      rowsMatched: 20,
      numGroups: 0,
      isPartial: true,
      isEstimate: false,
      blockTimes: { min: T0, max: T0 + 1 },
      minCursor: "a",
      maxCursor: "b",
      messages: [{ priority: "warn", code: "apl_cut_1", text: "cut" }],
    },
  };
}

const events = () =>
  table(
    [
      ["_time", "datetime"],
      ["_sysTime", "datetime"],
      ["n", "dynamic"],
      ["_rowID", "string"],
    ],
    [
      [T0 + 5, T0, 1, "r1"],
      [T0, T0, undefined, "r0"],
    ],
  );

const groups = () =>
  [
    table(
      [
        ["_time", "datetime"],
        ["host", "dynamic"],
        ["count_", "long", COUNT],
      ],
      [
        [T0 + MINUTE, "a", 1],
        [T0, "a", 2],
        [T0, null, 3],
      ],
      { groups: ["_time", "host"], bucket: { field: "_time", size: MINUTE }, order: [{ field: "_time", desc: false }] },
    ),
    table(
      [
        ["host", "dynamic"],
        ["count_", "long", COUNT],
      ],
      [
        ["a", 3],
        [null, 3],
      ],
      { name: "_totals", groups: ["host"] },
    ),
  ] as const;

describe("a value in an answer", () => {
  it.each([
    [T0, "2026-01-02T03:00:00Z"],
    [T0 + 5, "2026-01-02T03:00:00.000005Z"],
    [T0 + 120_000, "2026-01-02T03:00:00.12Z"],
    [-1, "1969-12-31T23:59:59.999999Z"],
    [9e18, "0001-01-01T00:00:00Z"],
  ])("as a time: %d", (micros, text) => {
    expect(timeText(micros)).toBe(text);
  });

  it.each([
    [0, "0s"],
    [20, "20µs"],
    [1_500, "1.5ms"],
    [3_600.5e6, "1h0m0.5s"],
    [90e6, "1m30s"],
    [-2e6, "-2s"],
    [90_000e6, "25h0m0s"],
  ])("as a length of time: %d", (micros, text) => {
    expect(spanText(micros)).toBe(text);
  });

  it("is null where JSON has nothing for it", () => {
    for (const value of [undefined, null, Number.NaN, Number.POSITIVE_INFINITY]) expect(wireValue(value, "real")).toBeNull();
    expect(wireValue({ a: [1] }, "dynamic")).toEqual({ a: [1] });
  });

  it.each<[Type, unknown[], string]>([
    ["long", [], "integer"],
    ["real", [], "float"],
    ["bool", [], "boolean"],
    ["timespan", [], "timespan"],
    ["dynamic", [null, undefined], "unknown"],
    ["dynamic", [1, 2], "integer"],
    ["dynamic", [1, 2.5], "float|integer"],
    ["dynamic", ["a", 2], "integer|string"],
    ["dynamic", [[1], null], "array"],
    ["dynamic", [{ a: 1 }], "map"],
    ["dynamic", [true], "boolean"],
  ])("has a type's name: %s of %j", (type, values, name) => {
    expect(typeName(type, values as Row)).toBe(name);
  });
});

describe("the tabular format", () => {
  it("has columns of all rows' values, and no member that axiom-go refuses", () => {
    const reply = tabularReply(result(events()));
    expect(Object.keys(reply).sort()).toEqual(["datasetNames", "fieldsMetaMap", "format", "status", "tables"]);
    expect(reply.tables).toEqual([
      {
        name: "0",
        sources: [{ name: "logs" }],
        fields: [
          { name: "_time", type: "datetime" },
          { name: "_sysTime", type: "datetime" },
          { name: "n", type: "integer" },
          { name: "_rowID", type: "string" },
        ],
        order: [],
        groups: [],
        range: { field: "_time", start: "2026-01-02T03:00:00Z", end: "2026-01-02T04:00:00Z" },
        columns: [
          ["2026-01-02T03:00:00.000005Z", "2026-01-02T03:00:00Z"],
          ["2026-01-02T03:00:00Z", "2026-01-02T03:00:00Z"],
          [1, null],
          ["r1", "r0"],
        ],
      },
    ]);
  });

  it("says what was examined, and never that no time passed", () => {
    expect(tabularReply(result(events())).status).toEqual({
      elapsedTime: 1,
      blocksExamined: 2,
      rowsExamined: 30,
      rowsMatched: 20,
      numGroups: 0,
      isPartial: true,
      isEstimate: false,
      cacheStatus: 1,
      minBlockTime: "2026-01-02T03:00:00Z",
      maxBlockTime: "2026-01-02T03:00:00.000001Z",
      messages: [{ priority: "warn", count: 1, code: "apl_cut_1", msg: "cut" }],
      minCursor: "a",
      maxCursor: "b",
    });
  });

  it("has aggregations, groups, buckets in nanoseconds, and totals beside", () => {
    const [series, totals] = groups();
    const [first, second] = tabularReply(result(series, totals)).tables;
    expect(first).toMatchObject({
      name: "0",
      fields: [{ name: "_time" }, { name: "host", type: "string" }, { name: "count_", type: "integer", agg: { name: "count" } }],
      groups: [{ name: "_time" }, { name: "host" }],
      order: [{ field: "_time", desc: false }],
      buckets: { field: "_time", size: 60_000_000_000 },
    });
    expect(first?.fields[0]).not.toHaveProperty("agg");
    expect(first?.fields[2]?.agg).toEqual({ name: "count" });
    expect(second).toMatchObject({
      name: "_totals",
      groups: [{ name: "host" }],
      columns: [
        ["a", null],
        [3, 3],
      ],
    });
    expect(second).not.toHaveProperty("buckets");
  });

  it("names the fields and arguments of an aggregation", () => {
    const topk: Aggregation = { name: "topk", fields: ["remote_ip"], args: [1] };
    const reply = tabularReply(result(table([["topk_remote_ip", "dynamic", topk]], [[[{ key: "a", count: 7, error: 0 }]]])));
    expect(reply.tables[0]?.fields[0]?.agg).toEqual({ name: "topk", fields: ["remote_ip"], args: [1] });
    expect(reply.tables[0]?.columns).toEqual([[[{ key: "a", count: 7, error: 0 }]]]);
  });
});

describe("the legacy format", () => {
  it("has events with their times and ids beside what they hold", () => {
    const reply = legacyQueryReply(result(events()));
    expect(Object.keys(reply).sort()).toEqual(["buckets", "matches", "status"]);
    expect(reply.matches).toEqual([
      { _time: "2026-01-02T03:00:00.000005Z", _sysTime: "2026-01-02T03:00:00Z", _rowId: "r1", data: { n: 1 } },
      { _time: "2026-01-02T03:00:00Z", _sysTime: "2026-01-02T03:00:00Z", _rowId: "r0", data: {} },
    ]);
    expect(reply.buckets).toEqual({ series: [], totals: [] });
  });

  it("keeps a field of any name among what an event holds", () => {
    const [match] = legacyQueryReply(result(table([["__proto__", "dynamic"]], [["x"]]))).matches;
    expect(Object.keys(match?.data ?? {})).toEqual(["__proto__"]);
  });

  it("has groups as totals and by interval, under one id each", () => {
    const [series, totals] = groups();
    expect(legacyQueryReply(result(series, totals)).buckets).toEqual({
      series: [
        {
          startTime: "2026-01-02T03:00:00Z",
          endTime: "2026-01-02T03:01:00Z",
          groups: [
            { id: 0, group: { host: "a" }, aggregations: [{ op: "count_", value: 2 }] },
            { id: 1, group: { host: null }, aggregations: [{ op: "count_", value: 3 }] },
          ],
        },
        {
          startTime: "2026-01-02T03:01:00Z",
          endTime: "2026-01-02T03:02:00Z",
          groups: [{ id: 0, group: { host: "a" }, aggregations: [{ op: "count_", value: 1 }] }],
        },
      ],
      totals: [
        { id: 0, group: { host: "a" }, aggregations: [{ op: "count_", value: 3 }] },
        { id: 1, group: { host: null }, aggregations: [{ op: "count_", value: 3 }] },
      ],
    });
  });

  it("has groups without intervals as totals alone", () => {
    const [, totals] = groups();
    expect(legacyQueryReply(result(totals)).buckets).toMatchObject({ series: [], totals: [{ id: 0 }, { id: 1 }] });
  });

  it("of an APL query says what was asked and of which datasets", () => {
    expect(legacyAplReply(result(groups()[0]))).toMatchObject({
      format: "legacy",
      request: { startTime: "2026-01-02T03:00:00Z", groupBy: ["_time", "host"] },
      datasetNames: ["logs"],
      fieldsMetaMap: { logs: [] },
    });
  });
});
