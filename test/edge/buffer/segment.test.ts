import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  committed,
  type Destination,
  emptyState,
  emptyTally,
  flushed,
  forgetOld,
  HELD_APPENDS_MAX,
  hasRoom,
  intoRows,
  isDue,
  isFull,
  isKnown,
  nextDue,
  objectKey,
  pendingOf,
  RETRY_IDS_MAX,
  RETRY_WINDOW_MS,
  ROW_BYTES_MAX,
  SEGMENT_APPENDS_MAX,
  type Segment,
  segmentId,
  timeOfSegment,
} from "../../../src/edge/buffer/segment.ts";

const destination: Destination = { org: "o", dataset: "web-logs", datasetId: "d1", region: "r" };
const random = (n: number) => new Uint8Array(10).fill(n);
const tally = (n: number) => ({ rows: 1, bytes: 10, rawBytes: 20, minTime: n, maxTime: n });

describe("segment ids and keys", () => {
  it("sort by time, and the time can be read back", () => {
    const times = [0, 1, 1_700_000_000_000, 1_700_000_000_001, 2 ** 47];
    const ids = times.map((time) => segmentId(time, random(255 - (time % 7))));
    expect([...ids].sort()).toEqual(ids);
    expect(ids.map(timeOfSegment)).toEqual(times);
    expect(segmentId(1, random(1))).not.toBe(segmentId(1, random(2)));
  });

  it("name the object by arrival, as engines that know Hive partitions read it", () => {
    const id = segmentId(Date.UTC(2026, 0, 2, 3, 59), random(7));
    expect(objectKey(destination, id)).toBe(`v1/org=o/dataset=web-logs/id=d1/date=2026-01-02/hour=03/${id}.ndjson.gz`);
  });

  it.each(["", "x", "../../etc", `${"0".repeat(25)}i`, "8".padEnd(26, "0"), "0".repeat(27)])("are not %j", (text) => {
    expect(timeOfSegment(text)).toBeNull();
    expect(() => objectKey(destination, text)).toThrow(RangeError);
  });
});

describe("rows", () => {
  it("hold all members in order, none larger than a row may be", () => {
    const member = fc.integer({ min: 1, max: 3 * ROW_BYTES_MAX }).map((length) => new Uint8Array(length).fill(length % 251));
    fc.assert(
      fc.property(fc.array(member, { maxLength: 6 }), (members) => {
        const rows = intoRows(members);
        const sizes = rows.map((row) => row.reduce((sum, { length }) => sum + length, 0));
        expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(ROW_BYTES_MAX);
        expect(Math.min(1, ...sizes)).toBe(1);
        expect(Buffer.concat(rows.flat()).equals(Buffer.concat(members))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

describe("what is known", () => {
  it("ends with the window, and with the count", () => {
    const state = emptyState();
    const segment: Segment = { ...emptyTally(), n: 1, id: "s", createdAt: 0, sealed: false, ids: [] };
    state.segments.push(segment);
    committed(state, segment, ["a"], tally(1));
    expect(isKnown(state, "a", Number.MAX_SAFE_INTEGER)).toBe(true);
    flushed(state, segment, 1_000);
    expect(isKnown(state, "a", 1_000 + RETRY_WINDOW_MS - 1)).toBe(true);
    expect(isKnown(state, "a", 1_000 + RETRY_WINDOW_MS)).toBe(false);
    const many: Segment = { ...segment, n: 2, ids: Array.from({ length: RETRY_IDS_MAX }, (_, i) => `m${i}`) };
    flushed(state, many, 2_000);
    expect(state.known.size).toBe(RETRY_IDS_MAX);
    expect(isKnown(state, "a", 2_000)).toBe(false);
    expect(isKnown(state, `m${RETRY_IDS_MAX - 1}`, 2_000)).toBe(true);
  });

  it("keeps flushed ids for the window however many appends are held here", () => {
    const state = emptyState();
    const held: Segment = { ...emptyTally(), n: 2, id: "t", createdAt: 0, sealed: false, ids: [] };
    state.segments.push({ ...emptyTally(), n: 1, id: "s", createdAt: 0, sealed: true, ids: ["a"] }, held);
    committed(
      state,
      held,
      Array.from({ length: RETRY_IDS_MAX + 1 }, (_, i) => `h${i}`),
      tally(1),
    );
    flushed(state, { ...held, n: 1, ids: ["a"] }, 1_000);
    expect(isKnown(state, "a", 1_001)).toBe(true);
    forgetOld(state, 1_000 + RETRY_WINDOW_MS);
    expect(state.known.size).toBe(RETRY_IDS_MAX + 1);
    expect(isKnown(state, "h0", Number.MAX_SAFE_INTEGER)).toBe(true);
  });

  it("is bounded: a segment takes so many appends, and a buffer holds so many", () => {
    const ids = (length: number) => Array.from({ length }, (_, i) => `${i}`);
    const segment = (length: number): Segment => ({ ...emptyTally(), n: 1, id: "s", createdAt: 0, sealed: false, ids: ids(length) });
    expect(isFull(segment(SEGMENT_APPENDS_MAX - 1), 100)).toBe(false);
    expect(isFull(segment(SEGMENT_APPENDS_MAX), 100)).toBe(true);
    expect(isFull({ ...segment(1), bytes: 100 }, 100)).toBe(true);
    expect(hasRoom({ ...emptyState(), segments: [segment(HELD_APPENDS_MAX - 1)] })).toBe(true);
    expect(hasRoom({ ...emptyState(), segments: [segment(HELD_APPENDS_MAX / 2), segment(HELD_APPENDS_MAX / 2)] })).toBe(false);
  });

  it("tells when something is due", () => {
    const state = emptyState();
    expect(nextDue(state, 5, 100, 60)).toBeNull();
    const segment: Segment = { ...emptyTally(), n: 1, id: "s", createdAt: 10, sealed: false, ids: [] };
    state.segments.push(segment);
    expect(nextDue(state, 20, 100, 60)).toBe(70);
    expect(isDue(segment, 69, 100, 60)).toBe(false);
    expect(isDue(segment, 70, 100, 60)).toBe(true);
    committed(state, segment, ["a"], { ...tally(1), bytes: 100 });
    expect(nextDue(state, 20, 100, 60)).toBe(20);
    expect(pendingOf(state)).toEqual({ rows: 1, bytes: 100 });
  });
});
