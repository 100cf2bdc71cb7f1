import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EVENTS_PER_SECOND_MAX } from "../../../../src/edge/query/tail/portion.ts";
import { Tail, VIEWERS_MAX } from "../../../../src/edge/query/tail/tail.ts";
import { HERE, type Organisation, organisation, post, send, token } from "../../gateway.ts";
import { pathOf, watchSocket, watchStream } from "./watching.ts";

let org: Organisation;
let reader: string;
let writer: string;

beforeEach(async () => {
  org = await organisation({ logs: HERE });
  reader = await token(org, { logs: ["query:read"] });
  writer = await token(org, { "*": ["ingest:create"] });
});

afterEach(() => {
  vi.restoreAllMocks();
});

function ingest(events: readonly Record<string, unknown>[]): Promise<Response> {
  return post("/v1/ingest/logs", JSON.stringify(events), { token: writer });
}

/** Whole numbers from `from` on. */
const numbered = (from: number, count: number, more: Record<string, unknown> = {}) =>
  Array.from({ length: count }, (_, n) => ({ n: from + n, ...more }));

describe("a viewer who cannot follow", () => {
  it("is told how many events were left out beyond what a second takes, and the rest is whole", async () => {
    const viewer = await watchSocket(reader, "logs", "logs | project n");
    const sent = EVENTS_PER_SECOND_MAX + 300;
    await ingest(numbered(0, sent));
    const first = (await viewer.next()) as { events: { n: number }[] };
    expect(first.events.map(({ n }) => n)).toEqual(numbered(0, EVENTS_PER_SECOND_MAX).map(({ n }) => n));
    expect(await viewer.next()).toEqual({ dropped: 300 });
    viewer.close();
  });

  it("is told of events that never come by the buffer, because they were staged in the bucket", async () => {
    const viewer = await watchStream(reader, "logs", "logs | project n");
    const noise = (n: number) => ({ n, text: Buffer.from(crypto.getRandomValues(new Uint8Array(40_000))).toString("base64") });
    const response = await ingest(Array.from({ length: 40 }, (_, n) => noise(n)));
    expect(response.status).toBe(200);
    expect(await viewer.next()).toMatchObject({ event: "dropped", data: { dropped: 40 } });
    await ingest([{ n: 40 }]);
    expect(await viewer.events(1)).toEqual([{ n: 40 }]);
    await viewer.leave();
  });

  it("delays no append, and is told of all that was left out once they answer", async () => {
    const show = vi.spyOn(Tail.prototype, "show");
    const viewer = await watchSocket(reader, "logs", "logs | project n, text", { silent: true });
    const text = "x".repeat(1_000);
    const sent = 800;
    for (let n = 0; n < sent; n += 100) expect((await ingest(numbered(n, 100, { text }))).status).toBe(200);
    const portions = () => show.mock.calls.map(([{ pieces, dropped }]) => pieces.reduce((sum, { rows }) => sum + rows, dropped));
    await expect.poll(() => portions().reduce((sum, rows) => sum + rows, 0)).toBe(sent);
    await Promise.all(show.mock.results.map(({ value }) => value));
    const shown: number[] = [];
    let dropped = 0;
    viewer.answer();
    while (shown.length + dropped < sent) {
      const message = (await viewer.next()) as { events?: { n: number }[]; dropped?: number };
      shown.push(...(message.events?.map(({ n }) => n) ?? []));
      dropped += message.dropped ?? 0;
    }
    expect(shown.length).toBeGreaterThan(100);
    expect(dropped).toBeGreaterThan(100);
    expect(shown).toEqual([...new Set(shown)].sort((a, b) => a - b));
    viewer.close();
  });

  it("leaves appends alone even when their object hangs for ever", async () => {
    const viewer = await watchStream(reader, "logs");
    const hung = vi.spyOn(Tail.prototype, "show").mockImplementation(() => new Promise<boolean>(() => {}));
    for (let n = 0; n < 20; n++) expect((await ingest([{ n }])).status).toBe(200);
    expect(hung).toHaveBeenCalledTimes(1);
    await viewer.leave();
  });
});

describe("a dataset", () => {
  it("has so many viewers and no more, and room again when one has left", async () => {
    const viewers = await Promise.all(Array.from({ length: VIEWERS_MAX }, () => watchSocket(reader, "logs")));
    const refused = await send(pathOf("logs"), { token: reader });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
    viewers[0]?.close();
    await viewers[0]?.closed;
    const again = async () => {
      const response = await send(pathOf("logs"), { token: reader });
      await response.body?.cancel();
      return response.status;
    };
    await expect.poll(again).toBe(200);
    for (const viewer of viewers) viewer.close();
  });

  it("shows all of its viewers the same", async () => {
    const viewers = await Promise.all([
      watchStream(reader, "logs"),
      watchStream(reader, "logs"),
      watchStream(reader, "logs", "logs | where n == 2"),
    ]);
    await ingest(numbered(1, 2));
    for (const viewer of viewers.slice(0, 2)) expect((await viewer.events(2)).map(({ n }) => n)).toEqual([1, 2]);
    expect((await viewers[2]?.events(1))?.map(({ n }) => n)).toEqual([2]);
    for (const viewer of viewers) await viewer.leave();
  });
});

describe("a viewer whose token ends", () => {
  it("23 is told so, and sees nothing more", async () => {
    const expiresAt = Date.now() + 1_000;
    const brief = await token(org, { logs: ["query:read"] }, { expiresAt });
    const [stream, socket] = [await watchStream(brief, "logs"), await watchSocket(brief, "logs")];
    expect(await stream.next()).toMatchObject({ event: "end", data: { status: 401, reason: "token-expired" } });
    expect(await stream.next()).toBeNull();
    expect(await socket.closed).toEqual({ code: 4_401, reason: "token-expired" });
  });
});
