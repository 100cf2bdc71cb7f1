import { expect, it } from "vitest";
import { type DatasetSettings, defaultSettings } from "../../../../src/access/dataset-settings.ts";
import type { UpstreamSettings } from "../../../../src/access/upstream-settings.ts";
import { fieldsOf } from "../../../../src/edge/query/dataset-fields.ts";

const HTTP: UpstreamSettings = { type: "http", url: "https://q.example", options: {}, secrets: { "x-key": "s1.sealed" } };

const destination = (dataset: string) => ({ org: "o", dataset, datasetId: `id-of-${dataset}-in-chosen`, region: "r" });
const upstreams = async (lookUpSettings: (id: string) => Promise<DatasetSettings | null>) => {
  const found = await fieldsOf({ web: destination("web"), api: destination("api") }, { lookUpSettings });
  return [Object.fromEntries(found.upstreams), found.messages.length];
};

it("who answers is asked with every query, and remembered while management is away", async () => {
  const settings = (query: UpstreamSettings | null) => async (id: string) => ({
    ...defaultSettings(),
    query: id.includes("web") ? query : null,
  });
  const away = () => Promise.reject(new Error("away"));
  expect(await upstreams(away)).toEqual([{}, 2]);
  expect(await upstreams(settings(HTTP))).toEqual([{ web: HTTP }, 0]);
  expect(await upstreams(away)).toEqual([{ web: HTTP }, 0]);
  expect(await upstreams(settings(null))).toEqual([{}, 0]);
  // of a management that is older than this
  const { query: _, ...older } = defaultSettings();
  expect(await upstreams(async () => older as DatasetSettings)).toEqual([{}, 0]);
});
