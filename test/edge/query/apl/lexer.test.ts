import { describe, expect, it } from "vitest";
import { type Token, tokensOf } from "../../../../src/edge/query/apl/lexer.ts";

/** A token as one line: what it is, where, and what it says. */
function shown(token: Token): string {
  const { kind, at, end } = token;
  const says = kind === "number" ? `${token.type} ${token.value}` : kind === "end" ? "" : kind === "bad" ? token.faultAt : token.text;
  return `${kind} ${at}-${end} ${says}`.trim();
}
const read = (text: string) => tokensOf(text).slice(0, -1).map(shown);
const only = (text: string) => {
  const [token, ...more] = tokensOf(text);
  expect(more.map(({ kind }) => kind)).toEqual(["end"]);
  return token as Token;
};

describe("tokens", () => {
  it.each<[string, string[]]>([
    ["a|b", ["name 0-1 a", "sign 1-2 |", "name 2-3 b"]],
    ["  a // b | c\n d//", ["name 2-3 a", "name 14-15 d"]],
    ["a//b\r\nc", ["name 0-1 a", "name 6-7 c"]],
    ["a == b=~c !~ d", ["name 0-1 a", "sign 2-4 ==", "name 5-6 b", "sign 6-8 =~", "name 8-9 c", "sign 10-12 !~", "name 13-14 d"]],
    ["1..5", ["number 0-1 long 1", "sign 1-3 ..", "number 3-4 long 5"]],
    ["1.5..2", ["number 0-3 real 1.5", "sign 3-5 ..", "number 5-6 long 2"]],
    ["$left.größe", ["name 0-5 $left", "sign 5-6 .", "name 6-11 größe"]],
    ["datetime", ["name 0-8 datetime"]],
    ["DateTime ( 2024-01-01 )x", ["enclosed 0-23 2024-01-01", "name 23-24 x"]],
    ["time(5m)", ["enclosed 0-8 5m"]],
    ["h 'x'", ["name 0-1 h", "text 2-5 x"]],
    ["", []],
  ])("of %j", (text, tokens) => {
    expect(read(text)).toEqual(tokens);
  });

  it("end where the text ends", () => {
    expect(tokensOf("a  ").at(-1)).toEqual({ kind: "end", at: 3, end: 3 });
  });

  it.each<[string, string]>([
    ["0", "long 0"],
    ["42", "long 42"],
    ["0x1F", "long 31"],
    ["1.50", "real 1.5"],
    ["1e3", "real 1000"],
    ["2.5E-1", "real 0.25"],
    ["1d", "timespan 86400000000"],
    ["1.5h", "timespan 5400000000"],
    ["5m", "timespan 300000000"],
    ["30s", "timespan 30000000"],
    ["1.005s", "timespan 1005000"],
    ["10ms", "timespan 10000"],
    ["100us", "timespan 100"],
    ["1microsecond", "timespan 1"],
    ["1tick", "timespan 0"],
    ["25ticks", "timespan 2"],
    ["2days", "timespan 172800000000"],
  ])("of the number %s", (text, value) => {
    expect(shown(only(text))).toBe(`number 0-${text.length} ${value}`);
  });

  it.each<[string, string]>([
    [`'a"b'`, 'a"b'],
    [`"a'b"`, "a'b"],
    ['""', ""],
    [String.raw`"a\tb\n\\\"\'\/"`, "a\tb\n\\\"'/"],
    [String.raw`"\x41\u00e9\U0001F600\101\0\n7"`, "A\u00e9\u{1f600}A\0\n7"],
    [String.raw`@"C:\d""x\"`, String.raw`C:\d"x\ `.trim()],
    ["@'it''s'", "it's"],
    ['h"secret"', "secret"],
    [String.raw`H@'\d'`, String.raw`\d`],
    ['```a\n"b" \\d```', 'a\n"b" \\d'],
    ["h``````", ""],
  ])("of the text %s", (text, value) => {
    expect(only(text)).toEqual({ kind: "text", at: 0, end: text.length, text: value });
  });

  it.each<[string, number, string]>([
    ['a "b', 2, 'expected " to end the text'],
    ['"a\nb"', 0, 'expected " to end the text on its line'],
    ["@'a''", 0, "expected ' to end the text"],
    ["```a``", 0, "expected ``` to end the text"],
    [String.raw`"a\d\""`, 2, "unknown escape"],
    [String.raw`"\uD8"`, 1, "unknown escape"],
    [String.raw`"\U00110000"`, 1, "unknown escape"],
    ['"a\\', 0, 'expected " to end the text'],
    ["a ? b", 2, 'unexpected character "?"'],
    ["\u{1f600}", 0, "unexpected character"],
    ["\ud83d", 0, "unexpected character"],
    ["5x", 0, '"x" is no unit of time'],
    ["1e999", 0, "the number is too large"],
    ["999999999999d", 0, "the timespan is too long"],
    ["datetime(2024", 13, 'expected ")" to end datetime('],
    ["a // b\rc", 6, "expected a line feed to end the comment"],
    ["a // b\u2028c", 6, "expected a line feed to end the comment"],
  ])("are bad where %j cannot be read", (text, at, message) => {
    const bad = tokensOf(text).find(({ kind }) => kind === "bad");
    expect(bad).toMatchObject({ faultAt: at, message: expect.stringContaining(message) });
  });
});
