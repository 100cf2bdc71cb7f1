import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  add,
  committed,
  type Destination,
  emptyState,
  emptyTally,
  flushed,
  intoRows,
  isDue,
  isKnown,
  nextDue,
  objectKey,
  openSegment,
  pendingOf,
  RETRY_IDS_MAX,
  RETRY_WINDOW_MS,
  ROW_BYTES_MAX,
  type Segment,
  type State,
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

/**
 * A buffer played through in memory: a disk that survives, a state that does not, a bucket, and crashes between any two steps. The
 * mutants show that the property would notice.
 */
type Mutant = "none" | "no-dedup" | "new-key" | "drop-first" | "append-to-sealed" | "forget-at-flush";
type Step =
  | { do: "append"; id: number; lostAck: boolean }
  | { do: "flush"; crash: "none" | "sealed" | "before-put" | "after-put" }
  | { do: "restart" };

function play(steps: Step[], mutant: Mutant): { acked: number[]; stored: number[] } {
  interface Disk {
    segments: { n: number; key: string; sealed: boolean; events: number[] }[];
    seen: number[];
    next: number;
  }
  let disk: Disk = { segments: [], seen: [], next: 1 };
  const bucket = new Map<string, number[]>();
  const acked: number[] = [];
  let state = load(disk);

  for (const [now, step] of steps.entries()) {
    if (step.do === "restart") state = load(disk);
    else if (step.do === "append") {
      const id = String(step.id);
      if (mutant === "no-dedup" || !isKnown(state, id, now)) {
        let segment = openSegment(state) ?? (mutant === "append-to-sealed" ? state.segments.at(-1) : undefined);
        const after = structuredClone(disk);
        if (!segment) {
          segment = { ...emptyTally(), n: after.next, id: `k${after.next}`, createdAt: now, sealed: false, ids: [] };
          after.segments.push({ n: after.next, key: segment.id, sealed: false, events: [] });
          after.next++;
          state.segments.push(segment);
        }
        after.segments.find(({ n }) => n === segment.n)?.events.push(step.id);
        disk = after; // the commit
        committed(state, segment, [id], tally(now));
      }
      if (!step.lostAck) acked.push(step.id);
    } else flush(step.crash, now);
  }
  state = load(disk);
  flush("none", steps.length);
  return { acked, stored: [...bucket.values()].flat() };

  function flush(crash: string, now: number): void {
    for (const segment of state.segments) segment.sealed = true;
    for (const onDisk of disk.segments) onDisk.sealed = true;
    if (crash === "sealed") {
      state = load(disk);
      return;
    }
    for (const segment of [...state.segments]) {
      const onDisk = disk.segments.find(({ n }) => n === segment.n);
      if (!onDisk) continue;
      const drop = () => {
        disk.segments = disk.segments.filter(({ n }) => n !== segment.n);
        if (mutant !== "forget-at-flush") disk.seen.push(...onDisk.events);
      };
      if (mutant === "drop-first") drop();
      if (crash === "before-put") {
        state = load(disk);
        return;
      }
      const key = mutant === "new-key" ? `${onDisk.key}-${now}` : onDisk.key;
      if (!bucket.has(key)) bucket.set(key, [...onDisk.events]);
      if (crash === "after-put") {
        state = load(disk);
        return;
      }
      if (mutant !== "drop-first") drop();
      flushed(state, segment, now);
      if (mutant === "forget-at-flush") for (const id of segment.ids) state.known.delete(id);
    }
  }

  function load(from: Disk): State {
    const loaded = emptyState();
    for (const id of from.seen) loaded.known.set(String(id), 0);
    for (const { n, key, sealed, events } of from.segments) {
      const segment: Segment = { ...emptyTally(), n, id: key, createdAt: 0, sealed, ids: [] };
      committed(loaded, segment, events.map(String), events.map(tally).reduce(add, emptyTally()));
      loaded.segments.push(segment);
    }
    return loaded;
  }
}

const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("append" as const), id: fc.nat(5), lostAck: fc.boolean() }),
    fc.record({
      do: fc.constant("flush" as const),
      crash: fc.constantFrom("none" as const, "sealed" as const, "before-put" as const, "after-put" as const),
    }),
    fc.record({ do: fc.constant("restart" as const) }),
  ),
  { maxLength: 14 },
);

function holds(history: Step[], mutant: Mutant): boolean {
  const { acked, stored } = play(history, mutant);
  return new Set(stored).size === stored.length && acked.every((id) => stored.includes(id));
}

describe("any history of appends, retries, flushes and crashes", () => {
  it("leaves each acknowledged append stored, and none twice", () => {
    fc.assert(
      fc.property(steps, (history) => holds(history, "none")),
      { numRuns: 5_000 },
    );
  });

  it.each<Mutant>(["no-dedup", "new-key", "drop-first", "append-to-sealed", "forget-at-flush"])(
    "would show a buffer that does wrong: %s",
    (mutant) => {
      const result = fc.check(
        fc.property(steps, (history) => holds(history, mutant)),
        { numRuns: 5_000 },
      );
      expect(result.failed).toBe(true);
    },
  );
});
