import { describe, expect, it } from "vitest";
import { appendOf, flush, newDestination, open, scanned, send, stagedOf, TIME } from "./stage.ts";

describe("a scan", () => {
  it("gives what was appended, from the buffer and after its flush alike", async () => {
    const destination = newDestination();
    await send(destination, appendOf([{ n: 1, text: "grün", more: { deep: [1, { x: 2 }] } }, { n: 2 }]));
    const before = await scanned(open(destination, { rowIds: true }));
    expect(before).toMatchObject([{ _time: Date.parse(TIME) * 1_000, n: 1, text: "grün", "more.deep": [1, { x: 2 }] }, { n: 2 }]);
    await flush(destination);
    expect(await scanned(open(destination, { rowIds: true }))).toEqual(before);
  });

  it("sees what is staged once it is completed", async () => {
    const destination = newDestination();
    await send(destination, await stagedOf(destination, [[{ n: 1 }, { n: 2 }], [{ n: 3 }]]));
    expect((await scanned(open(destination))).map(({ n }) => n).sort()).toEqual([1, 2, 3]);
  });
});
