/** What a scan reads, and what it leaves out: by time, by its budget, by its permission. */
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { objectKey, objectPrefix, segmentId } from "../../../../src/edge/buffer/object-key.ts";
import type { Destination } from "../../../../src/edge/buffer/segment.ts";
import { openColumns } from "../../../../src/edge/query/apl/columns.ts";
import { LIMITS } from "../../../../src/edge/query/source/account.ts";
import { COLUMNS_MAX } from "../../../../src/edge/query/source/fields.ts";
import { env } from "../../gateway.ts";
import { type Ask, appendOf, asking, flush, newDestination, open, put, scanned, send } from "./stage.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.UTC(2026, 10, 24, 12, 30);
const at = (ms: number) => new Date(ms).toISOString();
const between = (from: number, to: number) => ({ from: from * 1_000, to: to * 1_000 });

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => vi.restoreAllMocks());

/** An object that was begun then and holds one event of that time. */
function one(destination: Destination, n: number, arrived: number, happened = arrived): Promise<string> {
  return put(destination, arrived, [{ n, _time: at(happened) }]);
}

/** The numbers that a scan finds, in its order, and how many questions of each kind it took. */
async function found(destination: Destination, range: { from: number; to: number }, bucket: Partial<R2Bucket> = {}) {
  const asked: Record<Ask, number> = { mostShards: 0, unflushed: 0, readUnflushed: 0, list: 0, get: 0 };
  const bindings = asking((ask) => void asked[ask]++, bucket);
  const source = open(destination, { env: bindings });
  const events = await scanned(source, { names: ["n"], ...range });
  return { numbers: events.map(({ n }) => n), asked, ...source.examined() };
}

describe("a scan of a range", () => {
  it("opens only the objects whose events may be in it, and of those gives the events that are", async () => {
    const destination = newDestination();
    for (let hour = 0; hour < 48; hour++) await one(destination, hour, NOW - hour * HOUR_MS);
    await put(
      destination,
      NOW - 3 * HOUR_MS,
      [100, 101, 102].map((n) => ({ n, _time: at(NOW - (n - 97.5) * HOUR_MS) })),
    );
    const { numbers, asked, ...examined } = await found(destination, between(NOW - 4 * HOUR_MS, NOW - 2 * HOUR_MS));
    expect(numbers.sort()).toEqual([100, 101, 3, 4]);
    expect(asked).toMatchObject({ get: 3, list: 3 });
    expect(examined).toEqual({
      ...{ rowsExamined: 5, blocksExamined: 3, minBlockTime: NOW - 4.5 * HOUR_MS, maxBlockTime: NOW - 2.5 * HOUR_MS },
      ...{ isPartial: false, messages: [] },
    });
  });

  it("finds events that came up to a day before their time, and those that came late", async () => {
    const destination = newDestination();
    await one(destination, 1, NOW - DAY_MS, NOW);
    await one(destination, 2, NOW + 40 * DAY_MS, NOW);
    await one(destination, 3, NOW);
    await one(destination, 4, NOW + 2 * DAY_MS);
    const { numbers, asked } = await found(destination, between(NOW - 1, NOW + 1));
    // late ones after the range's own
    expect(numbers).toEqual([3, 1, 2]);
    expect(asked.get).toBe(3);
  });

  it("finds events of the future however long before their time they came, where the future is asked about", async () => {
    const destination = newDestination();
    const now = Date.now();
    await one(destination, 1, now - 40 * DAY_MS, now + 9 * DAY_MS);
    await one(destination, 2, now, now + 2 * DAY_MS);
    await one(destination, 3, now - 40 * DAY_MS);
    const { numbers, asked } = await found(destination, between(now + DAY_MS, now + 10 * DAY_MS));
    expect(numbers.sort()).toEqual([1, 2]);
    expect(asked.get).toBe(2);
    // what was so at its arrival and is of the past now: the page about queries says so
    expect((await found(destination, between(now - 38 * DAY_MS, now))).numbers).toEqual([]);
  });

  it("does not look where nothing can be: in hours that ended more than a day before it", async () => {
    const destination = newDestination();
    for (let day = 0; day < 30; day++) await one(destination, day, NOW - day * DAY_MS);
    const listed: string[] = [];
    const list = async (options: R2ListOptions) => {
      const page = await env.SEGMENTS.list(options);
      listed.push(...page.objects.map(({ key }) => key));
      return page;
    };
    const { numbers } = await found(destination, between(NOW - HOUR_MS, NOW + HOUR_MS), { list } as never);
    expect(numbers).toEqual([0]);
    expect(listed).toHaveLength(2);
  });

  it("includes its beginning and not its end, to the microsecond, in the buffer and after a flush", async () => {
    const destination = newDestination();
    const times = ["00.000000Z", "00.000001Z", "00.000002Z", "00.000003Z"].map((time) => `2026-11-24T12:30:${time}`);
    await send(destination, appendOf(times.map((_time, n) => ({ n, _time }))));
    const range = { from: NOW * 1_000 + 1, to: NOW * 1_000 + 3 };
    expect((await found(destination, range)).numbers).toEqual([1, 2]);
    await flush(destination);
    expect((await found(destination, range)).numbers).toEqual([1, 2]);
    const { asked } = await found(destination, { from: NOW * 1_000 + 1_000, to: NOW * 1_000 + 2_000 });
    expect(asked.get).toBe(0);
  });

  it("goes through days that are too full to be listed at once, newest first, however few keys the bucket gives at a time", async () => {
    const destination = newDestination();
    for (let n = 0; n < 12; n++) await one(destination, n, NOW - n * 1_200_000);
    const list = (options: R2ListOptions) => env.SEGMENTS.list({ ...options, limit: 2 });
    const bucket = { list } as never;
    const { numbers } = await found(destination, between(NOW - DAY_MS, NOW + 1), bucket);
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it("reads an object that says nothing of its times, and no file that is no segment", async () => {
    const destination = newDestination();
    const id = segmentId(NOW, new Uint8Array(10));
    const line = gzipSync(`{"_time":"${at(NOW)}","n":1}\n`);
    await env.SEGMENTS.put(objectKey(destination, id), line);
    await env.SEGMENTS.put(objectKey(destination, id).replace("ndjson.gz", "parquet"), line);
    await env.SEGMENTS.put(`${objectPrefix(destination)}zzz/readme.txt`, "x");
    expect((await found(destination, between(NOW, NOW + 1))).numbers).toEqual([1]);
    expect((await found(destination, between(NOW + 1, NOW + 2))).numbers).toEqual([]);
  });
});

describe("a scan", () => {
  it("reads no dataset but those it was given", async () => {
    const destination = newDestination();
    const { scan } = open(destination);
    expect(() => scan("other", { names: [], texts: [], from: 0, to: 1 }, undefined as never)).toThrow(/"other" is not open/);
  });

  it("stops at its bytes, its requests and its time, says so, and has the newest events", async () => {
    const destination = newDestination();
    for (let n = 0; n < 9; n++) await one(destination, n, NOW - n * HOUR_MS);
    const [object] = (await env.SEGMENTS.list({ prefix: objectPrefix(destination) })).objects;
    let clock = 0;
    const rows: [object, RegExp][] = [
      [
        { limits: { ...LIMITS, readBytesMax: (object?.size ?? 0) * 4 } },
        /stopped at .* MB of compressed events; newest .* shorter time range/,
      ],
      [{ limits: { ...LIMITS, bucketCallsMax: 6 } }, /stopped after 6 requests/],
      [{ limits: { ...LIMITS, runMsMax: 4 }, clock: () => clock++ }, /stopped after 0.004 s/],
    ];
    for (const [more, message] of rows) {
      const source = open(destination, more);
      const numbers = (await scanned(source, { names: ["n"] })).map(({ n }) => n);
      expect(numbers.length).toBeGreaterThan(1);
      expect(numbers.length).toBeLessThan(9);
      expect(numbers).toEqual(Array.from(numbers, (_, n) => n));
      expect(source.examined()).toMatchObject({
        isPartial: true,
        messages: [expect.stringMatching(message)],
        rowsExamined: numbers.length,
      });
    }
  });

  it("shares one budget between the scans of a query", async () => {
    const destination = newDestination();
    await one(destination, 1, NOW);
    const [object] = (await env.SEGMENTS.list({ prefix: objectPrefix(destination) })).objects;
    const source = open(destination, { limits: { ...LIMITS, readBytesMax: (object?.size ?? 0) + 1 } });
    expect(await scanned(source)).toHaveLength(1);
    expect(source.examined().isPartial).toBe(false);
    expect(await scanned(source)).toHaveLength(0);
    expect(source.examined()).toMatchObject({ isPartial: true, rowsExamined: 1 });
  });

  it("goes on past an object that is damaged, and says which", async () => {
    const destination = newDestination();
    const rows = Array.from({ length: 20_000 }, (_, n) => ({ n, text: "x".repeat(60) }));
    const ids = [
      await put(destination, NOW - 2, rows),
      await put(destination, NOW - 1, [{ n: -1 }]),
      await put(destination, NOW, [{ n: -2 }]),
    ];
    for (const id of ids.slice(0, 2)) {
      const key = objectKey(destination, id);
      const object = await env.SEGMENTS.get(key);
      const bytes = (await object?.bytes()) ?? new Uint8Array();
      await env.SEGMENTS.put(key, bytes.subarray(0, bytes.length - 30), { customMetadata: object?.customMetadata ?? {} });
    }
    const source = open(destination);
    expect((await scanned(source, { names: ["n"] })).at(0)).toEqual({ n: -2 });
    const messages = ids.slice(0, 2).map((id) => expect.stringContaining(`${id} cannot be read to its end`));
    expect(source.examined()).toMatchObject({ isPartial: true, messages: messages.reverse() });
  });

  it("gives up, to be asked again, when the bucket does not answer, and tries more than once before", async () => {
    const destination = newDestination();
    await one(destination, 1, NOW);
    let failures = 0;
    const failing = (times: number) => {
      failures = times;
      const get = async (...args: Parameters<R2Bucket["get"]>) => {
        if (failures-- > 0) throw new Error("R2 is down");
        return env.SEGMENTS.get(...args);
      };
      return { get } as never;
    };
    const range = between(NOW, NOW + 1);
    expect((await found(destination, range, failing(2))).numbers).toEqual([1]);
    await expect(found(destination, range, failing(3))).rejects.toMatchObject({ reason: "store-unavailable", status: 503 });
  });

  it("leaves out an object that retention takes away under it", async () => {
    const destination = newDestination();
    const id = await one(destination, 1, NOW);
    await one(destination, 2, NOW - 1);
    const bindings = asking(async (ask) => {
      if (ask === "get") await env.SEGMENTS.delete(objectKey(destination, id));
    });
    const source = open(destination, { env: bindings });
    expect((await scanned(source, { names: ["n"] })).map(({ n }) => n)).toEqual([2]);
    expect(source.examined().isPartial).toBe(false);
  });

  it("says so when events have more fields than it gives", async () => {
    const destination = newDestination();
    await send(destination, appendOf([Object.fromEntries(Array.from({ length: COLUMNS_MAX }, (_, n) => [`f${n}`, n]))]));
    const source = open(destination);
    await scanned(source);
    expect(source.examined()).toMatchObject({ isPartial: true, messages: [expect.stringContaining(`more than ${COLUMNS_MAX} fields`)] });
  });

  it("reads nothing more once whoever takes the rows has enough", async () => {
    const destination = newDestination();
    for (let n = 0; n < 40; n++) await one(destination, n, NOW - n);
    const asked: Ask[] = [];
    const { scan } = open(destination, { env: asking((ask) => void asked.push(ask)) });
    for await (const rows of scan("logs", { names: ["n"], texts: [], from: 0, to: 1e16 }, openColumns())) {
      expect(rows).toEqual([[0]]);
      break;
    }
    expect(asked.filter((ask) => ask === "get").length).toBeLessThan(8);
  });

  it("passes over what cannot hold the needed texts, and examines it nevertheless", async () => {
    const destination = newDestination();
    await send(
      destination,
      appendOf([
        { n: 1, level: "error" },
        { n: 2, level: "info" },
        { n: 3, level: "error" },
      ]),
    );
    const source = open(destination, { rowIds: true });
    const texts = [[{ text: "error", ignoreCase: false }]];
    const events = await scanned(source, { names: ["n", "_rowID"], texts });
    expect(events.map(({ n }) => n)).toEqual([1, 3]);
    expect(events.map(({ _rowID }) => String(_rowID).slice(26))).toEqual(["-00000000", "-00000002"]);
    expect(source.examined().rowsExamined).toBe(3);
  });

  it("numbers rows by their arrival, the same after a flush, and tells apart map fields of one dataset", async () => {
    const destination = newDestination();
    for (let n = 0; n < 3; n++) await send(destination, appendOf([{ n: 2 * n, m: { k: n } }, { n: 2 * n + 1 }], n === 1));
    const mapFields = new Map([["logs", new Map([["m", Number.POSITIVE_INFINITY]])]]);
    const before = await scanned(open(destination, { rowIds: true, mapFields }));
    await flush(destination);
    await send(destination, appendOf([{ n: 6 }]));
    const after = await scanned(open(destination, { mapFields }), { names: ["_rowID", "n", "m"] });
    const sorted = after.sort((a, b) => (String(a["_rowID"]) < String(b["_rowID"]) ? -1 : 1));
    expect(sorted.map(({ n }) => n)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(sorted.slice(0, 6)).toEqual(before.map(({ _rowID, n, m }) => ({ _rowID, n, ...(m ? { m } : {}) })));
    expect(before[0]).toMatchObject({ m: { k: 0 } });
  });
});
