/** Each append is counted once, whatever is flushed while the query runs. */
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Destination } from "../../../../src/edge/buffer/segment.ts";
import { bufferOf } from "../../../../src/edge/buffer/shard.ts";
import { PIECE_BYTES } from "../../../../src/edge/query/source/segments.ts";
import { stopClock } from "../../buffer/under-test.ts";
import { env } from "../../gateway.ts";
import { type Ask, appendOf, asking, flush, newDestination, open, put, scanned, send, stagedOf } from "./stage.ts";

/** Random histories; the final checks take 1,000. */
const HISTORIES = 1_000;
const LONG_MS = 300_000;
const SHARDS = 2;

// no alarm comes by itself
beforeEach(() => void stopClock());
afterEach(() => vi.useRealTimers());

function numbersOf(events: Record<string, unknown>[]): number[] {
  return events.map(({ n }) => n as number).sort((a, b) => a - b);
}

/** How many shards there are is known from the first append on. */
async function spread(destination: Destination): Promise<void> {
  await bufferOf(env, destination, 0).layouts(destination, SHARDS);
}

describe("an append is counted once", () => {
  it(
    "when everything is flushed, and more comes and is flushed, before any one question of the query",
    async () => {
      const asked = new Set<Ask>();
      for (let moment = 0, over = false; !over; moment++) {
        const destination = newDestination();
        await spread(destination);
        await put(destination, Date.now() - 60_000, [{ n: 0 }]);
        await send(destination, appendOf([{ n: 1 }, { n: 2 }]), 0, SHARDS);
        await flush(destination, 0);
        await send(destination, appendOf([{ n: 3 }], true), 0, SHARDS);
        await send(destination, appendOf([{ n: 4 }, { n: 5 }]), 0, SHARDS);
        await send(destination, appendOf([{ n: 6 }]), 1, SHARDS);
        await send(destination, await stagedOf(destination, [[{ n: 7 }], [{ n: 8 }]]), 1, SHARDS);
        let questions = 0;
        const between = async (ask: Ask) => {
          asked.add(ask);
          if (questions++ !== moment) return;
          await send(destination, appendOf([{ n: 100 }]), 0, SHARDS);
          await flush(destination, 0);
          await flush(destination, 1);
          await send(destination, appendOf([{ n: 101 }]), 1, SHARDS);
        };
        const found = numbersOf(await scanned(open(destination, { env: asking(between) })));
        expect(found.filter((n) => n < 100)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
        expect(new Set(found).size).toBe(found.length);
        over = questions <= moment;
        if (over) expect(moment).toBeGreaterThan(8);
      }
      expect([...asked].sort()).toEqual(["get", "list", "mostShards", "readUnflushed", "unflushed"]);
    },
    LONG_MS,
  );

  it(
    "when its segment is flushed between any two of its pieces, whose members are cut anywhere",
    async () => {
      for (let moment = 0, over = false; !over; moment++) {
        const destination = newDestination();
        for (let n = 0; n < 5; n++) {
          const events = Array.from({ length: 100 }, (_, i) => ({ n: n * 100 + i, noise: randomBytes(6_000).toString("base64") }));
          await send(destination, appendOf(events, true));
        }
        const [segment] = await bufferOf(env, destination, 0).unflushed();
        expect(segment?.bytes).toBeGreaterThan(PIECE_BYTES);
        let pieces = 0;
        const between = async (ask: Ask) => {
          if (ask === "readUnflushed" && pieces++ === moment) await flush(destination);
        };
        const found = await scanned(open(destination, { env: asking(between) }), { names: ["n"] });
        expect(numbersOf(found)).toEqual(Array.from({ length: 500 }, (_, n) => n));
        over = pieces <= moment;
      }
    },
    LONG_MS,
  );

  it("in a segment that goes on growing: what came before the query is there, what came after it is not taken twice", async () => {
    const destination = newDestination();
    await send(destination, appendOf([{ n: 1 }]));
    let added = 1;
    const between = async (ask: Ask) => {
      if (ask === "readUnflushed" || ask === "list") await send(destination, appendOf([{ n: ++added }]));
    };
    expect(numbersOf(await scanned(open(destination, { env: asking(between) })))).toEqual([1]);
    expect(numbersOf(await scanned(open(destination)))).toEqual(Array.from({ length: added }, (_, n) => n + 1));
  });

  it("from all shards there ever were", async () => {
    const destination = newDestination();
    await bufferOf(env, destination, 0).layouts(destination, 3);
    for (const shard of [0, 1, 2]) await send(destination, appendOf([{ n: shard }]), shard, 3);
    await flush(destination, 1);
    expect(numbersOf(await scanned(open(destination)))).toEqual([0, 1, 2]);
  });

  it("and not before it is one: what is staged and not completed, and what was rejected, is not seen", async () => {
    const destination = newDestination();
    await stagedOf(destination, [[{ n: 1 }]]);
    const rejected = { body: new TextEncoder().encode('{"n":2}\n'), reasons: { syntax: 1 } };
    await send(destination, { ...appendOf([]), rows: 0, body: new Uint8Array(0), received: 1, quarantine: rejected });
    expect(await scanned(open(destination))).toEqual([]);
    await flush(destination);
    expect(await scanned(open(destination))).toEqual([]);
  });

  it("but not after its dataset was purged", async () => {
    const destination = newDestination();
    await send(destination, appendOf([{ n: 1 }]));
    const between = async (ask: Ask) => {
      if (ask === "readUnflushed") await bufferOf(env, destination, 0).purge();
    };
    expect(await scanned(open(destination, { env: asking(between) }))).toEqual([]);
  });

  it(
    `in ${HISTORIES} random histories of appends, flushes and queries, with flushes in the middle of queries`,
    async () => {
      const chance = (of: number) => Math.floor(randomBytes(4).readUInt32LE() / (2 ** 32 / of));
      for (let history = 0; history < HISTORIES; history++) {
        const destination = newDestination();
        await spread(destination);
        let n = 0;
        for (let step = 1 + chance(4); step > 0; step--) {
          const events = Array.from({ length: 1 + chance(3) }, () => ({ n: n++ }));
          await send(
            destination,
            chance(5) === 0 ? await stagedOf(destination, [events]) : appendOf(events, chance(2) === 0),
            chance(SHARDS),
            SHARDS,
          );
          if (chance(3) === 0) await flush(destination, chance(SHARDS));
          const between = async () => {
            if (chance(4) === 0) await flush(destination, chance(SHARDS));
          };
          const found = await scanned(open(destination, { env: asking(between) }), chance(2) === 0 ? {} : { names: ["n"] });
          expect(numbersOf(found)).toEqual(Array.from({ length: n }, (_, i) => i));
        }
      }
    },
    LONG_MS,
  );
});
