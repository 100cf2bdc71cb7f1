import { describe, expect, it } from "vitest";
import { parseQuery } from "../../../src/edge/query/apl/parse.ts";
import type { Row } from "../../../src/edge/query/apl/value.ts";
import type { ResultTable } from "../../../src/edge/query/reply/result.ts";
import { foldedTotals, inOrder, keepsAllGroups, totalsQuery } from "../../../src/edge/query/totals.ts";

const totals = (apl: string) => totalsQuery(parseQuery(apl));

/** Columns `_time`, `host` and one of each op. */
function intervals(ops: string[], rows: Row[], more: Partial<ResultTable> = {}): ResultTable {
  const names = ["_time", "host", ...ops];
  return {
    name: "0",
    columns: names.map((name, slot) => ({ name, type: "dynamic", slot, aggregation: slot < 2 ? null : { name, fields: [], args: [] } })),
    rows,
    order: [],
    groups: ["_time", "host"],
    bucket: { field: "_time", size: 60e6 },
    ...more,
  };
}

describe("totals", () => {
  it("are the same groups without their intervals", () => {
    const query = totals("logs | where x == 1 | summarize count(), avg(y) by bin(_time, 1m), host | sort by _time asc | take 5");
    const last = query?.body.operators.at(-1);
    expect(query?.body.operators.map(({ kind }) => kind)).toEqual(["where", "summarize"]);
    expect(last?.kind === "summarize" && [last.aggregates.length, last.by.length]).toEqual([2, 1]);
  });

  it.each([
    "logs | summarize count() by host",
    "logs | summarize count() by bin(x, 5)",
    "logs | summarize by bin(_time, 1m)",
    "logs | summarize count() by bin(_time, 1m) | extend y = count_ * 2",
    "logs | summarize n = count() by bin(_time, 1m) | summarize max(n)",
    "logs",
  ])("do not stand beside %s", (apl) => {
    expect(totals(apl)).toBeNull();
  });

  it("are made of the intervals where those are all there and their aggregations add up", () => {
    const rows: Row[] = [
      [0, "a", 1, 1.5, 7, 7],
      [60e6, "a", 2, 2, 3, 9],
      [0, "b", 4, null, null, undefined],
      [0, null, 8, 1, "x", "x"],
    ];
    const table = foldedTotals(intervals(["count", "sum", "min", "max"], rows));
    expect(table).toMatchObject({ name: "_totals", groups: ["host"], bucket: null });
    expect(table?.columns.map(({ name }) => name)).toEqual(["host", "count", "sum", "min", "max"]);
    expect(table?.rows).toEqual([
      ["a", 3, 3.5, 3, 9],
      ["b", 4, null, null, undefined],
      [null, 8, 1, "x", "x"],
    ]);
  });

  it("take the events anew where an aggregation of parts is not that of the whole", () => {
    for (const op of ["avg", "distinct", "percentiles", "computed", "rate"]) expect(foldedTotals(intervals([op], []))).toBeNull();
    expect(keepsAllGroups(parseQuery("logs | summarize count() by bin(_time, 1m) | sort by count_"))).toBe(true);
    expect(keepsAllGroups(parseQuery("logs | summarize count() by bin(_time, 1m) | take 5"))).toBe(false);
  });
});

describe("groups without an order", () => {
  it("stand by interval, the greatest first", () => {
    const table = inOrder(
      intervals(
        ["count"],
        [
          [60e6, "a", 1],
          [0, "a", 1],
          [0, "b", 5],
        ],
      ),
    );
    expect(table.rows).toEqual([
      [0, "b", 5],
      [0, "a", 1],
      [60e6, "a", 1],
    ]);
    expect(table.order).toEqual([
      { field: "_time", desc: false },
      { field: "count", desc: true },
    ]);
  });

  it("stand as they came where there is nothing to go by", () => {
    const table = intervals(
      ["topk"],
      [
        [60e6, "b", [1]],
        [0, "a", [2]],
      ],
      { bucket: null },
    );
    expect(inOrder(table)).toBe(table);
    expect(
      inOrder(
        intervals(
          ["count"],
          [
            [60e6, "a", 1],
            [0, "a", 1],
          ],
          { order: [{ field: "x", desc: true }] },
        ),
      ).rows[0],
    ).toEqual([60e6, "a", 1]);
  });
});
