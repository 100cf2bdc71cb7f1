/** A dataset whose number of shards changes: retries come to other shards than their first tries. */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Buffer as BufferObject } from "../../../src/edge/buffer/buffer.ts";
import { elders, type Layouts, learn, prune } from "../../../src/edge/buffer/layouts.ts";
import type { Append } from "../../../src/edge/buffer/segment.ts";
import { bufferOf, shardOf } from "../../../src/edge/buffer/shard.ts";
import { type StorageEnv, storageSettingsOf } from "../../../src/edge/storage-env.ts";
import { env } from "../gateway.ts";
import { event, setUp, stopClock, storedIn } from "./under-test.ts";

const { windowMs } = storageSettingsOf(env).dedupe;
let now: number;

beforeEach(() => {
  now = stopClock();
});
afterEach(() => {
  vi.useRealTimers();
});

/** An append whose id goes to different shards under different numbers. */
function spread(n: number): Append {
  const append = event(n);
  new DataView(append.id.buffer).setUint32(0, n * 7 + 3);
  return append;
}

function open() {
  const { destination } = setUp();
  const stub = (shard: number) => bufferOf(env, destination, shard);
  const send = (append: Append, shards: number) => {
    const shard = shardOf(append.id, shards);
    return stub(shard).append(destination, append, { shard, shards, quarantineBytesMax: 0 });
  };
  const flush = async (shards: number) => {
    for (let shard = 0; shard < shards; shard++) await stub(shard).flush();
  };
  return { destination, stub, send, flush };
}

const NUMBERS = Array.from({ length: 12 }, (_, n) => n);
/** The first append from `from` on that one shard of four is to take. */
const toShard = (shard: number, from = 0) => NUMBERS.map((n) => spread(n + from)).find(({ id }) => shardOf(id, 4) === shard) as Append;

describe("a retry after the number of shards was changed", () => {
  it.each([
    [1, 4],
    [4, 1],
    [2, 3],
    [4, 2],
  ])("12: from %d to %d is recognised, while its first try is buffered and after its flush", async (before, after) => {
    const { send, flush, destination } = open();
    for (const n of NUMBERS) expect(await send(spread(n), before)).toBe("stored");
    for (const n of NUMBERS.slice(0, 6)) expect(await send(spread(n), after)).toBe("duplicate");
    await flush(4);
    await abortAllDurableObjects();
    for (const n of NUMBERS) expect(await send(spread(n), after)).toBe("duplicate");
    for (const n of NUMBERS) expect(await send(spread(n), before)).toBe("duplicate");
    expect(await send(spread(99), after)).toBe("stored");
    await flush(4);
    expect(await storedIn(destination)).toEqual([...NUMBERS, 99]);
  });

  it("is refused for a moment while the first try is still on its way elsewhere", async () => {
    const { send, stub, destination } = open();
    const append = toShard(2);
    await send(spread(50), 1);
    const { promise: durable, resolve: finish } = Promise.withResolvers<void>();
    await runInDurableObject(stub(0), async (instance: BufferObject, { storage }) => {
      const real = storage.sync;
      storage.sync = () => durable.then(() => real.call(storage));
      const first = instance.append(destination, append, { shard: 0, shards: 1, quarantineBytesMax: 0 });
      expect(await instance.recallFor(Buffer.from(append.id).toString("hex") + "0".repeat(16))).toBe("busy");
      finish();
      expect(await first).toBe("stored");
      storage.sync = real;
    });
    expect(await send(append, 4)).toBe("duplicate");
  });

  it("asks nobody once the window of the old number is over", async () => {
    const { send, stub, destination } = open();
    await send(spread(1), 1);
    await send(toShard(2), 4);
    vi.setSystemTime(now + windowMs + 1);
    await send(toShard(2, 100), 4);
    await runInDurableObject(stub(2), async (instance: BufferObject) => {
      const holder = instance as unknown as { env: StorageEnv };
      holder.env = { ...holder.env, BUFFER: {} as StorageEnv["BUFFER"] };
      expect(await instance.append(destination, toShard(2, 200), { shard: 2, shards: 4, quarantineBytesMax: 0 })).toBe("stored");
    });
  });

  it("keeps all shards in sight of whoever reads: shard 0 knows the largest number there was", async () => {
    const { send, stub } = open();
    await send(spread(1), 4);
    await send(spread(2), 2);
    expect(await stub(0).mostShards()).toBe(4);
    await abortAllDurableObjects();
    expect(await stub(0).mostShards()).toBe(4);
  });
});

describe("the numbers in use", () => {
  it("are those that were used within the window", () => {
    const layouts: Layouts = new Map();
    expect(learn(layouts, [1, 2], 100)).toBe(true);
    expect(learn(layouts, [2], 150)).toBe(false);
    expect(elders(layouts, 2, 199, 100)).toEqual([1]);
    expect(elders(layouts, 4, 200, 100)).toEqual([2]);
    expect(prune(layouts, 4, 200, 100)).toBe(true);
    expect([...layouts.keys()]).toEqual([2]);
    expect(prune(layouts, 4, 200, 100)).toBe(false);
  });
});
