import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beyond, covers, everything, type Grant, readGrant } from "../../src/access/capability.ts";
import { Problem } from "../../src/problem.ts";

const grant = (parts: Partial<Grant>): Grant => ({ datasets: {}, org: [], views: {}, expiresAt: null, ...parts });

const CRUD = ["create", "read", "update", "delete"];

/** As Axiom's API v2 has it. */
const VOCABULARY = {
  datasetCapabilities: {
    ingest: ["create"],
    query: ["read"],
    starredQueries: CRUD,
    virtualFields: CRUD,
    trim: ["update"],
    vacuum: ["update"],
    data: ["delete"],
    share: ["create", "read", "delete"],
  },
  orgCapabilities: {
    annotations: CRUD,
    apiTokens: CRUD,
    auditLog: ["read"],
    billing: ["read", "update"],
    dashboards: CRUD,
    datasets: CRUD,
    endpoints: CRUD,
    flows: CRUD,
    integrations: CRUD,
    monitors: CRUD,
    notifiers: CRUD,
    rbac: CRUD,
    sharedAccessKeys: ["read", "update"],
    users: CRUD,
    views: CRUD,
  },
  viewCapabilities: { query: ["read"], share: ["create", "read", "delete"] },
};

const flat = (resources: Record<string, string[]>) =>
  Object.entries(resources).flatMap(([resource, actions]) => actions.map((action) => `${resource}:${action}`));

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

  it("knows all capabilities of Axiom's API, which together are everything", () => {
    const { datasetCapabilities, orgCapabilities, viewCapabilities } = VOCABULARY;
    const all = readGrant(
      { datasetCapabilities: { "*": datasetCapabilities }, orgCapabilities, viewCapabilities: { "*": viewCapabilities } },
      null,
    );
    expect(all).toEqual(
      grant({ datasets: { "*": flat(datasetCapabilities) }, org: flat(orgCapabilities), views: { "*": flat(viewCapabilities) } }),
    );
    expect(all).toEqual(everything());
  });

  it("knows no other action of any resource", () => {
    for (const [member, resources] of Object.entries(VOCABULARY))
      for (const [resource, actions] of Object.entries(resources))
        for (const action of [...CRUD, "", "write"]) {
          const asked = { [resource]: [action] };
          const read = reasonOf(() => readGrant({ [member]: member === "orgCapabilities" ? asked : { a: asked } }, null));
          expect([member, resource, action, read]).toEqual([member, resource, action, actions.includes(action) ? "none" : "body-invalid"]);
        }
  });

  it("takes the organisation's or a view's capabilities alone for enough, and each once", () => {
    expect(readGrant({ orgCapabilities: { users: ["read", "read"] } }, 5)).toEqual(grant({ org: ["users:read"], expiresAt: 5 }));
    expect(readGrant({ viewCapabilities: { v: { query: ["read"] } } }, null)).toEqual(grant({ views: { v: ["query:read"] } }));
  });

  it.each([
    ["datasetCapabilities", { datasetCapabilities: { "my logs": { drink: ["create"] } } }, 'datasetCapabilities["my logs"]'],
    ["orgCapabilities", { orgCapabilities: { drink: ["create"] } }, "orgCapabilities has no resource"],
    ["viewCapabilities", { viewCapabilities: { v: { drink: ["create"] } } }, 'viewCapabilities["v"]'],
    ["a member that is no object", { viewCapabilities: "all" }, "viewCapabilities must be an object"],
    ["a scope that is no object", { datasetCapabilities: { a: 1 } }, 'datasetCapabilities["a"] must be an object'],
  ])("names in a refusal where it is wrong: %s", (_, members, place) => {
    expect(() => readGrant(members, null)).toThrow(place);
  });

  it("takes no action for one that was given as null", () => {
    expect(readGrant({ orgCapabilities: { users: ["read"], rbac: null, views: undefined } }, null).org).toEqual(["users:read"]);
  });

  it.each<[string, Parameters<typeof readGrant>[0], string]>([
    ["no capability", {}, "capability-missing"],
    ["only empty ones", { datasetCapabilities: { a: { ingest: [] } }, orgCapabilities: {} }, "capability-missing"],
    ["an unknown resource", { datasetCapabilities: { a: { drink: ["create"] } } }, "body-invalid"],
    ["an inherited name as resource", { orgCapabilities: { constructor: ["create"] } }, "body-invalid"],
    ["an unknown action", { datasetCapabilities: { a: { ingest: ["read"] } } }, "body-invalid"],
    ["an action that is no text", { orgCapabilities: { datasets: [1] } }, "body-invalid"],
    ["actions that are no array", { orgCapabilities: { datasets: "create" } }, "body-invalid"],
    ["actions that are an object", { orgCapabilities: { datasets: {} } }, "body-invalid"],
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

  it("wants the organisation's and the views' capabilities held as well, and says which is not", () => {
    const parent = grant({ datasets: { a: ["query:read"] }, org: ["users:read"], views: { v: ["query:read"] } });
    expect(covers(parent, parent)).toBe(true);
    expect(beyond(parent, grant({ org: ["users:read", "users:update"] }))).toBe("users:update on the organisation");
    expect(beyond(parent, grant({ views: { w: ["query:read"] } }))).toBe("query:read on view w");
    expect(beyond(parent, grant({ datasets: { a: ["query:read", "trim:update"] } }))).toBe("trim:update on dataset a");
    // a dataset's capability is none of a view of the same name
    expect(covers(parent, grant({ views: { a: ["query:read"] } }))).toBe(false);
    expect(covers(grant({ expiresAt: 10 }), grant({ expiresAt: null }))).toBe(false);
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
