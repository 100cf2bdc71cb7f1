import { describe, expect, it } from "vitest";
import { appendId } from "../../../src/edge/buffer/append-id.ts";
import type { Destination } from "../../../src/edge/buffer/segment.ts";
import { shardOf } from "../../../src/edge/buffer/shard.ts";
import { HERE } from "../gateway.ts";

describe("append ids and shards", () => {
  const destination: Destination = { org: "o", dataset: "d", datasetId: "d1", region: HERE };
  const body = new TextEncoder().encode("x");
  const id = (parts: Partial<Parameters<typeof appendId>[0]>) =>
    Buffer.from(
      appendId({ idempotencyKey: null, destination, ndjsonSource: body, shape: "", everyEventHasItsOwnTime: true, ...parts }),
    ).toString("hex");

  it("are the sender's key, else the content when it is safe, else chance", () => {
    expect(id({ idempotencyKey: "k" })).toBe(id({ idempotencyKey: "k", everyEventHasItsOwnTime: false }));
    expect(id({ idempotencyKey: "k" })).not.toBe(id({ idempotencyKey: "k", ndjsonSource: new Uint8Array(3) }));
    expect(id({})).not.toBe(id({ shape: "labels" }));
    expect(id({})).toBe(id({}));
    expect(id({})).not.toBe(id({ ndjsonSource: new Uint8Array(1) }));
    expect(id({})).not.toBe(id({ idempotencyKey: "x" }));
    expect(id({})).not.toBe(id({ destination: { ...destination, datasetId: "d2" } }));
    expect(id({ everyEventHasItsOwnTime: false })).not.toBe(id({ everyEventHasItsOwnTime: false }));
  });

  it("are 16 bytes that carry nothing else over RPC", () => {
    for (const parts of [{ idempotencyKey: "k" }, {}, { everyEventHasItsOwnTime: false }]) {
      const bytes = appendId({ idempotencyKey: null, destination, ndjsonSource: body, shape: "", everyEventHasItsOwnTime: true, ...parts });
      expect([bytes.length, bytes.buffer.byteLength]).toEqual([16, 16]);
    }
  });

  it("spread over the shards, each always to the same one", () => {
    const counts = [0, 0, 0, 0];
    for (let n = 0; n < 4_000; n++) {
      const random = crypto.getRandomValues(new Uint8Array(16));
      const shard = shardOf(random, 4);
      expect(shardOf(random.slice(), 4)).toBe(shard);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    for (const shard of counts) expect(shard).toBeGreaterThan(800);
  });
});
