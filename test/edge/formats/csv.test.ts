import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CSV_COLUMNS_MAX, CSV_NAME_BYTES_MAX, csvDecoder, readDelimiter } from "../../../src/edge/formats/csv.ts";
import { wholeBody } from "../../../src/edge/formats/format.ts";
import { Problem, type Reason } from "../../../src/problem.ts";

interface Outcome {
  objects: string[];
  rejected: Record<number, string>;
}

function bytesOf(body: string | number[]): Uint8Array {
  return typeof body === "string" ? new TextEncoder().encode(body) : Uint8Array.from(body);
}

function scan(body: string | number[], fields: string[] | null = null, delimiter = ","): Outcome {
  const outcome: Outcome = { objects: [], rejected: {} };
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decode = csvDecoder(
    { delimiter: delimiter.charCodeAt(0), fields, bytesMax: 64 * 1_048_576, recordBytesMax: Number.POSITIVE_INFINITY },
    {
      isFull: () => false,
      object: (bytes, start, end) => outcome.objects.push(decoder.decode(bytes.subarray(start, end))),
      reject: (index, reason) => {
        outcome.rejected[index] = reason;
      },
    },
  );
  decode(wholeBody(bytesOf(body)));
  return outcome;
}

function problemOf(act: () => unknown): { reason: Reason | null; detail: string } {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof Problem) return { reason: thrown.reason, detail: thrown.message };
    throw thrown;
  }
  return { reason: null, detail: "" };
}

const AB = (a: string, b: string) => JSON.stringify({ a, b });

describe("a body of CSV", () => {
  test.each<[name: string, body: string, objects: string[]]>([
    ["takes the first record as the header", "a,b\n1,2\n3,4\n", [AB("1", "2"), AB("3", "4")]],
    ["needs no final line end", "a,b\n1,2", [AB("1", "2")]],
    ["may have no record at all", "a,b\n", []],
    ["may have a header only, without a line end", "a,b", []],
    ["ends lines with CRLF", "a,b\r\n1,2\r\n3,4\r\n", [AB("1", "2"), AB("3", "4")]],
    ["ends lines with CR alone", "a,b\r1,2\r3,4", [AB("1", "2"), AB("3", "4")]],
    ["skips blank lines everywhere", "\n\r\na,b\n\n\r1,2\n\r\n\n3,4\n\n", [AB("1", "2"), AB("3", "4")]],
    ["skips the byte order mark", "\ufeffa,b\n1,2", [AB("1", "2")]],
    ["skips the byte order mark before a quoted name", '\ufeff"a",b\n1,2', [AB("1", "2")]],
    ["keeps a byte order mark elsewhere", "a,b\n\ufeff1,2", [AB("\ufeff1", "2")]],
    ["trims the names, not the values", " a\t, b \n 1 ,\t2 ", [AB(" 1 ", "\t2 ")]],
    ["keeps empty values as empty strings", "a,b\n,\n1,\n,2", [AB("", ""), AB("1", ""), AB("", "2")]],
    ["keeps a line of one space as a value", "a\n \n", ['{"a":" "}']],
    ["keeps a quoted empty value that would be a blank line", 'a\n""\n', ['{"a":""}']],
    ["leaves numbers and words as strings", "a,b\n007,true", [AB("007", "true")]],
    ["reads quoted values", 'a,b\n"1","2"\n', [AB("1", "2")]],
    ["reads quoted values at the very end", 'a,b\n"1","2"', [AB("1", "2")]],
    ["reads delimiters in quotes", 'a,b\n"1,1",2', [AB("1,1", "2")]],
    ["reads line ends in quotes", 'a,b\n"1\n2\r\n3\r4",5\n', [AB("1\n2\r\n3\r4", "5")]],
    ["reads blank lines in quotes", 'a,b\n"\n\n",5\n', [AB("\n\n", "5")]],
    ["reads doubled quotes", 'a,b\n"say ""hi""",""""', [AB('say "hi"', '"')]],
    ["reads a value of doubled quotes only", 'a,b\n"""""",x', [AB('""', "x")]],
    ["reads quoted names with a delimiter", '"a,1",b\n1,2', ['{"a,1":"1","b":"2"}']],
    ["keeps a quote within an unquoted value", 'a,b\n5" disk,x"y"', [AB('5" disk', 'x"y"')]],
    ["keeps a quote after a space", 'a,b\n "1",2', [AB(' "1"', "2")]],
    ["keeps doubled quotes of an unquoted value", 'a,b\nx"",2', [AB('x""', "2")]],
    ["escapes backslashes", 'a,b\n\\,"\\n"', [AB("\\", "\\n")]],
    ["escapes control characters", "a,b\n\u0000\u0001\b\t\f,\u001f\u007f", [AB("\u0000\u0001\b\t\f", "\u001f\u007f")]],
    ["keeps UTF-8 of two, three and four bytes", 'a,b\nü€😀,"ü€😀"', [AB("ü€😀", "ü€😀")]],
    ["keeps the line separators of Unicode", "a,b\n\u2028,\u0085", [AB("\u2028", "\u0085")]],
    ["escapes names once", '"a ""x""\n","\\"\n1,2', ['{"a \\"x\\"":"1","\\\\":"2"}']],
    ["takes any name", "__proto__,constructor\n1,2", ['{"__proto__":"1","constructor":"2"}']],
    ["has one column when the delimiter is absent", "foo\nbar\nbaz", ['{"foo":"bar"}', '{"foo":"baz"}']],
  ])("%s", (_name, body, objects) => {
    expect(scan(body)).toEqual({ objects, rejected: {} });
  });

  test("takes every record as data when the names are given", () => {
    expect(scan("1,2\n3,4", [" a", "b "])).toEqual({ objects: [AB("1", "2"), AB("3", "4")], rejected: {} });
    expect(scan("", ["a"])).toEqual({ objects: [], rejected: {} });
  });

  test.each([";", "\t", "|", " ", ":", "\\", "x", "\u0001"])("may use %j as its delimiter, and then a comma is a comma", (delimiter) => {
    const body = ["a", "b\n1,1", `2\n"3${delimiter}3"`, "4"].join(delimiter);
    expect(scan(body, null, delimiter).objects).toEqual([AB("1,1", "2"), AB(`3${delimiter}3`, "4")]);
  });

  test("keeps values longer than the scratch buffer, plain and escaped", () => {
    const plain = "x".repeat(100_000);
    const escaped = "\u0001".repeat(50_000);
    const wide = "€".repeat(50_000);
    expect(scan(`a,b\n${plain},${escaped}\n${wide},1\n`).objects).toEqual([AB(plain, escaped), AB(wide, "1")]);
  });

  test("keeps a record that fills the scratch buffer, whatever comes where it ends", () => {
    const long = "b".repeat(CSV_NAME_BYTES_MAX);
    for (let size = 16_384 - 250; size <= 16_384; size++) {
      const value = "x".repeat(size);
      for (const rest of ["", "\u0001", "\u0001\u0001", "€", "😀", '"', "\\"]) {
        const object = JSON.stringify({ a: value + rest, [long]: rest });
        expect(scan(`a,${long}\n${value}${rest},"${rest.replace('"', '""')}"`).objects).toEqual([object]);
      }
    }
  });
});

describe("a record of CSV that cannot be used", () => {
  test("is rejected with both counts and leaves its neighbours alone", () => {
    const { objects, rejected } = scan("a,b\n1,2\n3\n4,5,6,7\n8,9\n");
    expect(objects).toEqual([AB("1", "2"), AB("8", "9")]);
    expect(Object.keys(rejected)).toEqual(["1", "2"]);
    expect(rejected[1]).toMatch(/\b1 value.*\b2 columns/);
    expect(rejected[2]).toMatch(/\b4 values.*\b2 columns/);
  });

  test("is numbered from the first when the names are given", () => {
    expect(Object.keys(scan("1\n2,3", ["a", "b"]).rejected)).toEqual(["0"]);
  });

  test.each([
    ["text", 'a,b\n"1"x,2\n3,4'],
    ["a space", 'a,b\n"1" ,2\n3,4'],
    ["another quoted text", 'a,b\n"1" "2",2\n3,4'],
    ["text at the end of the line", 'a,b\n1,"2"x\n3,4'],
    ["a multi-byte character", 'a,b\n"1"é,2\n3,4'],
    ["a backslash", 'a,b\n"1"\\,2\n3,4'],
  ])("has %s after a closing quote", (_name, body) => {
    const { objects, rejected } = scan(body);
    expect(objects).toEqual([AB("3", "4")]);
    expect(rejected).toEqual({ 0: expect.stringContaining("closing quote") });
  });

  test.each<[name: string, bytes: number[]]>([
    ["a lone continuation byte", [0x80]],
    ["a sequence cut off by the delimiter", [0xc3]],
    ["a three-byte sequence cut off", [0xe2, 0x82]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["an overlong three-byte sequence", [0xe0, 0x80, 0xaf]],
    ["an overlong four-byte sequence", [0xf0, 0x80, 0x80, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["a code point past U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
    ["a sequence led by 0xf5", [0xf5, 0x80, 0x80, 0x80]],
    ["a byte UTF-8 never uses", [0xff]],
    ["Latin-1", [0x67, 0x72, 0xfc, 0x6e]],
  ])("holds %s, which is not UTF-8", (_name, bytes) => {
    const comma = 0x2c;
    const lineFeed = 0x0a;
    for (const value of [bytes, [0x22, ...bytes, 0x22]]) {
      const { objects, rejected } = scan([...bytesOf("a,b\n"), ...value, comma, 0x31, lineFeed, ...bytesOf("3,4")]);
      expect(objects).toEqual([AB("3", "4")]);
      expect(rejected).toEqual({ 0: expect.stringContaining("UTF-8") });
    }
    expect(scan([...bytesOf("a\n"), ...bytes]).rejected).toEqual({ 0: expect.stringContaining("UTF-8") });
  });

  test("does not have its content shown in the reason", () => {
    expect(JSON.stringify(scan('a,b\nsecret\n"secret"secret,1').rejected)).not.toContain("secret");
  });
});

describe("a body of CSV that cannot be used", () => {
  test.each<[name: string, body: string | number[], detail: RegExp]>([
    ["is empty", "", /no header/],
    ["is only a byte order mark", [0xef, 0xbb, 0xbf], /no header/],
    ["has only blank lines", "\n\r\n\r", /no header/],
    ["has an empty name", "a,,b\n1,2,3", /column 2/],
    ["has a name of white space", "a, \t\n1,2", /column 2/],
    ["has a trailing delimiter in the header", "a,b,\n1,2,3", /column 3/],
    ["has a name twice", "a,b, a\n1,2,3", /column 3/],
    ["has a name that is too long", `a,${"ü".repeat(CSV_NAME_BYTES_MAX / 2)}x\n1,2`, /column 2/],
    ["has too many columns", `${Array.from({ length: CSV_COLUMNS_MAX + 1 }, (_, n) => `c${n}`).join(",")}\n`, /1024/],
    ["has text after a closing quote in the header", '"a"x,b\n1,2', /header.*closing quote/],
    ["has a header that is not UTF-8", [0xff, 0x0a, 0x31], /header.*UTF-8/],
    ["never closes a quote of the header", 'a,"b\n1,2\n', /header.*never closed/],
    ["never closes a quote of a record", 'a,b\n1,2\n3,"4\n5,6\n7,8', /record 1 .*never closed/],
    ["never closes a quote at the very end", 'a,b\n1,"', /record 0 .*never closed/],
    ["ends in a doubled quote", 'a,b\n1,"2""', /record 0 .*never closed/],
  ])("%s", (_name, body, detail) => {
    const problem = problemOf(() => scan(body));
    expect(problem.reason).toBe("body-invalid");
    expect(problem.detail).toMatch(detail);
  });

  test("may have as many columns and as long a name as the limits say", () => {
    const names = Array.from({ length: CSV_COLUMNS_MAX }, (_, column) => `c${column}`.padEnd(CSV_NAME_BYTES_MAX, "x"));
    const { objects } = scan(`${names.join(",")}\n${names.map((_, column) => column).join(",")}`);
    expect(Object.keys(JSON.parse(objects[0] ?? "") as object)).toEqual(names);
  });

  test.each<[name: string, fields: string[]]>([
    ["an empty one", ["a", " "]],
    ["one twice", ["a", "a"]],
    ["one too long", ["a".repeat(CSV_NAME_BYTES_MAX + 1)]],
    ["too many", Array.from({ length: CSV_COLUMNS_MAX + 1 }, (_, n) => `c${n}`)],
  ])("is not blamed when the names beside it hold %s", (_name, fields) => {
    expect(problemOf(() => scan("1\n", fields)).reason).toBe("parameter-invalid");
  });
});

describe("csv-delimiter", () => {
  test.each([
    [null, ","],
    [",", ","],
    [";", ";"],
    ["|", "|"],
    ["\t", "\t"],
    ["\\t", "\t"],
    ["\\", "\\"],
    [" ", " "],
    ["\u0001", "\u0001"],
  ])("%j is read", (parameter, delimiter) => {
    expect(readDelimiter(parameter)).toBe(delimiter.charCodeAt(0));
  });

  test.each(["", ",,", '"', "\n", "\r", "\\n", "é", "😀", "tab"])("%j is refused", (parameter) => {
    expect(problemOf(() => readDelimiter(parameter)).reason).toBe("parameter-invalid");
  });
});

describe("for any table", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 12 }),
    fc.string({ unit: fc.constantFrom('"', ",", "\n", "\r", "\\", " ", "a", "é", "\u0000"), maxLength: 12 }),
  );
  const name = text.filter((value) => value.trim() !== "" && bytesOf(value).length <= CSV_NAME_BYTES_MAX);
  const table = fc
    .uniqueArray(name, { selector: (value) => value.trim(), minLength: 1, maxLength: 6 })
    .chain((names) =>
      fc.tuple(fc.constant(names), fc.array(fc.array(text, { minLength: names.length, maxLength: names.length }), { maxLength: 8 })),
    );

  test("what was written by the rules of RFC 4180 is read back equal", () => {
    const lineEnd = fc.constantFrom("\n", "\r\n", "\r");
    fc.assert(
      fc.property(table, lineEnd, fc.boolean(), fc.boolean(), ([names, rows], end, quoteAll, finalEnd) => {
        const written = (value: string) =>
          quoteAll || value === "" || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
        const body = [names, ...rows].map((values) => values.map(written).join(",")).join(end) + (finalEnd ? end : "");
        const { objects, rejected } = scan(body.startsWith("\ufeff") ? `\ufeff${body}` : body);
        expect(rejected).toEqual({});
        const expected = rows.map((values) => values.map((value, column) => [names[column]?.trim(), value]));
        expect(objects.map(membersOf)).toEqual(expected);
      }),
    );
  });

  test("any bytes are objects, rejections or a Problem, and what comes out is JSON", () => {
    const bytes = fc.array(fc.oneof(fc.constantFrom(...bytesOf('",\r\n\\aé€')), fc.nat(255)), { maxLength: 60 });
    fc.assert(
      fc.property(bytes, (body) => {
        const problem = problemOf(() => {
          const { objects, rejected } = scan(body, ["a", "b"]);
          for (const object of objects) expect(Object.keys(JSON.parse(object) as object)).toEqual(["a", "b"]);
          for (const index of Object.keys(rejected)) expect(Number(index)).toBeLessThan(objects.length + Object.keys(rejected).length);
        });
        expect([null, "body-invalid"]).toContain(problem.reason);
      }),
    );
  });
});

/** Names and values in order, which also tells `__proto__` and index-like names apart from what an object makes of them. */
function membersOf(object: string): [string, string][] {
  const strings = object.match(/"(?:[^"\\]|\\.)*"/g) ?? [];
  const texts = strings.map((string) => JSON.parse(string) as string);
  return Array.from({ length: texts.length / 2 }, (_, pair) => [texts[pair * 2] ?? "", texts[pair * 2 + 1] ?? ""]);
}
