/** Axiom's own clients, unchanged, with another base URL. */
import { Axiom, AxiomWithoutBatching, ContentEncoding, ContentType } from "@axiomhq/js";
import axiomTransport from "@axiomhq/pino";
import pino from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Child, startChild } from "../../src/local/child.ts";
import { findFree } from "../../src/local/ports.ts";
import { readBack, remove, temporaryFolder } from "./command.ts";

const EU = "cloud.eu-central-1.aws";

const state = temporaryFolder();
let gateway: Child;
let options: { token: string; edgeUrl: string; onError: (error: Error) => void };
let dataset: string;

beforeAll(async () => {
  gateway = await startChild(await findFree(3), state);
  const { ingestToken, edges, datasets } = gateway.local;
  // the clients swallow errors unless told otherwise
  const onError = (error: Error) => {
    throw error;
  };
  options = { token: ingestToken, edgeUrl: edges[EU] as string, onError };
  dataset = datasets[EU] as string;
});

afterAll(async () => {
  await gateway?.stop();
  remove(state);
});

async function stored(client: string): Promise<Record<string, unknown>[]> {
  return (await readBack(gateway.local, EU)).filter((event) => event["client"] === client);
}

it("takes what @axiomhq/js sends in batches to the edge's URL", async () => {
  const axiom = new Axiom(options);
  axiom.ingest(dataset, [
    { client: "batching", _time: "2026-01-02T03:04:05.678Z", nested: { list: [1, null, "ü"] } },
    { client: "batching", n: 2 },
  ]);
  await axiom.flush();
  const events = await stored("batching");
  expect(events).toHaveLength(2);
  expect(events).toContainEqual({
    _time: "2026-01-02T03:04:05.678Z",
    _sysTime: expect.any(String),
    client: "batching",
    nested: { list: [1, null, "ü"] },
  });
});

it("takes what @axiomhq/js sends by its older path", async () => {
  const { edgeUrl: url, ...rest } = options;
  const axiom = new AxiomWithoutBatching({ ...rest, url });
  expect(await axiom.ingest(dataset, { client: "unbatched" })).toMatchObject({ ingested: 1, failed: 0, failures: [] });
  const raw = "client,n\nraw,1\nraw,2\n";
  expect(await axiom.ingestRaw(dataset, raw, ContentType.CSV, ContentEncoding.Identity)).toMatchObject({ ingested: 2, failed: 0 });
  expect(await stored("unbatched")).toHaveLength(1);
  expect((await stored("raw")).map(({ n }) => n).sort()).toEqual(["1", "2"]);
});

it("tells @axiomhq/js about a row that was refused", async () => {
  const axiom = new AxiomWithoutBatching(options);
  const status = await axiom.ingest(dataset, [{ client: "partial", _time: "not a time" }, { client: "partial" }]);
  expect(status).toMatchObject({ ingested: 1, failed: 1, failures: [{ error: expect.any(String) }] });
});

it("takes what @axiomhq/pino sends, with the log's own time and level", async () => {
  const before = Date.now();
  const transport = await axiomTransport({ dataset, ...options });
  const logger = pino({ base: { client: "pino" } }, transport);
  logger.info({ order: 7 }, "paid");
  logger.error(new Error("no funds"), "refused");
  transport.end();
  await new Promise((resolve) => transport.once("close", resolve));
  const events = await stored("pino");
  expect(events).toHaveLength(2);
  expect(events).toContainEqual(expect.objectContaining({ level: "info", order: 7, msg: "paid" }));
  expect(events).toContainEqual(expect.objectContaining({ level: "error", err: expect.objectContaining({ message: "no funds" }) }));
  for (const { _time } of events) {
    expect(Date.parse(String(_time))).toBeGreaterThanOrEqual(before);
    expect(Date.parse(String(_time))).toBeLessThanOrEqual(Date.now());
  }
});
