import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NAME_BYTES_MAX, newScanned, STRING_BYTES_MAX, scanValue, watchNames } from "../../../src/edge/scan/scan.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const watch = watchNames("_time", ["_sysTime", "_source"]);

function scan(text: string | Uint8Array, lines = false) {
  const bytes = typeof text === "string" ? encode(text) : text;
  const found = newScanned();
  return { end: scanValue(bytes, 0, bytes.length, watch, lines, found), found, bytes };
}

describe("scanValue", () => {
  it.each([
    "{}",
    '{"a":1}',
    ' { "a" : [ 1 , -0 , 0.5 , 1e9 , -1.5E-7 ] } ',
    "[]",
    "[[],{},[{}]]",
    '"x"',
    "true",
    "false",
    "null",
    "-12",
    '{"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9":"\\ud83d\\ude00"}',
    '{"ü":"日本 😀"}',
    '{"__proto__":{"a":1}}',
    '{"":""}',
    "\t\r\n{}",
  ])("accepts %s", (text) => {
    const { end, bytes } = scan(text);
    expect(end).toBe(text.trimEnd() === text ? bytes.length : bytes.length - 1);
  });

  it.each<[string, number]>([
    ["", 0],
    ["   ", 3],
    ["{", 1],
    ['{"a"', 4],
    ['{"a":', 5],
    ['{"a":1', 6],
    ['{"a":1,', 7],
    ['{"a":1,}', 7],
    ["[1,]", 3],
    ["[1 2]", 3],
    ["[,]", 1],
    ["{,}", 1],
    ["{1:2}", 1],
    ['{"a" 1}', 5],
    ['{"a":01}', 6],
    ['{"a":1.}', 7],
    ['{"a":.5}', 5],
    ['{"a":1e}', 7],
    ['{"a":+1}', 5],
    ['{"a":-}', 6],
    ['{"a":NaN}', 5],
    ['{"a":Infinity}', 5],
    ['{"a":nul}', 8],
    ['{"a":truf}', 8],
    ["{'a':1}", 1],
    ['{"a":"\n"}', 6],
    ['{"a":"\\x"}', 7],
    ['{"a":"\\u12G4"}', 8],
    ['{"a":"b', 7],
    ["]", 0],
    ["}", 0],
    ["[}", 1],
    ["{]", 1],
    ['{"a":1]', 6],
    ["[1}", 2],
    ['{"a":1}}'.slice(0, 7).replace("}", ")"), 6],
  ])("refuses %j at byte %d", (text, at) => {
    expect(scan(text).end).toBe(-1 - at);
  });

  it.each<[string, number[]]>([
    ["a stray continuation byte", [0x80]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["an overlong NUL of three bytes", [0xe0, 0x80, 0x80]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["a cut character", [0xe2, 0x82]],
    ["U+110000", [0xf4, 0x90, 0x80, 0x80]],
    ["0xff", [0xff]],
    ["an overlong of four bytes", [0xf0, 0x80, 0x80, 0x80]],
  ])("refuses %s inside a string", (_name, inside) => {
    const bytes = new Uint8Array([0x22, ...inside, 0x22]);
    expect(scan(bytes).end).toBe(-2);
  });

  it("ends a line's text at the line feed, which elsewhere is white space", () => {
    expect(scan('{"a":\n1}').end).toBe(8);
    expect(scan('{"a":\n1}').found.lineBreak).toBe(true);
    expect(scan('{"a":\n1}', true).end).toBe(-1 - 5);
    expect(scan('{"a":1}\n{"b":2}', true).end).toBe(7);
  });

  it("finds the span of the top-level time, and only there", () => {
    const spanOf = (text: string) => {
      const { found } = scan(text);
      return text.slice(found.timeStart, found.timeEnd);
    };
    expect(spanOf('{"a":{"_time":1},"_time": "x" }')).toBe('"x"');
    expect(spanOf('{"_time":17}')).toBe("17");
    expect(spanOf('{"_time":{"a":[1]},"b":2}')).toBe('{"a":[1]}');
    expect(scan('{"_timer":1,"x":{"_time":2}}').found.timeStart).toBe(-1);
    expect(scan('{"_time":1,"b":[{"_time":2}]}').found).toMatchObject({ timeStart: 9, timeEnd: 10, reshape: false, members: 2 });
  });

  it.each<[string, string, boolean]>([
    ["a watched name", '{"_sysTime":1}', true],
    ["a watched name below the top", '{"a":{"_sysTime":1}}', false],
    ["an escaped top-level name", '{"\\u005fsysTime":1}', true],
    ["an escaped name below the top", '{"a":{"\\u0062":1}}', false],
    ["a name that starts like a watched one", '{"_sysTimes":1}', false],
    ["two times", '{"_time":1,"_time":2}', true],
    ["depth 100", `{"a":${"[".repeat(99)}${"]".repeat(99)}}`, false],
    ["depth 101", `{"a":${"[".repeat(100)}${"]".repeat(100)}}`, true],
    ["a string at the limit", `{"a":"${"x".repeat(STRING_BYTES_MAX)}"}`, false],
    ["a string beyond it", `{"a":"${"x".repeat(STRING_BYTES_MAX + 1)}"}`, true],
  ])("knows whether %s needs rewriting", (_name, text, reshape) => {
    const { end, found, bytes } = scan(text);
    expect(end).toBe(bytes.length);
    expect(found.reshape).toBe(reshape);
  });

  it("64 marks long names and lone surrogates", () => {
    expect(scan(`{"${"n".repeat(NAME_BYTES_MAX)}":1}`).found.longName).toBe(false);
    expect(scan(`{"a":{"${"n".repeat(NAME_BYTES_MAX + 1)}":1}}`).found.longName).toBe(true);
    expect(scan('"\\ud83d\\ude00"').found.loneSurrogate).toBe(false);
    for (const lone of ["\\ud83d", "\\ude00", "\\ud83d\\ud83d", "\\ud83dx\\ude00"])
      expect(scan(`"${lone}"`).found.loneSurrogate).toBe(true);
  });

  it("64 takes nesting of any depth without a stack of its own calls", () => {
    const deep = 200_000;
    expect(scan(`${"[".repeat(deep)}${"]".repeat(deep)}`).end).toBe(2 * deep);
    expect(scan("[".repeat(deep)).end).toBe(-1 - deep);
  });

  it("agrees with JSON.parse on valid texts and on mutations of them", () => {
    const text = fc
      .json({ maxDepth: 4 })
      .chain((json) =>
        fc.tuple(
          fc.constant(json),
          fc.nat(json.length),
          fc.constantFrom("", '"', "\\", "{", "}", "[", "]", ",", ":", "0", "e", "-", ".", "\n", "t", "\u0001", "é"),
        ),
      );
    fc.assert(
      fc.property(text, ([json, at, insert]) => {
        for (const candidate of [json, json.slice(0, at) + insert + json.slice(at), json.slice(0, at) + json.slice(at + 1)]) {
          const { end, bytes } = scan(candidate);
          expect(end >= 0 && candidate.slice(new TextDecoder().decode(bytes.subarray(0, end)).length).trim() === "").toBe(
            isJson(candidate),
          );
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
