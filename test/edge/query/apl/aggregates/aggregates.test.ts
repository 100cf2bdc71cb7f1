import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AGGREGATES } from "../../../../../src/edge/query/apl/aggregates/aggregates.ts";
import { openBudget } from "../../../../../src/edge/query/apl/aggregates/budget.ts";
import { fieldsIn, pathOf } from "../../../../../src/edge/query/apl/aggregates/derived.ts";
import { openGrouping } from "../../../../../src/edge/query/apl/aggregates/grouping.ts";
import { openColumns } from "../../../../../src/edge/query/apl/columns.ts";
import { QueryFault } from "../../../../../src/edge/query/apl/fault.ts";
import type { Expression } from "../../../../../src/edge/query/apl/syntax.ts";
import type { Row, Type, Value } from "../../../../../src/edge/query/apl/value.ts";
import { aggregate, call, column, columns, is, literal, open, star } from "./by-hand.ts";

/** Rows of one value. */
const of = (...values: Value[]): Row[] => values.map((value) => [value]);
const mixed = of(3, null, 1, "n/a", undefined, 8, true, Number.NaN);
/** x, and a y that picks the rows. */
const picked: Row[] = [
  [5, "a"],
  [1, "b"],
  [3, "a"],
  [null, "a"],
];
const where = is("y", "a");

describe("aggregations", () => {
  it.each<[string, ReturnType<typeof call>, Row[], Value]>([
    ["count() counts rows", call("count"), mixed, 8],
    ["count(*) too", call("count", star), mixed, 8],
    ["countif() counts rows for which it is true", call("countif", where), picked, 3],
    ["sum() takes numbers", call("sum", "x"), mixed, 12],
    ["sum() of nothing is 0", call("sum", "x"), of(null, "a"), 0],
    ["sumif()", call("sumif", "x", where), picked, 8],
    ["avg() is of the numbers alone", call("avg", "x"), mixed, 4],
    ["avg() of nothing is null", call("avg", "x"), of(null, "a"), null],
    [
      "avg() of times is exact, however many",
      call("avg", "t"),
      Array.from({ length: 9001 }, (_, i) => [null, null, 1.79e15 + 7 * i]),
      1.79e15 + 31_500,
    ],
    ["avg() of negative timespans", call("avg", "d"), [-1.5e6, -2_000_001, 3].map((one) => [null, null, null, one]), -1_166_666],
    ["avg() of no times is null", call("avg", "t"), [], null],
    ["avgif()", call("avgif", "x", where), picked, 4],
    ["min()", call("min", "x"), mixed, 1],
    ["max() prefers numbers to texts", call("max", "x"), mixed, 8],
    ["max() of texts", call("max", "x"), of("b", null, "c", "a", true), "c"],
    ["min() of texts", call("min", "x"), of("b", "a", "c"), "a"],
    ["min() of booleans", call("min", "x"), of(true, false), false],
    ["max() of objects is null", call("max", "x"), of({ a: 1 }, [2]), null],
    ["min() of nothing is null", call("min", "x"), [], null],
    ["minif()", call("minif", "x", where), picked, 3],
    ["maxif()", call("maxif", "x", is("y", "b")), picked, 1],
    ["variance() is the sample's", call("variance", "x"), of(2, 4, 4, 4, 5, 5, 7, 9), 32 / 7],
    ["variancep() is the population's", call("variancep", "x"), of(2, 4, 4, 4, 5, 5, 7, 9), 4],
    ["stdev()", call("stdev", "x"), of(1, 3), Math.SQRT2],
    ["stdevp()", call("stdevp", "x"), of(2, 4, 4, 4, 5, 5, 7, 9), 2],
    ["stdev() of one is 0", call("stdev", "x"), of(7), 0],
    ["varianceif()", call("varianceif", "x", where), picked, 2],
    ["stdevif()", call("stdevif", "x", where), picked, Math.SQRT2],
    ["dcount() takes any value, and none that is null", call("dcount", "x"), of(1, 1, "1", null, true, { a: 1 }, { a: 1 }, -0, 0), 5],
    ["dcountif()", call("dcountif", "x", where), picked, 2],
    ["dcountif() with an accuracy", call("dcountif", "x", where, 4), picked, 2],
    ["percentile() is the value at the rank", call("percentile", "x", 50), of(15, 20, 35, 40, 50), 35],
    ["percentile(0) is the least", call("percentile", "x", 0), of(4, 2, 9), 2],
    ["percentile(100) is the greatest", call("percentile", "x", 100), of(4, 2, 9), 9],
    ["percentile() of nothing is null", call("percentile", "x", 50), of(null, "a"), null],
    ["percentileif()", call("percentileif", "x", 100, where), picked, 5],
    ["percentiles_array()", call("percentiles_array", "x", 25, 50, 100), of(1, 2, 3, 4), [1, 2, 4]],
    ["percentiles_array() of one array", call("percentiles_array", "x", literal([25, 50])), of(1, 2, 3, 4), [1, 2]],
    ["percentiles_arrayif()", call("percentiles_arrayif", "x", literal([0, 100]), where), picked, [3, 5]],
    ["topk() says how often", call("topk", "x", 2), of("a", "b", "c", "b", "a", "b", null), topped(["b", 3], ["a", 2])],
    ["topk() keeps numbers and their texts apart", call("topk", "x", 3), of(1, "1", 1), topped([1, 2], ["1", 1])],
    ["topk() of ties goes by text", call("topk", "x", 2), of("c", "b", "a"), topped(["a", 1], ["b", 1])],
    ["topkif()", call("topkif", "x", 1, is("y", "b")), picked, topped([1, 1])],
    ["histogram()", call("histogram", "x", 2), of(0, 1, 4, 6, 10), [bucket(0, 5, 3), bucket(5, 10, 2)]],
    ["histogram() of equal values", call("histogram", "x", 5), of(7, 7), [bucket(7, 7, 2)]],
    ["histogram() of nothing", call("histogram", "x", 5), of("a"), []],
    ["histogramif()", call("histogramif", "x", 1, where), picked, [bucket(3, 5, 2)]],
    ["make_list() keeps what is twice there", call("make_list", "x"), of(1, null, "a", 1), [1, "a", 1]],
    ["make_list() up to a length", call("make_list", "x", 2), of(1, 2, 3), [1, 2]],
    ["make_list_if()", call("make_list_if", "x", where), picked, [5, 3]],
    ["make_list_if() up to a length", call("make_list_if", "x", where, 1), picked, [5]],
    ["make_set() has each once", call("make_set", "x"), of(1, null, "1", 1, { a: 1, b: 2 }, { b: 2, a: 1 }), [1, "1", { a: 1, b: 2 }]],
    ["make_set() up to a length", call("make_set", "x", 1), of("b", "a"), ["b"]],
    ["make_set_if()", call("make_set_if", "x", where), picked, [5, 3]],
    ["make_set() of nothing is empty", call("make_set", "x"), [], []],
    ["make_bag() joins objects", call("make_bag", "x"), of({ a: 1 }, { a: 2, b: 3 }, [4], null), { a: 1, b: 3 }],
    ["take_any() is of the first row that has it", call("take_any", "x"), of(null, "b", "c"), "b"],
    ["any() is another name of it", call("any", "x"), of("c"), "c"],
    ["arg_max() alone is the greatest", call("arg_max", "x"), of(1, 5, 2), 5],
  ])("%s", (_, expression, rows, expected) => {
    expect(aggregate(expression, rows)).toEqual([expected]);
  });

  it.each([...AGGREGATES.keys()])("%s() takes a group of no rows", (name) => {
    const definition = AGGREGATES.get(name);
    const numbers = definition?.takes[0] === 2 && !definition.isWide ? [10] : definition?.op.startsWith("percentiles") ? [10] : [];
    const argument = definition?.takes[1] === 0 ? [] : ["x"];
    const at = definition?.isIf ? [where] : [];
    expect(aggregate(call(name, ...argument, ...numbers, ...at), [], { seconds: 1 }).length).toBe(1);
  });
});

describe("the rows that have an extreme value", () => {
  const rows: Row[] = [
    [2, "b", 200],
    [9, "c", 300],
    [9, "d", 400],
    [null, "z", 500],
    [1, "a", 100],
  ];

  it("gives what else stood there, of the first of them", () => {
    expect(aggregate(call("arg_max", "x", "y", "t"), rows)).toEqual([9, "c", 300]);
    expect(aggregate(call("arg_min", "x", "y"), rows)).toEqual([1, "a"]);
    expect(open(call("arg_max", "x", "y", "t")).columns()).toEqual([
      { name: "x", type: "dynamic" },
      { name: "y", type: "dynamic" },
      { name: "t", type: "datetime" },
    ]);
  });

  it("gives nulls of nothing", () => {
    expect(aggregate(call("arg_max", "x", "y", "t"), [[null, "a", 1]])).toEqual([null, null, null]);
  });

  it("takes a star for whatever columns there are at the end, but those of the groups", () => {
    const growing = openColumns(columns.list.slice(0, 2));
    const one = open(call("arg_max", "x", star), { columns: growing, groupedBy: ["y"] });
    const grouping = openGrouping([], [one], { budget: openBudget() });
    grouping.add([1, "a"]);
    growing.slot("late");
    grouping.add([2, "b", "new"]);
    growing.slot("later");
    expect(one.columns().map(({ name }) => name)).toEqual(["x", "late", "later"]);
    expect([...grouping.results()]).toEqual([[2, "new", undefined]]);
  });

  it("keeps the row as it was, although the row is used again", () => {
    const row: Row = [5, "kept"];
    const grouping = openGrouping([], [open(call("arg_max", "x", star))], { budget: openBudget() });
    grouping.add(row);
    row[0] = 1;
    row[1] = "changed";
    grouping.add(row);
    expect([...grouping.results()][0]?.slice(0, 2)).toEqual([5, "kept"]);
  });
});

describe("types and names", () => {
  it.each<[ReturnType<typeof call>, string, Type]>([
    [call("count"), "count_", "long"],
    [call("countif", where), "countif_", "long"],
    [call("sum", "x"), "sum_x", "real"],
    [call("sum", "n"), "sum_n", "long"],
    [call("sumif", "d", where), "sumif_d", "timespan"],
    [call("avg", "n"), "avg_n", "real"],
    [call("avg", "t"), "avg_t", "datetime"],
    [call("min", "x"), "min_x", "dynamic"],
    [call("max", "t"), "max_t", "datetime"],
    [call("dcount", "x"), "dcount_x", "long"],
    [call("dcountif", "x", where), "dcountif_x", "long"],
    [call("percentileif", "x", 95, where), "percentileif_x_95", "real"],
    [call("percentile", "x", 95), "percentile_x_95", "real"],
    [call("percentile", "t", 99.9), "percentile_t_99.9", "datetime"],
    [call("percentiles_array", "x", 95), "percentiles_x", "dynamic"],
    [call("topk", "x", 5), "topk_x", "dynamic"],
    [call("histogram", "x", 5), "histogram_x", "dynamic"],
    [call("make_list", "x"), "list_x", "dynamic"],
    [call("make_set_if", "x", where), "set_x", "dynamic"],
    [call("take_any", "x"), "x", "dynamic"],
    [call("arg_max", "t", "x"), "t", "datetime"],
    [call("stdev", "x"), "stdev_x", "real"],
    [call("sum", literal(1, "long")), "sum_", "long"],
  ])("%o is called %s and is a %s", (expression, name, type) => {
    expect([open(expression).name, open(expression).type]).toEqual([name, type]);
  });

  it.each<[ReturnType<typeof call>, string, string[], Value[]]>([
    [call("topk", "x", 1), "topk", ["x"], [1]],
    [call("count"), "count", [], []],
    [call("countif", where), "countif", ["y"], []],
    [call("dcount", "x"), "distinct", ["x"], []],
    [call("dcountif", "x", where), "distinctif", ["x", "y"], []],
    [call("percentile", "x", 95), "percentiles", ["x"], [95]],
    [call("percentiles_arrayif", "x", literal([5, 95]), where), "percentilesif", ["x", "y"], [5, 95]],
    [call("make_list_if", "x", where, 3), "makelistif", ["x", "y"], [3]],
    [call("arg_max", "x", "y"), "argmax", ["x", "y"], []],
    [call("take_any", "x"), "computed", ["x"], []],
  ])("%o goes out as %s of %j with %j", (expression, op, fields, args) => {
    expect(open(expression).origin).toEqual({ op, fields, args });
  });

  it("names a field by its path, also through a conversion or a bin", () => {
    const city: Expression = { kind: "member", of: column("geo"), name: "city", at: 0 };
    expect(pathOf(city)).toBe("geo.city");
    expect(pathOf(call("toint", "x"))).toBe("x");
    expect(pathOf(call("bin", "t", 10))).toBe("t");
    expect(pathOf(call("strlen", "x"))).toBe(null);
    expect(fieldsIn(call("strcat", city, "x", call("strlen", "x")))).toEqual(["geo.city", "x"]);
  });

  it("has only operations that axiom-go knows, since it refuses others", () => {
    const known =
      /^(count|distinct|sum|avg|min|max|topk|percentiles|histogram|stdev|variance|makeset|makelist)(if)?$|^(argmin|argmax|computed)$|^rate$/;
    expect([...AGGREGATES.values()].map(({ op }) => op).filter((op) => !known.test(op))).toEqual([]);
  });

  it("spreads percentiles() over columns", () => {
    const wide = open(call("percentiles", "n", 50, 99));
    expect(wide.isWide).toBe(true);
    expect(wide.columns()).toEqual([
      { name: "percentile_n_50", type: "long" },
      { name: "percentile_n_99", type: "long" },
    ]);
    expect(aggregate(call("percentiles", "x", 50, 99), of(1, 2, 3))).toEqual([2, 3]);
  });
});

describe("rate()", () => {
  it("is per second of the time that a group lasts", () => {
    expect(aggregate(call("rate", "x"), of(10, 20, null), { seconds: 60 })).toEqual([0.5]);
    expect(aggregate(call("rate"), of(10, 20, null), { seconds: 60 })).toEqual([0.05]);
    expect(aggregate(call("rate", 1), of(10, 20, null), { seconds: 60 })).toEqual([0.05]);
  });
});

describe("what is no aggregation", () => {
  it.each<[string, ReturnType<typeof call>]>([
    ["no argument", call("sum")],
    ["too many arguments", call("avg", "x", "y")],
    ["an argument of count()", call("count", "x")],
    ["a star", call("sum", star)],
    ["a star that is not the last", call("arg_max", star, "x")],
    ["a star alone in arg_max()", call("arg_max", star)],
    ["an if form without a predicate", call("countif")],
    ["a count that is a column", call("topk", "x", "y")],
    ["a count of 0", call("topk", "x", 0)],
    ["a count that is too large", call("topk", "x", 1001)],
    ["a count that is not whole", call("histogram", "x", 1.5)],
    ["a percentile above 100", call("percentile", "x", 101)],
    ["a percentile that is a text", call("percentile", "x", literal("95"))],
    ["no percentiles", call("percentiles_array", "x", literal([]))],
    ["several percentiles for percentile()", call("percentile", "x", literal([5, 95]))],
    ["an accuracy that does not exist", call("dcount", "x", 5)],
    ["a rate over no time", call("rate", "x")],
    ["an unknown name", call("median", "x")],
  ])("refuses %s", (_, expression) => {
    expect(() => open(expression)).toThrow(QueryFault);
  });
});

describe("the order of rows", () => {
  const value = fc.oneof(fc.integer({ min: -50, max: 50 }), fc.constantFrom<Value>("a", "b", null, true, { a: 1 }, 0.5, -1e9));
  const expressions = [
    ...["count", "sum", "min", "max", "dcount"].map((name) => call(name, ...(name === "count" ? [] : ["x"]))),
    ...[call("percentiles_array", "x", 1, 50, 99), call("histogram", "x", 7)],
  ];

  it.each(expressions)("does not matter to $name()", (expression) => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 40 }), fc.array(fc.nat(), { minLength: 40, maxLength: 40 }), (values, keys) => {
        const shuffled = values.map((one, i) => [one, keys[i] ?? 0] as const).sort((a, b) => a[1] - b[1]);
        expect(aggregate(expression, of(...shuffled.map(([one]) => one)))).toEqual(aggregate(expression, of(...values)));
      }),
    );
  });

  it("does not matter to variance(), but for the last digits", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1e6, max: 1e6 }), { minLength: 2, maxLength: 40 }), (values) => {
        const [there] = aggregate(call("variance", "x"), of(...values)) as [number];
        const [back] = aggregate(call("variance", "x"), of(...values.toReversed())) as [number];
        expect(Math.abs(there - back)).toBeLessThanOrEqual(1e-9 * Math.abs(there));
      }),
    );
  });
});

function topped(...entries: [Value, number][]): Value {
  return entries.map(([key, count]) => ({ key, count, error: 0 }));
}

function bucket(from: number, to: number, count: number) {
  return { from, to, count };
}
