/** What each sink owes, whatever it writes to. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { objectKey, segmentId } from "../../../src/edge/buffer/segment.ts";
import type { SealedSegment, Sink } from "../../../src/edge/sinks/sink.ts";

interface SinkUnderTest {
  sink: Sink;
  /** All bytes that stand in the store for a segment, one entry per copy. */
  copiesOf(segment: SealedSegment): Promise<Uint8Array[]>;
}

export function sealed(n: number): SealedSegment {
  const destination = { org: "o", dataset: "logs", datasetId: crypto.randomUUID(), region: "r" };
  const id = segmentId(Date.UTC(2026, 0, 2) + n, new Uint8Array(10).fill(n));
  const body = gzipSync(`{"n":${n}}\n`);
  return { id, key: objectKey(destination, id), destination, rows: 1, rawBytes: 8, minTime: n, maxTime: n, createdAt: n, body };
}

export function describeSink(name: string, open: () => SinkUnderTest): void {
  describe(`the sink ${name}`, () => {
    it("has the bytes when it says so", async () => {
      const { sink, copiesOf } = open();
      const segment = sealed(1);
      await sink.write(segment);
      expect((await copiesOf(segment)).map((copy) => Buffer.from(copy).equals(segment.body))).toEqual([true]);
    });

    it("keeps one copy of a segment that is written again, also at the same time", async () => {
      const { sink, copiesOf } = open();
      const segment = sealed(2);
      await Promise.all([sink.write(segment), sink.write(segment)]);
      await sink.write(segment);
      expect((await copiesOf(segment)).length).toBe(1);
    });

    it("keeps segments apart", async () => {
      const { sink, copiesOf } = open();
      const segments = [sealed(3), sealed(4)];
      for (const segment of segments) await sink.write(segment);
      for (const segment of segments) expect((await copiesOf(segment)).length).toBe(1);
    });
  });
}
