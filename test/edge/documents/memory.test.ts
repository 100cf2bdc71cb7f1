import { beforeEach, describe, expect, it } from "vitest";
import { permissionSet } from "../../../src/access/permission-set.ts";
import { type Memory, NEVER, openMemory } from "../../../src/edge/documents/memory.ts";

const document = (ver = 1) => permissionSet({ id: "t", org: "o", status: "active", expiresAt: null, datasets: {}, ver });

let memory: Memory;

beforeEach(() => {
  memory = openMemory();
});

const knows = (...keys: string[]) => keys.map((key) => memory.get(key) !== undefined);

describe("an isolate's memory", () => {
  it("gives what it was given, and nothing for what it was not", () => {
    const held = document();
    memory.hold("a", held, 5);
    memory.hold("b", null, 6);
    expect(memory.get("a")).toEqual({ document: held, at: 5, failedAt: NEVER });
    expect(memory.get("b")).toEqual({ document: null, at: 6, failedAt: NEVER });
    expect(memory.get("c")).toBeUndefined();
  });

  it("holds one of two that came under a key: the last", () => {
    memory.hold("a", null, 1);
    memory.hold("a", document(), 2);
    memory.outdate("a", 1);
    expect(memory.get("a")?.document).not.toBeNull();
    memory.hold("a", null, 3);
    expect(memory.get("a")).toMatchObject({ document: null, at: 3 });
    memory.outdate("a", 1);
    expect(memory.get("a")).toBeUndefined();
  });

  it("holds 10000 documents and forgets the one that was not used for the longest time", () => {
    for (let n = 0; n < 10_000; n++) memory.hold(`k${n}`, document(), 1);
    expect(knows("k0")).toEqual([true]);
    memory.hold("more", document(), 1);
    expect(knows("k0", "k1", "k2", "more")).toEqual([true, false, true, true]);
  });

  it("holds 5000 unknown keys, which drive no document out", () => {
    memory.hold("document", document(), 1);
    for (let n = 0; n < 5_000; n++) memory.hold(`k${n}`, null, 1);
    expect(knows("document", "k0", "k1")).toEqual([true, true, true]);
    memory.hold("more", null, 1);
    expect(knows("document", "k0", "k1", "more")).toEqual([true, false, true, true]);
  });

  it("takes what is held anew for the newest", () => {
    for (let n = 0; n < 5_000; n++) memory.hold(`k${n}`, null, 1);
    memory.hold("k0", null, 2);
    memory.hold("more", null, 2);
    expect(knows("k0", "k1")).toEqual([true, false]);
  });

  it("forgets what is older than a version, and that there was nothing", () => {
    memory.hold("a", document(3), 1);
    memory.hold("b", null, 1);
    for (const key of ["a", "b", "c"]) memory.outdate(key, 3);
    expect(knows("a", "b", "c")).toEqual([true, false, false]);
    memory.outdate("a", 4);
    expect(knows("a")).toEqual([false]);
  });

  it("forgets all", () => {
    memory.hold("a", document(), 1);
    memory.hold("b", null, 1);
    memory.clear();
    expect(knows("a", "b")).toEqual([false, false]);
  });
});
