/** One query over portions of stored lines. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { PIECE_RAW_BYTES_MAX, type Piece } from "../../../../src/edge/buffer/watched.ts";
import { parseExpression } from "../../../../src/edge/query/apl/parse.ts";
import { openChannel, type Said } from "../../../../src/edge/query/tail/channel.ts";
import { linesOf } from "../../../../src/edge/query/tail/lines.ts";
import { EVENTS_PER_SECOND_MAX, framesOf, openRates } from "../../../../src/edge/query/tail/portion.ts";
import { readQuestion } from "../../../../src/edge/query/tail/question.ts";
import { openRate } from "../../../../src/edge/query/tail/rate.ts";

const NOW = Date.UTC(2026, 10, 24, 12);
const TIMES = { _time: "2026-11-24T12:00:00.5Z", _sysTime: "2026-11-24T12:00:01Z" };

function pieceOf(events: readonly object[], more: Partial<Piece> = {}): Piece {
  const body = new TextEncoder().encode(events.map((event) => `${JSON.stringify({ ...TIMES, ...event })}\n`).join(""));
  return { body, gzip: false, rows: events.length, rawBytes: body.length, segment: "s", first: 0, ...more };
}

function channelOf(apl: string, said: Partial<Said> = {}) {
  return openChannel(readQuestion(apl, "logs"), { mapFields: new Map(), virtualFields: new Map(), ...said }, NOW);
}

function shown(apl: string, pieces: Piece[], said: Partial<Said> = {}): unknown[] {
  const channel = channelOf(apl, said);
  const all: unknown[] = [];
  for (const lines of pieces.flatMap(linesOf)) channel.read(lines, (_, json) => all.push(JSON.parse(json)));
  return all;
}

describe("a channel", () => {
  it("reads lines whatever window they stand in, compressed or not, each under its own number", () => {
    const events = Array.from({ length: 300 }, (_, n) => ({ n, text: "x".repeat(n === 150 ? 100_000 : 600) }));
    const plain = pieceOf(events, { first: 9 });
    const pieces = [plain, { ...plain, body: new Uint8Array(gzipSync(plain.body)), gzip: true, first: 309 }];
    const channel = channelOf("logs | project n");
    const ids: string[] = [];
    const numbers: number[] = [];
    for (const lines of pieces.flatMap(linesOf))
      channel.read(lines, (id, json) => {
        ids.push(id);
        numbers.push(JSON.parse(json).n);
      });
    expect(numbers).toEqual([...events, ...events].map(({ n }) => n));
    expect([ids[0], ids.at(-1)]).toEqual([`s-${(9).toString(16).padStart(8, "0")}`, `s-${(608).toString(16).padStart(8, "0")}`]);
    expect(pieces.flatMap(linesOf).length).toBeGreaterThan(6);
  });

  it("refuses lines that inflate to more than they may", () => {
    const body = new Uint8Array(gzipSync(new Uint8Array(PIECE_RAW_BYTES_MAX + 1).fill(0x0a)));
    expect(() => linesOf({ ...pieceOf([]), body, gzip: true })).toThrow();
  });

  it("knows the dataset's map fields and virtual fields", () => {
    const said = {
      mapFields: new Map([["tags", Number.POSITIVE_INFINITY]]),
      virtualFields: new Map([["slow", parseExpression("ms > 100")]]),
    };
    const pieces = [
      pieceOf([
        { ms: 50, tags: { a: 1 } },
        { ms: 500, tags: { b: { c: 2 } } },
      ]),
    ];
    expect(shown("logs | where slow | project ms, slow, tags", pieces, said)).toEqual([{ ms: 500, slow: true, tags: { b: { c: 2 } } }]);
    expect(shown("logs", pieces, said)[0]).toEqual({
      _time: "2026-11-24T12:00:00.5Z",
      _sysTime: "2026-11-24T12:00:01Z",
      ...{ ms: 50, tags: { a: 1 }, slow: false },
    });
  });

  it("passes over lines that cannot matter and none that may", () => {
    const pieces = [pieceOf([{ m: "an Error" }, { m: "fine" }, { m: "\u0065rror" }, { m: 1 }, { other: "error" }])];
    expect(shown("logs | where m contains 'error' | project m", pieces)).toEqual([{ m: "an Error" }, { m: "error" }]);
    expect(shown("logs | where _time > ago(1h) and m == 'fine' | project-away _*", pieces)).toEqual([{ m: "fine" }]);
    expect(shown("logs | where _time > now() + 1h", pieces)).toEqual([]);
  });

  it("takes names that mean something to JavaScript for what they are", () => {
    const body = new TextEncoder().encode(`{"_time":"${TIMES._time}","_sysTime":"${TIMES._sysTime}","__proto__":1,"constructor":"x"}\n`);
    const channel = channelOf("logs | project-away _*Time, _time");
    const texts: string[] = [];
    for (const lines of linesOf({ ...pieceOf([]), body })) channel.read(lines, (_, json) => texts.push(json));
    expect(texts).toEqual(['{"__proto__":1,"constructor":"x"}']);
  });

  it("counts lines that are no events", () => {
    const body = new TextEncoder().encode('{"_time":1\nnothing\n');
    const counted = linesOf({ ...pieceOf([]), body }).map((lines) => channelOf("logs").read(lines, () => {}));
    expect(counted).toEqual([2]);
  });

  it("begins anew now and then, and when it has learnt too many columns", () => {
    const channel = channelOf("logs");
    expect([channel.isOld(NOW + 1_000), channel.isOld(NOW + 61_000)]).toEqual([false, true]);
    const many = pieceOf([Object.fromEntries(Array.from({ length: 1_100 }, (_, n) => [`f${n}`, n]))]);
    for (const lines of linesOf(many)) channel.read(lines, () => {});
    expect(channel.isOld(NOW + 1_000)).toBe(true);
  });
});

describe("a portion", () => {
  const shared = (form: "sse" | "json") => ({ channel: channelOf("logs | project n"), rates: openRates(NOW), form });
  const numbered = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));

  it("goes in frames of a bounded length, each of whole events", () => {
    const channel = channelOf("logs | project text");
    const lines = linesOf(pieceOf(Array.from({ length: 200 }, () => ({ text: "x".repeat(1_000) }))));
    const frames = framesOf(lines, 0, { ...shared("json"), channel }, openRate(1e9, NOW), NOW);
    expect(frames.length).toBeGreaterThan(4);
    expect(Math.max(...frames.map(({ text }) => text.length))).toBeLessThan(40_000);
    expect(frames.map(({ text }) => JSON.parse(text).events.length)).toEqual(frames.map(({ rows }) => rows));
    expect(frames.reduce((sum, { rows }) => sum + rows, 0)).toBe(200);
  });

  it("is told of as a number beyond what a second takes, or beyond what may be looked at", () => {
    const lines = linesOf(pieceOf(numbered(EVENTS_PER_SECOND_MAX + 5)));
    const dropped = (frames: ReturnType<typeof framesOf>) => frames.filter(({ text }) => text === "").map(({ rows }) => rows);
    expect(dropped(framesOf(lines, 3, shared("sse"), openRate(1e9, NOW), NOW))).toEqual([8]);
    expect(framesOf(lines, 3, shared("sse"), openRate(10, NOW), NOW)).toEqual([{ rows: EVENTS_PER_SECOND_MAX + 8, text: "" }]);
    expect(
      framesOf(linesOf(pieceOf([{ m: 1 }])), 0, { ...shared("sse"), channel: channelOf("logs | where n == 1") }, openRate(1e9, NOW), NOW),
    ).toEqual([]);
  });

  it("has room again with time, up to a second's", () => {
    const rate = openRate(10, 0);
    expect([rate.take(10, 0), rate.take(1, 0), rate.take(5, 500), rate.take(1, 500), rate.take(11, 60_000), rate.take(10, 60_000)]).toEqual(
      [true, false, true, false, false, true],
    );
  });
});
