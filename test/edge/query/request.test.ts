import { describe, expect, it } from "vitest";
import { readAplRequest } from "../../../src/edge/query/request/apl.ts";
import { durationMicros } from "../../../src/edge/query/request/duration.ts";
import { readLegacyRequest } from "../../../src/edge/query/request/legacy.ts";
import { readTime } from "../../../src/edge/query/request/time-range.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5) * 1_000;
const bytes = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const apl = (value: unknown, query = "") => readAplRequest(bytes(value), new URLSearchParams(query), NOW);
const legacy = (value: object, query = "") =>
  readLegacyRequest(bytes({ startTime: "now-1h", endTime: "now", ...value }), new URLSearchParams(query), NOW);

describe("a time in a request", () => {
  it.each([
    ["2026-01-02T03:04:05Z", NOW],
    ["2026-01-02T04:04:05+01:00", NOW],
    ["2026-01-02T03:04:05.123456789Z", NOW + 123_456],
    ["2026-01-02T03:04:05.5Z", NOW + 500_000],
    ["1969-12-31T23:59:59.999999Z", -1],
    ["now", NOW],
    ["now-1h", NOW - 3_600e6],
    ["now-1h30m", NOW - 5_400e6],
    ["now+15m", NOW + 900e6],
    ["now-7d", NOW - 7 * 86_400e6],
    ["now-2w", NOW - 14 * 86_400e6],
  ])("%s is read", (text, micros) => {
    expect(readTime("startTime", text, NOW)).toBe(micros);
  });

  it.each([null, "", "0001-01-01T00:00:00Z"])("%s means none", (text) => {
    expect(readTime("startTime", text, NOW)).toBeNull();
  });

  it.each(["yesterday", "now-", "now-1", "now-1y", "now - 1h", "2026-13-01T00:00:00Z", "1h", `now-${"1h".repeat(100)}`])(
    "%s is refused",
    (text) => {
      expect(() => readTime("endTime", text, NOW)).toThrow(/^endTime must be RFC 3339/);
    },
  );
});

describe("a duration", () => {
  it.each([
    ["1h0m0s", 3_600e6],
    ["1.5s", 1.5e6],
    ["250ms", 250e3],
    ["10µs", 10],
    ["1d", 86_400e6],
    ["0s", 0],
  ])("%s is read", (text, micros) => {
    expect(durationMicros(text)).toBe(micros);
  });

  it.each(["", "1", "h", "1h 2m", "-1h", "1e3s", "99999999999999999999w"])("%s is none", (text) => {
    expect(durationMicros(text)).toBeNull();
  });
});

describe("a request for APL", () => {
  it("is read as axiom-go sends it", () => {
    const body = {
      startTime: "2026-01-02T02:04:05Z",
      endTime: "0001-01-01T00:00:00Z",
      apl: "['x']",
      variables: { a: 1 },
      cursor: "c",
      includeCursor: true,
    };
    expect(apl(body, "format=tabular")).toEqual({
      apl: "['x']",
      format: "tabular",
      range: { from: NOW - 3_600e6, to: null },
      variables: { a: 1 },
      cursor: { cursor: "c", inclusive: true },
      cursorField: false,
      save: false,
    });
  });

  it("is read as axiom-js sends it, with the cursor in the address", () => {
    expect(apl({ apl: "x" }, "streaming-duration=1s&nocache=true&format=legacy&cursor=abc")).toMatchObject({
      format: "legacy",
      cursor: { cursor: "abc", inclusive: false },
    });
  });

  it("is let through with what steers Axiom's console, and with nulls", () => {
    const body = {
      apl: "x",
      queryOptions: { quickRange: "1h" },
      libraries: null,
      defaultLimit: 1,
      variables: null,
      cursor: null,
      startTime: null,
    };
    expect(apl(body, "saveAsKind=apl").save).toBe(true);
  });

  it.each<[unknown, string, RegExp]>([
    ["", "", /must be a JSON object such as/],
    ["[]", "", /must be a JSON object/],
    ["{", "", /must be a JSON object/],
    [{}, "", /^apl must hold a query/],
    [{ apl: "  " }, "", /^apl must hold a query/],
    [{ apl: 5 }, "", /^apl must be a string$/],
    [{ apl: "x".repeat(100_001) }, "", /longer than 100000/],
    [{ apl: "x", startTime: 5 }, "", /^startTime must be a string$/],
    [{ apl: "x", startTime: "now", endTime: "now-1h" }, "", /^endTime .* must be after startTime/],
    [{ apl: "x", startTime: "now", endTime: "now" }, "", /must be after/],
    [{ apl: "x", variables: [] }, "", /^variables must be an object$/],
    [{ apl: "x", variables: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [n, 1])) }, "", /more than 100/],
    [{ apl: "x", includeCursor: "yes", cursor: "c" }, "", /^includeCursor must be true or false$/],
    [{ apl: "x", cursor: "c".repeat(129) }, "", /minCursor or maxCursor/],
    [{ apl: "x" }, "format=xml", /^format must be tabular or legacy$/],
    [{ apl: "x" }, "saveAsKind=stream", /saveAsKind must be/],
  ])("is refused: %j %s", (body, query, message) => {
    expect(() => apl(body, query)).toThrow(message);
  });
});

describe("a legacy request", () => {
  it("is read as axiom-go sends an empty one", () => {
    const filter = { op: "", field: "", value: null, caseSensitive: false, children: null };
    const body = {
      resolution: "auto",
      aggregations: null,
      groupBy: null,
      filter,
      order: null,
      limit: 0,
      virtualFields: null,
      project: null,
      cursor: "",
      includeCursor: false,
      continuationToken: "",
    };
    expect(legacy(body)).toEqual({
      range: { from: NOW - 3_600e6, to: NOW },
      resolution: null,
      aggregations: [],
      groupBy: [],
      filter: null,
      order: [],
      limit: 1_000,
      virtualFields: [],
      project: [],
      cursor: null,
      save: false,
    });
  });

  it("keeps filters within filters", () => {
    const leaf = { op: "==", field: "a", value: 1, caseSensitive: false };
    expect(legacy({ filter: { op: "AND", children: [leaf, { op: "" }] } }).filter).toMatchObject({ op: "and", children: [leaf] });
  });

  it.each<[object, RegExp]>([
    [{ startTime: null }, /^startTime and endTime are required/],
    [{ resolution: "often" }, /^resolution must be/],
    [{ limit: 50_001 }, /^limit must be at most 50000/],
    [{ limit: -1 }, /^limit must be a whole number/],
    [{ limit: 1.5 }, /^limit must be a whole number/],
    [{ aggregations: {} }, /^aggregations must be an array$/],
    [{ aggregations: [1] }, /^aggregations must be an array of objects$/],
    [{ aggregations: [{ field: "x" }] }, /^aggregations\[0\]\.op must be given/],
    [{ groupBy: [1] }, /^groupBy must be an array of strings$/],
    [{ order: [{ field: "x", desc: 1 }] }, /^order\[0\]\.desc must be true or false$/],
    [{ virtualFields: [{ alias: "x" }] }, /^virtualFields\[0\]\.expr must be given/],
    [{ filter: { op: "and", children: [{ op: 1 }] } }, /^filter\.children\[0\]\.op must be a string$/],
    [{ continuationToken: "x" }, /^continuationToken is of no use/],
  ])("is refused: %j", (body, message) => {
    expect(() => legacy(body)).toThrow(message);
  });

  it("is bounded in depth and in parts", () => {
    let deep: object = { op: "exists", field: "x" };
    for (let n = 0; n < 34; n++) deep = { op: "not", children: [deep] };
    expect(() => legacy({ filter: deep })).toThrow(/deeper than 32/);
    const wide = Array.from({ length: 500 }, () => ({ op: "exists", field: "x" }));
    expect(() => legacy({ filter: { op: "or", children: wide } })).toThrow(/more than 500 parts/);
  });

  it("is saved as Axiom's two kinds only", () => {
    expect(legacy({}, "saveAsKind=analytics").save).toBe(true);
    expect(() => legacy({}, "saveAsKind=apl")).toThrow(/saveAsKind must be analytics or stream/);
  });
});
