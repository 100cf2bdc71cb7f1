/** `@axiomhq/js` of both its major versions, unchanged, with management's address as base URL and a personal token. */
import { gzipSync } from "node:zlib";
import * as second from "@axiomhq/js";
import * as first from "axiom-js-1";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { onError, openStage, type Stage, untimed } from "./stage.ts";

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});

afterAll(() => stage?.close());

describe.each([
  ["1.x", first as unknown as typeof second],
  ["2.x", second],
])("@axiomhq/js %s", (version, { Axiom, AxiomWithoutBatching, ContentEncoding, ContentType }) => {
  const name = `js-${version.replace(".x", "")}`;
  const open = () => new AxiomWithoutBatching({ ...stage.owner, onError });

  it("makes, finds, changes and removes a dataset", async () => {
    const { datasets } = open();
    const made = await datasets.create({ name, description: "first" });
    expect(made).toMatchObject({ id: name, name, description: "first", kind: "axiom:events:v1", mapFields: [] });
    expect(await datasets.get(name)).toEqual(made);
    const updated = await datasets.update(name, { description: "second" });
    expect(updated).toMatchObject({ description: "second" });
    expect(await datasets.list()).toContainEqual(updated);
    expect(await datasets.fields(name)).toEqual([]);
    expect(await datasets.mapFields(name)).toEqual([]);
    await datasets.trim(name, "1h");
    await expect(datasets.create({ name })).rejects.toThrow(/entity exists/);
    await datasets.delete(name);
    await expect(datasets.get(name)).rejects.toThrow(/not found/i);
    await expect(datasets.delete(name)).rejects.toThrow(/not found/i);
  });

  it("sends events one by one and in batches", async () => {
    const dataset = `${name}-events`;
    await stage.dataset(dataset);
    const status = await open().ingest(dataset, [{ n: 1 }, { n: 2 }]);
    expect(status).toEqual({ ingested: 2, failed: 0, failures: [], processedBytes: expect.any(Number), blocksCreated: 0, walLength: 2 });
    const batching = new Axiom({ ...stage.owner, onError });
    batching.ingest(dataset, { n: 3, nested: { list: [1, null, "ü"] } });
    await batching.flush();
    const events = untimed(await stage.stored(dataset)).sort((one, other) => Number(one["n"]) - Number(other["n"]));
    expect(events).toEqual([{ n: 1 }, { n: 2 }, { n: 3, nested: { list: [1, null, "ü"] } }]);
  });

  it.each([
    ["JSON", ContentType.JSON, '[{"n":1},{"n":2}]', { n: 1 }],
    ["NDJSON", ContentType.NDJSON, '{"n":1}\n{"n":2}', { n: 1 }],
    ["CSV", ContentType.CSV, "n\n1\n2", { n: "1" }],
  ])("sends raw %s, as it is and compressed", async (format, type, body, sample) => {
    const dataset = `${name}-raw-${format.toLowerCase()}`;
    await stage.dataset(dataset);
    const plain = await open().ingestRaw(dataset, body, type, ContentEncoding.Identity);
    const compressed = await open().ingestRaw(dataset, gzipSync(body) as unknown as string, type, ContentEncoding.GZIP, {
      timestampField: "_time",
    });
    const status = { ingested: 2, failed: 0, failures: [], processedBytes: body.length };
    expect([plain, compressed]).toMatchObject([status, status]);
    const events = untimed(await stage.stored(dataset));
    expect(events).toHaveLength(4);
    expect(events).toContainEqual(sample);
  });

  it("queries what it has just sent, in both formats and as JSON", async () => {
    const dataset = `${name}-queried`;
    await stage.dataset(dataset);
    const axiom = open();
    await axiom.ingest(dataset, [
      { kind: "a", n: 1 },
      { kind: "b", n: 2 },
      { kind: "a", n: 3 },
    ]);
    const apl = `['${dataset}'] | where kind == "a" | sort by n asc`;
    const range = { startTime: new Date(Date.now() - 60_000).toISOString(), endTime: new Date(Date.now() + 60_000).toISOString() };
    const legacy = await axiom.query(apl, { ...range, format: "legacy" });
    expect(legacy.matches?.map(({ data }) => data)).toEqual([
      { kind: "a", n: 1 },
      { kind: "a", n: 3 },
    ]);
    const { tables, status } = await axiom.query(apl, { ...range, format: "tabular" });
    expect(tables[0]?.columns?.[tables[0].fields.findIndex((field) => field.name === "n")]).toEqual([1, 3]);
    expect(status).toMatchObject({ rowsExamined: 3, rowsMatched: 2 });
    const totals = await axiom.query(`['${dataset}'] | summarize count() by kind`, { ...range, format: "legacy" });
    expect(totals.buckets.totals?.map(({ group, aggregations }) => [group["kind"], aggregations?.[0]?.value]).sort()).toEqual([
      ["a", 2],
      ["b", 1],
    ]);
    const asJson = await axiom.queryLegacy(dataset, { ...range, resolution: "auto" });
    expect(asJson.matches).toHaveLength(3);
    await expect(axiom.query(`['${dataset}'] | frobnicate`, range)).rejects.toThrow(/frobnicate/);
  });

  it("finds the users there are", async () => {
    const { users } = open();
    const current = await users.current();
    expect(current).toMatchObject({ name: "Owner", role: { id: "owner" } });
    expect(await users.list()).toEqual([current]);
    expect(await users.get(current.id)).toEqual(current);
  });

  it("makes, finds, changes and removes an annotation", async () => {
    const dataset = `${name}-annotated`;
    await stage.dataset(dataset);
    const { annotations } = open();
    const times = { time: "2026-01-02T03:04:05Z", endTime: "2026-01-02T03:05:00Z" };
    const made = await annotations.create({ datasets: [dataset], type: "deployment", title: "v2", ...times });
    expect(made).toEqual({ id: made.id, datasets: [dataset], type: "deployment", title: "v2", ...times });
    expect(await annotations.get(made.id)).toEqual(made);
    expect(await annotations.list({ datasets: [dataset], start: times.time, end: times.endTime })).toEqual([made]);
    expect(await annotations.list({ datasets: [`${name}-events`] })).toEqual([]);
    expect(await annotations.update(made.id, { title: "v3" })).toEqual({ ...made, title: "v3" });
    await annotations.delete(made.id);
    await expect(annotations.get(made.id)).rejects.toThrow(/not found/i);
  });
});
