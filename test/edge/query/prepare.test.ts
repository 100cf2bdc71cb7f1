import { describe, expect, it } from "vitest";
import { parseQuery } from "../../../src/edge/query/apl/parse.ts";
import type { Operator } from "../../../src/edge/query/apl/syntax.ts";
import { prepare } from "../../../src/edge/query/prepare.ts";

const prepared = (apl: string) => prepare(parseQuery(apl));

function text(operator: Operator): string {
  const keys =
    "keys" in operator
      ? operator.keys.map(({ by, descending }) => `${by.kind === "column" ? by.name : "?"} ${descending ? "desc" : "asc"}`)
      : [];
  if (operator.kind === "top") return `top ${operator.count} by ${keys.join()}`;
  if (operator.kind === "sort") return `sort by ${keys.join()}`;
  if (operator.kind === "take") return `take ${operator.count}`;
  if (operator.kind === "project")
    return `project ${operator.items.map(({ name, value }) => name ?? (value.kind === "column" ? value.name : "?")).join()}`;
  if (operator.kind === "project-keep" || operator.kind === "project-away")
    return `${operator.kind} ${operator.names.map(({ pattern }) => pattern).join()}`;
  return operator.kind;
}

const operators = (apl: string) => prepared(apl).query.body.operators.map(text).join(" | ");

describe("a page of events", () => {
  it("goes on from another only where it is said which events come first", () => {
    const pages = (apl: string, paged = false) => prepare(parseQuery(apl), paged).pages;
    expect(["logs", "logs | sort by _time asc | take 5", "logs | top 5 by _time"].map((apl) => pages(apl))).toEqual([true, true, true]);
    expect([pages("logs | take 5"), pages("logs | summarize count()"), pages("logs | take 5", true)]).toEqual([false, false, true]);
  });

  it.each([
    "logs | sort by _time desc, n asc | take 100",
    "logs | take 200 | where x == 1 | sort by _time asc",
    "logs | take 100 | sort by _time asc",
    "logs | top 100 by n desc | sort by _time desc",
    "logs | sort by _time asc | sort by _time desc",
    "logs | sample 100",
    "logs | sort by _time asc | sample 100",
    "logs | take 200 | where x == 1",
    "logs | sort by _time asc | take 200 | search 'x'",
    "logs | sort by _time asc | take 200 | parse-where x with 'a' b",
    "logs | extend _time = _time + 1h",
    "logs | extend _time = _time + 1h | take 100",
    "logs | project-rename _time = t | sort by _time asc",
    "logs | parse x with 'a' _time | sort by _time asc",
    "logs | project n, _time = t | sort by _time asc",
    "logs | extend _rowID = 'a' | sort by _time asc",
    "union logs, logs | sort by _time asc",
  ])("is none where a cursor would go past events that were left out: %s", (apl) => {
    for (const paged of [false, true]) expect(prepare(parseQuery(apl), paged).pages).toBe(false);
  });

  it.each([
    "logs | where x == 1 | extend a = 1 | sort by _time asc | take 5 | project a",
    "logs | project a, _time | top 5 by _time asc | take 3",
    "logs | sort by _time asc | where x == 1 | take 5 | extend _time = _time + 1h",
    "union logs, other | search 'x' | sort by _time desc",
  ])("is one where what leaves events out stands before the cut: %s", (apl) => {
    expect(prepare(parseQuery(apl)).pages).toBe(true);
  });

  it("after a cursor is of the newest events where the query takes any", () => {
    const { body } = prepare(parseQuery("logs | where x | take 5"), true).query;
    expect(body.operators.map(text).join(" | ")).toBe("where | top 5 by _time desc,_rowID desc");
  });
});

describe("a query is given", () => {
  it.each([
    ["logs", "top 1000 by _time desc,_rowID desc"],
    ["union a, b", "top 1000 by _time desc,_rowID desc"],
    ["logs | where x == 1", "where | top 1000 by _time desc,_rowID desc"],
    ["logs | sort by _time", "sort by _time desc,_rowID desc | take 1000"],
    ["logs | sort by _time asc", "sort by _time asc,_rowID asc | take 1000"],
    ["logs | sort by x asc", "sort by x asc | take 1000"],
    ["logs | take 5", "take 5 | sort by _time desc,_rowID desc"],
    ["logs | top 5 by _time asc", "top 5 by _time asc,_rowID asc"],
    ["logs | sort by x asc | take 5", "sort by x asc | take 5"],
    ["logs | project a", "project a,_time,_sysTime,_rowID | top 1000 by _time desc,_rowID desc"],
    ["logs | project _rowID, _time", "project _rowID,_time,_sysTime | top 1000 by _time desc,_rowID desc"],
    ["logs | project-keep a, _t*", "project-keep a,_t*,_sysTime,_rowID | top 1000 by _time desc,_rowID desc"],
    ["logs | project-away a, _time", "project-away a | top 1000 by _time desc,_rowID desc"],
    // what has lost its events, and what makes rows of its own, is left alone
    ["logs | project-rename t = _time", "project-rename"],
    ["logs | project-away _*", "project-away _*"],
    ["logs | mv-expand x", "mv-expand"],
    ["union (a | project x), b", ""],
    ["let t = a | project x; t", ""],
    ["a | join (b) on x | take 3", "join | take 3"],
    ["logs | summarize count() by x", "summarize"],
    ["logs | count", "count"],
    ["logs | distinct x", "distinct"],
    ["print x = 1", ""],
  ])("what it lacks: %s", (apl, expected) => {
    expect(operators(apl)).toBe(expected);
  });

  it("nothing that its answer shows", () => {
    expect([...prepared("logs").hidden]).toEqual(["_rowID"]);
    expect([...prepared("logs | project a").hidden].sort()).toEqual(["_rowID", "_sysTime", "_time"]);
    expect([...prepared("logs | project _rowID, _time, _sysTime").hidden]).toEqual([]);
    expect([...prepared("logs | project-away _time").hidden].sort()).toEqual(["_rowID", "_time"]);
    expect([...prepared("logs | project-keep _*").hidden]).toEqual(["_rowID"]);
  });

  it("a direction, which cursors follow", () => {
    expect(prepared("logs").descending).toBe(true);
    expect(prepared("logs | sort by _time asc").descending).toBe(false);
    expect(["logs", "logs | sort by _time asc", "logs | sort by x asc", "logs | count"].map((apl) => prepared(apl).byTime)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
