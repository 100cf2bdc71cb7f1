import { describe, expect, it } from "vitest";
import { openBudget } from "../../../../../src/edge/query/apl/aggregates/budget.ts";
import { type Axis, openSeries, STEPS_MAX } from "../../../../../src/edge/query/apl/aggregates/series.ts";
import { QueryFault } from "../../../../../src/edge/query/apl/fault.ts";
import type { Row, Value } from "../../../../../src/edge/query/apl/value.ts";
import { call, open, slot } from "./by-hand.ts";

const axis = (from: number | null, to: number | null, step = 10): Axis => ({ on: slot(2, "datetime"), from, to, step, at: 7 });

/** x, y, and where on the axis. */
const rows: Row[] = [
  [1, "a", 100],
  [3, "a", 109],
  [5, "a", 120],
  [7, "b", 115],
  [9, "b", null],
];

function series(on: Axis, by: number[], fallback: Value = 0, some = rows) {
  const aggregates = [call("count"), call("avg", "x")].map((one) => ({ aggregate: open(one), fallback }));
  const opened = openSeries(
    on,
    by.map((index) => slot(index)),
    aggregates,
    { budget: openBudget() },
  );
  for (const row of some) opened.add(row);
  return [...opened.results()];
}

describe("make-series", () => {
  it("has an array of each aggregation and of the axis, without gaps", () => {
    expect(series(axis(100, 140), [1])).toEqual([
      ["a", [2, 0, 1, 0], [2, 0, 5, 0], [100, 110, 120, 130]],
      ["b", [0, 1, 0, 0], [0, 7, 0, 0], [100, 110, 120, 130]],
    ]);
  });

  it("leaves out what is before its beginning and from its end on", () => {
    expect(series(axis(105, 120), [])).toEqual([
      [
        [1, 1],
        [3, 7],
        [105, 115],
      ],
    ]);
    // an end between two steps cuts the last one
    expect(series(axis(100, 112), [])).toEqual([
      [
        [2, 0],
        [2, 0],
        [100, 110],
      ],
    ]);
  });

  it("goes by the rows of all groups where it has no bounds, in multiples of the step", () => {
    expect(series(axis(null, null), [1], null)).toEqual([
      ["a", [2, null, 1], [2, null, 5], [100, 110, 120]],
      ["b", [null, 1, null], [null, 7, null], [100, 110, 120]],
    ]);
  });

  it("takes steps before 1970", () => {
    expect(
      series(axis(null, null), [], 0, [
        [1, "a", -5],
        [2, "a", 5],
      ]),
    ).toEqual([
      [
        [1, 1],
        [1, 2],
        [-10, 0],
      ],
    ]);
  });

  it("is one series of fallbacks without groups and rows", () => {
    expect(series(axis(100, 120), [], -1, [])).toEqual([
      [
        [-1, -1],
        [-1, -1],
        [100, 110],
      ],
    ]);
    expect(series(axis(null, null), [], -1, [])).toEqual([[[], [], []]]);
    expect(series(axis(100, 120), [1], -1, [])).toEqual([]);
  });

  it.each([
    ["no step", axis(0, 10, 0)],
    ["a step backwards", axis(0, 10, -1)],
    ["an end before the beginning", axis(10, 0)],
    ["too many steps", axis(0, 10 * (STEPS_MAX + 1))],
  ])("refuses %s, and says where", (_, on) => {
    expect(() => series(on, [])).toThrow(QueryFault);
    expect(() => series(on, [])).toThrow(expect.objectContaining({ at: 7 }));
  });

  it("takes as many steps as are allowed", () => {
    expect(series(axis(0, 10 * STEPS_MAX), [])[0]?.[2]).toHaveLength(STEPS_MAX);
  });

  it("drops rows that would make the axis too long, and says so", () => {
    const opened = openSeries(axis(null, null), [], [{ aggregate: open(call("count")), fallback: 0 }], { budget: openBudget() });
    for (const at of [0, 10 * STEPS_MAX, 10]) opened.add([1, "a", at]);
    expect([...opened.results()]).toEqual([
      [
        [1, 1],
        [0, 10],
      ],
    ]);
    expect(opened.isCut).toBe(true);
  });

  it("ends before its arrays outgrow the budget, and says so", () => {
    const budget = openBudget(1024 * 1024);
    const opened = openSeries(axis(0, 100_000), [slot(1)], [{ aggregate: open(call("count")), fallback: 0 }], { budget });
    for (let i = 0; i < 1000; i++) opened.add([1, `group ${i}`, 5]);
    expect([...opened.results()].length).toBeLessThan(10);
    expect(opened.isCut).toBe(true);
    expect(budget.heldBytes).toBeLessThanOrEqual(1024 * 1024);
  });
});
