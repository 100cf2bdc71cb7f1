import { beforeEach, describe, expect, it } from "vitest";
import { objectKey, objectPrefix, segmentId } from "../../../src/edge/buffer/object-key.ts";
import type { Destination } from "../../../src/edge/buffer/segment.ts";
import { listSegments, openSegment } from "../../../src/edge/query/scan.ts";
import { r2Sink } from "../../../src/edge/sinks/r2.ts";
import { env, HERE } from "../gateway.ts";

const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 11, 31, 21);
let destination: Destination;

beforeEach(() => {
  destination = { org: "o", dataset: "logs", datasetId: crypto.randomUUID(), region: HERE };
});

async function put(time: number, chance = 0, where = destination): Promise<string> {
  const id = segmentId(time, new Uint8Array(10).fill(chance));
  const numbers = { rows: 3, rawBytes: 9, minTime: time - 1_500, maxTime: time, createdAt: time };
  await r2Sink(env.SEGMENTS).write({ ...numbers, id, key: objectKey(where, id), destination: where, body: new Uint8Array([1, 2]) });
  return id;
}

/** R2 answers fewer keys than asked for when it pleases; this one never more than two. */
const inSmallPages = {
  list: (options: R2ListOptions) => env.SEGMENTS.list({ ...options, limit: 2 }),
} as unknown as R2Bucket;

async function walk(limit: number, bucket = env.SEGMENTS): Promise<string[][]> {
  const pages: string[][] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof listSegments>> = await listSegments(bucket, destination, limit, cursor);
    pages.push(page.segments.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return pages;
}

describe("the list of segments", () => {
  it("comes newest first over hours, days and a year's end, whatever the page and however few keys R2 gives at a time", async () => {
    const ids: string[] = [];
    for (let hour = 0; hour < 6; hour += 2) for (const chance of [1, 2, 3]) ids.push(await put(START + hour * HOUR_MS, chance));
    const newestFirst = ids.reverse();
    for (const limit of [1, 2, 4, 9, 1_000]) {
      const pages = await walk(limit, inSmallPages);
      expect(pages.flat()).toEqual(newestFirst);
      expect(pages.length).toBe(Math.ceil(9 / limit));
    }
  });

  it("tells of each segment what its object carries", async () => {
    const id = await put(START);
    expect((await listSegments(env.SEGMENTS, destination, 10, null)).segments).toEqual([
      {
        id,
        key: objectKey(destination, id),
        rows: 3,
        bytes: 2,
        minTime: "2026-12-31T20:59:58.500Z",
        maxTime: "2026-12-31T21:00:00.000Z",
        createdAt: "2026-12-31T21:00:00.000Z",
      },
    ]);
  });

  it("goes on where it was when newer segments arrive or the last one is gone", async () => {
    const [oldest, middle, newest] = [await put(START), await put(START + 1), await put(START + HOUR_MS)];
    const { segments, nextCursor } = await listSegments(env.SEGMENTS, destination, 2, null);
    expect(segments.map(({ id }) => id)).toEqual([newest, middle]);
    await put(START + 2 * HOUR_MS);
    await env.SEGMENTS.delete(objectKey(destination, middle));
    expect((await listSegments(env.SEGMENTS, destination, 2, nextCursor)).segments.map(({ id }) => id)).toEqual([oldest]);
  });

  it("is empty for a dataset without segments, though its name had some under another id", async () => {
    await put(START, 0, { ...destination, datasetId: crypto.randomUUID() });
    expect(await listSegments(env.SEGMENTS, destination, 10, null)).toEqual({ segments: [], nextCursor: null });
  });

  it("passes over files that someone else has put there", async () => {
    const id = await put(START);
    const hour = objectKey(destination, id).replace(/[^/]*$/, "");
    for (const name of ["zzz.parquet", "_SUCCESS", `${id}.parquet`]) await env.SEGMENTS.put(`${hour}${name}`, "x");
    await env.SEGMENTS.put(`${objectPrefix(destination)}zzz/readme.txt`, "x");
    expect(await walk(1)).toEqual([[id]]);
  });

  it("lists what sinks have refused page by page, whatever their names", async () => {
    const where = { ...destination, datasetId: crypto.randomUUID() };
    const now = Date.UTC(2026, 0, 2, 3);
    const ids = [1, 2, 3].map((n) => segmentId(now + n, new Uint8Array(10).fill(n)));
    for (const [n, id] of ids.entries())
      await env.SEGMENTS.put(objectKey(where, id, "dead").replace("ndjson.gz", `${["aaa", "zzz", "m"][n]}.ndjson.gz`), "x");
    const seen: string[] = [];
    for (let cursor: string | null = null; seen.length < 5; ) {
      const { segments, nextCursor } = await listSegments(env.SEGMENTS, where, 1, cursor, "dead");
      seen.push(...segments.map(({ id }) => id));
      cursor = nextCursor;
      if (cursor === null) break;
    }
    expect(seen).toEqual([...ids].reverse());
  });

  it.each(["", "x", "../..", "0".repeat(27), "i".repeat(26), "\0"])("refuses the cursor %j", async (cursor) => {
    await expect(listSegments(env.SEGMENTS, destination, 10, cursor)).rejects.toMatchObject({ reason: "parameter-invalid" });
  });
});

describe("a segment", () => {
  it("is opened by its id", async () => {
    const object = await openSegment(env.SEGMENTS, destination, await put(START));
    expect(await object?.bytes()).toEqual(new Uint8Array([1, 2]));
  });

  it.each(["", "x", "../../other", "\0", segmentId(START, new Uint8Array(10).fill(9))])("that does not exist is null: %j", async (id) => {
    await put(START);
    expect(await openSegment(env.SEGMENTS, destination, id)).toBeNull();
  });

  it("of another dataset is null", async () => {
    const id = await put(START, 0, { ...destination, datasetId: crypto.randomUUID() });
    expect(await openSegment(env.SEGMENTS, destination, id)).toBeNull();
  });
});
