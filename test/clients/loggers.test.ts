/** Loggers that bring events to Axiom, unchanged: through the client of their own, or by a plain request. */
import { Axiom } from "@axiomhq/js";
import { AxiomJSTransport, Logger, SimpleFetchTransport } from "@axiomhq/logging";
import { WinstonTransport } from "@axiomhq/winston";
import { afterAll, beforeAll, expect, it } from "vitest";
import winston from "winston";
import { onError, openStage, type Stage } from "./stage.ts";

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});

afterAll(() => stage?.close());

it("takes what @axiomhq/winston sends, to management and to the edge", async () => {
  await stage.dataset("winston");
  const { url, orgId } = stage.owner;
  const token = await stage.sender("winston");
  for (const [where, address] of [
    ["management", { url, orgId }],
    ["edge", { edgeUrl: stage.edge }],
  ] as const) {
    const transport = new WinstonTransport({ dataset: "winston", token, ...address, onError });
    const logger = winston.createLogger({ defaultMeta: { where }, transports: [transport] });
    logger.info("paid", { order: 7 });
    logger.error("refused");
    const given = new Promise((resolve) => transport.once("finish", resolve));
    logger.end();
    await given;
    // what was given last waits for more
    await new Promise<void>((resolve, reject) => transport.flush((error) => (error ? reject(error) : resolve())));
  }
  const events = await stage.stored("winston");
  expect(events).toHaveLength(4);
  for (const where of ["management", "edge"]) {
    expect(events).toContainEqual(expect.objectContaining({ where, level: "info", message: "paid", order: 7 }));
    expect(events).toContainEqual(expect.objectContaining({ where, level: "error", message: "refused" }));
  }
});

it("takes what @axiomhq/logging sends through Axiom's client", async () => {
  await stage.dataset("logging");
  const { url } = stage.owner;
  const axiom = new Axiom({ url, token: await stage.sender("logging"), onError });
  const logger = new Logger({ transports: [new AxiomJSTransport({ axiom, dataset: "logging" })], args: { service: "shop" } });
  logger.info("paid", { order: 7 });
  logger.debug("not sent");
  await logger.flush();
  const events = await stage.stored("logging");
  expect(events).toHaveLength(1);
  expect(events).toContainEqual(expect.objectContaining({ level: "info", message: "paid" }));
  expect(JSON.stringify(events)).toContain('"order":7');
});

it("takes what @axiomhq/logging posts by itself", async () => {
  await stage.dataset("fetched");
  const input = `${stage.edge}/v1/ingest/fetched`;
  const headers = { authorization: `Bearer ${await stage.sender("fetched")}`, "content-type": "application/json" };
  const logger = new Logger({ transports: [new SimpleFetchTransport({ input, init: { method: "POST", headers } })] });
  logger.warn("low", { left: 3 });
  await logger.flush();
  expect(await stage.stored("fetched")).toEqual([expect.objectContaining({ level: "warn", message: "low" })]);
});
