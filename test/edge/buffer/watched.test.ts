import { describe, expect, it } from "vitest";
import type { Entry } from "../../../src/edge/buffer/commit.ts";
import { onlyCounted } from "../../../src/edge/buffer/commit-queue.ts";
import { emptyCounts } from "../../../src/edge/buffer/counts.ts";
import { openWatched, PIECE_RAW_BYTES_MAX, PORTION_RAW_BYTES_MAX, type Portion } from "../../../src/edge/buffer/watched.ts";
import { event } from "./under-test.ts";

const destination = { org: "o", dataset: "logs", datasetId: "d", region: "r" };

function entry(n: number, more: Partial<NonNullable<Entry["append"]>> = {}): Entry {
  return { ...onlyCounted("t", emptyCounts()), append: { ...event(n), ...more } };
}

/** A neighbour that answers when it is told to. */
function setUp({ until = 1_000 }: { until?: number } = {}) {
  let now = 0;
  let ended = 0;
  const shown: { portion: Portion; answer: PromiseWithResolvers<boolean> }[] = [];
  const watched = openWatched({
    lease: { destination, until },
    show(_, portion) {
      const answer = Promise.withResolvers<boolean>();
      shown.push({ portion, answer });
      return answer.promise;
    },
    ended: () => ended++,
    clock: () => now,
  });
  const numbersOf = (portion: Portion | undefined) => portion?.pieces.map(({ segment, first, rows }) => [segment, first, rows]);
  return { watched, shown, numbersOf, endings: () => ended, setClock: (at: number) => (now = at) };
}

describe("commits on their way to whoever watches", () => {
  it("go one portion at a time, with where each append stands, and those meanwhile together", async () => {
    const { watched, shown, numbersOf } = setUp();
    watched.committed([entry(1), onlyCounted("t", emptyCounts()), entry(2, { rows: 3 })], { segment: "s", first: 7 });
    watched.committed([entry(3)], { segment: "s", first: 11 });
    watched.committed([entry(4)], { segment: "u", first: 0 });
    expect(shown.length).toBe(1);
    expect(numbersOf(shown[0]?.portion)).toEqual([
      ["s", 7, 1],
      ["s", 8, 3],
    ]);
    shown[0]?.answer.resolve(true);
    await expect.poll(() => shown.length).toBe(2);
    expect(numbersOf(shown[1]?.portion)).toEqual([
      ["s", 11, 1],
      ["u", 0, 1],
    ]);
  });

  it("are left out and counted, the oldest first, when more wait than a portion takes", async () => {
    const { watched, shown, numbersOf } = setUp();
    watched.committed([entry(0)], { segment: "s", first: 0 });
    const rawBytes = PORTION_RAW_BYTES_MAX / 2;
    for (let n = 1; n <= 5; n++) watched.committed([entry(n, { rawBytes, rows: 10 })], { segment: "s", first: n });
    shown[0]?.answer.resolve(true);
    await expect.poll(() => shown.length).toBe(2);
    expect(numbersOf(shown[1]?.portion)?.map(([, first]) => first)).toEqual([4, 5]);
    expect(shown[1]?.portion.dropped).toBe(30);
  });

  it("are shown even when one alone is more than a portion, but not what inflates to too much or is staged", () => {
    const { watched, shown, numbersOf } = setUp();
    const large = entry(1, { rawBytes: PORTION_RAW_BYTES_MAX + 1, rows: 5 });
    const staged = entry(2, { body: new Uint8Array(0), rows: 6 });
    const bomb = entry(3, { rawBytes: PIECE_RAW_BYTES_MAX + 1, rows: 7 });
    watched.committed([bomb, staged, large], { segment: "s", first: 0 });
    expect(numbersOf(shown[0]?.portion)).toEqual([["s", 7, 5]]);
    expect(shown[0]?.portion.dropped).toBe(13);
  });

  it("are counted when their neighbour fails, and told of with the next one", async () => {
    const { watched, shown } = setUp();
    watched.committed([entry(1, { rows: 4 })], { segment: "s", first: 0 });
    shown[0]?.answer.reject(new Error("gone"));
    await Promise.resolve();
    await expect
      .poll(() => {
        watched.committed([entry(2)], { segment: "s", first: 4 });
        return shown.length;
      })
      .toBe(2);
    expect(shown[1]?.portion.dropped).toBe(4);
  });

  it("go nowhere once nobody watches, or the time of the last word about that is over", async () => {
    const { watched, shown, endings } = setUp();
    watched.committed([entry(1)], { segment: "s", first: 0 });
    shown[0]?.answer.resolve(false);
    await expect.poll(endings).toBe(1);
    watched.committed([entry(2)], { segment: "s", first: 1 });
    expect(shown.length).toBe(1);
    const late = setUp();
    late.setClock(1_001);
    late.watched.committed([entry(1)], { segment: "s", first: 0 });
    expect([late.shown.length, late.endings()]).toEqual([0, 1]);
  });

  it("go on when somebody came while it was said that nobody watches", async () => {
    const { watched, shown, endings } = setUp();
    watched.committed([entry(1)], { segment: "s", first: 0 });
    watched.watch({ destination, until: 2_000 });
    shown[0]?.answer.resolve(false);
    watched.committed([entry(2)], { segment: "s", first: 1 });
    await expect.poll(() => shown.length).toBe(2);
    expect(endings()).toBe(0);
  });
});
