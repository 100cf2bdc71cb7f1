import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beyond, covers, everything, type Grant, readGrant } from "../../src/access/capability.ts";
import { Problem } from "../../src/problem.ts";

const grant = (parts: Partial<Grant>): Grant => ({ datasets: {}, org: [], views: {}, expiresAt: null, ...parts });

function reasonOf(run: () => unknown): string {
  try {
    run();
    return "none";
  } catch (error) {
    return error instanceof Problem ? error.reason : "other";
  }
}

describe("readGrant", () => {
  it("takes null, an empty array and absence for none", () => {
    const read = readGrant(
      { datasetCapabilities: { "*": { ingest: ["create"], query: null, share: [] }, empty: {} }, orgCapabilities: null },
      null,
    );
    expect(read).toEqual(grant({ datasets: { "*": ["ingest:create"] } }));
  });

  it.each<[string, Parameters<typeof readGrant>[0], string]>([
    ["no capability", {}, "capability-missing"],
    ["only empty ones", { datasetCapabilities: { a: { ingest: [] } }, orgCapabilities: {} }, "capability-missing"],
    ["an unknown resource", { datasetCapabilities: { a: { drink: ["create"] } } }, "body-invalid"],
    ["an inherited name as resource", { orgCapabilities: { constructor: ["create"] } }, "body-invalid"],
    ["an unknown action", { datasetCapabilities: { a: { ingest: ["read"] } } }, "body-invalid"],
    ["an action that is no text", { orgCapabilities: { datasets: [1] } }, "body-invalid"],
    ["actions that are no array", { orgCapabilities: { datasets: "create" } }, "body-invalid"],
    ["scopes that are an array", { datasetCapabilities: [] }, "body-invalid"],
  ])("refuses %s", (_name, members, reason) => {
    expect(reasonOf(() => readGrant(members, null))).toBe(reason);
  });
});

describe("covers", () => {
  it("lets a wildcard be covered only by a wildcard", () => {
    const all = grant({ datasets: { "*": ["ingest:create"] } });
    const one = grant({ datasets: { a: ["ingest:create"] } });
    expect(covers(all, one)).toBe(true);
    expect(covers(one, all)).toBe(false);
    expect(covers(one, one)).toBe(true);
    expect(beyond(one, grant({ datasets: { b: ["ingest:create"] } }))).toContain("b");
  });

  it("does not let a child live longer", () => {
    const until = (expiresAt: number | null) => grant({ org: ["datasets:read"], expiresAt });
    expect(covers(until(10), until(10))).toBe(true);
    expect(covers(until(10), until(11))).toBe(false);
    expect(covers(until(10), until(null))).toBe(false);
    expect(covers(until(null), until(10))).toBe(true);
  });

  it("is not fooled by names that every object inherits", () => {
    expect(covers(grant({}), grant({ datasets: { constructor: ["ingest:create"] } }))).toBe(false);
    expect(covers(grant({}), grant({ datasets: JSON.parse('{"__proto__":["ingest:create"]}') }))).toBe(false);
  });

  it("is a partial order below everything", () => {
    const capabilities = fc.subarray(["ingest:create", "query:read", "trim:update"]);
    const scopes = fc.dictionary(fc.constantFrom("a", "b", "*"), capabilities);
    const grants = fc.record({
      datasets: scopes,
      org: fc.subarray(["datasets:read", "apiTokens:create"]),
      views: fc.constant({}),
      expiresAt: fc.option(fc.nat(5)),
    });
    fc.assert(
      fc.property(grants, grants, grants, (a, b, c) => {
        expect(covers(a, a)).toBe(true);
        expect(covers(everything(), a)).toBe(true);
        if (covers(a, b) && covers(b, c)) expect(covers(a, c)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
