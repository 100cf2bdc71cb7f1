import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { appendId } from "../../../src/edge/buffer/append-id.ts";
import type { Buffer as BufferObject } from "../../../src/edge/buffer/buffer.ts";
import { type Append, type Destination, RETRY_WINDOW_MS, ROW_BYTES_MAX } from "../../../src/edge/buffer/segment.ts";
import { bufferOf, shardOf } from "../../../src/edge/buffer/shard.ts";
import type { EdgeEnv } from "../../../src/edge/env.ts";
import { env, HERE } from "../gateway.ts";

let made = 0;

/** A buffer of its own for each test. */
function setUp() {
  const destination: Destination = { org: "o", dataset: "logs", datasetId: `d${++made}-${crypto.randomUUID()}`, region: HERE };
  const stub = () => bufferOf(env, destination, 0);
  return { destination, stub, send: (append: Append) => stub().append(destination, append) };
}

/** An append of one event; `n` is its id and its content. */
function event(n: number, pad = ""): Append {
  const body = new TextEncoder().encode(`{"n":${n}${pad && `,"pad":"${pad}"`}}\n`);
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(12, n);
  return { id, body, gzip: false, rows: 1, rawBytes: body.length, minTime: n, maxTime: n };
}

async function storedIn({ org, dataset, datasetId }: Destination): Promise<number[]> {
  const { objects } = await env.SEGMENTS.list({ prefix: `v1/org=${org}/dataset=${dataset}/id=${datasetId}/` });
  const bodies = await Promise.all(objects.map(async ({ key }) => (await env.SEGMENTS.get(key))?.bytes()));
  const lines = bodies.flatMap((body) =>
    gunzipSync(body ?? new Uint8Array())
      .toString()
      .split("\n")
      .filter(Boolean),
  );
  return lines.map((line) => JSON.parse(line).n).sort((a, b) => a - b);
}

/** Lets the object's bucket fail at its next put, before or after the object is there. */
function failNextPut(stub: DurableObjectStub<BufferObject>, when: "before" | "after"): Promise<void> {
  return runInDurableObject(stub, (instance) => {
    const holder = instance as unknown as { env: EdgeEnv };
    const { SEGMENTS } = holder.env;
    let failed = false;
    const bucket = {
      head: (key: string) => SEGMENTS.head(key),
      async put(...args: Parameters<R2Bucket["put"]>) {
        const now = !failed;
        failed = true;
        if (now && when === "before") throw new Error("R2 is down");
        const put = await SEGMENTS.put(...args);
        if (now) throw new Error("the answer was lost");
        return put;
      },
    };
    holder.env = { ...holder.env, SEGMENTS: bucket as unknown as R2Bucket };
  });
}

/** Caught inside the object: an RPC that rejects would count as an error of the test run. */
function tryFlush(stub: DurableObjectStub<BufferObject>): Promise<string> {
  return runInDurableObject(stub, (instance) => instance.flush().then(() => "done", String));
}

const count = (stub: DurableObjectStub<BufferObject>, sql: string) =>
  runInDurableObject(stub, (_instance, state) => Number(Object.values(state.storage.sql.exec(sql).one())[0]));

describe("an append", () => {
  it("is kept across the object's end", async () => {
    const { send, stub, destination } = setUp();
    expect(await send(event(1))).toBe("stored");
    await evictDurableObject(stub());
    expect(await stub().pending()).toMatchObject({ rows: 1 });
    expect(await stub().flush()).toEqual({ segments: 1, rows: 1 });
    expect(await storedIn(destination)).toEqual([1]);
    expect(await stub().pending()).toEqual({ rows: 0, bytes: 0 });
    expect(await stub().flush()).toEqual({ segments: 0, rows: 0 });
  });

  it("sent again is stored once: while it is buffered, after the object's end, after the flush, and after both", async () => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    expect(await send(event(1))).toBe("duplicate");
    await evictDurableObject(stub());
    expect(await send(event(1))).toBe("duplicate");
    await stub().flush();
    expect(await send(event(1))).toBe("duplicate");
    await evictDurableObject(stub());
    expect(await send(event(1))).toBe("duplicate");
    await stub().flush();
    expect(await storedIn(destination)).toEqual([1]);
  });

  it("sent many times at once is stored once", async () => {
    const { send, stub, destination } = setUp();
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(event(7))));
    expect(answers.filter((answer) => answer === "stored").length).toBe(1);
    await stub().flush();
    expect(await storedIn(destination)).toEqual([7]);
  });

  it("is news again once the window is over", async () => {
    const { send, stub } = setUp();
    await send(event(1));
    await stub().flush();
    await runInDurableObject(stub(), (_instance, state) => state.storage.sql.exec("UPDATE seen SET at = at - ?", RETRY_WINDOW_MS));
    await evictDurableObject(stub());
    expect(await send(event(1))).toBe("stored");
  });

  it("shares its commit with those that queued while the last one ran", async () => {
    const { send, stub, destination } = setUp();
    await Promise.all(Array.from({ length: 64 }, (_, n) => send(event(n))));
    expect(await count(stub(), "SELECT count(*) FROM w_1")).toBeLessThan(16);
    await stub().flush();
    expect(await storedIn(destination)).toEqual(Array.from({ length: 64 }, (_, n) => n));
  });

  it("may be larger than a row, and no row is larger than the platform takes", async () => {
    const { send, stub, destination } = setUp();
    const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(65_536))).toString("base64");
    const large = new TextEncoder().encode(Array.from({ length: 60 }, (_, n) => `{"n":${n},"x":"${n}${noise.slice(n)}"}\n`).join(""));
    const body = gzipSync(large, { level: 0 });
    expect(body.length).toBeGreaterThan(2 * ROW_BYTES_MAX);
    await send({ ...event(1), body, gzip: true, rows: 60, rawBytes: large.length });
    expect(await count(stub(), "SELECT max(length(body)) FROM w_1")).toBeLessThanOrEqual(ROW_BYTES_MAX);
    await evictDurableObject(stub());
    expect(await stub().pending()).toEqual({ rows: 60, bytes: body.length });
    await stub().flush();
    expect((await storedIn(destination)).length).toBe(60);
  });

  it("is refused, not lost, when too much waits at once", async () => {
    const { send, stub } = setUp();
    const body = gzipSync(crypto.getRandomValues(new Uint8Array(65_536)));
    const large = Buffer.concat(Array.from({ length: 80 }, () => body));
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => send({ ...event(n), body: new Uint8Array(large), gzip: true })));
    expect(answers).toContain("full");
    const stored = answers.filter((answer) => answer === "stored").length;
    expect(stored).toBeGreaterThan(1);
    expect((await stub().pending()).rows).toBe(stored);
  });
});

describe("a segment", () => {
  it("is sealed by its age, and by its size at once", async () => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    const due = await runInDurableObject(stub(), (_instance, state) => state.storage.getAlarm());
    expect(due).toBeGreaterThan(Date.now() + 50_000);
    await runDurableObjectAlarm(stub()); // too early: nothing is due
    expect(await stub().pending()).toMatchObject({ rows: 1 });
    await runInDurableObject(stub(), (_instance, state) => state.storage.sql.exec("UPDATE seg SET created = created - 60000"));
    await evictDurableObject(stub());
    await runDurableObjectAlarm(stub());
    expect(await storedIn(destination)).toEqual([1]);

    const noise = crypto.getRandomValues(new Uint8Array(65_536));
    const body = Buffer.concat(Array.from({ length: 130 }, () => gzipSync(noise)));
    await send({ ...event(2), body: new Uint8Array(body), gzip: true });
    const soon = await runInDurableObject(stub(), (_instance, state) => state.storage.getAlarm());
    if (soon !== null) expect(soon).toBeLessThanOrEqual(Date.now());
    await runDurableObjectAlarm(stub());
    expect(await stub().pending()).toEqual({ rows: 0, bytes: 0 });
  });

  it("carries its numbers in the object's metadata and no content encoding", async () => {
    const { send, stub, destination } = setUp();
    await Promise.all([send(event(5)), send(event(3)), send(event(9))]);
    await stub().flush();
    const { objects } = await env.SEGMENTS.list({
      prefix: `v1/org=o/dataset=logs/id=${destination.datasetId}/`,
      include: ["customMetadata", "httpMetadata"],
    });
    expect(objects.length).toBe(1);
    expect(objects[0]?.key).toMatch(/\/date=\d{4}-\d\d-\d\d\/hour=\d\d\/[0-9A-HJKMNP-TV-Z]{26}\.ndjson\.gz$/);
    expect(objects[0]?.customMetadata).toMatchObject({ rows: "3", minTime: "3", maxTime: "9", region: HERE });
    expect(objects[0]?.httpMetadata).toEqual({ contentType: "application/x-ndjson" });
  });
});

describe("a crash", () => {
  it.each(["before", "after"] as const)("%s the object is there leaves one copy", async (when) => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    await failNextPut(stub(), when);
    expect(await tryFlush(stub())).toMatch(/R2 is down|answer was lost/);
    expect(await stub().pending()).toMatchObject({ rows: 1 });
    await send(event(2));
    await evictDurableObject(stub());
    expect(await send(event(1))).toBe("duplicate");
    await stub().flush();
    expect(await storedIn(destination)).toEqual([1, 2]);
  });

  it("after the put and before the segment is dropped puts the same bytes under the same key", async () => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    await failNextPut(stub(), "after");
    expect(await tryFlush(stub())).toMatch(/R2 is down|answer was lost/);
    const { objects: first } = await env.SEGMENTS.list({ prefix: `v1/org=o/dataset=logs/id=${destination.datasetId}/` });
    await stub().flush();
    const { objects: second } = await env.SEGMENTS.list({ prefix: `v1/org=o/dataset=logs/id=${destination.datasetId}/` });
    expect(second.map(({ key, etag }) => [key, etag])).toEqual(first.map(({ key, etag }) => [key, etag]));
  });

  it("of the alarm's flush is tried again by alarm, later and later, and appends do not hurry it", async () => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    await runInDurableObject(stub(), (_instance, state) => state.storage.sql.exec("UPDATE seg SET created = created - 60000"));
    await evictDurableObject(stub());
    await failNextPut(stub(), "before");
    expect(await runDurableObjectAlarm(stub())).toBe(true); // does not throw
    const retry = await runInDurableObject(stub(), (_instance, state) => state.storage.getAlarm());
    expect(retry).toBeGreaterThan(Date.now());
    await send(event(2));
    expect(await runInDurableObject(stub(), (_instance, state) => state.storage.getAlarm())).toBe(retry);
    await runDurableObjectAlarm(stub());
    await stub().flush();
    expect(await storedIn(destination)).toEqual([1, 2]);
  });

  it("that loses the alarm is repaired at the next start", async () => {
    const { send, stub } = setUp();
    await send(event(1));
    await runInDurableObject(stub(), (_instance, state) => state.storage.deleteAlarm());
    await evictDurableObject(stub());
    await stub().pending();
    expect(await runInDurableObject(stub(), (_instance, state) => state.storage.getAlarm())).not.toBeNull();
  });

  it("of a commit leaves its senders without an answer of success, and the buffer as it was", async () => {
    const { send, stub, destination } = setUp();
    await send(event(1));
    const outcome = await runInDurableObject(stub(), async (instance) => {
      const broken = { ...event(2), gzip: true, body: { length: 5 } as unknown as Uint8Array };
      return instance.append(destination, broken).catch((error: unknown) => String(error));
    });
    expect(outcome).not.toBe("stored");
    expect(await send(event(3))).toBe("stored");
    await stub().flush();
    expect(await storedIn(destination)).toEqual([1, 3]);
  });

  it("does not let two flushes meet", async () => {
    const { send, stub, destination } = setUp();
    for (const n of [1, 2, 3]) await send(event(n));
    const flushed = await Promise.all([stub().flush(), stub().flush(), send(event(4)), stub().flush()]);
    expect(
      flushed.filter((answer) => typeof answer === "object").reduce((rows, answer) => rows + (answer as { rows: number }).rows, 0),
    ).toBeGreaterThan(2);
    await stub().flush();
    expect(await storedIn(destination)).toEqual([1, 2, 3, 4]);
  });
});

describe("append ids and shards", () => {
  const destination: Destination = { org: "o", dataset: "d", datasetId: "d1", region: HERE };
  const body = new TextEncoder().encode("x");
  const id = (parts: Partial<Parameters<typeof appendId>[0]>) =>
    Buffer.from(appendId({ idempotencyKey: null, destination, ndjsonSource: body, everyEventHasItsOwnTime: true, ...parts })).toString(
      "hex",
    );

  it("are the sender's key, else the content when it is safe, else chance", () => {
    expect(id({ idempotencyKey: "k" })).toBe(id({ idempotencyKey: "k", everyEventHasItsOwnTime: false, ndjsonSource: new Uint8Array(3) }));
    expect(id({})).toBe(id({}));
    expect(id({})).not.toBe(id({ ndjsonSource: new Uint8Array(1) }));
    expect(id({})).not.toBe(id({ idempotencyKey: "x" }));
    expect(id({})).not.toBe(id({ destination: { ...destination, datasetId: "d2" } }));
    expect(id({ everyEventHasItsOwnTime: false })).not.toBe(id({ everyEventHasItsOwnTime: false }));
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
