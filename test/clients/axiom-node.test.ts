/** `@axiomhq/axiom-node`, the client before `@axiomhq/js`: it asks `/v1` for everything, and streams compressed bodies. */
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { Client, ContentEncoding, ContentType } from "@axiomhq/axiom-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openStage, type Stage, untimed } from "./stage.ts";

let stage: Stage;
let client: Client;

beforeAll(async () => {
  stage = await openStage();
  client = new Client(stage.owner);
});

afterAll(() => stage?.close());

it("finds its user by all of the addresses", async () => {
  expect(await client.users.current()).toMatchObject({ name: "Owner", emails: ["owner@localhost.localdomain"] });
});

it("makes, finds, changes and removes a dataset", async () => {
  const made = await client.datasets.create({ name: "node", description: "first" });
  expect(made).toMatchObject({ id: "node", name: "node", description: "first" });
  expect(await client.datasets.get("node")).toEqual(made);
  const updated = await client.datasets.update("node", { description: "second" });
  expect(await client.datasets.list()).toContainEqual(updated);
  expect(await client.datasets.trim("node", "1h")).toEqual({ numDeleted: 0 });
  await client.datasets.delete("node");
  await expect(client.datasets.get("node")).rejects.toThrow(/not found|404/i);
});

it("sends events, and raw bodies in three formats", async () => {
  await stage.dataset("sent");
  const { JSON: json, NDJSON, CSV } = ContentType;
  const statuses = [
    await client.ingestEvents("sent", [{ n: 1 }, { n: 2 }]),
    await client.ingestString("sent", '[{"n":3}]', json, ContentEncoding.Identity),
    await client.ingestBuffer("sent", gzipSync('{"n":4}\n{"n":5}'), NDJSON, ContentEncoding.GZIP),
    await client.ingest("sent", Readable.from(["n\n", "6\n"]), CSV, ContentEncoding.Identity),
  ];
  expect(statuses).toMatchObject([2, 1, 2, 1].map((ingested) => ({ ingested, failed: 0, failures: [] })));
  const numbers = untimed(await stage.stored("sent")).map(({ n }) => Number(n));
  expect(numbers.sort()).toEqual([1, 2, 3, 4, 5, 6]);
});

it("queries what it has just sent", async () => {
  await stage.dataset("queried");
  await client.ingestEvents("queried", [{ n: 1 }, { n: 2 }]);
  const range = { startTime: new Date(Date.now() - 60_000).toISOString(), endTime: new Date(Date.now() + 60_000).toISOString() };
  const { matches, status } = await client.query("['queried'] | where n > 1", range);
  expect(matches?.map(({ data }) => data)).toEqual([{ n: 2 }]);
  expect(status).toMatchObject({ rowsExamined: 2, rowsMatched: 1 });
  expect((await client.queryLegacy("queried", { ...range, resolution: "auto" })).matches).toHaveLength(2);
});
