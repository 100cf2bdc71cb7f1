import { describe, expect, it } from "vitest";
import { parseQuery } from "../../../src/edge/query/apl/parse.ts";
import type { Row } from "../../../src/edge/query/apl/value.ts";
import type { ResultTable } from "../../../src/edge/query/reply/result.ts";
import { inOrder, totalsBeside } from "../../../src/edge/query/totals.ts";

const totals = (apl: string) => totalsBeside(parseQuery(apl));

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
    const beside = totals("logs | where x == 1 | summarize count(), avg(y) by bin(_time, 1m), host | sort by _time asc | take 5");
    const [only, ...others] = beside?.operators ?? [];
    expect([beside?.at, others]).toEqual([1, []]);
    expect(only?.kind === "summarize" && [only.aggregates.length, only.by.length]).toEqual([2, 1]);
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
