import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { objectKey, segmentId, timeOfSegment } from "../../../src/edge/buffer/object-key.ts";
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
  nextDue,
  packedId,
  pendingOf,
  ROW_BYTES_MAX,
  recall,
  remember,
  SEGMENT_APPENDS_MAX,
  type Segment,
  undone,
} from "../../../src/edge/buffer/segment.ts";

const destination: Destination = { org: "o", dataset: "web-logs", datasetId: "d1", region: "r" };
const random = (n: number) => new Uint8Array(10).fill(n);
const tally = (n: number) => ({ rows: 1, bytes: 10, rawBytes: 20, minTime: n, maxTime: n });

const memory = { windowMs: 600_000, idsMax: 1_000 };
const id = (n: number) => packedId(new Uint8Array(16).fill(n), null);
const made: Segment = { ...emptyTally(), n: 1, id: "s", kind: "events", createdAt: 0, sealed: false, upload: null, ids: [] };

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
    expect(objectKey(destination, id, "quarantine")).toBe(`quarantine/${objectKey(destination, id)}`);
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
    const segment = { ...made, ids: [] };
    state.segments.push(segment);
    committed(state, segment, [id(1)], tally(1));
    expect(recall(state, id(1), Number.MAX_SAFE_INTEGER, memory)).toBe("duplicate");
    flushed(state, segment, 1_000, memory);
    expect(recall(state, id(1), 1_000 + memory.windowMs - 1, memory)).toBe("duplicate");
    expect(recall(state, id(1), 1_000 + memory.windowMs, memory)).toBe("new");
    const many = Array.from({ length: memory.idsMax }, (_, i) =>
      packedId(
        new Uint8Array(16)
          .fill(9)
          .fill(i >> 8, 0, 1)
          .fill(i, 1, 2),
        null,
      ),
    );
    flushed(state, { ...made, n: 2, ids: many }, 2_000, memory);
    expect(state.known.size).toBe(memory.idsMax);
    expect(recall(state, id(1), 2_000, memory)).toBe("new");
    expect(recall(state, many.at(-1) as string, 2_000, memory)).toBe("duplicate");
  });

  it("keeps flushed ids for the window however many appends are held here", () => {
    const state = emptyState();
    const held = { ...made, n: 2, ids: [] };
    state.segments.push({ ...made, sealed: true, ids: [id(1)] }, held);
    const many = Array.from({ length: memory.idsMax + 1 }, (_, i) =>
      packedId(
        new Uint8Array(16)
          .fill(8)
          .fill(i >> 8, 0, 1)
          .fill(i, 1, 2),
        null,
      ),
    );
    committed(state, held, many, tally(1));
    flushed(state, { ...made, ids: [id(1)] }, 1_000, memory);
    expect(recall(state, id(1), 1_001, memory)).toBe("duplicate");
    forgetOld(state, 1_000 + memory.windowMs, memory);
    expect(state.known.size).toBe(memory.idsMax + 1);
    expect(recall(state, many[0] as string, Number.MAX_SAFE_INTEGER, memory)).toBe("duplicate");
  });

  it("tells another content under the same key from the same one, until it is forgotten", () => {
    const state = emptyState();
    const key = new Uint8Array(16).fill(3);
    const [one, other] = [packedId(key, new Uint8Array(8).fill(1)), packedId(key, new Uint8Array(8).fill(2))];
    remember(state, one, 1_000);
    expect(recall(state, one, 1_000, memory)).toBe("duplicate");
    expect(recall(state, other, 1_000, memory)).toBe("conflict");
    expect(recall(state, packedId(key, null), 1_000, memory)).toBe("conflict");
    expect(recall(state, other, 1_000 + memory.windowMs, memory)).toBe("new");
    forgetOld(state, 1_000 + memory.windowMs, memory);
    expect([state.known.size, state.prints.size]).toEqual([0, 0]);
  });

  it("ends at once for an append that never came to be", () => {
    const state = emptyState();
    const segment = { ...made, ids: [] };
    state.segments.push(segment);
    committed(state, segment, [id(1)], tally(1));
    undone(state, segment);
    expect(state.segments).toEqual([]);
    expect(recall(state, id(1), 0, memory)).toBe("new");
  });

  it("is bounded: a segment takes so many appends, and a buffer holds so many", () => {
    const ids = (length: number) => Array.from({ length }, (_, i) => `${i}`);
    const segment = (length: number): Segment => ({ ...made, ids: ids(length) });
    expect(isFull(segment(SEGMENT_APPENDS_MAX - 1), 100)).toBe(false);
    expect(isFull(segment(SEGMENT_APPENDS_MAX), 100)).toBe(true);
    expect(isFull({ ...segment(1), bytes: 100 }, 100)).toBe(true);
    expect(hasRoom({ ...emptyState(), segments: [segment(HELD_APPENDS_MAX - 1)] })).toBe(true);
    expect(hasRoom({ ...emptyState(), segments: [segment(HELD_APPENDS_MAX / 2), segment(HELD_APPENDS_MAX / 2)] })).toBe(false);
  });

  it("tells when something is due", () => {
    const state = emptyState();
    expect(nextDue(state, 5, 100, 60)).toBeNull();
    const segment = { ...made, createdAt: 10, ids: [] };
    state.segments.push(segment);
    expect(nextDue(state, 20, 100, 60)).toBe(70);
    expect(isDue(segment, 69, 100, 60)).toBe(false);
    expect(isDue(segment, 70, 100, 60)).toBe(true);
    committed(state, segment, [id(1)], { ...tally(1), bytes: 100 });
    expect(nextDue(state, 20, 100, 60)).toBe(20);
    expect(pendingOf(state)).toEqual({ rows: 1, bytes: 100 });
  });
});
