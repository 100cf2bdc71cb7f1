import { gunzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { objectKey, segmentId } from "../../src/edge/buffer/object-key.ts";
import { bufferOf } from "../../src/edge/buffer/shard.ts";
import { r2Sink } from "../../src/edge/sinks/r2.ts";
import { env, HERE, type Organisation, organisation, post, send, token } from "./gateway.ts";

let org: Organisation;
let reader: string;
let writer: string;

beforeEach(async () => {
  org = await organisation({ logs: HERE, other: HERE });
  reader = await token(org, { logs: ["query:read"] });
  writer = await token(org, { "*": ["ingest:create"] });
});

interface Listing {
  segments: { id: string; key: string; rows: number; bytes: number; minTime: string; maxTime: string; createdAt: string }[];
  buffered: { rows: number; bytes: number };
  nextCursor: string | null;
}

const destination = () => ({ org: org.id, dataset: "logs", datasetId: org.datasets["logs"]?.id ?? "", region: HERE });
const list = async (query = "") => (await (await send(`/v1/datasets/logs/segments${query}`, { token: reader })).json()) as Listing;

/** Segments at given times, as the buffer would have written them. */
async function putSegments(times: number[]): Promise<string[]> {
  const ids = times.map((time, n) => segmentId(time, new Uint8Array(10).fill(n)));
  for (const [n, id] of ids.entries()) {
    const createdAt = times[n] ?? 0;
    const key = objectKey(destination(), id);
    await r2Sink(env.SEGMENTS).write({
      id,
      key,
      destination: destination(),
      rows: n,
      rawBytes: 1,
      minTime: n,
      maxTime: n,
      createdAt,
      body: new Uint8Array([n]),
    });
  }
  return ids;
}

describe("the segments of a dataset", () => {
  it("show what is buffered, then what was written, and the object itself", async () => {
    await post("/v1/ingest/logs", '{"_time":"2026-01-02T03:04:05Z","a":1}\n{"_time":"2026-01-02T03:04:06.5Z","a":2}', { token: writer });
    expect(await list()).toEqual({
      segments: [],
      buffered: { rows: 2, bytes: expect.any(Number) },
      sinks: { waiting: 0, failing: [] },
      dead: [],
      nextCursor: null,
    });
    await bufferOf(env, destination(), 0).flush();
    const { segments, buffered } = await list();
    expect(buffered).toEqual({ rows: 0, bytes: 0 });
    expect(segments).toEqual([
      {
        id: expect.any(String),
        key: expect.stringContaining(`/dataset=logs/id=${destination().datasetId}/date=`),
        rows: 2,
        bytes: expect.any(Number),
        minTime: "2026-01-02T03:04:05.000Z",
        maxTime: "2026-01-02T03:04:06.500Z",
        createdAt: expect.stringMatching(/Z$/),
      },
    ]);
    const object = await send(`/v1/datasets/logs/segments/${segments[0]?.id}`, { token: reader });
    expect(object.headers.get("content-type")).toBe("application/gzip");
    expect(object.headers.get("content-encoding")).toBeNull();
    const bytes = await object.bytes();
    expect(bytes.length).toBe(segments[0]?.bytes);
    expect(
      gunzipSync(bytes)
        .toString()
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).a),
    ).toEqual([1, 2]);
  });

  it("come newest first over days and hours, page by page, each once", async () => {
    const start = Date.UTC(2026, 0, 1, 22);
    const ids = await putSegments(Array.from({ length: 23 }, (_, n) => start + n * 17 * 60_000));
    const seen: string[] = [];
    let cursor: string | null = "";
    for (let page = 0; cursor !== null && page < 20; page++) {
      const answer = await list(`?limit=4${cursor && `&cursor=${cursor}`}`);
      expect(answer.segments.length).toBeLessThanOrEqual(4);
      seen.push(...answer.segments.map(({ id }) => id));
      cursor = answer.nextCursor;
    }
    expect(seen).toEqual([...ids].reverse());
    expect((await list("?limit=23")).nextCursor).toBeNull();
  });

  it.each(["?limit=0", "?limit=1001", "?limit=x", "?limit=1.5", "?limit=0x10", "?limit=", "?cursor=x", "?cursor=../..", "?cursor=%00"])(
    "refuse %s",
    async (query) => {
      const response = await send(`/v1/datasets/logs/segments${query}`, { token: reader });
      expect(response.status).toBe(400);
    },
  );

  it.each(["x", "..%2f..%2fx", "00000000000000000000000000", "%00"])("hold no segment %s", async (id) => {
    expect((await send(`/v1/datasets/logs/segments/${id}`, { token: reader })).status).toBe(404);
  });

  it("40 are read with query:read on this dataset only", async () => {
    const [id] = await putSegments([Date.UTC(2026, 0, 1)]);
    for (const path of ["/v1/datasets/logs/segments", `/v1/datasets/logs/segments/${id}`]) {
      expect((await send(path)).status).toBe(401);
      expect((await send(path, { token: writer })).status).toBe(403);
      expect((await send(path, { token: await token(org, { other: ["query:read"] }) })).status).toBe(403);
      const stranger = await organisation({ logs: HERE });
      const foreign = await send(path, { token: await token(stranger, { "*": ["query:read"] }) });
      if (foreign.status === 200) expect(((await foreign.json()) as Listing).segments).toEqual([]);
      else expect(foreign.status).toBe(404);
    }
  });
});
