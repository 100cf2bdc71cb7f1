import { describe, expect, it } from "vitest";
import type { Batch } from "../../../src/edge/event/batch.ts";
import { eventRules, type RuleParameters } from "../../../src/edge/event/rules.ts";
import { decodeWith } from "../../../src/edge/formats/format.ts";
import { formatOf } from "../../../src/edge/formats/index.ts";
import { Problem } from "../../../src/problem.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const NOW_TEXT = "2026-01-02T03:04:05.678Z";

interface Given extends Partial<RuleParameters> {
  type?: string | null;
  csvFields?: string[];
  delimiter?: string;
}

function decode(body: string | Uint8Array, given: Given = {}): Batch {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const rules = eventRules({ timeField: null, timeLayout: null, labels: null, ...given }, NOW);
  if (typeof rules === "string") throw new Error(rules);
  const format = formatOf(given.type ?? null, bytes);
  return decodeWith(format, bytes, rules, { csvDelimiter: (given.delimiter ?? ",").charCodeAt(0), csvFields: given.csvFields ?? null });
}

const lines = (batch: Batch) => new TextDecoder().decode(batch.ndjson).split("\n").slice(0, -1);
const events = (batch: Batch) => lines(batch).map((line) => JSON.parse(line));

function reasonOf(run: () => unknown): string {
  try {
    run();
    return "none";
  } catch (error) {
    return error instanceof Problem ? error.reason : String(error);
  }
}

const NDJSON = "application/x-ndjson";
const JSON_TYPE = "application/json; charset=utf-8";

describe("the choice of format", () => {
  it.each<[string | null, string, string]>([
    ["application/json", "{}", "json"],
    ["Application/JSON; charset=utf-8", "{}", "json"],
    ["application/x-ndjson", "[]", "ndjson"],
    ["application/nd-json;x=y", "{}", "ndjson"],
    ["application/ndjson", "{}", "ndjson"],
    ["text/csv; header=present", "a", "csv"],
    ["application/vnd.acme+json", "{}", "json"],
    [null, " [1]", "json"],
    [null, "{}", "ndjson"],
    ["application/x-www-form-urlencoded", "[{}]", "json"],
    ["text/plain", "{}", "ndjson"],
  ])("%s with body %s is %s", (type, body, name) => {
    expect(formatOf(type, new TextEncoder().encode(body)).name).toBe(name);
  });
});

describe("bodies", () => {
  it.each<[string, string, string, number[]]>([
    ["an array", JSON_TYPE, '[{"n":1},{"n":2}]', [1, 2]],
    ["an array over several lines", JSON_TYPE, '[\r\n {"n":\n1},\n {"n":2}\n]\n', [1, 2]],
    ["one object", JSON_TYPE, ' {"n":1} ', [1]],
    ["one indented object", JSON_TYPE, '{\n  "n": 1\n}\n', [1]],
    ["NDJSON sent as JSON", JSON_TYPE, '{"n":1}\n{"n":2}\n', [1, 2]],
    ["objects without line breaks", JSON_TYPE, '{"n":1}{"n":2}', [1, 2]],
    ["lines", NDJSON, '{"n":1}\n{"n":2}\n', [1, 2]],
    ["lines with CRLF and blank ones", NDJSON, '\r\n{"n":1}\r\n\r\n \n{"n":2}\r\n\n', [1, 2]],
    ["lines without a last line feed", NDJSON, '{"n":1}\n{"n":2}', [1, 2]],
    ["an array sent as NDJSON", NDJSON, '[{"n":1},\n{"n":2}]', [1, 2]],
    ["indented JSON sent as NDJSON", NDJSON, '{\n "n": 1\n}\n{\n "n": 2\n}', [1, 2]],
    ["a byte order mark", NDJSON, '\uFEFF{"n":1}', [1]],
    ["nothing", JSON_TYPE, "", []],
    ["white space", NDJSON, " \n\r\n", []],
    ["an empty array", JSON_TYPE, "[ ]", []],
  ])("takes %s", (_name, type, body, expected) => {
    const batch = decode(body, { type });
    expect(events(batch).map(({ n }) => n)).toEqual(expected);
    expect(batch.rows).toBe(expected.length);
    expect(batch.failed).toBe(0);
  });

  it("keeps the good lines around broken ones and says what is wrong with each", () => {
    const batch = decode('{"n":1}\n{"n":\n[1]\nnull\n{"n":2} x\n{"n":NaN}\n{"n":3}', { type: NDJSON });
    expect(events(batch).map(({ n }) => n)).toEqual([1, 3]);
    expect(batch.failed).toBe(5);
    expect(batch.rejected.map(({ index, reason }) => [index, reason])).toEqual([
      [1, "syntax"],
      [2, "not-an-object"],
      [3, "not-an-object"],
      [4, "syntax"],
      [5, "syntax"],
    ]);
  });

  it("keeps the objects before and after a broken one in NDJSON sent as JSON", () => {
    const batch = decode('{"n":1}\n{"n":2\n{"n":3}\n', { type: JSON_TYPE });
    expect(events(batch).map(({ n }) => n)).toEqual([1, 3]);
    expect(batch.failed).toBe(1);
  });

  it("rejects array elements that are no objects, alone", () => {
    const batch = decode('[1,{"n":1},"x",null,[{"n":2}],{"n":3}]', { type: JSON_TYPE });
    expect(events(batch).map(({ n }) => n)).toEqual([1, 3]);
    expect(batch.rejected.map(({ index }) => index)).toEqual([0, 2, 3, 4]);
  });

  it.each<[string, string, string | Uint8Array]>([
    ["a broken array", JSON_TYPE, '[{"n":1},{"n":]'],
    ["an array cut short", JSON_TYPE, '[{"n":1}'],
    ["an array that ends twice", JSON_TYPE, '[{"n":1}]]'],
    ["a trailing comma", JSON_TYPE, '[{"n":1},]'],
    ["a text", JSON_TYPE, '"hello"'],
    ["words", JSON_TYPE, "hello world"],
    ["words as lines", NDJSON, "hello\nworld"],
    ["an object cut short", JSON_TYPE, '{"n":1'],
    ["a lone bad line", NDJSON, '{"n":NaN}'],
    ["invalid UTF-8", NDJSON, new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ["NUL bytes", NDJSON, "\0\0\0"],
    ["an endless opening", JSON_TYPE, '{"a":['.repeat(100_000)],
    ["an endless opening in lines", JSON_TYPE, '{"a":[\n'.repeat(100_000)],
  ])("refuses %s as a whole", (_name, type, body) => {
    expect(reasonOf(() => decode(body, { type }))).toBe("body-invalid");
  });

  it("names at most 100 rejected rows and counts them all", () => {
    const batch = decode(`{}\n${"1\n".repeat(5_000)}`, { type: NDJSON });
    expect(batch.failed).toBe(5_000);
    expect(batch.rejected.length).toBe(100);
  });
});

describe("the event rules", () => {
  const one = (line: string, given: Given = {}) => events(decode(line, { type: NDJSON, ...given }))[0];

  it("stores the sender's members and the receive time, byte for byte", () => {
    const [line] = lines(decode('{"_time":"2026-01-01T00:00:00.123456789Z","big":12345678901234567890, "a":[1.0,1e2]}', { type: NDJSON }));
    expect(line).toBe(`{"_sysTime":"${NOW_TEXT}","_time":"2026-01-01T00:00:00.123456789Z","big":12345678901234567890, "a":[1.0,1e2]}`);
  });

  it("gives an event without a time the receive time", () => {
    expect(one('{"a":1}')).toEqual({ _time: NOW_TEXT, _sysTime: NOW_TEXT, a: 1 });
    expect(one('{"_time":null,"a":1}')).toEqual({ _time: NOW_TEXT, _sysTime: NOW_TEXT, a: 1 });
    expect(one("{}")).toEqual({ _time: NOW_TEXT, _sysTime: NOW_TEXT });
  });

  it.each<[string, string]>([
    ['"2016-06-06T12:00:00+02:00"', "2016-06-06T10:00:00"],
    ['"2024-01-01T00:00:00+00:00Z"', "2024-01-01T00:00:00"],
    ['"17/May/2015:08:05:32 +0000"', "2015-05-17T08:05:32"],
    ["1700000000", "2023-11-14T22:13:20"],
    ["1700000000123", "2023-11-14T22:13:20.123"],
    ["1700000000123456", "2023-11-14T22:13:20.123456"],
    ["1700000000123456789", "2023-11-14T22:13:20.123456789"],
    ['"1700000000123456789"', "2023-11-14T22:13:20.123456789"],
    ["1700000000.5", "2023-11-14T22:13:20.5"],
    ["0", "1970-01-01T00:00:00"],
  ])("reads the time %s", (time, expected) => {
    expect(one(`{"_time":${time} ,"a":1}`)._time.replace(/\.?0*Z$/, "")).toBe(expected);
  });

  it("counts an empty one as none, which is what CSV has for it", () => {
    expect(one('{"_time":"","a":1}')).toMatchObject({ _time: NOW_TEXT, a: 1 });
    const csv = decode("_time,a\n,1\n", { type: "text/csv" });
    expect([csv.failed, csv.everyEventHasItsOwnTime]).toEqual([0, false]);
  });

  it.each(['"yesterday"', "true", "{}", "[]", '" "', "1e400", '"2026-02-30T00:00:00Z"', '"\\u0000"'])(
    "rejects the time %s and keeps the rest",
    (time) => {
      const batch = decode(`{"n":1}\n{"_time":${time}}\n{"n":2}`, { type: NDJSON });
      expect(events(batch).map(({ n }) => n)).toEqual([1, 2]);
      expect(batch.rejected.map(({ reason }) => reason)).toEqual(["time"]);
    },
  );

  it("takes the time from another field, keeps that field, and drops a _time that is not the time", () => {
    expect(one('{"at":"2026-01-01T00:00:00Z","a":1}', { timeField: "at" })).toEqual({
      _time: "2026-01-01T00:00:00Z",
      _sysTime: NOW_TEXT,
      at: "2026-01-01T00:00:00Z",
      a: 1,
    });
    expect(one('{"_time":"x","at":1700000000}', { timeField: "at" })._time).toMatch(/^2023-11-14T22:13:20/);
    expect(one('{"a":1}', { timeField: "at" })._time).toBe(NOW_TEXT);
    expect(one('{"_time":"2026-01-01T00:00:00Z"}', { timeField: "at" })._time).toBe(NOW_TEXT);
  });

  it("reads the time by a Go layout when there is one, and then only by it", () => {
    const given = { timeField: "time", timeLayout: "2/Jan/2006:15:04:05 +0000" };
    expect(one('{"time":"17/May/2015:08:05:32 +0000"}', given)._time).toMatch(/^2015-05-17T08:05:32/);
    expect(decode('{"time":"2015-05-17T08:05:32Z"}', { ...given, type: NDJSON }).rejected[0]?.reason).toBe("time");
  });

  it.each(["_sysTime", "_blockInfo", "_cursor", "_rowID", "_source"])("renames the reserved %s", (name) => {
    expect(one(`{"${name}":{"x":1},"a":[2]}`)).toEqual({ _time: NOW_TEXT, _sysTime: NOW_TEXT, [`_user_${name}`]: { x: 1 }, a: [2] });
    expect(one(`{"a":{"${name}":1}}`).a).toEqual({ [name]: 1 });
  });

  it("sees through escapes in names", () => {
    expect(one('{"\\u005fsysTime":1,"\\u005ftime":"2026-01-01T00:00:00Z"}')).toEqual({
      _user__sysTime: 1,
      _sysTime: NOW_TEXT,
      _time: "2026-01-01T00:00:00Z",
    });
  });

  it("lets the last of several times count", () => {
    expect(one('{"_time":"2025-01-01T00:00:00Z","a":1,"_time":"2026-01-01T00:00:00Z"}')._time).toBe("2026-01-01T00:00:00Z");
  });

  it("46 keeps __proto__ a name like any other", () => {
    const [plain, rewritten] = lines(decode('{"__proto__":{"x":1}}\n{"__proto__":{"x":1},"_source":2}', { type: NDJSON }));
    expect(plain).toContain('"__proto__":{"x":1}');
    expect(rewritten).toContain('"__proto__":{"x":1}');
    expect(rewritten).toContain('"_user__source":2');
  });

  it("adds labels to each event, over the sender's own", () => {
    const batch = decode('{"region":"x","a":1}\n{}', { type: NDJSON, labels: '{"region":"eu","n":1}' });
    expect(events(batch)).toEqual([
      { _time: NOW_TEXT, _sysTime: NOW_TEXT, region: "eu", n: 1, a: 1 },
      { _time: NOW_TEXT, _sysTime: NOW_TEXT, region: "eu", n: 1 },
    ]);
    expect(lines(batch)[0]?.match(/"region"/g)?.length).toBe(1);
  });

  it("64 nulls what is nested deeper than 100 levels", () => {
    const nested = (depth: number) => `${'{"k":'.repeat(depth)}1${"}".repeat(depth)}`;
    const depthOf = (value: unknown): number => (value !== null && typeof value === "object" ? 1 + depthOf(Object.values(value)[0]) : 0);
    expect(depthOf(one(`{"a":${nested(99)},"b":2}`).a)).toBe(99);
    expect(depthOf(one(`{"a":${nested(100)},"b":2}`).a)).toBe(99);
    expect(one(`{"a":${nested(5_000)},"b":2}`).b).toBe(2);
    expect(one(`{"b":2,"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`).b).toBe(2);
  });

  it("puts a marker for a string over 1 MB, wherever it stands", () => {
    const long = "x".repeat(1_048_577);
    expect(one(`{"a":"${long}","b":["${long}",1],"c":2}`)).toMatchObject({
      a: "<invalid string: too long>",
      b: ["<invalid string: too long>", 1],
      c: 2,
    });
  });

  it("64 rejects events with too many fields or too long a name", () => {
    const members = (count: number) => `{${Array.from({ length: count }, (_, i) => `"f${i}":1`).join(",")}}`;
    const batch = decode(`${members(1_024)}\n${members(1_025)}\n{"${"n".repeat(201)}":1}`, { type: NDJSON });
    expect(batch.rows).toBe(1);
    expect(batch.rejected.map(({ reason }) => reason)).toEqual(["too-many-members", "name-too-long"]);
  });

  it("64 mends half surrogate pairs, which strict readers refuse a file for", () => {
    const [line] = lines(decode('{"a":"\\ud83d x \\ude00 \\\\ud83d \\ud83d\\ude00"}', { type: NDJSON }));
    expect(line).toContain('"a":"\\ufffd x \\ufffd \\\\ud83d \\ud83d\\ude00"');
  });

  it("makes one line of an object that spans several", () => {
    const batch = decode('[{\n"a":\r\n1,\n"_time":\n"2026-01-01T00:00:00Z"\n}]', { type: JSON_TYPE });
    expect(events(batch)).toEqual([{ _sysTime: NOW_TEXT, _time: "2026-01-01T00:00:00Z", a: 1 }]);
    expect(new TextDecoder().decode(batch.ndjson).match(/[\r\n]/g)).toEqual(["\n"]);
  });

  it("knows the span of times and whether each event brought its own", () => {
    const own = decode('{"_time":"2026-01-01T00:00:00Z"}\n{"_time":"2025-01-01T00:00:00Z"}', { type: NDJSON });
    expect([own.minTime, own.maxTime, own.everyEventHasItsOwnTime]).toEqual([Date.UTC(2025, 0, 1), Date.UTC(2026, 0, 1), true]);
    const mixed = decode('{"_time":"2026-01-01T00:00:00Z"}\n{}', { type: NDJSON });
    expect([mixed.maxTime, mixed.everyEventHasItsOwnTime]).toEqual([NOW, false]);
    expect(decode("", {}).everyEventHasItsOwnTime).toBe(true);
  });

  it.each<[Partial<RuleParameters>]>([
    [{ timeField: "x".repeat(201) }],
    [{ timeField: "_sysTime" }],
    [{ timeLayout: "no time in here" }],
    [{ labels: "nonsense" }],
    [{ labels: "[1]" }],
    [{ labels: '{"a":{}}' }],
    [{ labels: '{"_time":"x"}' }],
    [{ labels: '{"at":"x"}', timeField: "at" }],
    [{ labels: '{"a":1e999}' }],
    [{ labels: `{"${"n".repeat(201)}":1}` }],
    [{ labels: `{"a":"${"x".repeat(8_192)}"}` }],
  ])("says what is wrong with the parameters %j", (parameters) => {
    expect(typeof eventRules({ timeField: null, timeLayout: null, labels: null, ...parameters }, NOW)).toBe("string");
  });
});

describe("46 amplification", () => {
  it.each<[string, string, Given]>([
    ["labels", "{}\n".repeat(10_000), { type: NDJSON, labels: `{"l":"${"x".repeat(8_000)}"}` }],
    [
      "column names",
      `${",".repeat(999)}\n`.repeat(500),
      { type: "text/csv", csvFields: Array.from({ length: 1_000 }, (_, i) => `${i}${"n".repeat(190)}`) },
    ],
  ])("is bounded for %s, which come back in every event", (_name, body, given) => {
    expect(reasonOf(() => decode(body, given))).toBe("body-too-large");
  });
});

describe("CSV", () => {
  it("makes an event of each record under the header's names", () => {
    const batch = decode('_time,user,"a b"\n2026-01-01T00:00:00Z,x,"say ""hi"""\n1700000000,y,\n', { type: "text/csv" });
    expect(events(batch)).toEqual([
      { _sysTime: NOW_TEXT, _time: "2026-01-01T00:00:00Z", user: "x", "a b": 'say "hi"' },
      { _sysTime: NOW_TEXT, _time: expect.stringMatching(/^2023-11-14T22:13:20/), user: "y", "a b": "" },
    ]);
  });

  it("takes the names from the request, another delimiter, and labels", () => {
    const batch = decode("1;2\n3;4", { type: "text/csv", csvFields: ["a", "_source"], delimiter: ";", labels: '{"l":1}' });
    expect(events(batch)[1]).toEqual({ _time: NOW_TEXT, _sysTime: NOW_TEXT, l: 1, a: "3", _user__source: "4" });
  });

  it("rejects a ragged record or one with a bad time and keeps the others", () => {
    const batch = decode("_time,a\n2026-01-01T00:00:00Z,1\nonly one\nnever,2\n2026-01-01T00:00:01Z,3\n", { type: "text/csv" });
    expect(events(batch).map(({ a }) => a)).toEqual(["1", "3"]);
    expect(batch.rejected.map(({ index, reason }) => [index, reason])).toEqual([
      [1, "row"],
      [2, "time"],
    ]);
  });

  it.each(['a,b\n1,"2', "a,a\n1,2", ",\n1,2"])("refuses %j as a whole", (body) => {
    expect(reasonOf(() => decode(body, { type: "text/csv" }))).toBe("body-invalid");
  });
});

describe("64 bodies made to cost", () => {
  const MEGABYTE = 1_048_576;
  it.each<[string, string, Given]>([
    ["members by the million that ask for rewriting", `{${'"_source":1,'.repeat(300_000)}"a":1}`, { type: NDJSON }],
    ["lines of nothing", "x\n".repeat(2 * MEGABYTE), { type: NDJSON }],
    ["numbers as lines", `{}\n${"1\n".repeat(2 * MEGABYTE)}`, { type: NDJSON }],
    ["brackets", "[".repeat(4 * MEGABYTE), { type: JSON_TYPE }],
    ["an open object on every line", '{"a":[\n'.repeat(500_000), { type: JSON_TYPE }],
    ["a quote on every line", '"\n'.repeat(2 * MEGABYTE), { type: NDJSON }],
    ["empty CSV columns", `a\n${",".repeat(4 * MEGABYTE)}`, { type: "text/csv" }],
    [
      "CSV rows that never fit",
      `${Array.from({ length: 1_024 }, (_, i) => `${i}${"n".repeat(190)}`).join(",")}\n${`${",".repeat(1_024)}\n`.repeat(20_000)}`,
      { type: "text/csv" },
    ],
    ["escaped names by the million", `{"\\u0061":1}\n`.repeat(1_000_000), { type: NDJSON }],
    ["times in words", `{}\n${'{"_time":"x"}\n'.repeat(200_000)}`, { type: NDJSON }],
  ])("of %s end soon", { timeout: 4_000 }, (_name, body, given) => {
    expect(["none", "body-invalid", "body-too-large"]).toContain(reasonOf(() => decode(body, given)));
  });
});
