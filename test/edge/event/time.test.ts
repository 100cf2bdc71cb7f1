import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { instantOfMs, readEpoch, readTimeText, readUtcBytes, TIME_LENGTH_MAX } from "../../../src/edge/event/time.ts";

const FIRST_MS = new Date("0001-01-01T00:00:00.000Z").getTime();
const LAST_MS = new Date("9999-12-31T23:59:59.999Z").getTime();
const anyMs = fc.integer({ min: FIRST_MS, max: LAST_MS });
const digits = fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 1, maxLength: 9 });

/** Reads a text amid other bytes, which must not count. */
function readBytes(text: string): number {
  const bytes = new TextEncoder().encode(`0${text}0`);
  return readUtcBytes(bytes, 1, bytes.length - 1);
}

/** What `readUtcBytes` should answer, by other means: the engine's own parser on the one format ECMAScript defines for it. */
function expectedOf(text: string): number {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(text) ? Date.parse(text.replace(/(\.\d{3})\d+/, "$1")) : Number.NaN;
  const rolledOver = Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 19) !== text.slice(0, 19);
  return rolledOver || text.startsWith("0000") ? Number.NaN : ms;
}

describe("the fast path", () => {
  test.each([
    ["2026-01-02T03:04:05Z", 1_767_323_045_000],
    ["2026-01-02T03:04:05.6Z", 1_767_323_045_600],
    ["2026-01-02T03:04:05.06Z", 1_767_323_045_060],
    ["2026-01-02T03:04:05.123Z", 1_767_323_045_123],
    ["2026-01-02T03:04:05.123999999Z", 1_767_323_045_123],
    ["1970-01-01T00:00:00Z", 0],
    ["1969-12-31T23:59:59.999999Z", -1],
    ["2000-02-29T00:00:00Z", 951_782_400_000],
    ["0001-01-01T00:00:00Z", FIRST_MS],
    ["9999-12-31T23:59:59.999999999Z", LAST_MS],
  ])("reads %s", (text, ms) => {
    expect(readBytes(text)).toBe(ms);
  });

  test.each([
    "",
    "Z",
    "2026-01-02",
    "2026-01-02T03:04Z",
    "2026-01-02T03:04:05",
    "2026-01-02T03:04:05z",
    "2026-01-02t03:04:05Z",
    "2026-01-02 03:04:05Z",
    "2026-01-02T03:04:05.Z",
    "2026-01-02T03:04:05.1234567890Z",
    "2026-01-02T03:04:05,1Z",
    "2026-01-02T03:04:05.1x3Z",
    "2026-01-02T03:04:05.1234567x9Z",
    "2026-01-02T03:04:05+00:00",
    "2026-01-02T03:04:05+00:00Z",
    "2026-01-02T03:04:60Z",
    "2026-01-02T03:60:00Z",
    "2026-01-02T24:00:00Z",
    "2026-13-02T03:04:05Z",
    "2026-00-02T03:04:05Z",
    "2026-01-00T03:04:05Z",
    "2026-02-29T03:04:05Z",
    "1900-02-29T03:04:05Z",
    "2026-04-31T03:04:05Z",
    "0000-01-01T00:00:00Z",
    "-026-01-02T03:04:05Z",
    "2026/01/02T03:04:05Z",
    "2026-01-02T03.04.05Z",
  ])("leaves %j to the slow path", (text) => {
    expect(readBytes(text)).toBeNaN();
  });

  test("agrees with Date.parse on every valid stamp", () => {
    fc.assert(
      fc.property(anyMs, fc.option(digits), (ms, fraction) => {
        const text = `${new Date(ms).toISOString().slice(0, 19)}${fraction === null ? "" : `.${fraction}`}Z`;
        expect(readBytes(text)).toBe(expectedOf(text));
        expect(readBytes(text)).not.toBeNaN();
      }),
      { numRuns: 500 },
    );
  });

  test("answers NaN when a changed byte leaves no valid stamp", () => {
    const byte = fc.oneof(fc.constantFrom(..."0123456789-:.TZtz+ "), fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 1 }));
    fc.assert(
      fc.property(anyMs, fc.nat(23), byte, fc.nat(2), (ms, at, change, cut) => {
        const valid = new Date(ms).toISOString();
        const text = valid.slice(0, at) + change + valid.slice(at + cut);
        expect(readBytes(text)).toBe(expectedOf(text));
      }),
      { numRuns: 1000 },
    );
  });
});

describe("a time as text", () => {
  test.each([
    // RFC 3339 and ISO 8601
    ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02t03:04:05z", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02 03:04:05", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02 03:04:05 Z", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02T03:04Z", "2026-01-02T03:04:00.000Z"],
    ["2026-01-02", "2026-01-02T00:00:00.000Z"],
    ["  2026-01-02T03:04:05Z\n", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02T03:04:05+01:00", "2026-01-02T02:04:05.000Z"],
    ["2026-01-02T03:04:05-0330", "2026-01-02T06:34:05.000Z"],
    ["2026-01-02T03:04:05+05", "2026-01-01T22:04:05.000Z"],
    ["2026-01-02T03:04:05-00:00", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02 03:04:05 +0100", "2026-01-02T02:04:05.000Z"],
    ["2026-01-02T24:00:00Z", "2026-01-03T00:00:00.000Z"],
    ["20260102T030405Z", "2026-01-02T03:04:05.000Z"],
    ["20260102T030405.25+0100", "2026-01-02T02:04:05.250Z"],
    ["20260102T0304Z", "2026-01-02T03:04:00.000Z"],
    // what clients make of it
    ["2024-01-01T00:00:00+00:00Z", "2024-01-01T00:00:00.000Z"],
    ["2024-01-01T00:00:00.123456+02:00Z", "2023-12-31T22:00:00.123456Z"],
    ["2026-01-02 03:04:05,123", "2026-01-02T03:04:05.123Z"],
    ["2026/01/02 03:04:05", "2026-01-02T03:04:05.000Z"],
    ["2026/1/2 3:04:05", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02 03:04:05.5 +0100 CET", "2026-01-02T02:04:05.500Z"],
    ["2026-01-02 03:04:05 UTC", "2026-01-02T03:04:05.000Z"],
    // fractions keep every digit up to the nanosecond
    ["2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.100Z"],
    ["2026-01-02T03:04:05.1234Z", "2026-01-02T03:04:05.123400Z"],
    ["2026-01-02T03:04:05.123456Z", "2026-01-02T03:04:05.123456Z"],
    ["2026-01-02T03:04:05.1234567Z", "2026-01-02T03:04:05.123456700Z"],
    ["2026-01-02T03:04:05.000000001Z", "2026-01-02T03:04:05.000000001Z"],
    ["2026-01-02T03:04:05.12345678999999Z", "2026-01-02T03:04:05.123456789Z"],
    ["1969-12-31T23:59:59.000000001Z", "1969-12-31T23:59:59.000000001Z"],
    // mail, HTTP, C, logs
    ["Mon, 02 Jan 2006 15:04:05 GMT", "2006-01-02T15:04:05.000Z"],
    ["Mon, 2 Jan 2006 15:04:05 -0700", "2006-01-02T22:04:05.000Z"],
    ["2 Jan 2006 15:04 PST", "2006-01-02T23:04:00.000Z"],
    ["Mon, 02 Jan 06 15:04:05 EDT", "2006-01-02T19:04:05.000Z"],
    ["Mon, 02 Jan 2006 15:04:05 +0000 (UTC)", "2006-01-02T15:04:05.000Z"],
    ["Monday, 02-Jan-06 15:04:05 GMT", "2006-01-02T15:04:05.000Z"],
    ["Saturday, 31-Dec-69 15:04:05 GMT", "1969-12-31T15:04:05.000Z"],
    ["Mon, 02-Jan-2006 15:04:05 GMT", "2006-01-02T15:04:05.000Z"],
    ["Mon Jan  2 15:04:05 2006", "2006-01-02T15:04:05.000Z"],
    ["Mon Jan 2 15:04:05.25 2006", "2006-01-02T15:04:05.250Z"],
    ["Mon Jan  2 15:04:05 MST 2006", "2006-01-02T22:04:05.000Z"],
    ["Mon Jan 02 15:04:05 -0700 2006", "2006-01-02T22:04:05.000Z"],
    ["02/Jan/2006:15:04:05 -0700", "2006-01-02T22:04:05.000Z"],
    ["17/May/2015:08:05:32 +0000", "2015-05-17T08:05:32.000Z"],
    ["2 September 2006 15:04:05", "2006-09-02T15:04:05.000Z"],
    // a leap second is the second after :59
    ["2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"],
    ["2016-12-31T15:59:60.25-08:00", "2017-01-01T00:00:00.250Z"],
    // epochs
    ["1700000000", "2023-11-14T22:13:20.000Z"],
    ["1700000000.123456", "2023-11-14T22:13:20.123456Z"],
    ["1795312117666", "2026-11-22T01:48:37.666Z"],
    ["20260102", "1970-08-23T11:48:22.000Z"],
    // the first and the last
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
    ["9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"],
  ])("%j is read", (text, expected) => {
    expect(readTimeText(text)).toEqual({ ms: Math.floor(new Date(expected).getTime()), text: expected });
  });

  test.each([
    "",
    "now",
    "Jan  2 15:04:05",
    "<34>Oct 11 22:14:15",
    "2026-W01-5",
    "2026-001",
    "2026-01-02T",
    "2026-01-02T03Z",
    "2026-01-02X03:04:05",
    "2026-01-02T03:04:05 CET",
    "2026-01-02T03:04:05+24:00",
    "2026-01-02T03:04:05+01:60",
    "2026-01-02T03:04:05+1",
    "2026-01-02T03:04:05.",
    "2026-01-02T03:04:61Z",
    "2026-01-02T03:60:00Z",
    "2026-01-02T25:00:00Z",
    "2026-01-02T24:00:01Z",
    "2026-01-02T24:00:00.000000001Z",
    "2026-02-29",
    "2026-13-01",
    "2026-00-01",
    "2026-01-00",
    "2026/01-02",
    "0000-12-31T23:59:59Z",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:60Z",
    "9999-12-31T23:59:59-00:01",
    "31/Foo/2026:00:00:00 +0000",
    "30/Feb/2026:00:00:00 +0000",
    "Xyz, 02 Jan 2006 15:04:05 GMT",
    "1/2/2026 03:04:05",
    "2026-01-02T03:04:05Z trailing",
    "1e99",
    "0x10",
    "NaN",
    `2026-01-02T03:04:05.${"0".repeat(TIME_LENGTH_MAX)}Z`,
  ])("%j is not", (text) => {
    expect(readTimeText(text)).toBeNull();
  });

  test("that is canonical already is read back as it is, on both paths", () => {
    fc.assert(
      fc.property(anyMs, fc.nat(999_999), (ms, rest) => {
        const found = readTimeText(`${new Date(ms).toISOString().slice(0, -1)}${String(rest).padStart(6, "0")}Z`);
        expect(found?.ms).toBe(ms);
        expect(readTimeText(found?.text ?? "")).toEqual(found);
        expect(readBytes(found?.text ?? "")).toBe(ms);
      }),
    );
  });

  test("never throws, whatever it is", () => {
    const piece = fc.constantFrom(..."0123456789", "Jan", "Mon", ", ", "-", ":", "T", "Z", "+", " ", "/", ".", "2026", "\u0000", "é");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        expect(readTimeText(pieces.join(""))?.ms).not.toBeNaN();
      }),
    );
  });
});

describe("a time as a number", () => {
  test.each([
    ["0", "1970-01-01T00:00:00.000Z"],
    ["-0", "1970-01-01T00:00:00.000Z"],
    ["-1", "1969-12-31T23:59:59.000Z"],
    ["-1.5", "1969-12-31T23:59:58.500Z"],
    ["-0.000000001", "1969-12-31T23:59:59.999999999Z"],
    ["0.0000000001", "1970-01-01T00:00:00.000Z"],
    ["1700000000", "2023-11-14T22:13:20.000Z"],
    ["1700000000.123456", "2023-11-14T22:13:20.123456Z"],
    ["1700000000.123456789123", "2023-11-14T22:13:20.123456789Z"],
    ["1.7e9", "2023-11-14T22:13:20.000Z"],
    ["1.7E+9", "2023-11-14T22:13:20.000Z"],
    ["17000000001234567e-7", "2023-11-14T22:13:20.123456700Z"],
    ["0.00017e13", "2023-11-14T22:13:20.000Z"],
    ["1e-400", "1970-01-01T00:00:00.000Z"],
    ["0e9", "1970-01-01T00:00:00.000Z"],
    // the unit changes at 10^11, 10^14 and 10^17
    ["99999999999", "5138-11-16T09:46:39.000Z"],
    ["100000000000", "1973-03-03T09:46:40.000Z"],
    ["-100000000000", "1966-10-31T14:13:20.000Z"],
    ["99999999999999", "5138-11-16T09:46:39.999Z"],
    ["99999999999.9", "5138-11-16T09:46:39.900Z"],
    ["100000000000000", "1973-03-03T09:46:40.000Z"],
    ["99999999999999999", "5138-11-16T09:46:39.999999Z"],
    ["100000000000000000", "1973-03-03T09:46:40.000Z"],
    ["1795312117666", "2026-11-22T01:48:37.666Z"],
    ["1795312117666.5", "2026-11-22T01:48:37.666500Z"],
    ["1795312117666123", "2026-11-22T01:48:37.666123Z"],
    // past 2^53 a float would have lost the last digits
    ["1795312117666123457", "2026-11-22T01:48:37.666123457Z"],
    ["-1795312117666123457", "1913-02-09T22:11:22.333876543Z"],
    ["253402300799999999999", "9999-12-31T23:59:59.999999999Z"],
    ["-62135596800", "0001-01-01T00:00:00.000Z"],
    ["-62135596800000", "0001-01-01T00:00:00.000Z"],
  ])("%s is read", (number, expected) => {
    expect(readEpoch(number)).toEqual({ ms: Math.floor(new Date(expected).getTime()), text: expected });
  });

  test.each([
    "253402300800000000000",
    "-62135596800.000000001",
    "-62135596801",
    "1e22",
    "1e9999",
    "1e99999999999",
    "9".repeat(TIME_LENGTH_MAX),
    "9".repeat(100_000),
    `1.${"0".repeat(TIME_LENGTH_MAX)}`,
    "",
    "-",
    "+1",
    "1.",
    ".1",
    "1e",
    "1e1.5",
    " 1",
    "1_000",
    "0x1",
    "1n",
    "NaN",
    "Infinity",
    "null",
    "true",
    "١",
  ])("%.40s is not", (number) => {
    expect(readEpoch(number)).toBeNull();
  });

  test("keeps every digit, in whichever unit and notation it comes", () => {
    // 2001 to 2286: the years in which seconds, milliseconds, microseconds and nanoseconds are told apart by size alone
    fc.assert(
      fc.property(fc.integer({ min: 1e9, max: 9_999_999_999 }), fc.nat(999_999_999), fc.integer({ min: -30, max: 30 }), (s, ns, shift) => {
        const nanos = String(ns).padStart(9, "0");
        const expected = readTimeText(`${new Date(s * 1000).toISOString().slice(0, 19)}.${nanos}Z`);
        expect(readEpoch(`${s}.${nanos}`)).toEqual(expected);
        expect(readEpoch(`${s}${nanos.slice(0, 3)}.${nanos.slice(3)}`)).toEqual(expected);
        expect(readEpoch(`${s}${nanos.slice(0, 6)}.${nanos.slice(6)}`)).toEqual(expected);
        expect(readEpoch(`${s}${nanos}`)).toEqual(expected);
        const point = shift < 0 ? `0.${"0".repeat(-shift)}${s}${nanos}` : `${s}${nanos}${"0".repeat(shift)}.0`;
        expect(readEpoch(`${point}e${shift < 0 ? 10 - shift : -9 - shift}`)).toEqual(expected);
      }),
    );
  });
});

test("a clock's milliseconds have the text Date would give", () => {
  fc.assert(
    fc.property(anyMs, (ms) => {
      expect(instantOfMs(ms)).toEqual({ ms, text: new Date(ms).toISOString() });
    }),
    { numRuns: 1000 },
  );
  for (const year of [4, 400, 1600, 1900, 1999, 2000, 2024, 2026, 2100, 2400, 9999]) {
    for (let day = 1; day <= 366; day++) {
      const ms = new Date(0).setUTCFullYear(year, 0, day);
      if (ms <= LAST_MS) expect(instantOfMs(ms).text).toBe(new Date(ms).toISOString());
    }
  }
  expect(instantOfMs(-0.5)).toEqual({ ms: -1, text: "1969-12-31T23:59:59.999Z" });
});
