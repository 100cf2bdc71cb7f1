import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile } from "../../../../src/edge/query/apl/compile.ts";
import { neededTexts, timeBounds } from "../../../../src/edge/query/apl/hints.ts";
import { parseExpression } from "../../../../src/edge/query/apl/parse.ts";
import type { NeededText } from "../../../../src/edge/query/apl/source.ts";
import type { Value } from "../../../../src/edge/query/apl/value.ts";
import { type Given, NOW, scopeFor, time } from "./evaluate.ts";

/** Texts with a tilde ignore case. */
function needed(text: string, given: Given = {}): string[][] {
  const groups = neededTexts(parseExpression(text), scopeFor({}, given));
  return groups.map((group) => group.map((one) => (one.ignoreCase ? `~${one.text}` : one.text)));
}

describe("needed texts", () => {
  it.each<[string, string[][]]>([
    ["a == 'error'", [["error"]]],
    ["'error' == a", [["error"]]],
    ["a.b['c'] == 'error'", [["error"]]],
    ["a[0] == 'error'", [["error"]]],
    ["a == '404'", [["404"]]],
    ["a =~ 'Error'", [["~Error"]]],
    // too many dots, or a hyphen in the wrong place, for a number
    ["a startswith '10.77.'", [["~10.77."]]],
    ["a has '2026-01'", [["~2026-01"]]],
    ["a contains 'time out'", [["~time out"]]],
    ["a contains_cs 'time'", [["time"]]],
    ["a has 'user-7'", [["~user-7"]]],
    ["a startswith 'GET '", [["~GET "]]],
    ["a endswith_cs '.png'", [[".png"]]],
    ["a hasprefix 'ab' and b hassuffix_cs 'cd'", [["~ab"], ["cd"]]],
    ["a in ('x1', 'y2')", [["x1", "y2"]]],
    ["a in~ ('x1', 'y2')", [["~x1", "~y2"]]],
    ["a in (dynamic(['x1', 'y2']))", [["x1", "y2"]]],
    ["a has_any ('x1', 'y2')", [["~x1", "~y2"]]],
    ["a has_all ('x1', 'y2')", [["~x1"], ["~y2"]]],
    ["a == 'x1' or b == 'y2'", [["x1", "y2"]]],
    ["a == 'x1' or (b == 'y2' and c == 'longer')", [["x1", "longer"]]],
    ["(a == 'x1' or b == 'y2') and c == 'z3' and d > 5", [["x1", "y2"], ["z3"]]],
    ["a == strcat('x', 'y')", [["xy"]]],
    // pieces of texts that JSON or other spellings would break
    ["a == 'say \"hello\" now'", [["hello"]]],
    [String.raw`a == 'C:\\Windows\\x'`, [["Windows"]]],
    ["a contains '\"id\":42, text'", [[" text"]]],
    ["a contains 'abc]'", [["~abc"]]],
    ["a == 'größe'", [["größe"]]],
    ["a contains_cs 'größe'", [["größe"]]],
  ])("%s needs %j", (text, wanted) => {
    expect(needed(text).map((group) => group.map((one) => one.replace("~ text", " text")))).toEqual(wanted);
  });

  it.each([
    "a != 'x'",
    "a !contains 'x'",
    "a !in ('x')",
    "not(a == 'x')",
    "a == 'x' or b > 5",
    "a == 'x' or true",
    "a == 5",
    "a in (1, 2)",
    "a in ('x', 5)",
    "a in ('x', b)",
    "a == b",
    "a == ''",
    "a contains ''",
    "a =~ 'größe'",
    "a contains 'größe'",
    // a number is printed so, but may be spelt otherwise
    "a contains '404'",
    "a has '1e'",
    "a contains '.5E-'",
    "a contains '-7'",
    "a contains '+21'",
    "a contains 'null'",
    "a contains 'Infin'",
    "a contains '\",\"'",
    "a matches regex 'error'",
    "tolower(a) == 'x'",
    "a == tolower(b)",
    "_time == '2026-03-04'",
    "_rowID == 'abc'",
    "a == strlne('x')",
    "a > 'x'",
    "a between ('a' .. 'b')",
  ])("%s needs none", (text) => {
    expect(needed(text)).toEqual([]);
  });

  it("knows what names stand for", () => {
    expect(needed("a == wanted", { lets: { wanted: "'error'" } })).toEqual([["error"]]);
    expect(needed("a in (wanted)", { lets: { wanted: "dynamic(['x1'])" } })).toEqual([["x1"]]);
    expect(needed("a == 'error'", { virtual: { a: "tolower(b)" } })).toEqual([]);
    expect(needed("a.b == 'error'", { virtual: { a: "pack('b', c)" } })).toEqual([]);
    expect(needed("a.b == 'error'", { virtual: { "a.b": "tolower(c)" } })).toEqual([]);
    expect(needed("a == 'error'", { lets: { a: "'error'" } })).toEqual([]);
    expect(needed("a == 'error'", { open: false })).toEqual([]);
  });

  it("makes no columns", () => {
    const scope = scopeFor();
    neededTexts(parseExpression("a == 'x' and b.c contains 'y' and d == strcat(e, 'z') and f in (g)"), scope);
    expect(scope.columns.list.length).toBe(1);
  });

  const word = fc.constantFrom(
    "ab",
    "AB",
    "a b",
    "x",
    "1",
    "12",
    "1.5",
    "e",
    "null",
    "tru",
    "ü",
    '"',
    "\\",
    "a,b",
    "[a",
    "b]",
    ":1",
    "\n",
    "ab-c",
    "",
  );
  const leaf: fc.Arbitrary<Value> = fc.oneof(
    word,
    fc.constantFrom<Value>(1, 12, 1.5, 1e21, true, false, null),
    fc.array(fc.oneof(word, fc.constantFrom<Value>(1, true, null)), { maxLength: 3 }),
  );
  const field = fc.constantFrom("a", "b", "c.d");
  const quoted = word.map((text) => JSON.stringify(text));
  const condition: fc.Arbitrary<string> = fc.oneof(
    fc
      .tuple(
        field,
        fc.constantFrom(
          "==",
          "!=",
          "=~",
          "!~",
          "contains",
          "!contains",
          "contains_cs",
          "has",
          "has_cs",
          "hasprefix",
          "hassuffix_cs",
          "startswith",
          "endswith",
          "endswith_cs",
        ),
        quoted,
      )
      .map((all) => all.join(" ")),
    fc
      .tuple(field, fc.constantFrom("in", "!in", "in~", "has_any", "has_all"), fc.array(quoted, { minLength: 1, maxLength: 3 }))
      .map(([name, op, items]) => `${name} ${op} (${items.join()})`),
  );
  const predicate = fc.letrec<{ one: string }>((tie) => ({
    one: fc.oneof(
      { maxDepth: 3 },
      condition,
      fc.tuple(tie("one"), fc.constantFrom("and", "or"), tie("one")).map(([a, op, b]) => `(${a} ${op} ${b})`),
    ),
  })).one;

  it("are in every line without a backslash for which the predicate holds", () => {
    let held = 0;
    fc.assert(
      fc.property(predicate, fc.record({ a: leaf, b: leaf, c: fc.record({ d: leaf }) }), (text, event) => {
        const expression = parseExpression(text);
        const scope = scopeFor();
        const { run } = compile(expression, scope);
        const row: Value[] = [];
        for (const [name, value] of Object.entries({ a: event.a, b: event.b, "c.d": event.c.d })) row[scope.columns.slot(name)] = value;
        // as a sender may spell it: space between the signs, another exponent
        const line = JSON.stringify(event, null, 1).replaceAll("1e+21", "1000E18");
        if (run(row) !== true || line.includes("\\")) return;
        held++;
        const within = ({ text: piece, ignoreCase }: NeededText) =>
          ignoreCase ? line.toLowerCase().includes(piece.toLowerCase()) : line.includes(piece);
        for (const group of neededTexts(expression, scopeFor())) expect([text, line, group.some(within)]).toEqual([text, line, true]);
      }),
      { numRuns: 3000, seed: 7 },
    );
    expect(held).toBeGreaterThan(300);
  });
});

describe("time bounds", () => {
  const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const march4 = time("2026-03-04");

  it.each<[string, number, number]>([
    ["_time > ago(1h)", NOW - 3600e6 + 1, high],
    ["_time >= ago(1h)", NOW - 3600e6, high],
    ["_time < now()", low, NOW],
    ["_time <= now()", low, NOW + 1],
    ["_time == datetime(2026-03-04)", march4, march4 + 1],
    ["datetime(2026-03-04) <= _time", march4, high],
    ["datetime(2026-03-04) > _time", low, march4],
    ["_time >= '2026-03-04'", march4, high],
    ["_time between (datetime(2026-03-04) .. now())", march4, NOW + 1],
    ["_time between (datetime(2026-03-04) .. 1h)", march4, march4 + 3600e6 + 1],
    ["_time > ago(1h) and x == 1", NOW - 3600e6 + 1, high],
    ["_time > ago(1h) and _time < now() and _time > ago(2h)", NOW - 3600e6 + 1, NOW],
    ["_time < ago(2h) or _time > ago(1h)", low, high],
    ["_time == datetime(2026-03-04) or _time == now()", march4, NOW + 1],
    ["_time > ago(1h) or x == 1", low, high],
    ["_time != now()", low, high],
    ["_time !between (ago(1h) .. now())", low, high],
    ["not(_time > ago(1h))", low, high],
    ["_time > x", low, high],
    ["_time > datetime(null)", low, high],
    ["bin(_time, 1h) > ago(1h)", low, high],
    ["x > ago(1h)", low, high],
    ["_time > since", NOW - 86400e6 + 1, high],
  ])("%s is from %d to %d", (text, from, to) => {
    expect(timeBounds(parseExpression(text), scopeFor({}, { lets: { since: "ago(1d)" } }))).toEqual({ from, to });
  });

  it("are none where the time is not the event's own", () => {
    const none = { from: low, to: high };
    expect(timeBounds(parseExpression("_time > ago(1h)"), scopeFor({}, { virtual: { _time: "now()" } }))).toEqual(none);
    expect(timeBounds(parseExpression("_time > ago(1h)"), scopeFor({}, { types: { _time: "dynamic" } }))).toEqual(none);
  });
});
