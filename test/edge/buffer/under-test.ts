/** What the tests of the buffer share: a real object with its real bucket, events to send, and ways to make either fail. */
import { runInDurableObject } from "cloudflare:test";
import { gunzipSync } from "node:zlib";
import { vi } from "vitest";
import type { Buffer as BufferObject } from "../../../src/edge/buffer/buffer.ts";
import { objectPrefix } from "../../../src/edge/buffer/object-key.ts";
import type { Append, Destination } from "../../../src/edge/buffer/segment.ts";
import { bufferOf } from "../../../src/edge/buffer/shard.ts";
import type { StorageEnv } from "../../../src/edge/storage-env.ts";
import { env, HERE } from "../gateway.ts";

export type Stub = DurableObjectStub<BufferObject>;
type Put = (...args: Parameters<R2Bucket["put"]>) => Promise<unknown>;

/** To the only shard, with a quarantine. */
export const ROUTE = { shard: 0, shards: 1, quarantineBytesMax: 1_000_000 };

let made = 0;

/** A buffer of its own for each test. */
export function setUp() {
  const destination: Destination = { org: "o", dataset: "logs", datasetId: `d${++made}-${crypto.randomUUID()}`, region: HERE };
  const stub = () => bufferOf(env, destination, 0);
  return { destination, stub, send: (append: Append) => stub().append(destination, append, ROUTE) };
}

/** An append of one event; `n` is its id and its content. */
export function event(n: number): Append {
  const body = new TextEncoder().encode(`{"n":${n}}\n`);
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(12, n);
  const nothing = { print: null, staged: [], quarantine: null, refused: {}, replay: null };
  return { id, body, gzip: false, rows: 1, rawBytes: body.length, minTime: n, maxTime: n, received: 1, token: "t", ...nothing };
}

export async function objectsOf(destination: Destination): Promise<R2Object[]> {
  const { objects } = await env.SEGMENTS.list({ prefix: objectPrefix(destination), include: ["customMetadata", "httpMetadata"] });
  return objects;
}

/** The numbers of all events in the bucket. */
export async function storedIn(destination: Destination): Promise<number[]> {
  const bodies = await Promise.all((await objectsOf(destination)).map(async ({ key }) => (await env.SEGMENTS.get(key))?.bytes()));
  const texts = bodies.map((body) => gunzipSync(body ?? new Uint8Array()).toString());
  const lines = texts.flatMap((text) => text.split("\n").filter(Boolean));
  return lines.map((line) => JSON.parse(line).n).sort((a, b) => a - b);
}

/** Puts something between the object and its bucket, until the object ends. */
export function interceptPut(stub: Stub, put: (real: Put, instance: BufferObject, state: DurableObjectState) => Put): Promise<void> {
  return runInDurableObject(stub, (instance: BufferObject, state) => {
    const holder = instance as unknown as { env: StorageEnv };
    const { SEGMENTS } = holder.env;
    const bucket = {
      head: (key: string) => SEGMENTS.head(key),
      put: put((...args) => SEGMENTS.put(...args), instance, state),
    };
    holder.env = { ...holder.env, SEGMENTS: bucket as unknown as R2Bucket };
  });
}

/** Lets the next puts fail, before or after the object is there. */
export function failPuts(stub: Stub, when: "before" | "after", times = 1): Promise<void> {
  let left = times;
  return interceptPut(stub, (real) => async (...args) => {
    const fails = left-- > 0;
    if (fails && when === "before") throw new Error("R2 is down");
    const put = await real(...args);
    if (fails) throw new Error("the answer was lost");
    return put;
  });
}

/** Caught inside the object: an RPC that rejects would count as an error of the test run. */
export function tryFlush(stub: Stub): Promise<string> {
  return runInDurableObject(stub, (instance: BufferObject) => instance.flush().then(() => "done", String));
}

export function tryAppend(stub: Stub, destination: Destination, append: Append): Promise<string> {
  return runInDurableObject(stub, (instance: BufferObject) => instance.append(destination, append, ROUTE).catch(String));
}

/** The one value that a statement answers. */
export function query(stub: Stub, sql: string): Promise<unknown> {
  return runInDurableObject(stub, (_instance, state) => Object.values(state.storage.sql.exec(sql).one())[0]);
}

/** The object's next transaction runs to its end and is then rolled back. */
export function breakNextTransaction(storage: DurableObjectStorage): void {
  const real = storage.transactionSync;
  storage.transactionSync = (work) =>
    real.call(storage, () => {
      storage.transactionSync = real;
      work();
      throw new Error("the disk is broken");
    }) as never;
}

export function alarmOf(stub: Stub): Promise<number | null> {
  return runInDurableObject(stub, (_instance, state) => state.storage.getAlarm());
}

/** Stops the clock of test and object alike, an hour ahead, so that no alarm comes by itself. Undone by `vi.useRealTimers()`. */
export function stopClock(): number {
  const now = Date.now() + 3_600_000;
  vi.useFakeTimers({ toFake: ["Date"], now });
  return now;
}
