import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WINDOW_BYTES, windowsOf } from "../../../../src/edge/query/source/lines.ts";

/** The lines of gzip members that come in pieces of so many bytes. */
async function linesOf(members: string[], pieceBytes: number, rawBytes: number): Promise<string[]> {
  const gzip = Buffer.concat(members.map((member) => gzipSync(member, { level: 1 })));
  async function* pieces() {
    for (let at = 0; at < gzip.length; at += pieceBytes) yield new Uint8Array(gzip.subarray(at, at + pieceBytes));
  }
  const lines: string[] = [];
  for await (const windows of windowsOf(pieces(), rawBytes)) {
    for (const { bytes, text } of windows) {
      const decoded = Buffer.from(bytes).toString();
      expect(Buffer.from(text, "latin1").equals(bytes)).toBe(true);
      expect(decoded.endsWith("\n")).toBe(true);
      const own = decoded.slice(0, -1).split("\n");
      if (own.length > 1) expect(bytes.length).toBeLessThanOrEqual(WINDOW_BYTES);
      lines.push(...own);
    }
  }
  return lines;
}

describe("lines", () => {
  it("come whole out of gzip members that are cut anywhere, short and long ones, small and large blocks", async () => {
    const line = fc
      .tuple(fc.constantFrom(0, 1, 30, 400, 70_000, 300_000), fc.constantFrom("x", "ü", "–"))
      .map(([length, unit]) => unit.repeat(length));
    const member = fc.array(line, { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(member, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(7, 100, 5_000, 1e9),
        async (members, pieceBytes) => {
          const texts = members.map((lines) => lines.map((each) => `${each}\n`).join(""));
          const size = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
          for (const rawBytes of [size, Number.POSITIVE_INFINITY])
            expect(await linesOf(texts, pieceBytes, rawBytes)).toEqual(members.flat());
        },
      ),
      { numRuns: 40 },
    );
  });

  it.each([10, Number.POSITIVE_INFINITY])("without an end, or that are no gzip, are an error, in a block of %d bytes", async (rawBytes) => {
    await expect(linesOf(["a\n", "b"], 5, rawBytes)).rejects.toThrow("the last line has no end");
    const none = windowsOf(
      (async function* () {
        yield new TextEncoder().encode("no gzip");
      })(),
      rawBytes,
    );
    await expect(none.next()).rejects.toThrow();
  });

  it("that are many more than was said are an error before they fill the memory", async () => {
    await expect(linesOf([`${"x".repeat(50_000_000)}\n`], 1e9, 1_000)).rejects.toThrow();
  });
});
