import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PENDING_BYTES_MAX, STORED_BYTES_MAX } from "../../../src/edge/buffer/buffer.ts";
import { COMMIT_APPENDS_MAX, ROW_BYTES_MAX } from "../../../src/edge/buffer/segment.ts";
import { storageSettingsOf } from "../../../src/edge/storage-env.ts";
import { env, HERE } from "../gateway.ts";
import { event, failPuts, interceptPut, objectsOf, query, ROUTE, setUp, stopClock, storedIn, tryFlush } from "./under-test.ts";

const { windowMs } = storageSettingsOf(env).dedupe;
const NUMBERS = Array.from({ length: 64 }, (_, n) => n);
/** A member of at least so many bytes. */
const member = (bytes: number) => new Uint8Array(gzipSync(new Uint8Array(bytes), { level: 0 }));

afterEach(() => {
  vi.useRealTimers();
});

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

  it("is a duplicate up to the window's end and news from then on, with and without a restart", async () => {
    const { send, stub } = setUp();
    const now = stopClock();
    await send(event(1));
    await stub().flush();
    vi.setSystemTime(now + windowMs - 1);
    expect(await send(event(1))).toBe("duplicate");
    await evictDurableObject(stub());
    expect(await send(event(1))).toBe("duplicate");
    vi.setSystemTime(now + windowMs);
    expect(await send(event(1))).toBe("stored");
    await stub().flush();
    vi.setSystemTime(now + 2 * windowMs);
    await evictDurableObject(stub());
    expect(await send(event(1))).toBe("stored");
  });

  it("leaves no id on disk once its window is over and something is flushed", async () => {
    const { send, stub } = setUp();
    const now = stopClock();
    for (const n of [1, 2]) {
      await send(event(n));
      await stub().flush();
    }
    expect(await query(stub(), "SELECT sum(length(ids)) FROM seen")).toBe(48);
    vi.setSystemTime(now + windowMs + 1);
    await send(event(3));
    await stub().flush();
    expect(await query(stub(), "SELECT sum(length(ids)) FROM seen")).toBe(24);
  });

  it("may be larger than a row, and no row is larger than the platform takes", async () => {
    const { send, stub, destination } = setUp();
    const body = member(2 * ROW_BYTES_MAX + 1);
    await send({ ...event(1), body, gzip: true, rows: 60 });
    expect(await query(stub(), "SELECT count(*) FROM w_1")).toBe(3);
    expect(await query(stub(), "SELECT max(length(body)) FROM w_1")).toBeLessThanOrEqual(ROW_BYTES_MAX);
    await evictDurableObject(stub());
    expect(await stub().pending()).toEqual({ rows: 60, bytes: body.length });
    await stub().flush();
    expect((await objectsOf(destination)).map(({ size }) => size)).toEqual([body.length]);
  });

  it("is refused, not lost, when too much waits at once, and one that is too much alone is taken", async () => {
    const { destination, stub } = setUp();
    const body = member(PENDING_BYTES_MAX + 1);
    await runInDurableObject(stub(), async (instance) => {
      const answers = [1, 2].map((n) => instance.append(destination, { ...event(n), body, gzip: true }, ROUTE));
      expect(await Promise.all(answers)).toEqual(["stored", "full"]);
      expect(await instance.append(destination, event(2), ROUTE)).toBe("stored");
    });
    expect((await stub().pending()).rows).toBe(2);
  });

  it("is refused when the database is as large as it may be, and what is in is still known", async () => {
    const { destination, send, stub } = setUp();
    await send(event(1));
    await runInDurableObject(stub(), async (instance, { storage }) => {
      Object.defineProperty(storage.sql, "databaseSize", { value: STORED_BYTES_MAX + 1, configurable: true });
      expect(await instance.append(destination, event(2), ROUTE)).toBe("full");
      expect(await instance.append(destination, event(1), ROUTE)).toBe("duplicate");
    });
    await evictDurableObject(stub());
    expect(await send(event(2))).toBe("stored");
  });
});

describe("a quarantine", () => {
  const rejected = (n: number, bytes: number) => ({
    ...event(n),
    ...{ body: new Uint8Array(0), rows: 0, rawBytes: 0, quarantine: { body: new Uint8Array(bytes).fill(0x20), reasons: { row: 1 } } },
  });
  const counts = async (stub: ReturnType<ReturnType<typeof setUp>["stub"]>) => (await stub.counters())[0]?.counts;

  it("takes so many bytes a day and counts what is beyond, across the object's end", async () => {
    const { destination, stub } = setUp();
    const now = stopClock();
    const route = { ...ROUTE, quarantineBytesMax: 100 };
    for (const n of [1, 2]) await stub().append(destination, rejected(n, 60), route);
    await evictDurableObject(stub());
    await stub().append(destination, rejected(3, 60), route);
    expect(await counts(stub())).toEqual({ received: 3, stored: 0, deduplicated: 0, quarantined: 1, refused: { row: 2 } });
    vi.setSystemTime(now + 86_400_000);
    await stub().append(destination, rejected(4, 60), route);
    expect(await counts(stub())).toMatchObject({ quarantined: 2 });
  });

  it("takes back what a replay leaves, and spends nothing of the day for it", async () => {
    const { destination, stub } = setUp();
    const route = { ...ROUTE, quarantineBytesMax: 100 };
    await stub().append(destination, rejected(1, 60), route);
    const back = { ...rejected(2, 90), replay: { id: "01", rows: 1 } };
    expect(await stub().append(destination, back, { ...route, quarantineBytesMax: Number.MAX_SAFE_INTEGER })).toBe("stored");
    expect(await stub().append(destination, back, route)).toBe("duplicate");
    await stub().append(destination, rejected(3, 40), route);
    expect(await counts(stub())).toEqual({ received: 2, stored: 0, deduplicated: 0, quarantined: 2, refused: {} });
  });
});

describe("a commit", () => {
  it("takes all that queued while the last one ran, and answers no one before it is durable", async () => {
    const { destination, stub } = setUp();
    await runInDurableObject(stub(), async (instance, { storage }) => {
      const { promise: durable, resolve: finish } = Promise.withResolvers<void>();
      const real = storage.sync;
      storage.sync = () => durable.then(() => real.call(storage));
      const answered: string[] = [];
      const appends = [1, 2, 3, 4].map((n) => instance.append(destination, event(n), ROUTE));
      // committed already, and known, but not durable yet
      appends.push(instance.append(destination, event(1), ROUTE));
      for (const append of appends) void append.then((answer) => answered.push(answer));
      await storage.get("anything");
      expect(answered).toEqual([]);
      finish();
      expect(await Promise.all(appends)).toEqual(["stored", "stored", "stored", "stored", "duplicate"]);
      storage.sync = real;
    });
    expect(await query(stub(), "SELECT count(*) FROM w_1")).toBe(2);
    expect(await query(stub(), "SELECT group_concat(length(ids)) FROM w_1")).toBe("24,72");
    await stub().flush();
    expect(await storedIn(destination)).toEqual([1, 2, 3, 4]);
  });

  it("has no more ids than fit a row beside its events", async () => {
    const { destination, stub } = setUp();
    await runInDurableObject(stub(), async (instance) => {
      const numbers = Array.from({ length: COMMIT_APPENDS_MAX + 2 }, (_, n) => n);
      await Promise.all(numbers.map((n) => instance.append(destination, event(n), ROUTE)));
    });
    expect(await query(stub(), "SELECT group_concat(length(ids) / 24) FROM w_1")).toBe(`1,${COMMIT_APPENDS_MAX},1`);
  });

  it("is shared by senders over RPC", async () => {
    const { send, stub, destination } = setUp();
    await Promise.all(NUMBERS.map((n) => send(event(n))));
    expect(await query(stub(), "SELECT count(*) FROM w_1")).toBeLessThan(32);
    await stub().flush();
    expect(await storedIn(destination)).toEqual(NUMBERS);
  });
});

describe("a segment", () => {
  it("is sealed by the commit that fills it, and due at once", async () => {
    const { destination, send, stub } = setUp();
    await failPuts(stub(), "before", Number.POSITIVE_INFINITY);
    await send(event(3));
    await runInDurableObject(stub(), async (instance, { storage }) => {
      const append = instance.append(destination, { ...event(1), body: member(8_000_000), gzip: true }, ROUTE);
      const alarm = storage.getAlarm();
      expect(storage.sql.exec("SELECT sealed FROM seg").one()).toEqual({ sealed: 1 });
      expect(await alarm).toBeLessThanOrEqual(Date.now());
      await append;
    });
    await send(event(2));
    expect(await query(stub(), "SELECT group_concat(sealed) FROM seg")).toBe("1,0");
    expect(await query(stub(), "SELECT sum(rows) FROM w_2")).toBe(1);
  });

  it("is written by one flush at a time, in the order of creation", async () => {
    const { send, stub, destination } = setUp();
    const names: string[] = [];
    let running = 0;
    await interceptPut(stub(), (real) => async (key, ...rest) => {
      names.push(key);
      expect(++running).toBe(1);
      const put = await real(key, ...rest);
      running--;
      return put;
    });
    await send(event(1));
    const first = stub().flush();
    const answers = await Promise.all([first, stub().flush(), send(event(2)).then(() => stub().flush())]);
    await stub().flush();
    expect(answers.reduce((sum, { rows }) => sum + rows, 0)).toBe(2);
    expect(names).toEqual([...names].sort());
    expect(await storedIn(destination)).toEqual([1, 2]);
  });

  it("takes what is appended while another one is being put", async () => {
    const { stub, send, destination } = setUp();
    await interceptPut(stub(), (real, instance) => async (...args) => {
      expect(await instance.append(destination, event(2), ROUTE)).toBe("stored");
      return real(...args);
    });
    await send(event(1));
    expect(await tryFlush(stub())).toBe("done");
    expect(await storedIn(destination)).toEqual([1]);
    expect(await stub().pending()).toMatchObject({ rows: 1 });
  });

  it("carries its numbers in the object's metadata and no content encoding", async () => {
    const { send, stub, destination } = setUp();
    await Promise.all([send(event(5)), send(event(3)), send(event(9))]);
    await stub().flush();
    const [object, ...more] = await objectsOf(destination);
    expect(more).toEqual([]);
    expect(object?.key).toMatch(/\/date=\d{4}-\d\d-\d\d\/hour=\d\d\/[0-9A-HJKMNP-TV-Z]{26}\.ndjson\.gz$/);
    expect(object?.customMetadata).toEqual({
      v: "1",
      org: "o",
      dataset: "logs",
      region: HERE,
      rows: "3",
      rawBytes: "24",
      minTime: "3",
      maxTime: "9",
      createdAt: expect.stringMatching(/^\d{13}$/),
    });
    expect(object?.httpMetadata).toEqual({ contentType: "application/x-ndjson" });
  });
});
