import { describe, expect, it } from "vitest";
import { QueryFault } from "../../../../src/edge/query/apl/fault.ts";
import { parsePattern } from "../../../../src/edge/query/apl/regex/parse.ts";
import { beginningsOf } from "../../../../src/edge/query/apl/regex/prefix.ts";
import { programOf } from "../../../../src/edge/query/apl/regex/program.ts";
import { openFirstMatch } from "../../../../src/edge/query/apl/regex/threads.ts";
import { compileRegex, type Meter, PATTERN_LENGTH_MAX } from "../../../../src/edge/query/apl/regex.ts";
import { evaluate } from "./evaluate.ts";

/** Matches as texts, the groups behind the whole. */
function found(pattern: string, text: string, flags = "", from = 0): (string | null)[] | null {
  const regex = compileRegex(pattern, flags, 0);
  const spans = regex.match(text, from);
  expect(regex.test(text)).toBe(regex.match(text, 0) !== null);
  if (spans === null) return null;
  return Array.from({ length: spans.length / 2 }, (_, i) => ((spans[i * 2] ?? -1) < 0 ? null : text.slice(spans[i * 2], spans[i * 2 + 1])));
}

describe("a pattern", () => {
  it.each<[string, string, (string | null)[] | null]>([
    ["abc", "xxabcxx", ["abc"]],
    ["abc", "ab", null],
    ["", "abc", [""]],
    ["a.c", "abc", ["abc"]],
    ["a.c", "a\nc", null],
    ["(?s)a.c", "a\nc", ["a\nc"]],
    ["a|b|cd", "xcd", ["cd"]],
    ["a|ab", "ab", ["a"]],
    ["(a|ab)(c|bcd)", "abcd", ["abcd", "a", "bcd"]],
    ["a*", "aaab", ["aaa"]],
    ["a*?", "aaab", [""]],
    ["a+?b", "aaab", ["aaab"]],
    ["(a+)(b+)?", "aac", ["aa", "aa", null]],
    ["x*", "y", [""]],
    ["a{2}", "aaaa", ["aa"]],
    ["a{2,3}", "aaaa", ["aaa"]],
    ["a{2,3}?", "aaaa", ["aa"]],
    ["a{2,}", "aaaa", ["aaaa"]],
    ["a{0,1}b", "aab", ["ab"]],
    ["a{,3}", "a{,3}", ["a{,3}"]],
    ["a{x}", "a{x}", ["a{x}"]],
    ["(?U)a+", "aaa", ["a"]],
    ["(?U)a+?", "aaa", ["aaa"]],
    ["^abc$", "abc", ["abc"]],
    ["^abc$", "xabc", null],
    ["^b", "a\nb", null],
    ["(?m)^b$", "a\nb\nc", ["b"]],
    ["a$", "a\n", null],
    [String.raw`\Aab\z`, "ab", ["ab"]],
    [String.raw`\bcat\b`, "a cat.", ["cat"]],
    [String.raw`\bcat\b`, "concat", null],
    [String.raw`\Bcat`, "concat", ["cat"]],
    [String.raw`\b`, "", null],
    [String.raw`\d+`, "ab12c", ["12"]],
    [String.raw`\D+`, "12ab3", ["ab"]],
    [String.raw`\w+\s\w+`, "!foo_1 bar!", ["foo_1 bar"]],
    [String.raw`\S+`, " ab ", ["ab"]],
    [String.raw`\.\*\[\\`, String.raw`a.*[\b`, [String.raw`.*[\ `.trim()]],
    [String.raw`\t\n\x41\x{1F600}\101`, "\t\nA😀A", ["\t\nA😀A"]],
    [String.raw`\t\n\x41\x{1F600}\012`, "\t\nA😀\n", ["\t\nA😀\n"]],
    [String.raw`\Qa.b*\E+`, "a.b**", ["a.b**"]],
    [String.raw`\Qa.b*\Ec`, "xa.b*c", ["a.b*c"]],
    ["[abc]+", "xxcabxx", ["cab"]],
    ["[^abc]+", "abxyc", ["xy"]],
    ["[a-c-]+", "xb-a", ["b-a"]],
    ["[]a]+", "]a]", ["]a]"]],
    ["[^]a]+", "]xa", ["x"]],
    [String.raw`[\d\-x]+`, "a1-xb", ["1-x"]],
    [String.raw`[\]\\]+`, String.raw`a]\b`, [String.raw`]\ `.trim()]],
    ["[[:alpha:]_]+", "12ab_3", ["ab_"]],
    ["[[:^digit:]]+", "12ab3", ["ab"]],
    ["[.]", "a", null],
    ["(?i)straße", "STRAßE", ["STRAßE"]],
    ["(?i)äö[a-z]", "ÄÖZ", ["ÄÖZ"]],
    ["(?i)[^a]", "A", null],
    ["a(?i)b", "aB", ["aB"]],
    ["a(?i:b)c", "aBC", null],
    ["(?i:a)b", "Ab", ["Ab"]],
    ["(?i)a(?-i)b", "AB", null],
    ["(a(?i)b)c", "aBC", null],
    [String.raw`\p{L}+`, "12äéж3", ["äéж"]],
    [String.raw`\pN+`, "a12٣b", ["12٣"]],
    [String.raw`\P{Latin}+`, "abж", ["ж"]],
    [String.raw`\p{Greek}`, "aΩ", ["Ω"]],
    [String.raw`\p{^L}`, "a1", ["1"]],
    [".", "😀", ["😀"]],
    ["[😀-😂]+", "a😁b", ["😁"]],
    ["(?P<year>\\d{4})-(?<month>\\d\\d)", "on 2026-03-04", ["2026-03", "2026", "03"]],
    ["(?:ab)+", "ababa", ["abab"]],
    ["(a*)*", "aab", ["aa", "aa"]],
    ["(a*)+", "b", ["", ""]],
    ["(|a)+", "aaa", ["", ""]],
    ["(a|b)*?c", "abc", ["abc", "b"]],
    ["((a)|b)+", "ab", ["ab", "b", "a"]],
    ["(?:(a)|(b))x", "bx", ["bx", null, "b"]],
    [String.raw`(\d+)\.(\d+)?`, "v12.", ["12.", "12", null]],
  ])("%s in %j finds %j", (pattern, text, wanted) => {
    expect(found(pattern, text)).toEqual(wanted);
  });

  it("takes flags from outside", () => {
    expect(found("abc.D", "ABC\nd", "is")).toEqual(["ABC\nd"]);
    expect(found("^b", "a\nb", "m")).toEqual(["b"]);
    expect(found("a+", "aaa", "U")).toEqual(["a"]);
  });

  it("matches from a place on, knowing what stands before it", () => {
    expect(found(String.raw`\bb`, "ab b", "", 1)).toEqual(["b"]);
    expect(compileRegex(String.raw`\bb`, "", 0).match("ab b", 1)).toEqual([3, 4]);
    expect(compileRegex("^a", "", 0).match("aa", 1)).toBeNull();
    expect(compileRegex("a", "", 0).match("a", 1)).toBeNull();
  });

  it("knows its groups", () => {
    expect(compileRegex("(a)(?P<n>b)(?:c)", "", 0)).toMatchObject({ groups: 2, names: [null, "n"] });
  });

  it.each([
    "(",
    ")",
    "a)",
    "(a",
    "[a",
    "[",
    "*a",
    "+",
    "?a",
    "a**",
    "a+?*",
    "a{2}{3}",
    "a{1001}",
    "a{3,2}",
    String.raw`\1`,
    String.raw`(a)\2`,
    "(?=a)",
    "(?!a)",
    "(?<=a)",
    "(?<!a)",
    "(?>a)",
    "(?#a)",
    "(?P=n)",
    "(?P<n>a)(?P<n>b)",
    String.raw`\y`,
    String.raw`\p{Nope}`,
    String.raw`\x{110000}`,
    String.raw`\xZ`,
    "\\",
    "[b-a]",
    String.raw`[a-\d]`,
    "[[:nope:]]",
    "a++",
    String.raw`\C`,
    "(?z)",
    "((((a{100}){100}){100}){100})",
    "(?:(?:(?:(?:){1000}){1000}){1000}){1000}",
    "(".repeat(101) + ")".repeat(101),
    "a".repeat(PATTERN_LENGTH_MAX + 1),
  ])("%s is refused", (pattern) => {
    expect(() => compileRegex(pattern, "", 7)).toThrow(QueryFault);
    expect(() => compileRegex(pattern, "", 7)).toThrow(expect.objectContaining({ at: 7 }));
  });
});

describe("beside the platform's matcher", () => {
  const atoms = [
    "a",
    "b",
    ".",
    "[ab]",
    "[^a]",
    "(a)",
    "(a|b)",
    "(?:ab)",
    "(b|ab)",
    "^",
    "$",
    String.raw`\b`,
    String.raw`\w`,
    "(a*)",
    "(?:a|b*)",
  ];
  const repeats = ["", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?"];
  const texts = ["", "a", "b", "ab", "ba", "aab", "abab", "bbaa", "a b", "ab ba", "c", "aaaa", "\na", "b\nab"];

  it("finds the same whole matches", () => {
    let seed = 42;
    const next = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return Math.floor((seed / 2147483648) * below);
    };
    let compared = 0;
    for (let round = 0; round < 3000; round++) {
      const pattern = Array.from({ length: 1 + next(4) }, () => {
        const atom = atoms[next(atoms.length)] as string;
        return /^[\^$]|^\\b/.test(atom) ? atom : atom + repeats[next(repeats.length)];
      }).join(next(5) === 0 ? "|" : "");
      const ours = compileRegex(pattern, "", 0);
      const theirs = new RegExp(pattern, "u");
      const { node, names } = parsePattern(pattern, "", 0);
      const program = programOf(node, names.length, 0);
      const inThreads = openFirstMatch(program, beginningsOf(program));
      for (const text of texts) {
        const [start, end] = ours.match(text, 0) ?? [-1, -1];
        const match = theirs.exec(text);
        const wanted = match === null ? [-1, -1] : [match.index, match.index + match[0].length];
        expect([pattern, text, start, end]).toEqual([pattern, text, ...wanted]);
        expect(ours.test(text)).toBe(match !== null);
        // both ways of finding groups agree; the platform forgets groups from round to round of a repetition, RE2 does not
        expect([pattern, text, inThreads(text, 0)]).toEqual([pattern, text, ours.match(text, 0)]);
        compared++;
      }
    }
    expect(compared).toBe(42_000);
  });
});

describe("time", () => {
  const attacks: [string, string][] = [
    ["(a+)+$", "a"],
    ["(a|aa)+$", "a"],
    ["(a|a)*b", "a"],
    ["(x+x+)+y", "x"],
    ["(.*)*=", "x"],
    ["([a-z]+)*@", "a"],
    ["(a*)*b", "a"],
    ["^(([a-z])+.)+[A-Z]([a-z])+$", "a"],
    [String.raw`\s+$`, " "],
    [String.raw`\d+x`, "1"],
    [".*.*.*=", "x"],
    ["(?:a?){50}a{50}b", "a"],
    ["(a|b)*a(a|b){12}c", "ab"],
    [String.raw`(\w+\s?)*!$`, "word "],
  ];

  it.each(attacks)("%s takes no more looks than there are characters", (pattern, part) => {
    const regex = compileRegex(pattern, "", 0);
    for (const length of [50_000, 100_000]) {
      const text = `${part.repeat(length / part.length)}\u0000`;
      const meter: Meter = { left: 3 * length };
      const began = performance.now();
      expect(regex.match(text, 0, meter)).toBeNull();
      // the meter has not run out, so every character was looked at no more than so often
      expect(meter.left).toBeGreaterThan(length);
      expect(performance.now() - began).toBeLessThan(3000);
      expect(regex.test(text)).toBe(false);
    }
  });

  it("is linear where a match is found as well", () => {
    const text = "a".repeat(100_000);
    const meter: Meter = { left: 2 * text.length + 10 };
    expect(compileRegex("(a+)+$", "", 0).match(text, 0, meter)).toEqual([0, 100_000, 0, 100_000]);
    expect(meter.left).toBeGreaterThanOrEqual(0);
  });

  it("is bounded where matches are many and each looks far ahead", () => {
    for (const length of [2_000, 20_000, 50_000]) {
      const began = performance.now();
      const count = evaluate("countof_regex(x, 'a(.*b)?')", { x: "a".repeat(length) });
      // all of them, or none where they cost too much
      expect(count === null || count === length).toBe(true);
      expect(performance.now() - began).toBeLessThan(5000);
    }
  });

  it("gives up when the meter has run out", () => {
    const meter: Meter = { left: 10 };
    expect(compileRegex("a.*b", "", 0).match(`${"a".repeat(200_000)}b`, 0, meter)).toBeNull();
    expect(meter.left).toBeLessThan(0);
    expect(compileRegex("a", "", 0).match("a", 0, meter)).toBeNull();
  });

  it("is bounded in memory, whatever states a text calls for", () => {
    // of the last 14 letters each may be an a or none: 2^14 states
    const regex = compileRegex("a[ab]{14}c", "", 0);
    let seed = 1;
    const text = Array.from({ length: 60_000 }, () => {
      seed = (seed * 48271) % 2147483647;
      return seed % 2 === 0 ? "a" : "b";
    }).join("");
    expect(regex.test(text)).toBe(false);
    expect(regex.test(`${text}${"a".repeat(15)}c`)).toBe(true);
  });
});
