/** What a plan asks of whoever has the events, and what becomes of fields that nobody knew of. */
import { describe, expect, it } from "vitest";
import { type Asked, ask, at, NOW, tableOf } from "./bench.ts";

describe("of the fields of events, a query wants", () => {
  it.each<[string, string[] | null]>([
    ["logs", null],
    ["logs | where ms > 5", null],
    ["logs | count", ["_time"]],
    ["logs | where ms > 5 | count", ["_time", "ms"]],
    ["logs | where ms > 5 | project service", ["_time", "ms", "service"]],
    ["logs | project-keep ms, service", ["_time", "ms", "service"]],
    ["logs | project-keep m*", null],
    ["logs | project-away ms | summarize count() by status", ["_time", "status"]],
    ["logs | project-rename code = status | summarize count() by code", ["_time", "status"]],
    ["logs | extend x = ms * 2 | summarize sum(x) by y = strlen(service)", ["_time", "ms", "service"]],
    ["logs | extend x = ms * 2 | extend ms = 1 | project x, ms", ["_time", "ms"]],
    ["logs | extend _sysTime | project _sysTime", ["_time", "_sysTime"]],
    ["logs | summarize arg_max(ms, *)", null],
    ["logs | summarize arg_max(ms, path)", ["_time", "ms", "path"]],
    ["logs | distinct service", ["_time", "service"]],
    ["logs | distinct *", null],
    ["logs | search 'x' | project ms", null],
    ["logs | getschema", null],
    ["logs | mv-expand tags | project tags", ["_time", "tags"]],
    ["logs | parse message with 'a' b | project b", ["_time", "message"]],
    ["logs | make-series count() on _time step 1h by service", ["_time", "service"]],
    ["logs | sort by ms | project service", ["_time", "ms", "service"]],
    ["logs | where meta.rows == 7 | count", ["_time", "meta.rows", "meta"]],
    ["let t = logs; t | summarize count() by service", ["_time", "service"]],
    ["union logs, (owners | project service) | summarize count() by service", ["_time", "service"]],
  ])("%s: %j", async (query, names) => {
    expect((await ask(query)).wanted.find(({ dataset }) => dataset === "logs")?.names).toEqual(names);
  });

  it("of both sides of a join what it names of them", async () => {
    const { wanted } = await ask("logs | where ms > 1 | join kind=inner (owners | project service, team) on service | project path, team");
    const by = Object.fromEntries(wanted.map(({ dataset, names }) => [dataset, names?.toSorted()]));
    expect(by["owners"]).toEqual(["_time", "service", "team"]);
    expect(by["logs"]).toEqual(expect.arrayContaining(["ms", "path", "service"]));
  });
});

describe("the range of time", () => {
  const range = { from: at("10:00:00"), to: at("11:00:00") };
  const asked: Asked = { range };

  it.each<[string, Asked, number, number]>([
    ["logs", asked, range.from, range.to],
    ["logs | where _time >= datetime(2026-01-02T10:30:00Z)", asked, at("10:30:00"), range.to],
    ["logs | where _time < datetime(2026-01-02T10:30:00Z) and ms > 1", asked, range.from, at("10:30:00")],
    ["logs | where ms > 1 | where _time < datetime(2026-01-02T10:30:00Z)", asked, range.from, at("10:30:00")],
    ["logs | where _time > datetime(2020-01-01)", asked, range.from, range.to],
    ["logs | extend x = 1 | where _time < datetime(2026-01-02T10:30:00Z)", asked, range.from, range.to],
    ["let t = logs; t | where _time < datetime(2026-01-02T10:30:00Z)", asked, range.from, at("10:30:00")],
    ["logs | where _time > ago(1h)", { range, isRangeGiven: false }, NOW - 3600e6 + 1, Number.POSITIVE_INFINITY],
    ["logs | where _time < ago(1h)", { range, isRangeGiven: false }, Number.NEGATIVE_INFINITY, NOW - 3600e6],
    ["logs", { range: { from: 0, to: NOW + 5 }, isRangeGiven: false }, NOW - 15 * 60e6, NOW + 5],
  ])("of %s is the request's, narrowed by what stands right behind the source", async (query, how, from, to) => {
    const [wanted] = (await ask(query, how)).wanted;
    expect([wanted?.from, wanted?.to]).toEqual([from, to]);
  });

  it("that holds no time is not read at all", async () => {
    const { wanted, rows } = await ask("logs | where _time > datetime(2026-02-01) | summarize count()", asked);
    expect(wanted).toEqual([]);
    expect(rows).toEqual([[0]]);
  });

  it("of each part of a union is its own", async () => {
    const { wanted } = await ask("union (logs | where _time < datetime(2026-01-02T10:30:00Z)), owners", asked);
    expect(wanted.map(({ to }) => to)).toEqual([at("10:30:00"), range.to]);
  });

  it("decides how long the bins of bin_auto are", async () => {
    const { bucket } = await ask("logs | summarize count() by bin_auto(_time)", asked);
    expect(bucket).toEqual({ field: "_time", size: 60e6 });
    expect(
      (await ask("logs | where _time < datetime(2026-01-02T10:01:40Z) | summarize count() by bin_auto(_time)", asked)).bucket?.size,
    ).toBe(1e6);
  });

  it("is what rate() is of where rows are not grouped by time", async () => {
    expect((await ask("logs | summarize rate(ms)", asked)).rows[0]?.[0]).toBeCloseTo(1205.5 / 3600);
  });
});

describe("texts that a line needs", () => {
  it.each<[string, string[][]]>([
    ["logs | where message contains 'disk'", [["disk"]]],
    ["logs | where service == 'web' | where message has 'disk'", [["web"], ["disk"]]],
    ["logs | where service == 'web' or service == 'api'", [["web", "api"]]],
    ["logs | extend service = 'web' | where service == 'web'", []],
    ["let x = 'disk'; logs | where message has x", [["disk"]]],
    ["union withsource=source logs, owners | where source == 'owners'", []],
  ])("of %s: %j", async (query, texts) => {
    const { wanted } = await ask(query);
    expect(wanted[0]?.texts.map((group) => group.map(({ text }) => text))).toEqual(texts);
  });
});

describe("virtual fields", () => {
  const virtual = { slow: "ms > 100", kind: "strcat(service, '-', toint(status))", status: "tostring(code)" };

  it("show in whole rows, behind the event's own", async () => {
    const answer = await ask("logs | where user == 'ada'", { virtual: { slow: "ms > 100" } });
    const { columns, rows } = tableOf(answer);
    expect(columns.at(-1)).toBe("slow");
    expect(rows[0]?.at(-1)).toBe(false);
  });

  it("are computed where they are named, also by each other", async () => {
    const fields = { slow: "ms > least", least: "100" };
    const answer = await ask("logs | summarize n = count() by slow | sort by n asc", { virtual: fields });
    expect(tableOf(answer).rows).toEqual([
      [true, 2],
      [false, 4],
    ]);
    expect(answer.wanted[0]?.names).toEqual(["_time", "ms"]);
  });

  it("go before what an event has under the name", async () => {
    const { rows } = await ask("logs | where user == 'ada' | project status", { virtual: { status: "strlen(service)" } });
    expect(rows).toEqual([[3]]);
  });

  it("see events as they came, whatever the query has made of them since", async () => {
    const { rows } = await ask("logs | where user == 'ada' | extend ms = 1000 | project slow", { virtual: { slow: "ms > 100" } });
    expect(rows).toEqual([[false]]);
  });

  it("are no texts that a line needs", async () => {
    const { wanted, rows } = await ask("logs | where kind == 'web-200' | where service == 'web' | project kind", {
      virtual: { kind: "strcat(service, '-', tostring(status))" },
    });
    expect(wanted[0]?.texts.map((group) => group.map(({ text }) => text))).toEqual([["web"]]);
    expect(rows).toEqual([["web-200"], ["web-200"]]);
  });

  it("cost nothing where the query does not need them", async () => {
    expect((await ask("logs | count", { virtual })).wanted[0]?.names).toEqual(["_time"]);
  });

  it("do not see the names that the query gives", async () => {
    const { rows } = await ask("let least = 1; logs | where user == 'ada' | project slow", { virtual: { slow: "isnull(least)" } });
    expect(rows).toEqual([[true]]);
  });

  it("that are made of themselves are a fault", async () => {
    await expect(ask("logs | where a == 1", { virtual: { a: "b", b: "a" } })).rejects.toThrow(/defined by itself/);
  });
});

describe("fields that turn up late", () => {
  const datasets = {
    late: [
      { _time: at("01:00:00"), a: 1 },
      { _time: at("01:00:01"), a: 2 },
      { _time: at("01:00:02"), a: 3 },
      { _time: at("01:00:03"), a: 4, b: "x", c_1: true },
      { _time: at("01:00:04"), c_2: 5 },
    ],
    right: [
      { _time: at("01:00:00"), a: 4, b: "right", d: 1 },
      { _time: at("01:00:00"), a: 1, b: "one", d: 2 },
    ],
  };

  it.each<[string, string, unknown[][]]>([
    [
      "late | sort by _time asc | project-away _*",
      "a, b, c_1, c_2",
      [
        [1, null, null, null],
        [2, null, null, null],
        [3, null, null, null],
        [4, "x", true, null],
        [null, null, null, 5],
      ],
    ],
    ["late | project-keep c* | sort by c_2 | take 1", "c_2", [[5]]],
    ["late | where a == 4 | project-away _*, c*", "a, b", [[4, "x"]]],
    [
      "late | project-rename b = a | sort by _time asc | project-away _*",
      "b, c_1, c_2",
      [
        [1, null, null],
        [2, null, null],
        [3, null, null],
        [4, true, null],
        [null, null, 5],
      ],
    ],
    ["late | project-away _* | project-reorder c*, a | where a == 4", "c_1, a, b", [[true, 4, "x"]]],
    [
      "late | extend b = strcat('b', a) | where a > 2 | sort by a asc | project-away _*, c*",
      "a, b",
      [
        [3, "b3"],
        [4, "b4"],
      ],
    ],
    ["late | project-away _* | distinct * | count", "Count", [[5]]],
    [
      "late | getschema | project ColumnName, ColumnType",
      "ColumnName, ColumnType",
      [
        ["_time", "datetime"],
        ["_sysTime", "datetime"],
        ["a", "long"],
        ["b", "string"],
        ["c_1", "bool"],
        ["c_2", "long"],
      ],
    ],
    ["late | summarize arg_max(a, *) | project-away _*", "a, b, c_1", [[4, "x", true]]],
    ["late | summarize arg_max(_time, *) | project c_2", "c_2", [[5]]],
    ["late | search '5' | project c_2", "c_2", [[5]]],
    [
      "union (late | project a), late | summarize n = count() by b | sort by n asc",
      "b, n",
      [
        ["x", 1],
        [null, 9],
      ],
    ],
    [
      "union late, right | where isnotnull(d) | project b, d | sort by d asc",
      "b, d",
      [
        ["right", 1],
        ["one", 2],
      ],
    ],
    [
      "late | join kind=inner (right) on a | sort by a asc | project a, b, b1, d",
      "a, b, b1, d",
      [
        [1, "one", "one", 2],
        [4, "x", "right", 1],
      ],
    ],
    [
      "late | join kind=inner (right | project a, b) on a | sort by a asc | project-away _*, c*, a1",
      "a, b1, b",
      [
        [1, null, "one"],
        [4, "right", "x"],
      ],
    ],
  ])("are there for %s", async (query, columns, rows) => {
    expect(tableOf(await ask(query, { datasets }))).toEqual({ columns: columns.split(", "), rows });
  });

  it("show only where an event of the answer has them", async () => {
    const { columns } = await ask("late | where nothing != 1 and a == 1", { datasets });
    expect(columns.list.map(({ name }) => name)).toEqual(["_time", "_sysTime", "a"]);
  });
});

describe("what replies tell", () => {
  it("are groups, aggregations with their fields and arguments, and the interval of time", async () => {
    const answer = await ask(
      "logs | summarize n = count(), topk(service, 3), errors = countif(status >= 400) / count() by bin(_time, 5m), path",
    );
    expect(Object.fromEntries(answer.meanings)).toEqual({
      _time: { kind: "group" },
      path: { kind: "group" },
      n: { kind: "aggregation", origin: { op: "count", fields: [], args: [] } },
      topk_service: { kind: "aggregation", origin: { op: "topk", fields: ["service"], args: [3] } },
      errors: { kind: "aggregation", origin: { op: "computed", fields: ["status"], args: [] } },
    });
    expect(answer.bucket).toEqual({ field: "_time", size: 300e6 });
  });

  it("go along with columns that are renamed, and are gone with what is computed of them", async () => {
    const summarized = "logs | summarize n = count() by t = bin(_time, 1h), service | sort by n";
    const renamed = await ask(`${summarized} | project-rename hour = t | project hour, m = n, service`);
    expect([...renamed.meanings.keys()].toSorted()).toEqual(["hour", "m", "service"]);
    expect(renamed.bucket).toEqual({ field: "hour", size: 3600e6 });
    expect(renamed.order).toEqual([{ field: "m", desc: true }]);
    const computed = await ask(`${summarized} | extend n = n + 1 | project-away t`);
    expect([...computed.meanings.keys()]).toEqual(["service"]);
    expect(computed.bucket).toBeNull();
  });

  it("are how many rows passed the filters right behind their sources", async () => {
    const counted = async (query: string) => (await ask(query)).rowsMatched;
    expect(await counted("logs")).toBe(6);
    expect(await counted("logs | where ms > 100")).toBe(2);
    expect(await counted("logs | extend x = ms | where x > 100 | where status == 500 | summarize count() by service")).toBe(1);
    expect(await counted("logs | summarize n = count() by service | where n > 1")).toBe(6);
    expect(await counted("logs | search 'web' | parse-where path with '/' p | count")).toBe(3);
    expect(await counted("let t = logs | where ms > 10; t | where status == 200")).toBe(2);
    expect(await counted("union (logs | where ms > 100), owners")).toBe(6);
    expect(await counted("union logs, owners | where service == 'web'")).toBe(4);
    expect(await counted("print x = 1")).toBe(0);
  });
});
