import { describe, expect, it } from "vitest";
import { inflateZstd } from "../../src/edge/zstd.ts";

const MAX = 1_000_000;
const bytes = (...parts: number[][]) => new Uint8Array(parts.flat());
const text = (output: Uint8Array) => new TextDecoder().decode(output);

/** Frames by hand, since zstd compression is not to be relied on in workerd: magic, descriptor, window, raw block. */
const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const raw = (content: string, last = true) => {
  const data = [...new TextEncoder().encode(content)];
  const header = (data.length << 3) | (last ? 1 : 0);
  return [header & 0xff, (header >> 8) & 0xff, header >> 16, ...data];
};
const frame = (content: string) => [...MAGIC, 0x00, 0x58, ...raw(content)];
const runLength = (byte: number, count: number) => {
  const header = (count << 3) | 3;
  return [...MAGIC, 0x00, 0x58, header & 0xff, (header >> 8) & 0xff, header >> 16, byte];
};
const skippable = (length: number) => [0x5a, 0x2a, 0x4d, 0x18, length, 0, 0, 0, ...Array.from({ length }, () => 7)];

describe("inflateZstd", () => {
  it("joins all frames of a body", () => {
    expect(text(inflateZstd(bytes(frame("one\n"), frame("two\n"), frame("three")), MAX))).toBe("one\ntwo\nthree");
  });

  it("passes over skippable frames", () => {
    expect(text(inflateZstd(bytes(skippable(5), frame("a"), skippable(0), frame("b")), MAX))).toBe("ab");
    expect(inflateZstd(bytes(skippable(3)), MAX).length).toBe(0);
  });

  it("reads frames of several blocks, with one segment and run lengths", () => {
    expect(text(inflateZstd(bytes([...MAGIC, 0x00, 0x58, ...raw("ab", false), ...raw("cd")]), MAX))).toBe("abcd");
    expect(text(inflateZstd(bytes([...MAGIC, 0x20, 0x02, ...raw("hi")]), MAX))).toBe("hi");
    expect(text(inflateZstd(bytes(runLength(0x78, 5)), MAX))).toBe("xxxxx");
  });

  it("63 counts the output of all frames against the limit", () => {
    expect(() => inflateZstd(bytes(runLength(0x78, 100_000), runLength(0x78, 100_000)), 150_000)).toThrow();
    expect(inflateZstd(bytes(runLength(0x78, 100_000), runLength(0x78, 50_000)), 150_000).length).toBe(150_000);
  });

  it.each<[string, Uint8Array]>([
    ["no frame", bytes([1, 2, 3, 4, 5])],
    ["a frame cut short", bytes(frame("hello").slice(0, -1))],
    ["a second frame cut short", bytes(frame("a"), frame("hello").slice(0, 8))],
    ["junk after the frame", bytes(frame("a"), [0])],
    ["a block header cut short", bytes([...MAGIC, 0x00, 0x58, 1])],
    ["a skippable frame cut short", bytes(skippable(9).slice(0, 12))],
    ["a window of 128 GB", bytes([...MAGIC, 0x00, 0xff, ...raw("a")])],
    ["frames without end", bytes(...Array.from({ length: 10_001 }, () => skippable(0)))],
  ])("63 refuses %s", (_name, body) => {
    expect(() => inflateZstd(body, MAX)).toThrow();
  });
});
