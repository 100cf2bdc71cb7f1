/** Appends that are too large for the log: staged in the bucket, recorded here, completed before they are acknowledged. */
import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stage } from "../../../src/edge/bucket/staged.ts";
import type { Buffer as BufferObject } from "../../../src/edge/buffer/buffer.ts";
import { segmentId } from "../../../src/edge/buffer/object-key.ts";
import type { Append, Destination } from "../../../src/edge/buffer/segment.ts";
import type { StorageEnv } from "../../../src/edge/storage-env.ts";
import { env } from "../gateway.ts";
import { breakNextTransaction, event, objectsOf, query, type Stub, setUp, stopClock, storedIn, tryAppend, tryFlush } from "./under-test.ts";

beforeEach(() => {
  stopClock();
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** The append of `n`, of which each piece is one event in an object of its own: n, n + 1, … */
async function staged(destination: Destination, n: number, pieces = 2): Promise<Append> {
  const events = Array.from({ length: pieces }, (_, i) => event(n + i));
  return {
    ...event(n),
    body: new Uint8Array(0),
    rows: pieces,
    received: pieces,
    staged: await Promise.all(
      events.map(({ body, rawBytes, minTime, maxTime }) => {
        const id = segmentId(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
        return stage(env.SEGMENTS, destination, id, Date.now(), { rows: 1, bytes: 0, rawBytes, minTime, maxTime }, gzipSync(body));
      }),
    ),
  };
}

type Complete = (upload: R2MultipartUpload, parts: R2UploadedPart[]) => Promise<unknown>;

/** Puts something between the object and the completion of its uploads, and lets its puts fail, until the object ends. */
function intercept(stub: Stub, complete: Complete): Promise<void> {
  return runInDurableObject(stub, (instance: BufferObject) => {
    const holder = instance as unknown as { env: StorageEnv };
    const { SEGMENTS } = holder.env;
    const bucket = {
      head: (key: string) => SEGMENTS.head(key),
      put: () => Promise.reject(new Error("R2 takes no puts")),
      delete: (keys: string[]) => SEGMENTS.delete(keys),
      resumeMultipartUpload(key: string, id: string) {
        const upload = SEGMENTS.resumeMultipartUpload(key, id);
        return { complete: (parts: R2UploadedPart[]) => complete(upload, parts) };
      },
    };
    holder.env = { ...holder.env, SEGMENTS: bucket as unknown as R2Bucket };
  });
}

const down: Complete = () => Promise.reject(new Error("R2 is down"));

describe("a staged append", () => {
  it("is in the bucket when it is acknowledged, without a flush, and is known when it comes again", async () => {
    const { send, destination } = setUp();
    const append = await staged(destination, 1, 3);
    expect(await storedIn(destination)).toEqual([]);
    expect(await send(append)).toBe("stored");
    expect((await objectsOf(destination)).map(({ customMetadata }) => customMetadata?.["rows"])).toEqual(["1", "1", "1"]);
    expect(await send(await staged(destination, 1, 3))).toBe("duplicate");
    await abortAllDurableObjects();
    expect(await send(await staged(destination, 1, 3))).toBe("duplicate");
    expect(await storedIn(destination)).toEqual([1, 2, 3]);
  });

  it("is not acknowledged while it cannot be completed, nor is its retry, and the alarm completes it", async () => {
    const { send, stub, destination } = setUp();
    await intercept(stub(), down);
    expect(await send(await staged(destination, 1))).toBe("busy");
    expect(await send(await staged(destination, 1))).toBe("full");
    expect(await storedIn(destination)).toEqual([]);
    await abortAllDurableObjects();
    vi.setSystemTime(Date.now() + 60_000);
    await runDurableObjectAlarm(stub());
    expect(await storedIn(destination)).toEqual([1, 2]);
    expect(await send(await staged(destination, 1))).toBe("duplicate");
  });

  it("is completed once when the answer of the completion is lost", async () => {
    const { send, stub, destination } = setUp();
    await intercept(stub(), async (upload, parts) => {
      await upload.complete(parts);
      throw new Error("the answer was lost");
    });
    expect(await send(await staged(destination, 1))).toBe("stored");
    expect(await storedIn(destination)).toEqual([1, 2]);
    expect(await query(stub(), "SELECT count(*) FROM seg")).toBe(0);
  });

  it("survives the object's end between its record and its completion", async () => {
    const { send, stub, destination } = setUp();
    await intercept(stub(), () => scheduler.wait(60_000));
    const unanswered = send(await staged(destination, 1)).then(String, String);
    await vi.waitUntil(() => query(stub(), "SELECT count(*) = 2 FROM seg"));
    await abortAllDurableObjects();
    expect(await unanswered).not.toBe("stored");
    expect(await send(await staged(destination, 1))).toBe("duplicate");
    expect(await storedIn(destination)).toEqual([1, 2]);
  });

  it("sent twice at once is stored once", async () => {
    const { send, destination } = setUp();
    const appends = await Promise.all([staged(destination, 1), staged(destination, 1)]);
    expect((await Promise.all(appends.map(send))).sort()).toEqual(["duplicate", "stored"]);
    expect(await storedIn(destination)).toEqual([1, 2]);
  });

  it("sent twice at once is acknowledged to nobody while it cannot be completed", async () => {
    const { send, stub, destination } = setUp();
    await intercept(stub(), down);
    const appends = await Promise.all([staged(destination, 1), staged(destination, 1)]);
    expect(await Promise.all(appends.map(send))).toEqual(["busy", "busy"]);
    expect(await storedIn(destination)).toEqual([]);
  });

  it("whose upload is gone is taken back whole, told so, and stored anew by its retry", async () => {
    const { send, stub, destination } = setUp();
    const append = await staged(destination, 1);
    const [, second] = append.staged;
    await intercept(stub(), async (upload, parts) => {
      if (upload.uploadId === second?.uploadId) await upload.abort();
      return upload.complete(parts);
    });
    expect(await send(append)).toBe("busy");
    expect(await storedIn(destination)).toEqual([]);
    await abortAllDurableObjects();
    expect(await send(await staged(destination, 1))).toBe("stored");
    expect(await storedIn(destination)).toEqual([1, 2]);
    const [{ counts } = { counts: null }] = await stub().counters();
    expect(counts).toMatchObject({ stored: 2, deduplicated: 0 });
  });

  it("goes its way beside a segment that cannot be put", async () => {
    const { send, stub, destination } = setUp();
    await send(event(9));
    await intercept(stub(), (upload, parts) => upload.complete(parts));
    expect(await tryFlush(stub())).toMatch(/no puts/);
    expect(await send(await staged(destination, 1))).toBe("stored");
    expect(await storedIn(destination)).toEqual([1, 2]);
    expect(await stub().pending()).toMatchObject({ rows: 1 });
  });

  it("leaves nothing behind in a commit that breaks", async () => {
    const { send, stub, destination } = setUp();
    const append = await staged(destination, 1);
    await runInDurableObject(stub(), (_instance, { storage }) => breakNextTransaction(storage));
    expect(await tryAppend(stub(), destination, append)).toMatch(/disk is broken/);
    expect(await send(append)).toBe("stored");
    expect(await storedIn(destination)).toEqual([1, 2]);
  });
});
