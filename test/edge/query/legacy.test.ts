import { describe, expect, it } from "vitest";
import type { Expression } from "../../../src/edge/query/apl/syntax.ts";
import { compileLegacy, type LegacyPlan } from "../../../src/edge/query/legacy/compile.ts";
import { step } from "../../../src/edge/query/legacy/step.ts";
import { readLegacyRequest } from "../../../src/edge/query/request/legacy.ts";

const NOW = Date.UTC(2026, 0, 2) * 1_000;
const HOUR = 3_600e6;
const parsed = (text: string): Expression => ({ kind: "literal", type: "string", value: text, at: 0 });

function compile(query: object): LegacyPlan {
  const body = new TextEncoder().encode(JSON.stringify({ startTime: "now-1h", endTime: "now", ...query }));
  return compileLegacy(readLegacyRequest(body, new URLSearchParams(), NOW), "logs", NOW, parsed);
}

/** An expression as text, close to APL. */
function text(expression: Expression): string {
  switch (expression.kind) {
    case "literal":
      return expression.type === "string" ? JSON.stringify(expression.value) : `${expression.type}(${expression.value})`;
    case "column":
      return expression.name;
    case "star":
      return "*";
    case "call":
      return `${expression.name}(${expression.args.map(text).join(", ")})`;
    case "logic":
    case "compare":
      return `(${text(expression.left)} ${expression.op} ${text(expression.right)})`;
    case "text":
      return `(${text(expression.left)} ${expression.negated ? "!" : ""}${expression.op} ${text(expression.right)})`;
    case "among":
      return `(${text(expression.left)} ${expression.op} (${expression.items.map(text).join(", ")}))`;
    default:
      return expression.kind;
  }
}

function filtered(filter: object): string {
  const plan = compile({ filter });
  if (plan.kind !== "events") throw new Error("no events");
  const [operator] = plan.query.body.operators;
  return operator?.kind === "where" ? text(operator.predicate) : "";
}

describe("a filter", () => {
  it.each([
    ["==", '(f == "v")'],
    ["!=", '(f != "v")'],
    [">", '(f > "v")'],
    [">=", '(f >= "v")'],
    ["<", '(f < "v")'],
    ["<=", '(f <= "v")'],
    ["gt", '(f > "v")'],
    ["lte", '(f <= "v")'],
    ["exists", "isnotnull(f)"],
    ["not-exists", "isnull(f)"],
    ["starts-with", '(f startswith "v")'],
    ["not-starts-with", '(f !startswith "v")'],
    ["ends-with", '(f endswith "v")'],
    ["not-ends-with", '(f !endswith "v")'],
    ["regexp", '(f matches "v")'],
    ["not-regexp", '(f !matches "v")'],
    ["contains", '((f contains "v") or ("v" in~ (f)))'],
    ["not-contains", 'not(((f contains "v") or ("v" in~ (f))))'],
  ])("with op %s", (op, expected) => {
    expect(filtered({ op, field: "f", value: "v" })).toBe(expected);
  });

  it.each([
    ["starts-with", '(f startswith_cs "v")'],
    ["not-ends-with", '(f !endswith_cs "v")'],
    ["contains", '((f contains_cs "v") or ("v" in (f)))'],
  ])("with op %s minds case where that is asked for", (op, expected) => {
    expect(filtered({ op, field: "f", value: "v", caseSensitive: true })).toBe(expected);
  });

  it("compares by the value's own type, times as times, and null as absence", () => {
    expect(filtered({ op: "==", field: "f", value: 304 })).toBe("(f == long(304))");
    expect(filtered({ op: "==", field: "f", value: 0.5 })).toBe("(f == real(0.5))");
    expect(filtered({ op: "!=", field: "f", value: true })).toBe("(f != bool(true))");
    expect(filtered({ op: "==", field: "f", value: null })).toBe("isnull(f)");
    expect(filtered({ op: ">=", field: "_time", value: "2026-01-02T00:00:00Z" })).toBe(`(_time >= datetime(${NOW}))`);
  });

  it("is built of others", () => {
    const [a, b] = ["a", "b"].map((field) => ({ op: "exists", field }));
    expect(filtered({ op: "and", children: [a, b] })).toBe("(isnotnull(a) and isnotnull(b))");
    expect(filtered({ op: "or", children: [a, b, a] })).toBe("((isnotnull(a) or isnotnull(b)) or isnotnull(a))");
    expect(filtered({ op: "not", children: [a] })).toBe("not(isnotnull(a))");
    expect(filtered({ op: "or", children: [] })).toBe("bool(false)");
    expect(filtered({ op: "exists", field: "a", children: [b] })).toBe("isnotnull(a)");
  });

  it.each<[object, RegExp]>([
    [{ op: "equals", field: "f", value: 1 }, /no op "equals"/],
    [{ op: "start-with", field: "f", value: 1 }, /did you mean "starts-with"/],
    [{ op: "toString", field: "f" }, /no op/],
    [{ op: "==", value: 1 }, /needs a field/],
    [{ op: ">", field: "f", value: null }, /needs a value/],
    [{ op: "==", field: "f", value: { a: 1 } }, /needs a value/],
    [{ op: "contains", field: "f", value: [1] }, /needs a value that is a text/],
    [{ op: ">", field: "_time", value: "soon" }, /_time must be RFC 3339/],
  ])("is refused: %j", (filter, message) => {
    expect(() => filtered(filter)).toThrow(message);
  });
});

describe("an aggregation", () => {
  const aggregated = (aggregation: object) => {
    const plan = compile({ aggregations: [aggregation] });
    if (plan.kind !== "groups") throw new Error("no groups");
    const [operator] = plan.totals.operators;
    return operator?.kind === "summarize" ? operator.aggregates.map(({ value }) => text(value)).join() : "";
  };

  it.each<[object, string]>([
    [{ op: "count", field: "*" }, "count()"],
    [{ op: "COUNT" }, "count()"],
    [{ op: "count", field: "f" }, "countif(isnotnull(f))"],
    [{ op: "distinct", field: "f" }, "dcount(f)"],
    [{ op: "sum", field: "f" }, "sum(f)"],
    [{ op: "avg", field: "f" }, "avg(f)"],
    [{ op: "min", field: "f" }, "min(f)"],
    [{ op: "max", field: "f" }, "max(f)"],
    [{ op: "topk", field: "f", argument: 3 }, "topk(f, long(3))"],
    [{ op: "topk", field: "f" }, "topk(f, long(10))"],
    [{ op: "percentiles", field: "f", argument: [50, 99.9] }, "percentiles_array(f, long(50), real(99.9))"],
    [{ op: "histogram", field: "f", argument: 5 }, "histogram(f, long(5))"],
    [{ op: "stdev", field: "f" }, "stdev(f)"],
    [{ op: "variance", field: "f" }, "variance(f)"],
    [{ op: "argmin", field: "f", argument: "g" }, "arg_min(f, g)"],
    [{ op: "argmax", field: "f" }, "arg_max(f, f)"],
    [{ op: "makeset", field: "f" }, "make_set(f)"],
    [{ op: "makelist", field: "f", argument: 7 }, "make_list(f, long(7))"],
  ])("%j", (aggregation, expected) => {
    expect(aggregated(aggregation)).toBe(expected);
  });

  it.each<[object, RegExp]>([
    [{ op: "median", field: "f" }, /no aggregation "median"/],
    [{ op: "agv", field: "f" }, /did you mean avg/],
    [{ op: "sum" }, /sum needs a field/],
    [{ op: "sum", field: "*" }, /sum needs a field/],
    [{ op: "topk", field: "f", argument: "x" }, /topk must be a whole number/],
    [{ op: "percentiles", field: "f", argument: [101] }, /from 0 to 100/],
    [{ op: "argmin", field: "f", argument: 1 }, /name of the field/],
    [{ op: "constructor", field: "f" }, /no aggregation/],
  ])("is refused: %j", (aggregation, message) => {
    expect(() => aggregated(aggregation)).toThrow(message);
  });
});

describe("a legacy query", () => {
  it("of events takes the newest, as many as its limit", () => {
    expect(compile({ limit: 5 })).toMatchObject({
      kind: "events",
      query: {
        body: {
          source: { kind: "table", name: "logs" },
          operators: [{ kind: "top", count: 5, keys: [{ by: { name: "_time" }, descending: true }] }],
        },
      },
    });
  });

  it("of events keeps what makes an event beside its projections", () => {
    const plan = compile({ project: [{ field: "a" }, { field: "b", alias: "c" }, { field: "_time" }] });
    if (plan.kind !== "events") throw new Error("no events");
    const last = plan.query.body.operators.at(-1);
    expect(last?.kind === "project" && last.items.map(({ name, value }) => `${name}=${text(value)}`)).toEqual([
      "_time=_time",
      "_sysTime=_sysTime",
      "_rowID=_rowID",
      "a=a",
      "c=b",
    ]);
  });

  it("of groups makes totals in the asked order and the same by interval", () => {
    const plan = compile({
      aggregations: [
        { op: "count", field: "*", alias: "event_count" },
        { op: "max", field: "bytes" },
      ],
      groupBy: ["success", "ip"],
      order: [
        { field: "success", desc: true },
        { field: "event_count", desc: false },
        { field: "MAX", desc: true },
      ],
      virtualFields: [{ alias: "success", expr: "response < 400" }],
      project: [{ field: "remote_ip", alias: "ip" }],
    });
    if (plan.kind !== "groups") throw new Error("no groups");
    expect(plan.groups.map(({ label }) => label)).toEqual(["success", "ip"]);
    expect(plan.aggregations.map(({ label }) => label)).toEqual(["event_count", "MAX"]);
    const [extend] = plan.series.body.operators;
    const [summarize, sort] = plan.totals.operators;
    expect(plan.totals.at).toBe(1);
    expect(extend).toMatchObject({ kind: "extend", items: [{ name: "success", value: { value: "response < 400" } }] });
    expect(summarize?.kind === "summarize" && summarize.by.map(({ value }) => text(value))).toEqual(["success", "remote_ip"]);
    expect(sort?.kind === "sort" && sort.keys.map(({ by, descending }) => [text(by), descending])).toEqual([
      ["group0", true],
      ["aggregation0", false],
      ["aggregation1", true],
    ]);
    const series = plan.series.body.operators[1];
    expect(series?.kind === "summarize" && series.by.map(({ value }) => text(value))).toEqual([
      `bin(_time, timespan(${60e6}))`,
      "success",
      "remote_ip",
    ]);
  });

  it.each<[object, RegExp]>([
    [{ groupBy: ["a"] }, /groupBy needs aggregations/],
    [{ aggregations: [{ op: "count" }], order: [{ field: "x" }] }, /order names "x"/],
  ])("is refused: %j", (query, message) => {
    expect(() => compile(query)).toThrow(message);
  });
});

describe("an interval", () => {
  it.each([
    [HOUR, null, 60e6],
    [24 * HOUR, null, 900e6],
    [10e6, null, 1e6],
    [10 * 365 * 24 * HOUR, null, 6 * 604_800e6],
    [HOUR, 10e6, 10e6],
    [HOUR, 1, 3.6e6],
    [HOUR, 2 * HOUR, 2 * HOUR],
  ])("of %d microseconds, with %s asked for, is %d", (length, asked, expected) => {
    expect(step({ from: 0, to: length }, asked)).toBe(expected);
  });
});
