/** The edge's side of a viewer: proven again and again, and shown no more than they take. */
import { describe, expect, it } from "vitest";
import { FEED_FRESH_MAX_MS, FEED_MEMO_MS, FEED_POLL_MS } from "../../../../src/access/staleness.ts";
import { attend, PROVE_EVERY_MS } from "../../../../src/edge/tail/route.ts";
import { socketViewer, UNANSWERED_MAX } from "../../../../src/edge/tail/socket.ts";
import { streamViewer, WAITING_BYTES_MAX } from "../../../../src/edge/tail/sse.ts";
import { Problem } from "../../../../src/problem.ts";
import { socketOf, streamOf } from "./watching.ts";

const NOW = () => Promise.resolve();
const sse = (n: number, text = "") => ({ rows: 1, text: `data: {"n":${n},"text":"${text}"}\n\n` });

describe("a viewer's edge", () => {
  it("proves them as often as lets nobody watch for longer than 12 s after their token was revoked", () => {
    // revoked just after an answer that is still repeated; then a proof that begins the next question, and one that hears its answer
    expect(FEED_MEMO_MS + FEED_POLL_MS + 2 * PROVE_EVERY_MS).toBeLessThanOrEqual(12_000);
    expect(FEED_FRESH_MAX_MS).toBeLessThanOrEqual(12_000);
  });

  it("ends the connection at the first proof that fails, and says why", async () => {
    const viewer = streamViewer();
    let proofs = 0;
    const prove = async () => {
      if (++proofs === 3) throw new Problem("token-revoked", "the token was revoked");
    };
    await attend(viewer, prove, NOW);
    expect(proofs).toBe(3);
    expect(viewer.over.aborted).toBe(true);
    const reading = streamOf(viewer.response.body as ReadableStream<Uint8Array>);
    const data = { status: 401, reason: "token-revoked", message: "the token was revoked" };
    expect(await reading.next()).toEqual({ event: "end", id: null, data });
    expect(await reading.next()).toBeNull();
  });

  it("ends it after half an hour, without a reason, so that the viewer comes again", async () => {
    const viewer = streamViewer();
    let ms = 0;
    const reading = streamOf(viewer.response.body as ReadableStream<Uint8Array>);
    await attend(viewer, NOW, async (pause) => {
      ms += pause;
    });
    expect(ms).toBe(1_800_000);
    expect(await reading.next()).toBeNull();
  });

  it("proves nobody who has left", async () => {
    const viewer = streamViewer();
    let proofs = 0;
    const prove = async () => {
      proofs++;
      await viewer.response.body?.cancel();
    };
    const pause = async () => {
      if (viewer.over.aborted) throw new Error("aborted");
    };
    await attend(viewer, prove, pause);
    expect(proofs).toBe(1);
  });

  it("shows that the connection lives", async () => {
    const viewer = streamViewer();
    let beats = 0;
    await attend({ ...viewer, beat: () => beats++ }, NOW, async () => {
      if (beats === 2) viewer.end(null);
      if (viewer.over.aborted) throw new Error("aborted");
    });
    expect(beats).toBe(2);
  });
});

describe("a stream that nobody reads", () => {
  it("holds so much and drops the rest, which is told when there is room again, before what comes then", async () => {
    const viewer = streamViewer();
    const text = "x".repeat(10_000);
    for (let n = 0; n < 100; n++) viewer.show(sse(n, text));
    const reading = streamOf(viewer.response.body as ReadableStream<Uint8Array>);
    const shown: number[] = [];
    let told = await reading.next();
    for (; told?.event === "message"; told = await reading.next()) shown.push(Number(told.data["n"]));
    expect(shown.length * 10_000).toBeLessThan(WAITING_BYTES_MAX + 20_000);
    expect(shown.length).toBeGreaterThan(20);
    expect(told).toEqual({ event: "dropped", id: null, data: { dropped: 100 - shown.length } });
    viewer.show(sse(100));
    expect((await reading.next())?.data["n"]).toBe(100);
    viewer.end(null);
  });
});

describe("a WebSocket whose viewer answers no ping", () => {
  const frame = (n: number) => ({ rows: 1, text: `{"events":[{"n":${n},"text":"${"x".repeat(10_000)}"}]}` });

  it("is sent so much and no more, whatever else they send", async () => {
    const viewer = socketViewer();
    const peer = viewer.response.webSocket as WebSocket;
    const socket = socketOf(peer, { silent: true });
    for (let n = 0; n < 100; n++) {
      viewer.show(frame(n));
      peer.send(`{"ping":"${n}"}`);
    }
    let sent = 0;
    socket.answer();
    for (let message = await socket.next(); message && "events" in message; message = await socket.next()) sent++;
    expect(sent * 10_000).toBeLessThan(UNANSWERED_MAX + 100_000);
    expect(sent).toBeLessThan(100);
    viewer.show(frame(100));
    expect(await socket.next()).toMatchObject({ events: [{ n: 100 }] });
    viewer.end(null);
    expect((await socket.closed).code).toBe(1_012);
  });

  it("is closed after some beats", async () => {
    const viewer = socketViewer();
    const socket = socketOf(viewer.response.webSocket as WebSocket, { silent: true });
    for (let beats = 0; beats < 5; beats++) viewer.beat();
    expect(viewer.over.aborted).toBe(true);
    expect(await socket.closed).toMatchObject({ code: 1_012, reason: expect.stringContaining("ping") });
  });
});
