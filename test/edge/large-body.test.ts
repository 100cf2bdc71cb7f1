import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { BODY_BYTES_MAX, type Ways, withBody } from "../../src/edge/body.ts";
import { axiom } from "../../src/edge/protocols/axiom.ts";
import { Problem } from "../../src/problem.ts";
import { runLengthFrame, zstdOf } from "./zstd-frames.ts";

const CHUNK_BYTES_MAX = 262_144;
const MEGABYTE = 1_000_000;

afterEach(() => {
  vi.useRealTimers();
});

/** That many bytes of NDJSON, a megabyte at a time: lines of 100 bytes, of which the first in each megabyte is one of its own. */
function* ndjson(bytes: number): Generator<Uint8Array> {
  const line = `{"_time":"2026-01-02T03:04:05Z","level":"info","message":"what happened","n":12345,"path":"/a/b/c"}`;
  const part = new TextEncoder().encode(`${line}${" ".repeat(99 - line.length)}\n`.repeat(MEGABYTE / 100));
  for (let at = 0; at < bytes; at += MEGABYTE) {
    const number = String(10_000 + at / MEGABYTE);
    for (let i = 0; i < 5; i++) part[line.indexOf("12345") + i] = number.charCodeAt(i);
    yield part.slice(0, Math.min(MEGABYTE, bytes - at));
  }
}

/** A request whose body comes part by part and is never whole in memory; `cut` breaks the connection after the last. */
function streamed(parts: Iterable<Uint8Array>, headers: Record<string, string> = {}, end: "end" | "cut" | "stall" = "end") {
  const source = parts[Symbol.iterator]();
  const state = { pulled: 0, cancelled: false };
  const body = new ReadableStream({
    type: "bytes",
    async pull(controller) {
      const { done, value } = source.next();
      if (!done) {
        state.pulled += value.length;
        controller.enqueue(new Uint8Array(value)); // a copy: the stream takes the memory
      } else if (end === "cut") controller.error(new Error("connection lost"));
      else if (end === "stall") await new Promise(() => {});
      else {
        controller.close();
        controller.byobRequest?.respond(0);
      }
    },
    cancel() {
      state.cancelled = true;
    },
  });
  const request = new Request("https://edge.example/", { method: "POST", body, headers, duplex: "half" } as RequestInit);
  return { request, state };
}

function sent(body: Uint8Array, encoding = "identity"): Request {
  return new Request("https://edge.example/", { method: "POST", body, headers: { "content-encoding": encoding } });
}

interface Seen {
  way: "small" | "large";
  bytes: number;
  sum: number;
}

/** Every 61st byte counts, so that the sum is the same wherever chunks end. */
function sumOf(bytes: Uint8Array, before = 0, base = 0): number {
  let sum = before;
  for (let i = (61 - (base % 61)) % 61; i < bytes.length; i += 61) sum = (sum * 31 + (bytes[i] as number)) | 0;
  return sum;
}

const ways: Ways<Seen> = {
  small: async (body) => ({ way: "small", bytes: body.length, sum: sumOf(body) }),
  async large(chunks) {
    const seen: Seen = { way: "large", bytes: 0, sum: 0 };
    for await (const chunk of chunks) {
      if (chunk.length === 0 || chunk.length > CHUNK_BYTES_MAX) throw new Error(`a chunk of ${chunk.length} bytes`);
      seen.sum = sumOf(chunk, seen.sum, seen.bytes);
      seen.bytes += chunk.length;
    }
    return seen;
  },
};

const outcomeOf = (work: Promise<Seen>) =>
  work.then(
    ({ way }) => way as string,
    (error) => (error instanceof Problem ? error.reason : String(error)),
  );

const gzip = (body: Uint8Array) => gzipSync(body, { level: 1 });
const brotli = (body: Uint8Array) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });

describe("a body too large to be held", () => {
  const SIZE = 40 * MEGABYTE;
  const body = Buffer.concat([...ndjson(SIZE)]);
  const expected: Seen = { way: "large", bytes: SIZE, sum: sumOf(body) };

  it("comes in chunks, whether its length was announced or not", async () => {
    expect(await withBody(sent(body), ways)).toEqual(expected);
    expect(await withBody(streamed(ndjson(SIZE)).request, ways)).toEqual(expected);
    expect(await outcomeOf(withBody(streamed(ndjson(BODY_BYTES_MAX + 1)).request, ways))).toBe("large");
    expect(await outcomeOf(withBody(streamed(ndjson(BODY_BYTES_MAX)).request, ways))).toBe("small");
  });

  it.each<[string, string, (whole: Uint8Array) => Uint8Array]>([
    ["gzip", "gzip", gzip],
    [
      "gzip of several members, the last a small one",
      "gzip",
      (whole) => Buffer.concat([gzip(whole.subarray(0, SIZE - 9)), gzip(whole.subarray(SIZE - 9))]),
    ],
    ["gzip with padding", "x-gzip", (whole) => Buffer.concat([gzip(whole), new Uint8Array(100_000)])],
    ["zlib", "deflate", (whole) => deflateSync(whole, { level: 1 })],
    ["raw deflate", "deflate", (whole) => deflateRawSync(whole, { level: 1 })],
    ["brotli", "br", brotli],
    ["zstd", "zstd", zstdOf],
    ["zstd of several frames", "zstd", (whole) => Buffer.concat([whole.subarray(0, 9), whole.subarray(9)].map((part) => zstdOf(part)))],
  ])("is inflated on the way from %s", async (_name, encoding, compress) => {
    const compressed = compress(body);
    expect(await withBody(sent(compressed, encoding), ways)).toEqual(expected);
    expect(await withBody(streamed([compressed], { "content-encoding": encoding }).request, ways)).toEqual(expected);
  });

  it("is refused where there is no way for it", async () => {
    const small = async () => ({ way: "small" as const, bytes: 0, sum: 0 });
    expect(await outcomeOf(withBody(sent(body), small))).toBe("body-too-large");
    expect(await outcomeOf(withBody(streamed(ndjson(SIZE)).request, small))).toBe("body-too-large");
    expect(await outcomeOf(withBody(sent(gzip(body), "gzip"), small))).toBe("body-too-large");
  });

  it("is refused under two encodings, which a small one may have", async () => {
    expect(await outcomeOf(withBody(sent(gzip(gzip(body)), "gzip, gzip"), ways))).toBe("body-too-large");
    expect(await outcomeOf(withBody(sent(gzip(gzip(body.subarray(0, MEGABYTE))), "gzip, gzip"), ways))).toBe("small");
  });

  it.each<[string, string, (whole: Uint8Array) => Uint8Array]>([
    ["gzip cut short", "gzip", (whole) => gzip(whole).subarray(0, -1)],
    ["gzip with bytes behind it", "gzip", (whole) => Buffer.concat([gzip(whole), new Uint8Array([7])])],
    ["gzip whose checksum is wrong", "gzip", (whole) => gzip(whole).map((byte, i, { length }) => (i === length - 8 ? byte ^ 1 : byte))],
    ["zlib cut short", "deflate", (whole) => deflateSync(whole, { level: 1 }).subarray(0, -1)],
    ["zlib with bytes behind it", "deflate", (whole) => Buffer.concat([deflateSync(whole, { level: 1 }), new Uint8Array([0])])],
    ["brotli cut short", "br", (whole) => brotli(whole).subarray(0, -1)],
    ["brotli with bytes behind it", "br", (whole) => Buffer.concat([brotli(whole), new Uint8Array([0])])],
    ["zstd cut short", "zstd", (whole) => zstdOf(whole).subarray(0, -1)],
    ["zstd with bytes behind it", "zstd", (whole) => Buffer.concat([zstdOf(whole), new Uint8Array([0])])],
    ["other bytes altogether", "gzip", (whole) => whole],
  ])("63 is refused for %s, however late that shows", async (_name, encoding, spoil) => {
    expect(await outcomeOf(withBody(sent(spoil(body), encoding), ways))).toBe("encoding-broken");
  });

  it("65 is refused when the connection ends early or the sender stalls, also under an encoding", async () => {
    const unclosed = gzip(body);
    expect(await outcomeOf(withBody(streamed(ndjson(SIZE), {}, "cut").request, ways))).toBe("body-invalid");
    const headers = { "content-encoding": "gzip", "content-length": "33554433" };
    expect(await outcomeOf(withBody(streamed([unclosed], headers, "cut").request, ways))).toBe("body-invalid");
    for (const { request } of [streamed(ndjson(SIZE), {}, "stall"), streamed([unclosed], headers, "stall")]) {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const outcome = outcomeOf(withBody(request, ways));
      for (let waiting = 0; waiting < 40; waiting++) await vi.advanceTimersByTimeAsync(1_000);
      expect(await outcome).toBe("overloaded");
      vi.useRealTimers();
    }
  });

  it("63 is refused beyond 100 MB, as announced, as sent or as inflated, and read no further", async () => {
    const announced = streamed(ndjson(MEGABYTE), { "content-length": "100000001" });
    expect(await outcomeOf(withBody(announced.request, ways))).toBe("body-too-large");
    const endless = streamed(ndjson(500 * MEGABYTE));
    expect(await outcomeOf(withBody(endless.request, ways))).toBe("body-too-large");
    await vi.waitFor(() => expect(endless.state.cancelled).toBe(true));
    expect(endless.state.pulled).toBeLessThanOrEqual(103 * MEGABYTE);
    const tenMegabytes = gzip(Buffer.concat([...ndjson(10 * MEGABYTE)]));
    const members = (count: number) => sent(Buffer.concat(Array.from({ length: count }, () => tenMegabytes)), "gzip");
    expect(await outcomeOf(withBody(members(10), ways))).toBe("large");
    expect(await outcomeOf(withBody(members(11), ways))).toBe("body-too-large");
    expect(await outcomeOf(withBody(sent(runLengthFrame(1_000), "zstd"), ways))).toBe("body-too-large");
  });

  it("lets go of a sender when its taker fails, and holds nothing afterwards", async () => {
    for (let i = 0; i < 12; i++) {
      const { request, state } = streamed(ndjson(90 * MEGABYTE), { "content-length": String(90 * MEGABYTE) });
      const large: Ways<Seen>["large"] = async (chunks) => {
        for await (const chunk of chunks) if (chunk.length > 0) throw new Error("later");
        throw new Error("no chunk");
      };
      expect(await outcomeOf(withBody(request, { ...ways, large }))).toContain("later");
      await vi.waitFor(() => expect(state.cancelled).toBe(true));
      expect(state.pulled).toBeLessThan(5 * MEGABYTE);
    }
    expect(await outcomeOf(withBody(sent(body), ways))).toBe("large");
  });

  it("is one of several at a time, and the next one is told to come again", async () => {
    let release = () => {};
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    const held: Promise<string>[] = [];
    const begin = () => {
      const { request } = streamed(ndjson(90 * MEGABYTE), { "content-length": String(90 * MEGABYTE) });
      return new Promise<void>((entered) => {
        const large: Ways<Seen>["large"] = async () => {
          entered();
          await until;
          return { way: "large", bytes: 0, sum: 0 };
        };
        held.push(outcomeOf(withBody(request, { ...ways, large })));
      });
    };
    for (let i = 0; i < 4; i++) await begin();
    // a small one finds room beside them
    const small = new Request("https://edge.example/", { method: "POST", body: new Uint8Array(1_000_000) });
    expect(await withBody(small, async (body) => body.length)).toBe(1_000_000);
    const { request } = streamed(ndjson(90 * MEGABYTE), { "content-length": String(90 * MEGABYTE) });
    expect(await outcomeOf(withBody(request, ways))).toBe("overloaded");
    release();
    expect(new Set(await Promise.all(held))).toEqual(new Set(["large"]));
  });
});

describe("95 MB of events", () => {
  const SIZE = 95 * MEGABYTE;
  const call = (type: string) => ({
    dataset: "d",
    query: new URLSearchParams(),
    headers: new Headers({ "content-type": type }),
    now: Date.UTC(2026, 0, 2),
  });

  interface Taken {
    rows: number;
    failed: number;
    lineBytes: number;
    batches: number;
    largestBatch: number;
  }

  async function take(request: Request, type = "application/x-ndjson"): Promise<Taken> {
    const taken: Taken = { rows: 0, failed: 0, lineBytes: 0, batches: 0, largestBatch: 0 };
    return withBody(request, {
      small: () => Promise.reject(new Error("the small way")),
      async large(chunks) {
        const batches = axiom.decodeLarge?.(chunks, call(type));
        if (!batches) throw new Error("no large way");
        for await (const { rows, failed, ndjson: lines } of batches) {
          taken.rows += rows;
          taken.failed += failed;
          taken.lineBytes += lines.length;
          taken.batches++;
          taken.largestBatch = Math.max(taken.largestBatch, lines.length);
        }
        return taken;
      },
    });
  }

  function* compressed(): Generator<Uint8Array> {
    for (const part of ndjson(SIZE)) yield gzip(part);
  }

  it.each<[string, () => Iterable<Uint8Array>, Record<string, string>]>([
    ["as it is", () => ndjson(SIZE), { "content-length": String(SIZE) }],
    ["as it is, of unknown length", () => ndjson(SIZE), {}],
    ["as gzip", compressed, { "content-encoding": "gzip" }],
  ])("become batches of a megabyte or so when sent %s", { timeout: 20_000 }, async (_name, parts, headers) => {
    const taken = await take(streamed(parts(), headers).request);
    expect(taken).toMatchObject({ rows: SIZE / 100, failed: 0 });
    expect(taken.lineBytes).toBe(SIZE + (SIZE / 100) * '"_sysTime":"2026-01-02T00:00:00.000Z",'.length);
    expect(taken.batches).toBeGreaterThan(80);
    expect(taken.largestBatch).toBeLessThan(2_000_000);
  });

  it("are refused when the array that holds them breaks at its very end", async () => {
    const elements = `{"n":1,"text":"${"x".repeat(182)}"},`.repeat(MEGABYTE / 200);
    function* array(): Generator<Uint8Array> {
      yield new TextEncoder().encode("[");
      for (let at = 0; at < SIZE; at += MEGABYTE) yield new TextEncoder().encode(elements);
      yield new TextEncoder().encode("]");
    }
    await expect(take(streamed(array()).request, "application/json")).rejects.toMatchObject({ reason: "body-invalid" });
  });
});
