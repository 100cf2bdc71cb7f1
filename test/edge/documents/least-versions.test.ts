import { beforeEach, describe, expect, it } from "vitest";
import { type LeastVersions, openLeastVersions } from "../../../src/edge/documents/least-versions.ts";

const NOW = 10_000_000;

let least: LeastVersions;

beforeEach(() => {
  least = openLeastVersions();
});

const raise = (key: string, ver: number, revoked = false, now = NOW) => least.raise({ key, ver, revoked }, now);

describe("the least version of a document", () => {
  it("outdates what is older, and nothing of other documents", () => {
    expect(raise("a", 3)).toBe(true);
    expect([2, 3, 4].map((ver) => least.isOutdated("a", ver))).toEqual([true, false, false]);
    expect(least.isOutdated("b", 0)).toBe(false);
  });

  it("never sinks", () => {
    raise("a", 3);
    expect(raise("a", 2, true)).toBe(true);
    expect(least.isOutdated("a", 2)).toBe(true);
    expect(least.revokedAt("a")).toBeNull();
  });

  it("remembers that a token was revoked, whatever comes later", () => {
    raise("a", 3);
    expect(least.revokedAt("a")).toBeNull();
    raise("a", 3, true);
    expect(least.revokedAt("a")).toBe(3);
    raise("a", 4);
    expect(least.revokedAt("a")).toBe(4);
    expect(least.revokedAt("b")).toBeNull();
  });

  it("is forgotten with all others", () => {
    raise("a", 3, true);
    least.clear();
    expect([least.isOutdated("a", 2), least.revokedAt("a")]).toEqual([false, null]);
  });
});

describe("when there are 20000 of them", () => {
  beforeEach(() => {
    for (let n = 0; n < 20_000; n++) raise(`k${n}`, 5);
  });

  it("one more drives the oldest out, which is told while that may still matter", () => {
    expect(least.isOutdated("k0", 4)).toBe(true);
    expect(raise("more", 5, false, NOW + 600_000)).toBe(false);
    expect(["k0", "k1", "more"].map((key) => least.isOutdated(key, 4))).toEqual([false, true, true]);
    expect(raise("one more", 5, false, NOW + 600_001)).toBe(true);
    expect(least.isOutdated("k1", 4)).toBe(false);
  });

  it("one that is raised again drives nothing out and is the youngest", () => {
    expect(raise("k0", 6)).toBe(true);
    raise("more", 5);
    expect(["k0", "k1"].map((key) => least.isOutdated(key, 4))).toEqual([true, false]);
  });
});
