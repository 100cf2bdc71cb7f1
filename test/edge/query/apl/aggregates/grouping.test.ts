import v8 from "node:v8";
import vm from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openBudget } from "../../../../../src/edge/query/apl/aggregates/budget.ts";
import { openGrouping } from "../../../../../src/edge/query/apl/aggregates/grouping.ts";
import type { Compiled, Row, Value } from "../../../../../src/edge/query/apl/value.ts";
import { call, open, slot } from "./by-hand.ts";

const MEBIBYTE = 1024 * 1024;

v8.setFlagsFromString("--expose-gc");
const collect = vm.runInNewContext("gc") as () => void;

/** Of what is still in use. */
function heapBytes(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function group(by: Compiled[], rows: Row[], ...aggregates: ReturnType<typeof call>[]): Row[] {
  const grouping = openGrouping(
    by,
    aggregates.map((one) => open(one)),
    { budget: openBudget() },
  );
  for (const row of rows) grouping.add(row);
  return [...grouping.results()];
}

describe("grouping", () => {
  it("has one group without keys, even of no rows", () => {
    expect(group([], [], call("count"), call("sum", "x"), call("avg", "x"))).toEqual([[0, 0, null]]);
    expect(group([], [[1], [2], [6]], call("count"), call("sum", "x"), call("avg", "x"))).toEqual([[3, 9, 3]]);
  });

  it("has no group with keys and no rows", () => {
    expect(group([slot(0)], [], call("count"))).toEqual([]);
  });

  it.each<[string, Value[], [Value, number][]]>([
    [
      "texts",
      ["a", "b", "a"],
      [
        ["a", 2],
        ["b", 1],
      ],
    ],
    [
      "numbers",
      [1, 2, 1, 0, -0],
      [
        [1, 2],
        [2, 1],
        [0, 2],
      ],
    ],
    [
      "a number and the text of it",
      [1, "1"],
      [
        [1, 1],
        ["1", 1],
      ],
    ],
    [
      "booleans",
      [true, false, true],
      [
        [true, 2],
        [false, 1],
      ],
    ],
    [
      "absent and null as one",
      [null, undefined, "null"],
      [
        [null, 2],
        ["null", 1],
      ],
    ],
    [
      "objects by content",
      [{ a: 1, b: [2] }, { b: [2], a: 1 }, { a: 1 }, '{"a":1}'],
      [
        [{ a: 1, b: [2] }, 2],
        [{ a: 1 }, 1],
        ['{"a":1}', 1],
      ],
    ],
    [
      "arrays in their order",
      [
        [1, 2],
        [2, 1],
        [1, 2],
      ],
      [
        [[1, 2], 2],
        [[2, 1], 1],
      ],
    ],
  ])("tells %s apart", (_, values, expected) => {
    expect(
      group(
        [slot(0)],
        values.map((value) => [value]),
        call("count"),
      ),
    ).toEqual(expected);
    // the same behind a number and before one
    const three = values.map((value): Row => [7, value, 7]);
    expect(group([slot(0), slot(1)], three, call("count"))).toEqual(expected.map(([value, count]) => [7, value, count]));
    expect(group([slot(1), slot(0), slot(2)], three, call("count"))).toEqual(expected.map(([value, count]) => [value, 7, 7, count]));
  });

  it("counts as a naive table does, whatever the keys and the order", () => {
    const key = fc.constantFrom<Value>(null, 0, 1, "0", "a", "", true, "\u0000", { a: 1 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(key, key, key, fc.integer({ min: -9, max: 9 })), { maxLength: 60 }),
        fc.integer({ min: 1, max: 3 }),
        (rows, keys) => {
          const naive = new Map<string, [count: number, sum: number]>();
          for (const row of rows) {
            const text = JSON.stringify(row.slice(0, keys));
            const [count, sum] = naive.get(text) ?? [0, 0];
            naive.set(text, [count + 1, sum + row[3]]);
          }
          const by = Array.from({ length: keys }, (_, i) => slot(i));
          const grouping = openGrouping(by, [open(call("count")), { ...open(call("sum", "x")), open: (budget) => sumOfLast(budget) }], {
            budget: openBudget(),
          });
          for (const row of rows) grouping.add([...row]);
          const found = [...grouping.results()].map((row) => [JSON.stringify(row.slice(0, keys)), row.slice(keys)]);
          expect(found).toEqual([...naive].map(([text, pair]) => [text, pair]));
        },
      ),
      { numRuns: 200 },
    );
  });

  it("drops new groups beyond their number, keeps counting the old ones, and says so", () => {
    const grouping = openGrouping([slot(0)], [open(call("count"))], { budget: openBudget(), groupsMax: 2 });
    for (const value of ["a", "b", "c", "a", "d"]) grouping.add([value]);
    expect([...grouping.results()]).toEqual([
      ["a", 2],
      ["b", 1],
    ]);
    expect(grouping.isCut).toBe(true);
    expect(grouping.groups).toBe(2);
  });

  it("is not cut where there is just room", () => {
    const grouping = openGrouping([slot(0)], [open(call("count"))], { budget: openBudget(), groupsMax: 2 });
    for (const value of ["a", "b", "a"]) grouping.add([value]);
    expect(grouping.isCut).toBe(false);
  });

  it.each<[string, Compiled[], (i: number) => Row]>([
    ["texts", [slot(0)], (i) => [`key ${i}`]],
    ["numbers", [slot(0)], (i) => [i]],
    ["numbers with a text each", [slot(0), slot(1)], (i) => [i, "a"]],
    ["objects", [slot(0)], (i) => [{ id: i }]],
    ["three keys", [slot(0), slot(1), slot(2)], (i) => [i % 10, i, `key ${i}`]],
  ])("holds no more than its budget for a million distinct %s", (_, by, rowOf) => {
    const budget = openBudget(8 * MEBIBYTE);
    const grouping = openGrouping(by, [open(call("count")), open(call("avg", "n"))], { budget, groupsMax: Number.POSITIVE_INFINITY });
    const before = heapBytes();
    for (let i = 0; i < 1_000_000; i++) grouping.add(rowOf(i));
    const held = heapBytes() - before;
    expect(grouping.isCut).toBe(true);
    expect(grouping.groups).toBeGreaterThan(5000);
    expect(budget.heldBytes).toBeLessThanOrEqual(8 * MEBIBYTE);
    expect(held).toBeLessThan(8 * MEBIBYTE);
    expect([...grouping.results()].length).toBe(grouping.groups);
  });

  it("holds no more than its budget where the groups' states grow", () => {
    const budget = openBudget(4 * MEBIBYTE);
    const aggregates = [
      call("make_list", "y"),
      call("make_set", "y", 100_000),
      call("dcount", "y"),
      call("topk", "y", 10),
      call("percentile", "n", 95),
    ];
    const grouping = openGrouping(
      [slot(0)],
      aggregates.map((one) => open(one)),
      { budget },
    );
    for (let i = 0; i < 200_000; i++) grouping.add([i % 50, `value ${i}`, null, null, i * 1.7]);
    expect(grouping.isCut).toBe(true);
    expect(grouping.groups).toBe(50);
    expect(budget.heldBytes).toBeLessThanOrEqual(4 * MEBIBYTE);
  });
});

/** Of the fourth slot, which the keys do not use. */
function sumOfLast(budget: Parameters<ReturnType<typeof open>["open"]>[0]) {
  const states = open(call("sum", "x")).open(budget);
  return { ...states, add: (group: number, row: Row) => states.add(group, [row[3]]) };
}
