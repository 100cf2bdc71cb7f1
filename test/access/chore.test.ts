import { describe, expect, it } from "vitest";
import { type Removed, untilDone } from "../../src/access/chore.ts";

/** What calls answer one after another, and how many there were. */
function calls(...answers: Removed[]) {
  let made = 0;
  const remove = async () => answers[made++] as Removed;
  return { remove, made: () => made };
}

const part = { done: false, objects: 2, bytes: 10 };
const last = { done: true, objects: 1, bytes: 5 };

describe("a removal in several calls", () => {
  it("goes on until all is removed, and adds up", async () => {
    const { remove, made } = calls(part, part, last, part);
    expect(await untilDone(remove, 10)).toEqual({ done: true, objects: 5, bytes: 25 });
    expect(made()).toBe(3);
  });

  it("stops after so many calls, and says that there is more", async () => {
    const { remove, made } = calls(part, part, part);
    expect(await untilDone(remove, 2)).toEqual({ done: false, objects: 4, bytes: 20 });
    expect(made()).toBe(2);
    expect(await untilDone(calls(part).remove, 0)).toEqual({ done: false, objects: 0, bytes: 0 });
  });
});
