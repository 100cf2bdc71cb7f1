/** From the bucket to the other sinks: real objects, and receivers that stand where the network would begin. */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type DatasetSettings, defaultSettings, type SinkSettings } from "../../../src/access/dataset-settings.ts";
import { seal, sinkSecretContext } from "../../../src/access/seal.ts";
import type { Buffer as BufferObject } from "../../../src/edge/buffer/buffer.ts";
import { objectPrefix, rootOf } from "../../../src/edge/buffer/object-key.ts";
import type { Destination } from "../../../src/edge/buffer/segment.ts";
import { openSegment } from "../../../src/edge/query/scan.ts";
import { type StorageEnv, storageSettingsOf } from "../../../src/edge/storage-env.ts";
import { env } from "../gateway.ts";
import { alarmOf, event, objectsOf, query, type Stub, setUp, stopClock } from "./under-test.ts";

interface Received {
  host: string;
  authorization: string | null;
  key: string | null;
  text: string;
}

/** Answers by host; 200 unless told otherwise. */
const answers = new Map<string, () => Response | Promise<Response>>();
let received: Received[] = [];
let settings: DatasetSettings | null | Error;
let now: number;

beforeEach(() => {
  now = stopClock();
  received = [];
  answers.clear();
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const { url, headers, body } = { url: String(input), headers: new Headers(init?.headers), body: init?.body as Uint8Array };
    const { host } = new URL(url);
    const answer = (await answers.get(host)?.()) ?? new Response();
    if (answer.ok)
      received.push({
        host,
        authorization: headers.get("authorization"),
        key: headers.get("idempotency-key"),
        text: gunzipSync(body).toString(),
      });
    return answer;
  });
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const sink = (name: string, slot: number, more: Partial<SinkSettings> = {}): SinkSettings => ({
  ...{ name, slot, type: "http", required: true, url: `https://${name}.example/in`, options: {}, secrets: {} },
  ...more,
});

/** Settings as management would answer them, for the object's life. */
async function configure(stub: Stub, sinks: SinkSettings[] | null | Error): Promise<void> {
  settings = Array.isArray(sinks) ? { ...defaultSettings(), sinks } : sinks;
  await runInDurableObject(stub, (instance: BufferObject) => {
    const holder = instance as unknown as { env: StorageEnv };
    const lookUpSettings = async () => {
      if (settings instanceof Error) throw settings;
      return settings;
    };
    holder.env = { ...env, AUTHORITY: { ...env.AUTHORITY, lookUpSettings } as StorageEnv["AUTHORITY"] };
  });
}

const deadOf = async (destination: Destination) =>
  (await env.SEGMENTS.list({ prefix: rootOf("dead") + objectPrefix(destination), include: ["customMetadata"] })).objects;
const to = (host: string) => received.filter((one) => one.host === `${host}.example`);
const unavailable = () => new Response("down", { status: 503, headers: { "retry-after": "20" } });

describe("a segment in the bucket", () => {
  it("is brought to each sink under its own id, with the secret opened, and then no more waited for", async () => {
    const { send, stub, destination } = setUp();
    const { sealKeys } = storageSettingsOf(env);
    const authorization = seal("Bearer s3cret", sealKeys, sinkSecretContext(destination.datasetId, "a", "authorization"));
    await configure(stub(), [sink("a", 0, { secrets: { authorization } }), sink("b", 1)]);
    await send(event(1));
    await stub().flush();
    expect(await stub().deliver()).toBe(0);
    const [object] = await objectsOf(destination);
    const id = /([^/]+)\.ndjson\.gz$/.exec(object?.key ?? "")?.[1];
    expect(to("a")).toEqual([{ host: "a.example", authorization: "Bearer s3cret", key: id, text: '{"n":1}\n' }]);
    expect(to("b")).toMatchObject([{ authorization: null, key: id }]);
    await stub().deliver();
    expect(received.length).toBe(2);
  });

  it("waits as a row for a required sink that is away, holds no bytes, and is brought when that is back, once to each", async () => {
    const { send, stub, destination } = setUp();
    await configure(stub(), [sink("a", 0), sink("b", 1)]);
    answers.set("a.example", unavailable);
    await send(event(1));
    await stub().flush();
    expect(await stub().deliver()).toBe(1);
    expect((await objectsOf(destination)).length).toBe(1);
    expect(await stub().pending()).toEqual({ rows: 0, bytes: 0 });
    expect([to("a").length, to("b").length]).toEqual([0, 1]);
    expect(await stub().deliveries()).toEqual({
      waiting: 1,
      failing: [{ sink: "a", error: expect.stringContaining("503"), nextTry: now + 20_000 }],
    });
    // an alarm will look after it, and tries no earlier than the receiver asked for
    expect(await alarmOf(stub())).toBeLessThanOrEqual(now + 20_000);
    await abortAllDurableObjects();
    await configure(stub(), [sink("a", 0), sink("b", 1)]);
    answers.clear();
    vi.setSystemTime(now + 19_999);
    expect(await stub().deliver()).toBe(1);
    vi.setSystemTime(now + 20_000);
    expect(await stub().deliver()).toBe(0);
    expect([to("a").length, to("b").length]).toEqual([1, 1]);
  });

  it("does not wait for a sink that is not required", async () => {
    const { send, stub } = setUp();
    await configure(stub(), [sink("a", 0, { required: false }), sink("b", 1)]);
    answers.set("a.example", unavailable);
    await send(event(1));
    await stub().flush();
    expect(await stub().deliver()).toBe(0);
    expect([to("a").length, to("b").length]).toEqual([0, 1]);
  });

  it("that a sink refuses for ever is laid aside with the sink's name and words, and counts as brought", async () => {
    const { send, stub, destination } = setUp();
    await configure(stub(), [sink("a", 0)]);
    answers.set("a.example", () => new Response("no such shape", { status: 422 }));
    await send(event(1));
    await stub().flush();
    expect(await stub().deliver()).toBe(0);
    const dead = await deadOf(destination);
    expect(dead.map(({ customMetadata }) => customMetadata)).toMatchObject([
      { sink: "a", rows: "1", error: expect.stringContaining("422") },
    ]);
    expect(dead[0]?.key).toMatch(/\.a\.ndjson\.gz$/);
    expect((await objectsOf(destination)).length).toBe(1);
    const id = /([^/.]+)\.a\.ndjson\.gz$/.exec(dead[0]?.key ?? "")?.[1] as string;
    const copy = await openSegment(env.SEGMENTS, destination, id, "dead");
    expect(gunzipSync((await copy?.bytes()) ?? new Uint8Array()).toString()).toBe('{"n":1}\n');
  });

  it("is brought again when the answer was lost, under the same id", async () => {
    const { send, stub } = setUp();
    await configure(stub(), [sink("a", 0)]);
    let lost = true;
    answers.set("a.example", () => {
      if (!lost) return new Response();
      lost = false;
      throw new Error("connection lost");
    });
    await send(event(1));
    await stub().flush();
    await stub().deliver();
    vi.setSystemTime(now + 60_000);
    expect(await stub().deliver()).toBe(0);
    expect(to("a").length).toBe(1);
  });

  it("that has waited longest is brought first, and at once, when the sink is back", async () => {
    const { send, stub } = setUp();
    await configure(stub(), [sink("a", 0)]);
    answers.set("a.example", () => new Response("down", { status: 503 }));
    for (let n = 1; n <= 6; n++) {
      await send(event(n));
      await stub().flush();
      await stub().deliver();
      vi.setSystemTime(now + n * 40_000);
    }
    answers.clear();
    vi.setSystemTime(now + 400_000);
    await stub().deliver();
    expect(await stub().deliver()).toBe(0);
    expect(to("a").map(({ text }) => text)).toEqual([1, 2, 3, 4, 5, 6].map((n) => `{"n":${n}}\n`));
    expect(await stub().deliveries()).toEqual({ waiting: 0, failing: [] });
  });

  it("goes to sinks that the owner has just chosen", async () => {
    const { send, stub } = setUp();
    await configure(stub(), []);
    await send(event(1));
    await stub().flush();
    await configure(stub(), [sink("a", 0)]);
    await stub().settingsChanged();
    await send(event(2));
    await stub().flush();
    await stub().deliver();
    expect(to("a").map(({ text }) => text)).toEqual(['{"n":2}\n']);
  });

  it("waits while nobody can say which sinks there are, and is brought when management is back", async () => {
    const { send, stub } = setUp();
    await configure(stub(), new Error("management is down"));
    await send(event(1));
    await stub().flush();
    expect(await stub().deliver()).toBe(1);
    await configure(stub(), [sink("a", 0)]);
    vi.setSystemTime(now + 60_000);
    expect(await stub().deliver()).toBe(0);
    expect(to("a").length).toBe(1);
  });

  it("goes to the sinks that were last known while management is away", async () => {
    const { send, stub } = setUp();
    await configure(stub(), [sink("a", 0)]);
    await send(event(1));
    await stub().flush();
    await stub().deliver();
    await abortAllDurableObjects();
    await configure(stub(), new Error("management is down"));
    await send(event(2));
    await stub().flush();
    expect(await stub().deliver()).toBe(0);
    expect(to("a").map(({ text }) => text)).toEqual(['{"n":1}\n', '{"n":2}\n']);
  });

  it("of a dataset without other sinks leaves no row", async () => {
    const { send, stub } = setUp();
    await configure(stub(), []);
    await send(event(1));
    await stub().flush();
    expect(await query(stub(), "SELECT count(*) FROM delivery")).toBe(0);
  });
});

describe("a slow sink", () => {
  it("holds up neither appends, nor flushes, nor the other sink", async () => {
    const { send, stub, destination } = setUp();
    await configure(stub(), [sink("slow", 0), sink("quick", 1)]);
    const { promise, resolve } = Promise.withResolvers<Response>();
    answers.set("slow.example", () => promise);
    await send(event(1));
    await stub().flush();
    await vi.waitUntil(() => to("quick").length === 1);
    expect(await send(event(2))).toBe("stored");
    await stub().flush();
    expect((await objectsOf(destination)).length).toBe(2);
    await vi.waitUntil(() => to("quick").length === 2);
    resolve(new Response());
    await stub().deliver();
    await stub().deliver();
    expect([to("slow").length, to("quick").length]).toEqual([2, 2]);
  });
});
