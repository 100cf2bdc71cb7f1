import { describe, expect, it, vi } from "vitest";
import { type DatasetSettings, defaultSettings } from "../../../src/access/dataset-settings.ts";
import { fieldsOf } from "../../../src/edge/query/dataset-fields.ts";
import { HERE } from "../gateway.ts";

const destinationOf = (datasetId: string) => ({ logs: { org: "o", dataset: "logs", datasetId, region: HERE } });
const saying = (more: Partial<DatasetSettings> | null) => ({ lookUpSettings: async () => more && { ...defaultSettings(), ...more } });
const away = {
  lookUpSettings: async (): Promise<null> => {
    throw new Error("away");
  },
};

describe("the fields of a dataset", () => {
  it("are what its owner says of them at this moment", async () => {
    const id = crypto.randomUUID();
    const virtualFields = [
      { name: "slow", expression: "ms > 100" },
      { name: "fast", expression: "not(slow)" },
    ];
    const fields = await fieldsOf(destinationOf(id), saying({ mapFields: ["o"], virtualFields }));
    expect([...(fields.mapFields.get("logs") ?? [])]).toEqual([["o", Number.POSITIVE_INFINITY]]);
    expect([...(fields.virtualFields.get("logs")?.keys() ?? [])]).toEqual(["slow", "fast"]);
    expect(fields.messages).toEqual([]);
    expect((await fieldsOf(destinationOf(id), saying({ mapFields: [] }))).mapFields.get("logs")).toEqual(new Map());
    expect((await fieldsOf(destinationOf(id), saying(null))).messages).toEqual([]);
  });

  it("keep objects whole that arrived while theirs was a map field", async () => {
    const formerMapFields = [
      { name: "o", until: 5 },
      { name: "p", until: 7 },
    ];
    const fields = await fieldsOf(destinationOf(crypto.randomUUID()), saying({ mapFields: ["p"], formerMapFields }));
    expect([...(fields.mapFields.get("logs") ?? [])]).toEqual([
      ["o", 5_000],
      ["p", Number.POSITIVE_INFINITY],
    ]);
  });

  it.each(["_time", "_sysTime", "_rowID"])("are without a virtual field named %s, which is said", async (name) => {
    const virtualFields = [
      { name, expression: "1 + 1" },
      { name: "whole", expression: "1 + 1" },
    ];
    const fields = await fieldsOf(destinationOf(crypto.randomUUID()), saying({ virtualFields }));
    expect([...(fields.virtualFields.get("logs")?.keys() ?? [])]).toEqual(["whole"]);
    expect(fields.messages).toMatchObject([{ code: "virtual_field_finalize_error", text: expect.stringContaining(`${name} is left out`) }]);
  });

  it("are what was known last while management is away, and none where nothing was", async () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    const id = crypto.randomUUID();
    expect(await fieldsOf(destinationOf(id), away)).toMatchObject({ messages: [{ priority: "warn", code: "apl_fieldsunknown_1" }] });
    await fieldsOf(destinationOf(id), saying({ mapFields: ["o"] }));
    const fields = await fieldsOf(destinationOf(id), away);
    expect([...(fields.mapFields.get("logs") ?? [])]).toEqual([["o", Number.POSITIVE_INFINITY]]);
    expect(fields.messages).toEqual([]);
    warned.mockRestore();
  });

  it.each([
    ["is no expression", "1 +"],
    ["calls what is not there", "nosuch(1)"],
    ["is made of itself", "broken + 1"],
  ])("are without a virtual field that %s, which is said", async (_, expression) => {
    const virtualFields = [
      { name: "broken", expression },
      { name: "whole", expression: "1 + 1" },
    ];
    const fields = await fieldsOf(destinationOf(crypto.randomUUID()), saying({ virtualFields }));
    expect([...(fields.virtualFields.get("logs")?.keys() ?? [])]).toEqual(["whole"]);
    expect(fields.messages).toMatchObject([
      { code: "virtual_field_finalize_error", text: expect.stringMatching(/^the virtual field broken is left out: /) },
    ]);
  });
});
