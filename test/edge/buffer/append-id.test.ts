import { describe, expect, it } from "vitest";
import type { Dedupe } from "../../../src/access/dataset-settings.ts";
import { type AppendIdParts, appendId, openAppendId } from "../../../src/edge/buffer/append-id.ts";
import { shardOf } from "../../../src/edge/buffer/shard.ts";

const parts: AppendIdParts = { dedupe: "content", idempotencyKey: null, datasetId: "d1", shape: "" };
const body = (text: string) => new TextEncoder().encode(text);
const hex = (bytes: Uint8Array | null) => bytes && Buffer.from(bytes).toString("hex");

describe("append ids and shards", () => {
  const make = (more: Partial<AppendIdParts>, text = "x", ownTimes = true) => appendId({ ...parts, ...more }, body(text), ownTimes);
  const id = (...of: Parameters<typeof make>) => hex(make(...of).id);
  const print = (...of: Parameters<typeof make>) => hex(make(...of).print);

  it("are the sender's key, else the content when it is safe, else chance", () => {
    expect(id({ idempotencyKey: "k" })).toBe(id({ idempotencyKey: "k" }, "other", false));
    expect(id({ idempotencyKey: "k" })).not.toBe(id({ idempotencyKey: "l" }));
    expect(id({})).toBe(id({}));
    expect(id({})).not.toBe(id({ shape: "labels" }));
    expect(id({})).not.toBe(id({}, "y"));
    expect(id({})).not.toBe(id({ idempotencyKey: "x" }));
    expect(id({})).not.toBe(id({ datasetId: "d2" }));
    expect(id({}, "x", false)).not.toBe(id({}, "x", false));
  });

  it("carry a print of what came under a key, and none without", () => {
    const key = { idempotencyKey: "k" };
    expect(print(key)).toBe(print(key, "x", false));
    expect(print(key)).not.toBe(print(key, "y"));
    expect(print(key)).not.toBe(print({ ...key, shape: "labels" }));
    expect(print({})).toBeNull();
  });

  it.each<[Dedupe, boolean, boolean]>([
    ["content", true, true],
    ["key", true, false],
    ["off", false, false],
  ])("in a dataset that dedupes by %s know a key: %s, the content: %s", (dedupe, byKey, byContent) => {
    const alike = (more: Partial<AppendIdParts>) => new Set([1, 2].map(() => id({ dedupe, ...more }))).size === 1;
    expect([alike({ idempotencyKey: "k" }), alike({})]).toEqual([byKey, byContent]);
  });

  it("are the same however the body is cut", () => {
    for (const idempotencyKey of [null, "k"]) {
      const hash = openAppendId({ ...parts, idempotencyKey });
      for (const piece of ["ab", "", "c"]) hash.update(body(piece));
      expect(hash.close(true)).toEqual(make({ idempotencyKey }, "abc"));
    }
  });

  it("are 16 bytes and 8 that carry nothing else over RPC", () => {
    for (const made of [make({ idempotencyKey: "k" }), make({}), make({}, "x", false)]) {
      expect([made.id.length, made.id.buffer.byteLength]).toEqual([16, 16]);
      if (made.print) expect([made.print.length, made.print.buffer.byteLength]).toEqual([8, 8]);
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
