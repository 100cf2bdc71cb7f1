import { afterEach, describe, expect, it, vi } from "vitest";
import { withBody } from "../../src/edge/body.ts";
import { Problem } from "../../src/problem.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** A sender that promises `length` bytes, sends a little, and then nothing. */
function stalled(length: number): Request {
  const body = new ReadableStream({
    type: "bytes",
    start(controller) {
      controller.enqueue(new Uint8Array(10));
    },
  });
  return new Request("https://edge.example/", {
    method: "POST",
    body,
    headers: { "content-length": String(length) },
    duplex: "half",
  } as RequestInit);
}

const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => "none",
    (error) => (error instanceof Problem ? error.reason : String(error)),
  );

describe("withBody", () => {
  it("65 gives up a sender that sends nothing any more, in a way that it repeats", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    for (const length of [1_000, 33_554_432]) {
      const reason = reasonOf(withBody(stalled(length), async () => {}));
      await vi.advanceTimersByTimeAsync(20_001);
      expect(await reason).toBe("overloaded");
    }
  });

  it("65 takes others while senders that promised much send nothing", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const idle = Array.from({ length: 20 }, () => reasonOf(withBody(stalled(33_554_432), async () => {})));
    const request = new Request("https://edge.example/", { method: "POST", body: new Uint8Array(300_000) });
    expect(await withBody(request, async (body) => body.length)).toBe(300_000);
    await vi.advanceTimersByTimeAsync(20_001);
    expect(new Set(await Promise.all(idle))).toEqual(new Set(["overloaded"]));
  });

  it("holds no memory for bodies that are done, whatever became of them", async () => {
    const large = () => new Request("https://edge.example/", { method: "POST", body: new Uint8Array(20_000_000) });
    for (let i = 0; i < 8; i++) expect(await withBody(large(), async (body) => body.length)).toBe(20_000_000);
    for (let i = 0; i < 8; i++) expect(await reasonOf(withBody(large(), () => Promise.reject(new Error("later"))))).toContain("later");
    expect(await withBody(large(), async (body) => body.length)).toBe(20_000_000);
  });

  it("refuses what would not fit beside what is held, for a moment", async () => {
    const large = () => new Request("https://edge.example/", { method: "POST", body: new Uint8Array(30_000_000) });
    let release = () => {};
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    const held: Promise<void>[] = [];
    for (let i = 0; i < 2; i++) {
      await new Promise<void>((entered) => {
        const use = () => {
          entered();
          return until;
        };
        held.push(withBody(large(), use));
      });
    }
    expect(await reasonOf(withBody(large(), async () => {}))).toBe("overloaded");
    release();
    await Promise.all(held);
    expect(await reasonOf(withBody(large(), async () => {}))).toBe("none");
  });
});
