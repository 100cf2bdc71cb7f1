/** In workerd, whose streams of node:zlib are its own. */
import { gunzipSync, gzipSync, inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { asOneMember, type Batch, batchesOf } from "../../../src/edge/sinks/unpack.ts";

const LIMITS = { bytesMax: 1_000_000, rowsMax: 1_000_000 };

async function batches(body: Uint8Array, limits = LIMITS): Promise<Batch[]> {
  const all: Batch[] = [];
  for await (const batch of batchesOf(body, limits)) all.push(batch);
  return all;
}

const texts = (all: Batch[]) => all.map(({ body }) => Buffer.from(body).toString());
const members = (...parts: string[]) => Buffer.concat(parts.map((part) => gzipSync(part)));

describe("the body of a segment", () => {
  it("is read through all its gzip members, empty ones too", async () => {
    expect(texts(await batches(members("1\n2\n", "", "3\n")))).toEqual(["1\n2\n3\n"]);
  });

  it("becomes one member with the same text", async () => {
    const text = Array.from({ length: 5_000 }, (_, n) => `{"n":${n},"x":"${crypto.randomUUID()}"}\n`);
    const one = await asOneMember(members(...text.slice(0, 300), text.slice(300).join("")));
    expect(gunzipSync(one).toString()).toBe(text.join(""));
    // raw deflate ends at its member's end: after ten bytes of header, all is there
    expect(inflateRawSync(one.subarray(10)).toString()).toBe(text.join(""));
  });

  it("keeps a line that is longer than a piece of the inflated text", async () => {
    const long = "x".repeat(700_000);
    expect(texts(await batches(members(`a\n${long}\nb\n`)))).toEqual([`a\n${long}\nb\n`]);
  });

  it("ends a last line that has no end", async () => {
    expect(texts(await batches(members("1\n2")))).toEqual(["1\n2\n"]);
  });

  it("is cut at either limit, and a larger row stands alone", async () => {
    const rows = ["11111111", "2", "3", "4"].map((row) => `${row}\n`).join("");
    expect(await batches(members(rows), { bytesMax: 4, rowsMax: 9 })).toMatchObject([
      { firstRow: 0, rows: 1 },
      { firstRow: 1, rows: 2 },
      { firstRow: 3, rows: 1 },
    ]);
    expect((await batches(members(rows), { bytesMax: 99, rowsMax: 3 })).map((batch) => batch.rows)).toEqual([3, 1]);
  });

  it("is refused for good once it unfolds into too much", async () => {
    const bomb = gzipSync(Buffer.alloc(16_777_216, "x\n"));
    const body = Buffer.concat(Array.from({ length: 33 }, () => bomb));
    await expect(asOneMember(body)).rejects.toMatchObject({ name: "SinkFailure", permanent: true });
  });
});
