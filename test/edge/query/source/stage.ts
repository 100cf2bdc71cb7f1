/** What the tests of the source share: a dataset with real buffers and a real bucket, events in it, and scans of it. */
import { gzipSync } from "node:zlib";
import { stage } from "../../../../src/edge/bucket/staged.ts";
import { objectKey, segmentId } from "../../../../src/edge/buffer/object-key.ts";
import type { Append, Destination } from "../../../../src/edge/buffer/segment.ts";
import { bufferOf } from "../../../../src/edge/buffer/shard.ts";
import { openColumns } from "../../../../src/edge/query/apl/columns.ts";
import type { Wanted } from "../../../../src/edge/query/apl/source.ts";
import type { Value } from "../../../../src/edge/query/apl/value.ts";
import { openScan, type Reach } from "../../../../src/edge/query/source/scan.ts";
import { r2Sink } from "../../../../src/edge/sinks/r2.ts";
import { env, HERE } from "../../gateway.ts";

type Event = Record<string, unknown>;

export const NAME = "logs";
export const ALL = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
/** Of the events that say nothing else. */
export const TIME = "2026-11-24T12:00:00.000Z";

/** A dataset of its own for each test. */
export function newDestination(): Destination {
  return { org: "o", dataset: NAME, datasetId: `d-${crypto.randomUUID()}`, region: HERE };
}

/** Stored lines as the edge makes them. */
export function linesOf(events: readonly Event[]): Uint8Array {
  return new TextEncoder().encode(events.map((event) => `${JSON.stringify({ _sysTime: TIME, _time: TIME, ...event })}\n`).join(""));
}

export function tallyOf(events: readonly Event[], rawBytes: number) {
  const times = events.map((event) => Date.parse(String(event["_time"] ?? TIME)));
  return { rows: events.length, bytes: 0, rawBytes, minTime: Math.min(...times), maxTime: Math.max(...times) };
}

/** One append; without `gzip`, raw as small ones are. */
export function appendOf(events: readonly Event[], gzip = false): Append {
  const lines = linesOf(events);
  const nothing = { print: null, staged: [], quarantine: null, refused: {}, replay: null, token: "t" };
  const body = gzip ? new Uint8Array(gzipSync(lines)) : lines;
  const id = crypto.getRandomValues(new Uint8Array(16));
  return { ...nothing, ...tallyOf(events, lines.length), id, body, gzip, received: events.length };
}

/** An append whose events are staged in the bucket, one object for each of the groups. */
export async function stagedOf(destination: Destination, groups: readonly (readonly Event[])[]): Promise<Append> {
  const staged = groups.map((events) => {
    const lines = linesOf(events);
    const id = segmentId(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
    return stage(env.SEGMENTS, destination, id, Date.now(), tallyOf(events, lines.length), gzipSync(lines));
  });
  return { ...appendOf(groups.flat()), body: new Uint8Array(0), staged: await Promise.all(staged) };
}

/** To a shard of one dataset. */
export async function send(destination: Destination, append: Append, shard = 0, shards = 1): Promise<void> {
  const appended = await bufferOf(env, destination, shard).append(destination, append, { shard, shards, quarantineBytesMax: 1_000_000 });
  if (appended !== "stored") throw new Error(appended);
}

export async function flush(destination: Destination, shard = 0): Promise<void> {
  await bufferOf(env, destination, shard).flush();
}

/** An object as the buffer writes it, begun at some time (epoch milliseconds). @returns the segment's id. */
export async function put(destination: Destination, createdAt: number, events: readonly Event[]): Promise<string> {
  const lines = linesOf(events);
  const id = segmentId(createdAt, crypto.getRandomValues(new Uint8Array(10)));
  const segment = { ...tallyOf(events, lines.length), id, createdAt, destination, key: objectKey(destination, id) };
  await r2Sink(env.SEGMENTS).write({ ...segment, body: new Uint8Array(gzipSync(lines)) });
  return id;
}

export function open(destination: Destination, more: Partial<Reach> = {}) {
  const destinations = new Map([[NAME, destination]]);
  return openScan({ env, shards: 1, destinations, mapFields: new Map(), rowIds: false, clock: Date.now, ...more });
}

/** The events that a scan gives, by the names of its columns; what is absent is not there. `step` is done before the first and after each portion. */
export async function scanned(
  { scan }: ReturnType<typeof open>,
  wanted: Partial<Wanted> = {},
  step: () => Promise<unknown> = async () => {},
): Promise<Record<string, Value>[]> {
  const columns = openColumns();
  const events: Record<string, Value>[] = [];
  await step();
  for await (const rows of scan(NAME, { names: null, texts: [], ...ALL, ...wanted }, columns)) {
    for (const row of rows)
      events.push(Object.fromEntries(columns.list.flatMap(({ name }, slot) => (row[slot] === undefined ? [] : [[name, row[slot]]]))));
    await step();
  }
  return events;
}

/** What a query asks of others, in the order of its asking: methods of the buffer's and the bucket's. */
export type Ask = "mostShards" | "unflushed" | "readUnflushed" | "list" | "get";

/** The bindings, with something that is done before each question of a query; `bucket`: in place of the bucket's own methods. */
export function asking(before: (ask: Ask) => Promise<void> | void, bucket: Partial<R2Bucket> = {}): Reach["env"] {
  const watched = <T extends object>(object: T, asks: Ask[]): T =>
    new Proxy(object, {
      get(target, name) {
        const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
        if (!asks.includes(name as Ask)) return typeof method === "function" ? method.bind(target) : method;
        return async (...args: unknown[]) => {
          await before(name as Ask);
          return Reflect.apply(method, target, args);
        };
      },
    });
  const buffers = new Proxy(env.BUFFER, {
    get(target, name) {
      const method = Reflect.get(target, name) as (...args: unknown[]) => object;
      const result = (...args: unknown[]) => Reflect.apply(method, target, args);
      if (name !== "get" && name !== "getByName") return result;
      return (...args: unknown[]) => watched(result(...args), ["mostShards", "unflushed", "readUnflushed"]);
    },
  });
  const methods = { get: env.SEGMENTS.get.bind(env.SEGMENTS), list: env.SEGMENTS.list.bind(env.SEGMENTS) };
  return Object.defineProperties({} as Reach["env"], {
    ...Object.getOwnPropertyDescriptors(env),
    BUFFER: { value: buffers },
    SEGMENTS: { value: watched({ ...methods, ...bucket }, ["list", "get"]) },
  });
}
