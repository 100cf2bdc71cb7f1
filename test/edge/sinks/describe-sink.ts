/** What each sink owes, whatever it writes to. */
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { objectKey, segmentId } from "../../../src/edge/buffer/object-key.ts";
import { SINK_TIMEOUT_MS } from "../../../src/edge/sinks/receiver.ts";
import { type SealedSegment, type Sink, SinkFailure } from "../../../src/edge/sinks/sink.ts";

interface SinkUnderTest {
  sink: Sink;
  /** What stands in the store for a segment, as NDJSON, one entry per copy. */
  copiesOf(segment: SealedSegment): Promise<string[]>;
}

/** How a receiver may fail the next request. */
export type Fault =
  /** Answers so, with no effect. */
  | { kind: "answer"; status: number; headers?: Record<string, string>; body?: string }
  /** Does what was asked and cuts the connection. */
  | { kind: "cut" }
  /** Never answers. */
  | { kind: "stall" };

interface RemoteSinkUnderTest extends SinkUnderTest {
  receiver: {
    /** Resolves when the fault has met its request. */
    fail(fault: Fault): Promise<void>;
  };
}

let sealedSoFar = 0;

/** A segment of its own: two appends in two gzip members, as the buffer joins them. */
export function sealed(): SealedSegment {
  const n = ++sealedSoFar;
  const destination = { org: "o", dataset: "logs", datasetId: crypto.randomUUID(), region: "r" };
  const id = segmentId(Date.UTC(2026, 0, 2) + n, crypto.getRandomValues(new Uint8Array(10)));
  const lines = [0, 1].map((row) => `{"_time":"2026-01-02T00:00:0${row}.123456789Z","_sysTime":"2026-01-02T00:00:09Z","n":${n}.${row}0}\n`);
  const rawBytes = lines.join("").length;
  const body = Buffer.concat(lines.map((line) => gzipSync(line)));
  return { id, key: objectKey(destination, id), destination, rows: 2, rawBytes, minTime: n, maxTime: n, createdAt: n, body };
}

export function textOf({ body }: SealedSegment): string {
  return gunzipSync(body).toString();
}

export function describeSink(name: string, open: () => SinkUnderTest): void {
  describe(`the sink ${name}`, () => {
    it("has the events when it says so", async () => {
      const { sink, copiesOf } = open();
      const segment = sealed();
      await sink.write(segment);
      expect(await copiesOf(segment)).toEqual([textOf(segment)]);
    });

    it("keeps one copy of a segment that is written again, also at the same time", async () => {
      const { sink, copiesOf } = open();
      const segment = sealed();
      await Promise.all([sink.write(segment), sink.write(segment)]);
      await sink.write(segment);
      expect(await copiesOf(segment)).toEqual([textOf(segment)]);
    });

    it("keeps segments apart", async () => {
      const { sink, copiesOf } = open();
      const segments = [sealed(), sealed()];
      for (const segment of segments) await sink.write(segment);
      for (const segment of segments) expect(await copiesOf(segment)).toEqual([textOf(segment)]);
    });
  });
}

/** The same, and what a sink owes when its receiver is somewhere else. */
export function describeRemoteSink(name: string, open: () => RemoteSinkUnderTest): void {
  describeSink(name, open);

  describe(`the sink ${name}, with a receiver that fails`, () => {
    async function failureWith(fault: Fault): Promise<SinkFailure> {
      const { sink, receiver } = open();
      const met = receiver.fail(fault);
      const failure = await sink.write(sealed()).catch((error: unknown) => error);
      await met;
      expect(failure).toBeInstanceOf(SinkFailure);
      return failure as SinkFailure;
    }

    it("leaves one copy after a refusal that passes, and tells when to come again", async () => {
      const { sink, receiver, copiesOf } = open();
      const segment = sealed();
      const met = receiver.fail({ kind: "answer", status: 503, headers: { "retry-after": "7" }, body: "later" });
      await expect(sink.write(segment)).rejects.toMatchObject({ permanent: false, retryAfterMs: 7_000 });
      await met;
      expect(await copiesOf(segment)).toEqual([]);
      await sink.write(segment);
      expect(await copiesOf(segment)).toEqual([textOf(segment)]);
    });

    it("leaves one copy when the answer is lost and the segment is written again", async () => {
      const { sink, receiver, copiesOf } = open();
      const segment = sealed();
      const met = receiver.fail({ kind: "cut" });
      await expect(sink.write(segment)).rejects.toMatchObject({ name: "SinkFailure", permanent: false });
      await met;
      await sink.write(segment);
      expect(await copiesOf(segment)).toEqual([textOf(segment)]);
    });

    it("says of a refusal for good that it is one, with the receiver's words", async () => {
      const failure = await failureWith({ kind: "answer", status: 400, body: "no room for\n such events" });
      expect(failure.permanent).toBe(true);
      expect(failure.message).toContain("400: no room for such events");
    });

    it("waits for the owner when its credentials are refused", async () => {
      const failure = await failureWith({ kind: "answer", status: 403, body: "who are you" });
      expect(failure.permanent).toBe(false);
      expect(failure.retryAfterMs).toBeGreaterThanOrEqual(60_000);
    });

    it("follows no redirect", async () => {
      const failure = await failureWith({ kind: "answer", status: 307, headers: { location: "/elsewhere" } });
      expect(failure.permanent).toBe(false);
      expect(failure.message).toContain("307");
    });

    it("gives up a receiver that does not answer", async () => {
      const deadline = new AbortController();
      const timeout = vi.spyOn(AbortSignal, "timeout").mockReturnValue(deadline.signal);
      try {
        const { sink, receiver } = open();
        const stalled = receiver.fail({ kind: "stall" });
        const written = sink.write(sealed()).catch((error: unknown) => error);
        await stalled;
        expect(timeout).toHaveBeenCalledWith(SINK_TIMEOUT_MS);
        deadline.abort(new DOMException("the time is up", "TimeoutError"));
        expect(await written).toMatchObject({
          name: "SinkFailure",
          permanent: false,
          message: expect.stringContaining("no answer within"),
        });
      } finally {
        timeout.mockRestore();
      }
    });
  });
}
