import { describe, expect, it } from "vitest";
import { firstAggregate, splitAggregates } from "../../../../../src/edge/query/apl/aggregates/split.ts";
import { QueryFault } from "../../../../../src/edge/query/apl/fault.ts";
import type { Expression } from "../../../../../src/edge/query/apl/syntax.ts";
import { call, column, literal } from "./by-hand.ts";

const divide = (left: Expression, right: Expression): Expression => ({ kind: "arithmetic", op: "/", left, right, at: 3 });

describe("splitAggregates", () => {
  it("takes the aggregations out of an expression, in order", () => {
    const { calls, rest } = splitAggregates(divide(call("sum", "x"), call("count")), "$");
    expect(calls).toEqual([
      { name: "$0", call: call("sum", "x") },
      { name: "$1", call: call("count") },
    ]);
    expect(rest).toEqual(divide(column("$0"), column("$1")));
  });

  it("leaves just a column of a call alone", () => {
    expect(splitAggregates(call("count"), "$").rest).toEqual(column("$0"));
  });

  const inner = call("count");
  it.each<[string, Expression]>([
    ["a function", call("round", inner, 2)],
    ["a member", { kind: "member", of: inner, name: "a", at: 0 }],
    ["an index", { kind: "index", of: call("topk", "x", 1), index: inner, at: 0 }],
    ["a negation", { kind: "negate", of: inner, at: 0 }],
    ["a comparison", { kind: "compare", op: ">", left: literal(1), right: inner, at: 0 }],
    ["logic", { kind: "logic", op: "and", left: inner, right: inner, at: 0 }],
    ["a test of text", { kind: "text", op: "has", negated: false, left: inner, right: literal("1"), at: 0 }],
    ["a list", { kind: "among", op: "in", negated: false, left: literal(1), items: [literal(2), inner], at: 0 }],
    ["a range", { kind: "between", negated: false, of: literal(1), low: literal(0), high: inner, at: 0 }],
  ])("finds them in %s", (_, expression) => {
    const { calls, rest } = splitAggregates(expression);
    expect(calls.some((one) => one.call === inner)).toBe(true);
    expect(firstAggregate(rest)).toBe(null);
    expect(rest.kind).toBe(expression.kind);
  });

  it("refuses an aggregation in another, and an expression without any", () => {
    expect(() => splitAggregates(call("sum", divide(call("count"), column("x"))))).toThrow(QueryFault);
    expect(() => splitAggregates(divide(column("x"), column("y")))).toThrow(QueryFault);
  });
});
