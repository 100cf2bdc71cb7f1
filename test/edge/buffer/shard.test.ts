import { describe, expect, it } from "vitest";
import { bufferOf } from "../../../src/edge/buffer/shard.ts";
import type { EdgeEnv } from "../../../src/edge/env.ts";
import { env, HERE } from "../gateway.ts";

const destination = { org: "o", dataset: "logs", datasetId: "d1", region: HERE };

/** A namespace that notes what is asked of it. */
function namespace(jurisdiction: (name: string) => unknown) {
  const asked: unknown[] = [];
  const buffers = (where: string) => ({
    idFromName: (name: string) => `${where}:${name}`,
    get: (id: string, options: unknown) => asked.push([id, options]),
    jurisdiction,
  });
  return { asked, buffers, bindings: (more: Partial<EdgeEnv>) => ({ ...env, BUFFER: buffers("anywhere"), ...more }) as unknown as EdgeEnv };
}

describe("a dataset's Durable Object", () => {
  it("is pinned to the region's jurisdiction", () => {
    const { asked, buffers, bindings } = namespace((name) => buffers(name));
    bufferOf(bindings({ JURISDICTION: "eu", LOCATION_HINT: "weur" }), destination, 3);
    expect(asked).toEqual([["eu:d1:3", { locationHint: "weur" }]]);
  });

  it("is begun where the hint says, and anywhere without one", () => {
    const { asked, bindings } = namespace(() => null);
    bufferOf(bindings({ JURISDICTION: "", LOCATION_HINT: "apac" }), destination, 0);
    bufferOf(bindings({ JURISDICTION: "", LOCATION_HINT: "" }), destination, 0);
    expect(asked).toEqual([
      ["anywhere:d1:0", { locationHint: "apac" }],
      ["anywhere:d1:0", {}],
    ]);
  });

  it("is reached in the local runtime, which has no jurisdictions, and nowhere else without one", async () => {
    expect(await bufferOf({ ...env, JURISDICTION: "eu" }, destination, 0).pending()).toEqual({ rows: 0, bytes: 0 });
    const { bindings } = namespace(() => {
      throw new Error("no such jurisdiction");
    });
    expect(() => bufferOf(bindings({ JURISDICTION: "eu" }), destination, 0)).toThrow("no such jurisdiction");
  });

  it.each([{ JURISDICTION: "mars" }, { LOCATION_HINT: "here" }])("is refused for %o", (wrong) => {
    expect(() => bufferOf({ ...env, ...wrong }, destination, 0)).toThrow(/must be one of/);
  });
});
