import { describe, expect, it } from "vitest";
import { openColumns } from "../../../../src/edge/query/apl/columns.ts";
import { compile, EXPRESSION_PARTS_MAX } from "../../../../src/edge/query/apl/compile.ts";
import { QueryFault } from "../../../../src/edge/query/apl/fault.ts";
import { SCALAR_FUNCTIONS } from "../../../../src/edge/query/apl/functions/scalar-functions.ts";
import { parseExpression } from "../../../../src/edge/query/apl/parse.ts";
import type { Value } from "../../../../src/edge/query/apl/value.ts";
import { compiled, type Event, evaluate, type Given, NOW, scopeFor } from "./evaluate.ts";

function faultOf(text: string, event: Event = {}, given: Given = {}): QueryFault {
  try {
    compiled(text, event, given);
  } catch (fault) {
    if (fault instanceof QueryFault) return fault;
    throw fault;
  }
  throw new Error(`${text} compiles`);
}

describe("a name", () => {
  it("is a column that is made where the table is open", () => {
    const { expression, scope } = compiled("fresh == 1");
    expect(scope.columns.list.map(({ name }) => name)).toEqual(["_time", "fresh"]);
    expect(expression.run([0, 1])).toBe(true);
    expect(expression.run([0])).toBe(false);
  });

  it("has the type of its column", () => {
    expect(compiled("_time").expression.type).toBe("datetime");
    expect(compiled("x", { x: 1 }).expression.type).toBe("dynamic");
    expect(compiled("x + 1", { x: 1 }, { open: false, types: { x: "long" } }).expression.type).toBe("long");
    expect(compiled("x / 2", { x: 1 }, { open: false, types: { x: "real" } }).expression.type).toBe("real");
  });

  it("is the longest column that a chain of members spells in a closed table", () => {
    const event = { a: { "b.c": 1 }, "a.b": { c: 2 }, "a.b.c d": 3 };
    expect(evaluate("a.b.c", event, { open: false })).toBe(2);
    expect(evaluate("a.b['c d']", event, { open: false })).toBe(3);
    expect(evaluate("['a.b'].c", event, { open: false })).toBe(2);
    expect(evaluate("a['b.c']", event, { open: false })).toBe(1);
  });

  it.each<[string, Event, Value]>([
    ["a.b.c", { "a.b.c": 1, a: { b: { c: 2 } } }, 1],
    ["a.b.c", { a: { b: { c: 2 } } }, 2],
    ["a.b.c", { "a.b": { c: 3 } }, 3],
    ["a.b.c", { "a.b": { d: 3 }, a: { b: { c: 4 } } }, 4],
    ["a['b.c']", { "a.b.c": 5 }, 5],
    ["a['b c'].d", { "a.b c.d": 6 }, 6],
    ["a.b[0]", { "a.b": [7] }, 7],
    ["a.b[0].c", { "a.b": [{ c: 8 }] }, 8],
    ["a.b", { a: "text" }, null],
    ["a.b", {}, null],
  ])("%s in an open table reads %j", (text, event, value) => {
    // the columns are found while rows are read, so none is known yet
    const scope = scopeFor();
    const { run } = compile(parseExpression(text), scope);
    const row: Value[] = [];
    for (const [name, one] of Object.entries(event)) row[scope.columns.slot(name)] = one;
    expect(run(row) ?? null).toEqual(value);
  });

  it.each<[string, Event, Given, Value]>([
    ["limit * 2", {}, { lets: { limit: "21" } }, 42],
    ["b", {}, { lets: { a: "1", b: "a + 1" } }, 2],
    ["limit", { limit: 1 }, { lets: { limit: "21" } }, 1],
    ["since", {}, { lets: { since: "ago(1h)" } }, NOW - 3600e6],
    ["map.x", {}, { lets: { map: 'dynamic({"x": 5})' } }, 5],
    ["x in (wanted)", { x: 2 }, { lets: { wanted: "dynamic([1, 2])" } }, true],
    ["vf", { x: 2 }, { virtual: { vf: "x * 10" } }, 20],
    ["vf", { x: 2, vf: 7 }, { virtual: { vf: "x * 10" } }, 20],
    ["vg", { x: 2 }, { virtual: { vf: "x * 10", vg: "vf + 1" } }, 21],
    ["a.vf", { x: 2 }, { virtual: { "a.vf": "x + 1" } }, 3],
    ["a.vf.y", { x: 2 }, { virtual: { "a.vf": "pack('y', x)" } }, 2],
    ["vf", { x: 2 }, { lets: { x: "9" }, virtual: { vf: "x" } }, 2],
    ["vf == 'v'", {}, { lets: { vf: "'l'" }, virtual: { vf: "'v'" } }, true],
  ])("%s of %j with %j is %j", (text, event, given, value) => {
    expect(evaluate(text, event, given)).toEqual(value);
  });
});

describe("constants", () => {
  it.each([
    "1 + 2",
    "ago(1h)",
    "tolower('ABC')",
    "1 in (1, 2)",
    "iff(true, 1, 2)",
    "datetime(2026-01-01) + 1d",
    "dynamic([1])[0]",
    "now()",
  ])("%s is computed once", (text) => {
    expect(compiled(text).expression.constant).toBeDefined();
  });

  it.each(["x + 1", "rand()", "rand() + 1", "tolower(x)", "x and 1 == 1", "iff(x, 1, 2)"])("%s is not", (text) => {
    expect(compiled(text).expression.constant).toBeUndefined();
  });

  it("decide conditions before the first row", () => {
    expect(compiled("x == 1 and 1 == 2").expression.constant).toEqual({ value: false });
    expect(compiled("1 == 1 or x == 1").expression.constant).toEqual({ value: true });
  });

  it("leave the right side alone where the left side has decided", () => {
    let looks = 0;
    const { expression, scope } = compiled("first and second", { first: false, second: true });
    const row: Value[] = [];
    row[scope.columns.slot("first")] = false;
    Object.defineProperty(row, scope.columns.slot("second"), { get: () => ++looks > 0 });
    expect(expression.run(row)).toBe(false);
    expect(looks).toBe(0);
  });
});

describe("a fault", () => {
  it.each<[string, number, RegExp]>([
    ["1 + strlne('a')", 4, /no function strlne\(\); did you mean strlen\(\)\?/],
    ["zzzzzzzzz(1)", 0, /no function zzzzzzzzz\(\)$/],
    ["count()", 0, /count\(\) is an aggregation.*summarize/],
    ["x > avg(y)", 4, /avg\(\) is an aggregation/],
    ["strlen()", 0, /strlen\(\) takes 1 argument, not 0/],
    ["substring('a')", 0, /substring\(\) takes 2 or 3 arguments, not 1/],
    ["indexof('a')", 0, /indexof\(\) takes 2 to 5 arguments, not 1/],
    ["now(1h, 2)", 0, /now\(\) takes 0 or 1 arguments?, not 2/],
    ["pi(1)", 0, /pi\(\) takes no arguments, not 1/],
    ["strlen(5)", 7, /first argument of strlen\(\) must be a text, not long; tostring\(\)/],
    ["substring('a', 'b')", 15, /second argument of substring\(\) must be a whole number, not string/],
    ["sqrt('4')", 5, /first argument of sqrt\(\) must be a number, not string; todouble\(\)/],
    ["array_length('x')", 13, /must be an array, not string/],
    ["iff(1, 2, 3)", 4, /iff\(\) needs a condition, not long/],
    ["case(true, 1, 2, 3)", 17, /fourth argument of case\(\) has no value/],
    ["bag_pack('a')", 9, /has no value/],
    ["bin(_time, 5)", 11, /second argument of bin\(\) must be a timespan.*not long/],
    ["bin('x', 5)", 4, /must be a number, not string/],
    ["bin_auto(_time)", 0, /behind the by of summarize/],
    ["datetime_diff('fortnight', now(), now())", 14, /one of the texts year, quarter/],
    ["extract('(', 1, 'x')", 8, /regular expression, at character 2/],
    ["extract('a', 1, 'x')", 13, /number of a group, from 0 to 0/],
    ["extract(x, 1, 'x')", 8, /must be a constant text/],
    ["x matches regex y", 2, /pattern of matches regex must be a constant/],
    ["x matches regex '(?=a)'", 2, /looking ahead or behind/],
    ["1 + 'a'", 2, /long \+ string has no meaning; strcat\(\) joins texts/],
    ["'a' * 2", 4, /string \* long has no meaning; todouble\(\)/],
    ["_time + _time", 6, /datetime \+ datetime has no meaning/],
    ["_time * 2", 6, /datetime \* long has no meaning/],
    ["true + 1", 5, /bool \+ long has no meaning/],
    ["-'a'", 0, /a string has no negative/],
    ["-_time", 0, /a datetime has no negative/],
    ["'a' == 1", 4, /string and long cannot be compared/],
    ["_time > 5", 6, /datetime and long cannot be compared/],
    ["true < 1", 5, /bool and long cannot be compared/],
    ["_time > 'yesterday'", 6, /this text is no datetime/],
    ["1h > 'long'", 3, /this text is no timespan/],
    ["1 =~ 2", 2, /=~ compares texts; use ==/],
    ["'a' and true", 4, /and needs a condition, not string/],
    ["true or 1", 5, /or needs a condition, not long/],
    ["not('a')", 0, /not\(\) needs a condition, not string/],
    ["5 contains '5'", 2, /contains looks into texts, not into long; use tostring\(\)/],
    ["x contains 5", 2, /contains looks for a text, not for long/],
    ["x has_any (5)", 2, /has_any takes texts/],
    ["1 in ('a')", 2, /long and string cannot be compared/],
    ["'abc'.x", 6, /a string has no members; parse_json\(\)/],
    ["_time[0]", 5, /a datetime has no members/],
    ["x[1.5]", 1, /an index is a whole number or a name, not real/],
    ["toint(_time)", 6, /cannot be datetime; divide/],
    ["todatetime(5)", 11, /cannot be long; unixtime_seconds_todatetime\(\)/],
    ["extract('a', 0, 'a', typeof(thing))", 21, /must name a type/],
  ])("%s is a fault at %i", (text, at, message) => {
    const fault = faultOf(text);
    expect(fault.message).toMatch(message);
    expect(fault.at).toBe(at);
  });

  it("names the nearest column of a closed table", () => {
    const fault = faultOf("1 + statsu", { status: 1, other: 2 }, { open: false });
    expect(fault).toMatchObject({ at: 4, message: "there is no column statsu; did you mean status?" });
    expect(faultOf("zzz", { status: 1 }, { open: false }).message).toBe("there is no column zzz");
    expect(faultOf("a.b.c", { other: 1 }, { open: false }).message).toBe("there is no column a");
  });

  it("in a virtual field is told where the field stands", () => {
    const fault = faultOf("x == 1 or vf == 2", {}, { virtual: { vf: "         strlne(y)" } });
    expect(fault).toMatchObject({ at: 10, message: "in the virtual field vf: there is no function strlne(); did you mean strlen()?" });
  });

  it("ends names that stand for themselves", () => {
    expect(faultOf("a", {}, { lets: { a: "b + 1", b: "a" } }).message).toContain("a is defined by itself: a -> b -> a");
    expect(faultOf("v", {}, { virtual: { v: "v" } }).message).toContain("v is defined by itself");
    expect(faultOf("a", {}, { lets: { a: "x + 1" } }).message).toContain("there is no column x");
  });

  it("ends names that stand for too much", () => {
    const virtual = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`v${i + 1}`, `v${i} + v${i}`]));
    const began = performance.now();
    expect(faultOf("v30", {}, { virtual: { v0: "x", ...virtual } }).message).toContain("too large");
    expect(performance.now() - began).toBeLessThan(1000);
    expect(evaluate("v10", { x: 1 }, { virtual: { v0: "x", ...virtual } })).toBe(1024);
    expect(2 ** 30).toBeGreaterThan(EXPRESSION_PARTS_MAX);
  });

  it("is the only thing that compiling throws, and running throws nothing, whatever the arguments", () => {
    const values: Value[] = [
      null,
      true,
      -1,
      0,
      1.5,
      1e18,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      "",
      "text",
      "2026-03-04",
      "{",
      [1, "a", null],
      { a: [] },
    ];
    const literals = [
      "x",
      "'a'",
      "'('",
      "5",
      "-1",
      "1.5",
      "true",
      "now()",
      "1h",
      "dynamic([1,'b',null])",
      "dynamic({'a':1})",
      "'day'",
      "long(null)",
    ];
    for (const [name, { least, most }] of SCALAR_FUNCTIONS) {
      for (let count = least; count <= Math.min(most, least + 2); count++) {
        for (let first = 0; first < literals.length; first++) {
          const args = Array.from({ length: count }, (_, i) =>
            i % 2 === 0 ? literals[(first + i) % literals.length] : i % 3 === 0 ? "x" : literals[(first * 3 + i) % literals.length],
          );
          try {
            const { run } = compile(parseExpression(`${name}(${args.join()})`), {
              ...scopeFor(),
              columns: openColumns([{ name: "x", type: "dynamic" }]),
            });
            for (const value of values) run([value]);
          } catch (fault) {
            if (!(fault instanceof QueryFault)) throw new Error(`${name}(${args.join()}): ${fault}`, { cause: fault });
          }
        }
      }
    }
  });
});

describe("the functions", () => {
  it.each([...SCALAR_FUNCTIONS])("%s says what it does and takes", (name, { doc, least, most }) => {
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(doc.length).toBeGreaterThan(3);
    expect(least).toBeLessThanOrEqual(most);
  });
});
