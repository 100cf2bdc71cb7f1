import { describe, expect, it } from "vitest";
import type { ClaimMapping, ClaimTest } from "../../../src/access/trusted-issuer.ts";
import { claimsLookedAt, grantedBy } from "../../../src/access/workload/mapping.ts";

const DATASETS = { d1: ["ingest:create"] };

const mapping = (when: ClaimTest[], datasets: Record<string, string[]> = DATASETS): ClaimMapping => ({ when, grants: { datasets } });
const matches = (test: ClaimTest, claims: Record<string, unknown>) => Object.keys(grantedBy([mapping([test])], claims)).length > 0;

describe("a condition on a claim", () => {
  it.each<[ClaimTest, unknown, boolean]>([
    [{ claim: "c", equals: "a" }, "a", true],
    [{ claim: "c", equals: "a" }, "ab", false],
    [{ claim: "c", equals: "a" }, ["a"], false],
    [{ claim: "c", equals: "1" }, 1, false],
    [{ claim: "c", equals: "" }, "", true],
    [{ claim: "c", equals: "" }, undefined, false],
    [{ claim: "c", startsWith: "a" }, "ab", true],
    [{ claim: "c", startsWith: "a" }, "ba", false],
    [{ claim: "c", startsWith: "" }, "a", false],
    [{ claim: "c", startsWith: "a" }, ["ab"], false],
    [{ claim: "c", startsWith: "a" }, null, false],
    [{ claim: "c", includes: "a" }, ["b", "a"], true],
    [{ claim: "c", includes: "a" }, ["ab", "b"], false],
    [{ claim: "c", includes: "a" }, [["a"]], false],
    [{ claim: "c", includes: "a" }, "b a", true],
    [{ claim: "c", includes: "a" }, "a", true],
    [{ claim: "c", includes: "a" }, "ab b", false],
    [{ claim: "c", includes: "a" }, { a: "a" }, false],
    [{ claim: "c", includes: "1" }, 1, false],
    [{ claim: "c", includes: "a" }, undefined, false],
    [{ claim: "c", includes: "a" }, null, false],
  ])("%j holds for %j: %s", (test, value, holds) => {
    expect(matches(test, { c: value })).toBe(holds);
  });

  it("looks at own members only", () => {
    expect(matches({ claim: "role", equals: "ops" }, Object.create({ role: "ops" }))).toBe(false);
  });
});

describe("what mappings grant", () => {
  const yes: ClaimTest = { claim: "sub", equals: "a" };
  const no: ClaimTest = { claim: "sub", equals: "b" };
  const claims = { sub: "a" };

  it("is what all that match grant together, each once", () => {
    const granted = grantedBy(
      [
        mapping([yes], { d1: ["ingest:create"], d2: ["query:read"] }),
        mapping([no], { d3: ["query:read"] }),
        mapping([yes, yes], { d1: ["query:read", "ingest:create"] }),
        mapping([yes, no], { d4: ["query:read"] }),
      ],
      claims,
    );
    expect(granted).toEqual({ d1: ["ingest:create", "query:read"], d2: ["query:read"] });
  });

  it("is nothing without a condition, and nothing beside ingest and query", () => {
    expect(grantedBy([mapping([])], claims)).toEqual({});
    expect(grantedBy([mapping([yes], { d1: ["data:delete"], d2: ["trim:update", "query:read"] })], claims)).toEqual({ d2: ["query:read"] });
  });

  it("is told by the names of the claims that were looked at, each once", () => {
    expect(claimsLookedAt([mapping([yes, { claim: "ref", equals: "x" }]), mapping([no])])).toEqual(["sub", "ref"]);
    expect(claimsLookedAt([])).toEqual([]);
  });
});
