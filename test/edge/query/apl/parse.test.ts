import { describe, expect, it } from "vitest";
import { QueryFault } from "../../../../src/edge/query/apl/fault.ts";
import { NESTING_MAX, NODES_MAX, TEXT_CHARACTERS_MAX } from "../../../../src/edge/query/apl/parse/cursor.ts";
import { describeFault, parseExpression, parseQuery, placeOf } from "../../../../src/edge/query/apl/parse.ts";
import { draw, drawnQuery } from "./drawn.ts";

function faultOf(parse: () => unknown): QueryFault {
  try {
    parse();
  } catch (thrown) {
    if (thrown instanceof QueryFault) return thrown;
    throw thrown;
  }
  throw new Error("there was no fault");
}

describe("an expression", () => {
  it.each<[string, string]>([
    // precedence
    ["a or b and c", "(a or (b and c))"],
    ["a and b or c and d", "((a and b) or (c and d))"],
    ["a and b and c", "((a and b) and c)"],
    ["a or b or c or d", "((a or b) or (c or d))"],
    ["(a or b) and c", "((a or b) and c)"],
    ["a == 1 and b != 2", "((a == 1) and (b != 2))"],
    ["a < b == true", "((a < b) == true)"],
    ["a <> b", "(a != b)"],
    ["a + b * c - d", "((a + (b * c)) - d)"],
    ["a - b - c", "((a - b) - c)"],
    ["a * b / c % d", "(((a * b) / c) % d)"],
    ["a + 1 > b * 2", "((a + 1) > (b * 2))"],
    ["-a.b * -2", "((-a.b) * (-2))"],
    ["- - +1", "(-(-1))"],
    ["not(a) and not (b)", "(not(a) and not(b))"],
    // members
    ["a.b.c", "a.b.c"],
    ["a['b c'].d", "a.b c.d"],
    ['a["b"][0][i + 1]', "a.b[0][(i + 1)]"],
    ["a[-1]", "a[(-1)]"],
    ["['x y'].z", "[x y].z"],
    ['["x.y"] == 1', "([x.y] == 1)"],
    ["a.['b']", "a.b"],
    ["f(x).y[0]", "f(x).y[0]"],
    // calls
    ["now()", "now()"],
    ["StrCat(a, 'b')", 'strcat(a, string"b")'],
    ["count(*)", "count(*)"],
    ["arg_max(x, *)", "arg_max(x, *)"],
    ["f(*, a * b)", "f(*, (a * b))"],
    ["iff(a > 1, b, c or d)", "iff((a > 1), b, (c or d))"],
    // text operators
    ["a has 'x' and b !contains_cs 'y'", '((a has string"x") and (b !contains_cs string"y"))'],
    ["a startswith b + c", "(a startswith (b + c))"],
    ["a matches regex 'x+'", '(a matches string"x+")'],
    ["a !matches regex 'x+'", '(a !matches string"x+")'],
    ["a hasprefix_cs 'x' or a !hassuffix 'y'", '((a hasprefix_cs string"x") or (a !hassuffix string"y"))'],
    ["a =~ 'x' or a !~ 'y'", '((a =~ string"x") or (a !~ string"y"))'],
    // sets and ranges
    ["a in (1, 2)", "(a in {1, 2})"],
    ["a !in ('x')", '(a !in {string"x"})'],
    ["a in~ ('x') and b !in~ ('y')", '((a in~ {string"x"}) and (b !in~ {string"y"}))'],
    ["a has_any ('x', 'y') or a has_all(b)", '((a has_any {string"x", string"y"}) or (a has_all {b}))'],
    ["a between (1 .. 5)", "(1 ≤ a ≤ 5)"],
    ["a !between (1..b+1)", "(!1 ≤ a ≤ (b + 1))"],
    ["a between (datetime(2024-01-01)..1d)", "(datetime1704067200000000 ≤ a ≤ timespan86400000000)"],
    // words where no operator can stand
    ["count > 5 and by == top", "((count > 5) and (by == top))"],
    ["in in (in)", "(in in {in})"],
    ["matches == has", "(matches == has)"],
    ["source.where.project", "source.where.project"],
    ["and and or", "(and and or)"],
    ["datetime == time", "(datetime == time)"],
    // literals
    ["true", "true"],
    ["null", "dynamicnull"],
    ["true(x)", "true(x)"],
    ["12.5", "real12.5"],
    ["long(5) + int(-5)", "(5 + -5)"],
    ["real(5)", "real5"],
    ["double(-1.5)", "real-1.5"],
    ["decimal(null)", "realnull"],
    ["real(nan)", 'real"NaN"'],
    ["real(-inf)", 'real"-Infinity"'],
    ["bool(true)", "true"],
    ["bool(0)", "false"],
    ["bool(null)", "null"],
    ["string('x')", 'string"x"'],
    ["string(null)", "stringnull"],
    ["long(x)", "long(x)"],
    ["long(1.5)", "long(real1.5)"],
    ["string(-'x')", 'string((-string"x"))'],
    ["datetime(null)", "datetimenull"],
    ["datetime(1970)", "datetime0"],
    ["datetime(1970-01-02)", "datetime86400000000"],
    ["datetime(1970-01-01T00:01)", "datetime60000000"],
    ["datetime(1970-01-01 00:00:01.5)", "datetime1500000"],
    ["datetime(1970-01-01T00:00:00.1234567Z)", "datetime123456"],
    ["datetime('1970-01-01T01:00:00+01:00')", "datetime0"],
    ["datetime(1969-12-31T23:59:59.9Z)", "datetime-100000"],
    ["datetime(2024-02-29)", "datetime1709164800000000"],
    ["datetime(0001-01-01)", "datetime-62135596800000000"],
    ["timespan(null)", "timespannull"],
    ["timespan(1.02:03:04.5)", "timespan93784500000"],
    ["timespan(-00:00:01)", "timespan-1000000"],
    ["timespan(02:03)", "timespan7380000000"],
    ["time(5m)", "timespan300000000"],
    ["timespan(15 seconds)", "timespan15000000"],
    ["timespan(2)", "timespan172800000000"],
    ["dynamic(null)", "dynamicnull"],
    ["dynamic([1, -2.5, 'x', true, null, []])", 'dynamic[1,-2.5,"x",true,null,[]]'],
    [`dynamic({"a": {'b': []}, "c d": 1})`, 'dynamic{"a":{"b":[]},"c d":1}'],
    [String.raw`dynamic({"__proto__": "\u0041"})`, 'dynamic{"__proto__":"A"}'],
    ["a // why\n == // not\n 1", "(a == 1)"],
  ])("%s", (text, tree) => {
    expect(draw(parseExpression(text))).toBe(tree);
  });

  it("keeps a member named __proto__ as a member", () => {
    const { value } = parseExpression('dynamic({"__proto__": {"admin": true}})') as { value: object };
    expect(Object.keys(value)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it("says where its nodes stand: two sides at their operator, a member at its name", () => {
    expect(parseExpression("a.b == 1")).toEqual({
      kind: "compare",
      op: "==",
      at: 4,
      left: { kind: "member", at: 2, name: "b", of: { kind: "column", at: 0, name: "a" } },
      right: { kind: "literal", at: 7, type: "long", value: 1 },
    });
    expect(parseExpression(" x !has F(-y)")).toEqual({
      kind: "text",
      op: "has",
      negated: true,
      at: 3,
      left: { kind: "column", at: 1, name: "x" },
      right: { kind: "call", at: 8, name: "f", args: [{ kind: "negate", at: 10, of: { kind: "column", at: 11, name: "y" } }] },
    });
  });

  it.each<[string, number, string]>([
    ["", 0, "expected a value or a column, found the end of the query"],
    ["a b", 2, 'expected an operator or the end of the expression, found "b"'],
    ["a = 1", 2, 'found "="; to compare, write "=="'],
    ["a +", 3, "expected a value or a column, found the end of the query"],
    ["(a", 2, 'expected an operator or ")", found the end of the query'],
    ["f(a b)", 4, 'expected an operator, "," or ")", found "b"'],
    ["f(a,)", 4, 'expected a value or a column, found ")"'],
    ["1 < x < 5", 6, 'found "<"'],
    ["a in 1", 5, 'expected "(", found "1"'],
    ["a in ()", 6, 'expected a value or a column, found ")"'],
    ["a between (1, 2)", 12, 'expected "..", found ","'],
    ["a !b", 2, 'expected an operator such as "!=" or "!has", found "!"'],
    ["a ! = b", 2, 'found "!"'],
    ["a.1", 2, "expected a member's name"],
    ["a[1", 3, 'expected "]", found the end of the query'],
    ["[1]", 1, 'expected a name in quotes, found "1"'],
    ["['']", 1, "expected a name in quotes, found ''"],
    ["dynamic(x)", 8, 'expected a JSON value, found "x"'],
    ["dynamic([1,])", 11, 'expected a JSON value, found "]"'],
    ["dynamic({a:1})", 9, "expected a member's name in quotes"],
    ["dynamic(-'x')", 9, "expected a JSON value"],
    ["datetime(yesterday)", 0, 'expected a time such as 2024-05-01T10:00:00Z in datetime(…), found "yesterday"'],
    ["1 + datetime(2023-02-29)", 4, "expected a time such as"],
    ["datetime(2023-01-01T24:00)", 0, "expected a time such as"],
    ["datetime()", 0, "expected a time such as"],
    ["timespan(1.24:00:00)", 0, "expected a length of time such as"],
    ["timespan(5 parsecs)", 0, "expected a length of time such as"],
    ["a == 5x", 5, '"x" is no unit of time'],
    ["a == 'b", 5, "expected ' to end the text"],
    [String.raw`a == 'x\d'`, 7, "unknown escape"],
    ["a ? b", 2, 'unexpected character "?"'],
    ["a | where b", 2, 'expected an operator or the end of the expression, found "|"'],
    ["x in (secret | project y)", 13, 'expected an operator, "," or ")", found "|"'],
    ["*", 0, 'expected a value or a column, found "*"'],
  ])("%j is at fault", (text, at, message) => {
    const fault = faultOf(() => parseExpression(text));
    expect(fault.message).toContain(message);
    expect(fault.at).toBe(at);
  });
});

describe("a query", () => {
  it.each<[string, string]>([
    // sources
    ["['a b']", "<a b>"],
    ['["a"] | count', "<a> | count"],
    ["logs", "<logs>"],
    ["my-logs.2024-05 | count", "<my-logs.2024-05> | count"],
    ["prod-2a.x_1|count", "<prod-2a.x_1> | count"],
    ["// first\nlogs // second\n| count // third", "<logs> | count"],
    ["(logs | count)", "<logs> | count"],
    ["((logs | take 1) | take 2) | take 3", "<logs> | take 1 | take 2 | take 3"],
    ["union A, ['b'], (c-d | take 1)", "union [<A>, <b>, <c-d> | take 1]"],
    ["union withsource=from A, B | count", "union from: [<A>, <B>] | count"],
    ["union kind=outer withsource=['a b'] (A)", "union a b: [<A>]"],
    ["union | count", "<union> | count"],
    ["union-jobs | count", "<union-jobs> | count"],
    ["print", "<print>"],
    ["print x = 1, now()", "print x = 1, now()"],
    ["print -1", "print (-1)"],
    ["search in (A, B) 'x'", 'union [<A>, <B>] | search string"x"'],
    ["search in (A) 'x' and y > 1 | count", '<A> | search (string"x" and (y > 1)) | count'],
    [
      "search kind=case_insensitive in ((A | take 1), B) ('x' or y:'z')",
      'union [<A> | take 1, <B>] | search (string"x" or (y has string"z"))',
    ],
    // let
    ["let x = 5; logs | where a == x", "x := 5; <logs> | where (a == x)"],
    ["let t = ['ds'] | where a; t | count;", "t := <ds> | where a; <t> | count"],
    ["let t = my-logs; t", "t := <my-logs>; <t>"],
    ["let t = (ds); t", "t := <ds>; <t>"],
    ["let t = ((ds | count)); t", "t := <ds> | count; <t>"],
    ["let t = union A, B; t", "t := union [<A>, <B>]; <t>"],
    ["let a = 1; let b = a; let c = a-b; let d = ['a']; logs", "a := 1; b := a; c := (a - b); d := a; <logs>"],
    ["let a = dynamic({}); let b = a.x; logs", "a := dynamic{}; b := a.x; <logs>"],
    ["let a = true; let b = (1 + 2) * 3; logs", "a := true; b := ((1 + 2) * 3); <logs>"],
    ["let d = now() - 1d; logs", "d := (now() - timespan86400000000); <logs>"],
    ["let n = 3; logs | take n", "n := 3; <logs> | take 3"],
    ["let | count", "<let> | count"],
    [";; logs ;;", "<logs>"],
    // rows
    ["T | where a | filter b", "<T> | where a | where b"],
    ["T | take 5 | limit 6 | sample 7 | sample 0.1", "<T> | take 5 | take 6 | sample 7 | sample 0.1"],
    ["T | sort by a", "<T> | sort a desc last"],
    ["T | order by a asc, b desc, f(c) asc nulls last, d nulls first", "<T> | sort a asc first, b desc last, f(c) asc last, d desc first"],
    ["T | top 5 by a", "<T> | top 5 a desc last"],
    ["T | top 5 by top asc nulls last", "<T> | top 5 top asc last"],
    ["T | distinct *", "<T> | distinct"],
    ["T | distinct a, b = c + 1", "<T> | distinct a, b = (c + 1)"],
    ["T | search 'x' or a:'y'", '<T> | search (string"x" or (a has string"y"))'],
    ["T | count | getschema", "<T> | count | getschema"],
    // columns
    ["T | extend x = a + 1, f(b), ['y z'] = 2", "<T> | extend x = (a + 1), f(b), y z = 2"],
    ["T | extend a.b = 1, a['c d'].e = 2, f.g", "<T> | extend a.b = 1, a.c d.e = 2, f.g"],
    ["T | project a, b.c, by = count", "<T> | project a, b.c, by = count"],
    ["T | project-away a*, *_ms, ['b c*'], d.e*, f['g'], *", "<T> | project-away <a*>, <*_ms>, <b c*>, <d.e*>, <f.g>, <*>"],
    ["T | project-keep 5*", "<T> | project-keep <5*>"],
    ["T | project-rename a = b, ['c d'] = e.f", "<T> | project-rename b -> a, e.f -> c d"],
    ["T | project-reorder a desc, b* asc, c", "<T> | project-reorder <a> desc, <b*> asc, <c>"],
    // groups
    ["T | summarize count()", "<T> | summarize [count()] by []"],
    ["T | summarize by host", "<T> | summarize [] by [host]"],
    [
      "T | summarize n = count(), avg(x) by bin(_time, 5m), h = host",
      "<T> | summarize [n = count(), avg(x)] by [bin(_time, timespan300000000), h = host]",
    ],
    ["T | summarize by = count() by by", "<T> | summarize [by = count()] by [by]"],
    ["T | summarize count() by bin_auto(_time)", "<T> | summarize [count()] by [bin_auto(_time)]"],
    ["T | make-series count() on _time step 1h", "<T> | make-series [count()] on _time step timespan3600000000 by []"],
    [
      "T | make-series n = avg(x) default = -1, count() on _time from ago(1d) to now() step 1h by a, b = c",
      "<T> | make-series [n = avg(x) else (-1), count()] on _time from ago(timespan86400000000) to now() step timespan3600000000 by [a, b = c]",
    ],
    ["T | make-series count() on x in range(1, 10, 2) by a", "<T> | make-series [count()] on x from 1 to 10 step 2 by [a]"],
    // arrays and texts
    ["T | mv-expand a", "<T> | mv-expand a"],
    ["T | mvexpand with_itemindex=i x = a.b to typeof(long), c limit 10", "<T> | mv-expand x = a.b to long, c index i limit 10"],
    ["T | mv-expand kind=bag bagexpansion=bag a to typeof(datetime)", "<T> | mv-expand a to datetime"],
    ["T | parse m with 'a' b 'c' d:long *", '<T> | parse simple/ m: "a" b:string "c" d:long *'],
    ["T | parse-where kind=regex flags=Ui m.n with * @'\\d' ['x y']:real", '<T> | parse regex/Ui drops m.n: * "\\\\d" x y:real'],
    ["T | parse kind=relaxed f(m) with a:timespan", "<T> | parse relaxed/ f(m): a:timespan"],
    // other tables
    ["T | join (U) on a", "<T> | join innerunique (<U>) on a=a"],
    ["T | join kind=inner other-logs on a, b.c", "<T> | join inner (<other-logs>) on a=a, b.c=b.c"],
    ["T | join kind=left (['u'] | take 1) on $left.a == $right.b", "<T> | join leftouter (<u> | take 1) on a=b"],
    ["T | join kind=leftouter U on $right.a.b == $left['c d'] and e", "<T> | join leftouter (<U>) on c d=a.b, e=e"],
    ["T | join (union A, B) on x", "<T> | join innerunique (union [<A>, <B>]) on x=x"],
    ["T | union U, (V | where a)", "<T> | union [<U>, <V> | where a]"],
    ["T | union (U | join (V | union W) on x)", "<T> | union [<U> | join innerunique (<V> | union [<W>]) on x=x]"],
  ])("%s", (text, tree) => {
    expect(drawnQuery(parseQuery(text))).toBe(tree);
  });

  it("says where its parts stand", () => {
    expect(parseQuery(" let t = ['a'] ; t | project x = y | join (u) on $left.k == $right.l")).toEqual({
      lets: [{ at: 5, name: "t", value: { kind: "table", table: { at: 9, source: { at: 9, kind: "table", name: "a" }, operators: [] } } }],
      body: {
        at: 17,
        source: { at: 17, kind: "table", name: "t" },
        operators: [
          { at: 21, kind: "project", items: [{ at: 29, name: "x", value: { at: 33, kind: "column", name: "y" } }] },
          {
            at: 37,
            kind: "join",
            how: "innerunique",
            right: { at: 43, source: { at: 43, kind: "table", name: "u" }, operators: [] },
            on: [{ at: 49, left: "k", right: "l" }],
          },
        ],
      },
    });
  });

  it.each<[string, number, string]>([
    ["", 0, "expected a dataset, found the end of the query"],
    ["| count", 0, 'expected a dataset, found "|"'],
    ["5 | count", 0, 'expected a dataset, found "5"'],
    ["'logs' | count", 0, "expected a dataset, found 'logs'"],
    ["logs where x", 5, 'expected "|" or the end of the query, found "where"'],
    ["logs |", 6, "expected an operator, found the end of the query"],
    ["logs | | count", 7, 'expected an operator, found "|"'],
    ["logs | summarise count()", 7, 'unknown operator "summarise"; did you mean "summarize"?'],
    ["logs | WHERE a", 7, 'unknown operator "WHERE"; did you mean "where"?'],
    ["logs | project-awy a", 7, 'unknown operator "project-awy"; did you mean "project-away"?'],
    ["logs | constructor", 7, 'unknown operator "constructor"'],
    ["logs | evaluate bag_unpack(x)", 7, "operators are where, filter, extend"],
    ["logs | count x", 13, 'expected an operator, "|" or the end of the query, found "x"'],
    ["logs | where a b", 15, 'expected an operator, "|" or the end of the query, found "b"'],
    ["logs | where", 12, "expected a value or a column, found the end of the query"],
    ["logs | take", 11, "expected a whole number, found the end of the query"],
    ["logs | take -1", 12, 'expected a whole number, found "-"'],
    ["logs | take 1.5", 12, 'expected a whole number, found "1.5"'],
    ["logs | take 5d", 12, 'expected a whole number, found "5d"'],
    ["let n = 'x'; logs | take n", 25, 'expected a whole number, found "n"'],
    ["logs | sample 1.5", 14, "expected a whole number, or a part of 1"],
    ["logs | sort a", 12, 'expected "by", found "a"'],
    ["logs | sort by a nulls x", 23, 'expected "first" or "last", found "x"'],
    ["logs | top by a", 11, 'expected a whole number, found "by"'],
    ["logs | project", 14, "expected a value or a column"],
    ["logs | project-rename a", 23, 'expected "=", found the end of the query'],
    ["logs | project-away 'a'", 20, "expected a column's name"],
    ["logs | join U", 13, 'expected "on", found the end of the query'],
    ["logs | join kind=rightanti U on a", 17, 'expected "inner" or "innerunique" or "left" or "leftouter", found "rightanti"'],
    ["logs | join (U on a", 15, 'expected "|" or the end of the query, found "on"'],
    ["logs | join U on $left.a", 24, 'expected "==", found the end of the query'],
    ["logs | join U on $left.a == b", 28, "expected a column of the other side, $right.name"],
    ["logs | join U on $left.a == $left.b", 28, "expected a column of the other side, $right.name"],
    ["logs | union", 12, "expected a dataset, found the end of the query"],
    ["logs | union withsource=x A", 13, "withsource= belongs to a union that begins a query"],
    ["union A, logs-*", 13, 'expected "|" or the end of the query, found "-"'],
    ["union A, logs*", 9, 'a dataset is named whole, without "*"'],
    ["['*']", 0, 'a dataset is named whole, without "*"'],
    ["union *", 6, 'expected a dataset, found "*"'],
    ["search 'x'", 7, 'expected "in" and the datasets to search'],
    ["table('secret')", 5, 'expected "|" or the end of the query, found "("'],
    ["cluster('a').database('b').c", 7, 'found "("'],
    ["['a'].b", 5, 'expected "|" or the end of the query, found "."'],
    ["logs | make-series count() on _time", 35, 'expected "step", found the end of the query'],
    ["logs | make-series count() step 1h", 27, 'expected "on", found "step"'],
    ["logs | mv-expand a to long", 22, 'expected "typeof", found "long"'],
    ["logs | mv-expand a to typeof(number)", 29, "expected a type: bool, long, real, string"],
    ["logs | mv-expand kind=array a", 22, 'expected "bag", found "array"'],
    ["logs | parse m with", 19, 'expected a text, a column\'s name or "*"'],
    ["logs | parse m 'x'", 15, "expected \"with\", found 'x'"],
    ["logs | parse m with a:b", 22, "expected a type"],
    ["let x = 5", 9, 'expected an operator or ";", found the end of the query'],
    ["let x = 5;", 10, "expected a dataset, found the end of the query"],
    ["let x = 5; let x = ['a']; x", 15, 'the name "x" is given twice'],
    ["let f = (a: long) { a }; logs", 10, 'expected an operator or ")", found ":"'],
    ["logs; other", 6, 'expected the end of the query, found "other"'],
    ["logs | count)", 12, 'expected the end of the query, found ")"'],
    ["logs | where a == 'x\n", 18, "expected ' to end the text on its line"],
    ["logs // x\r| count", 9, "expected a line feed to end the comment"],
  ])("%j is at fault", (text, at, message) => {
    const fault = faultOf(() => parseQuery(text));
    expect(fault.message).toContain(message);
    expect(fault.at).toBe(at);
  });

  it("names the place of a fault by line and column", () => {
    const text = "['logs']\n| summarise count()";
    expect(
      describeFault(
        text,
        faultOf(() => parseQuery(text)),
      ),
    ).toBe('line 2, column 3: unknown operator "summarise"; did you mean "summarize"?');
    expect(placeOf("ab", 0)).toEqual({ line: 1, column: 1 });
    expect(placeOf("a\r\nb\n", 3)).toEqual({ line: 2, column: 1 });
    expect(placeOf("a\r\nb\n", 5)).toEqual({ line: 3, column: 1 });
  });

  it("says no more of a long text than its beginning", () => {
    expect(faultOf(() => parseQuery(`logs | ${"x".repeat(5_000)}`)).message.length).toBeLessThan(500);
    expect(faultOf(() => parseQuery(`logs ${"x".repeat(5_000)}`)).message.length).toBeLessThan(200);
    expect(faultOf(() => parseExpression(`datetime(${"x".repeat(5_000)})`)).message.length).toBeLessThan(200);
  });
});

describe("the bounds of a query", () => {
  const many = (piece: string, times = 20_000) => piece.repeat(Math.min(times, Math.floor((TEXT_CHARACTERS_MAX - 20) / piece.length)));

  it("hold for its text", () => {
    expect(faultOf(() => parseQuery(`logs //${"x".repeat(TEXT_CHARACTERS_MAX)}`))).toMatchObject({ at: TEXT_CHARACTERS_MAX });
    expect(drawnQuery(parseQuery(`logs //${"x".repeat(TEXT_CHARACTERS_MAX - 7)}`))).toBe("<logs>");
  });

  it("hold for its nodes", () => {
    const list = (items: number) => `a in (${Array(items).fill(1).join()})`;
    expect(parseExpression(list(NODES_MAX - 2)).kind).toBe("among");
    const at = list(NODES_MAX).lastIndexOf("1");
    expect(faultOf(() => parseExpression(list(NODES_MAX)))).toMatchObject({ at, message: expect.stringContaining("too large") });
  });

  it.each<[string, string]>([
    ["parentheses", `${many("(")}a`],
    ["parentheses that close", `${many("(")}a${many(")")}`],
    ["minus signs", `${many("-")}a`],
    ["plus signs", `${many("+")}a`],
    ["calls", many("f(")],
    ["brackets", `${many("a[")}`],
    ["members", `a${many(".b")}`],
    ["sums", `a${many("+a")}`],
    ["sums in sums", many("(", 100) + many(`a${many("+a", 150)})+`, 100)],
    ["products and signs", `a${many("*-a")}`],
    ["comparisons", `a${many("==a")}`],
    ["arrays", `dynamic(${many("[")}`],
    ["objects", `dynamic(${many('{"a":')}`],
    ["ranges", many("a between((")],
    ["lists", many("a in (")],
  ])("hold for %s in one another", (_, text) => {
    expect(faultOf(() => parseExpression(text)).message).toContain(`at most ${NESTING_MAX} levels`);
  });

  it.each<[string, string]>([
    ["tables in parentheses", many("(", 50_000)],
    ["joins", `a${many("|join(b", 10_000)}`],
    ["unions", many("union(", 10_000)],
    ["operators of union", `a${many("|union(b", 10_000)}`],
    ["searches", many("search in((", 9_000)],
  ])("hold for %s in one another", (_, text) => {
    expect(faultOf(() => parseQuery(text)).message).toContain(`at most ${NESTING_MAX} levels`);
  });

  it("allow what is long and not deep", () => {
    const conditions = Array.from({ length: 5_000 }, (_, i) => `a == ${i}`).join(" or ");
    expect(parseExpression(conditions).kind).toBe("logic");
    expect(parseQuery(`logs${" | where a".repeat(9_000)}`).body.operators).toHaveLength(9_000);
    expect(parseExpression(`${"(".repeat(NESTING_MAX)}a${")".repeat(NESTING_MAX)}`).kind).toBe("column");
    expect(parseExpression(`a${"+a".repeat(NESTING_MAX)}`).kind).toBe("arithmetic");
  });

  /** The least time of three, so that a pause of the machine is no verdict. */
  function milliseconds(text: string): number {
    const times = [1, 2, 3].map(() => {
      const begun = performance.now();
      try {
        parseQuery(text);
      } catch (thrown) {
        if (!(thrown instanceof QueryFault)) throw thrown;
      }
      return performance.now() - begun;
    });
    return Math.min(...times);
  }

  it.each([
    ["a|where ", "a.b"],
    ["a|extend ", "a.b.c,"],
    ["a|extend a", ".a"],
    ["a|where a==", "'\\d"],
    ["a|where ", '"'],
    ["a|where ", '@"""'],
    ["a|where ", "```"],
    ["a|where ", "datetime("],
    ["a|where ", "1e"],
    ["a", "-a"],
    ["", "let a=("],
    ["", "let a=b;"],
    ["let a=", "(b|c)"],
    ["a|project-away ", "a*,"],
    ["a|", "where-"],
    ["a ", "//\r"],
    ["a ", " "],
    ["a|summarize ", "by by,"],
    ["a|parse a with ", "*'x'"],
    ["", "(a|take 1)|"],
    ["a|mv-expand ", "kind=bag "],
  ])("hold for the time of %s and then %s many times", (begin, piece) => {
    const text = (size: number) => begin + piece.repeat(Math.floor(size / piece.length));
    expect(milliseconds(text(TEXT_CHARACTERS_MAX - begin.length))).toBeLessThan(500);
  });
});
