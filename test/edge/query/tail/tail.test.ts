import { evictDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { bufferOf } from "../../../../src/edge/buffer/shard.ts";
import { Tail } from "../../../../src/edge/query/tail/tail.ts";
import { openWatch, readFrame, tailOf } from "../../../../src/edge/tail/watch.ts";
import { ELSEWHERE, env, HERE, type Organisation, organisation, post, send, stored, token } from "../../gateway.ts";
import { appendOf, send as sendTo } from "../source/stage.ts";
import { pathOf, socketOf, watchSocket, watchStream } from "./watching.ts";

let org: Organisation;
let reader: string;
let writer: string;

beforeEach(async () => {
  org = await organisation({ logs: HERE, other: HERE, abroad: ELSEWHERE });
  reader = await token(org, { logs: ["query:read"] });
  writer = await token(org, { "*": ["ingest:create"] });
});

/** By server-sent events, and by WebSocket. */
const EITHER_WAY: Record<string, string>[] = [{}, { upgrade: "websocket" }];

afterEach(() => {
  vi.restoreAllMocks();
});

const destination = () => ({ org: org.id, dataset: "logs", datasetId: org.datasets["logs"]?.id ?? "", region: HERE });

async function ingest(events: readonly Record<string, unknown>[]): Promise<void> {
  const response = await post("/v1/ingest/logs", JSON.stringify(events), { token: writer });
  expect(response.status).toBe(200);
}

describe("a live tail", () => {
  it("shows by server-sent events what comes to the dataset from then on, in its order, with the ids that queries have", async () => {
    await ingest([{ n: 0 }]);
    const viewer = await watchStream(reader, "logs");
    expect(viewer.response.headers.get("content-type")).toBe("text/event-stream");
    expect(viewer.response.headers.get("cache-control")).toBe("no-store");
    await ingest([{ n: 1, of: { it: "a" } }, { n: 2 }]);
    await ingest([{ n: 3 }]);
    const told = [await viewer.next(), await viewer.next(), await viewer.next()];
    expect(told.map((one) => one?.data["n"])).toEqual([1, 2, 3]);
    expect(told[0]?.data).toEqual({ _time: expect.stringMatching(/Z$/), _sysTime: expect.stringMatching(/Z$/), n: 1, "of.it": "a" });
    const ids = told.map((one) => one?.id ?? "");
    expect(ids.map((id) => id.slice(-9))).toEqual(["-00000001", "-00000002", "-00000003"]);
    const lines = await stored(org, "logs");
    expect(lines.map(({ n }) => n)).toEqual([0, 1, 2, 3]);
    await viewer.leave();
  });

  it("shows the same by WebSocket", async () => {
    const viewer = await watchSocket(reader, "logs");
    await ingest([{ n: 1 }, { n: 2 }]);
    expect(await viewer.next()).toEqual({
      events: [
        { _time: expect.any(String), _sysTime: expect.any(String), n: 1 },
        { _time: expect.any(String), _sysTime: expect.any(String), n: 2 },
      ],
    });
    viewer.close();
  });

  it("shows what the query lets through, as the query makes it", async () => {
    const apl = "logs | where status >= 500 | extend ms = took * 1000 | project ms, status, path = req.path | project-rename code = status";
    const viewer = await watchStream(reader, "logs", apl);
    await ingest([
      { status: 200, took: 1, req: { path: "/a" } },
      { status: 503, took: 2, req: { path: "/b" } },
      { status: 500, took: 3 },
    ]);
    expect(await viewer.events(2)).toEqual([
      { ms: 2_000, code: 503, path: "/b" },
      { ms: 3_000, code: 500, path: null },
    ]);
    await viewer.leave();
  });

  it("keeps and takes away columns of events whose fields nobody knows beforehand", async () => {
    const away = await watchStream(reader, "logs", "['logs'] | project-away _*, secret");
    const keep = await watchStream(reader, "logs", "let least = 2; logs | where n >= least | project-keep n, k*");
    await ingest([{ n: 1, secret: "s", kind: "x" }]);
    await ingest([{ n: 2, other: true, key: [1, "a"] }]);
    expect(await away.events(2)).toEqual([
      { n: 1, kind: "x" },
      { n: 2, other: true, key: [1, "a"] },
    ]);
    expect(await keep.events(1)).toEqual([{ n: 2, key: [1, "a"] }]);
    await away.leave();
    await keep.leave();
  });

  it("gives the id that a query asks for", async () => {
    const viewer = await watchStream(reader, "logs", "logs | project _rowID, n");
    await ingest([{ n: 1 }]);
    const told = await viewer.next();
    expect(told?.data).toEqual({ _rowID: told?.id, n: 1 });
    await viewer.leave();
  });

  it("shows large batches, too, and an append that is sent twice once", async () => {
    const viewer = await watchStream(reader, "logs", "logs | project n");
    const events = Array.from({ length: 500 }, (_, n) => ({ _time: "2026-11-24T12:00:00Z", n, text: `some text ${n}` }));
    await ingest(events);
    await ingest(events);
    await ingest([{ n: 500 }]);
    const shown = await viewer.events(501);
    expect(shown.map(({ n }) => n)).toEqual(Array.from({ length: 501 }, (_, n) => n));
    await viewer.leave();
  });

  it("goes on after its object was put to sleep, and after its buffer was", async () => {
    const viewer = await watchStream(reader, "logs", "logs | where n > 1 | project n");
    await ingest([{ n: 2 }]);
    expect(await viewer.events(1)).toEqual([{ n: 2 }]);
    await evictDurableObject(tailOf(env, destination()));
    await ingest([{ n: 1 }, { n: 3 }]);
    expect(await viewer.events(1)).toEqual([{ n: 3 }]);
    await evictDurableObject(bufferOf(env, destination(), 0));
    await ingest([{ n: 4 }]);
    expect(await viewer.events(1)).toEqual([{ n: 4 }]);
    await viewer.leave();
  });

  it("shows what comes to any of the dataset's buffers", async () => {
    const viewer = socketOf(await openWatch({ destination: destination(), shards: 3, apl: "logs | project n", form: "json" }, env), {
      read: (message) => ({ text: readFrame(message).text }),
    });
    for (const [shard, n] of [0, 1, 2].entries()) await sendTo(destination(), appendOf([{ n }]), shard, 3);
    const shown = [await viewer.next(), await viewer.next(), await viewer.next()].map((message) => message?.["text"]);
    expect(shown.toSorted()).toEqual([0, 1, 2].map((n) => `{"events":[{"n":${n}}]}`));
    viewer.close();
  });

  it("takes a query of its longest length to sleep with it", async () => {
    const head = 'logs | where text != "';
    const apl = `${head}${"é".repeat(4_096 - head.length - 1)}"`;
    const viewer = await watchStream(reader, "logs", apl);
    await ingest([{ n: 1 }]);
    await evictDurableObject(tailOf(env, destination()));
    await ingest([{ n: 2 }]);
    expect((await viewer.events(2)).map(({ n }) => n)).toEqual([1, 2]);
    await viewer.leave();
  });
});

describe("whoever may not watch", () => {
  it("40 is refused as any other reader of the dataset", async () => {
    const tokens: [string | undefined, number][] = [
      [undefined, 401],
      ["xaat-123", 401],
      [writer, 403],
      [await token(org, { other: ["query:read"] }), 403],
    ];
    for (const [credential, status] of tokens)
      for (const headers of EITHER_WAY) {
        const response = await send(pathOf("logs"), { ...(credential && { token: credential }), headers });
        expect([credential, response.status, response.webSocket]).toEqual([credential, status, null]);
        expect(response.headers.get("content-type")).toBe("application/json");
      }
    const all = await token(org, { "*": ["query:read"] });
    expect((await send(pathOf("nowhere"), { token: all })).status).toBe(404);
    expect((await send(pathOf("abroad"), { token: all })).status).toBe(400);
    expect((await send(pathOf("logs"), { method: "POST", token: all })).status).toBe(405);
  });

  it("7 is not helped by a token in the query", async () => {
    expect((await send(`${pathOf("logs", "logs")}&access_token=${reader}`)).status).toBe(401);
    expect((await send(`${pathOf("logs", "logs")}&access_token=${reader}`, { token: reader })).status).toBe(400);
  });
});

describe("a query that a tail does not take", () => {
  it.each([
    ["logs | wher x", /^line: 1, col: 8: unknown operator "wher"; did you mean "where"\?$/],
    ["logs\n| summarize count()", /^line: 2, col: 3: a live tail takes where, .* not summarize; /],
    ["logs | where a == 1 | take 5", /^line: 1, col: 23: .* not take; /],
    ["logs | join (other) on x", /not join/],
    ["logs | union other", /not union/],
    ["other", /^line: 1, col: 1: a live tail reads the dataset of its path/],
    ["['other'] | where x", /^line: 1, col: 1: a live tail reads the dataset of its path/],
    ["union logs, other", /^line: 1, col: 1: a live tail reads the dataset of its path/],
    ["print x = 1", /^line: 1, col: 1: a live tail reads the dataset of its path/],
    ["let other = logs | where x == 1; other", /^line: 1, col: 5: .* not to a table$/],
    ["logs | where nosuch(x) > 1", /^line: 1, col: 14: .*nosuch/],
    ["logs | where 1 + 1", /^line: 1, col: \d+: where needs a condition/],
  ])("is refused, naming what and where: %s", async (apl, message) => {
    for (const headers of EITHER_WAY) {
      const response = await send(pathOf("logs", apl), { token: await token(org, { "*": ["query:read"] }), headers });
      expect(response.status).toBe(400);
      const body = (await response.json()) as { type: string; message: string };
      expect(body.type).toBe("urn:headgate:problem:query-invalid");
      expect(body.message).toMatch(message);
    }
  });
});

describe("the object that shows a dataset", () => {
  it("has no room for a query that it could not keep", async () => {
    const response = await send(pathOf("logs", `logs | where x == "${"a".repeat(4_096)}"`), { token: reader });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { message: string }).message).toMatch(/at most 4096 characters; this one has 4116$/);
  });

  it("is told nothing while nobody watches, and once more when the last viewer has left", async () => {
    const show = vi.spyOn(Tail.prototype, "show");
    await ingest([{ n: 1 }]);
    expect(show).not.toHaveBeenCalled();
    const viewer = await watchSocket(reader, "logs");
    await ingest([{ n: 2 }]);
    await viewer.next();
    expect(show).toHaveBeenCalledTimes(1);
    viewer.close();
    await viewer.closed;
    await ingest([{ n: 3 }]);
    await expect.poll(() => show.mock.calls.length).toBe(2);
    await ingest([{ n: 4 }]);
    await ingest([{ n: 5 }]);
    const again = await watchSocket(reader, "logs");
    await ingest([{ n: 6 }]);
    expect(await again.next()).toMatchObject({ events: [{ n: 6 }] });
    expect(show).toHaveBeenCalledTimes(3);
    again.close();
  });
});
