/** What other engines find in the bucket: DuckDB runs the README's SQL over the objects, laid out on disk under their keys. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call } from "../src/local/api.ts";
import { type Child, startChild } from "../src/local/child.ts";
import { type Dataset, listSegments } from "../src/local/demo/segments.ts";
import { findFree } from "../src/local/ports.ts";
import { ROOT, remove, temporaryFolder } from "./local/command.ts";

const EU = "cloud.eu-central-1.aws";
const SENDERS = 6;
const BATCHES_EACH = 6;
/** Below and above what an edge compresses on its own, so that an object holds members of both kinds. */
const EVENTS = [1, 7, 300];
const FORMATS = [
  { contentType: "application/x-ndjson", encode: (ids: string[]) => ids.map((id) => JSON.stringify(eventOf(id))).join("\n") },
  { contentType: "application/json", encode: (ids: string[]) => JSON.stringify(ids.map(eventOf)) },
  {
    contentType: "text/csv",
    encode: (ids: string[]) => ["id,_time,text", ...ids.map((id) => Object.values(eventOf(id)).join(","))].join("\n"),
  },
];
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 0x08, 0x00]);

const state = temporaryFolder();
const bucket = temporaryFolder();
let gateway: Child;
let duckdb: DuckDBConnection;
let acknowledged = 0;
let replays = 0;
let objects: Buffer[];

beforeAll(async () => {
  gateway = await startChild(await findFree(3), state);
  const { management, edges, org, ownerToken } = gateway.local;
  const owner = { token: ownerToken, org };
  await call("POST", `${management}/v2/datasets`, owner, { name: "readers", edgeDeployment: EU });
  const request = { name: "readers", datasetCapabilities: { readers: { ingest: ["create"], query: ["read"] } } };
  const { token } = await call<{ token: string }>("POST", `${management}/v2/tokens`, owner, request);
  const dataset = { edge: edges[EU] as string, name: "readers", token };
  // two rounds, so that there are several objects
  for (const round of [0, 1]) {
    await Promise.all(Array.from({ length: SENDERS }, (_, sender) => sendAll(dataset, `${round}-${sender}`)));
    await call("POST", `${management}/v2/datasets/readers/flush`, owner);
  }
  objects = await copyObjects(dataset);
  duckdb = await (await DuckDBInstance.create(":memory:")).connect();
});

afterAll(async () => {
  duckdb?.closeSync();
  await gateway?.stop();
  remove(state);
  remove(bucket);
});

function eventOf(id: string): Record<string, string> {
  return { id, _time: "2026-01-02T03:04:05.123456789Z", text: "für alle" };
}

/** Every third batch is sent a second time, as a shipper does that lost the answer. */
async function sendAll(dataset: Dataset, sender: string): Promise<void> {
  for (let batch = 0; batch < BATCHES_EACH; batch++) {
    const ids = Array.from({ length: EVENTS[batch % EVENTS.length] as number }, (_, i) => `${sender}-${batch}-${i}`);
    const { contentType, encode } = FORMATS[(batch + Number(sender.at(-1))) % FORMATS.length] as (typeof FORMATS)[number];
    const body = encode(ids);
    expect(await send(dataset, contentType, body)).toEqual({ ingested: ids.length, replay: false });
    acknowledged += ids.length;
    if (batch % 3 !== 2) continue;
    expect(await send(dataset, contentType, body)).toEqual({ ingested: ids.length, replay: true });
    replays++;
  }
}

async function send({ edge, name, token }: Dataset, contentType: string, body: string): Promise<{ ingested: number; replay: boolean }> {
  const headers = { authorization: `Bearer ${token}`, "content-type": contentType };
  const response = await fetch(`${edge}/v1/ingest/${name}`, { method: "POST", headers, body });
  const { ingested } = (await response.json()) as { ingested: number };
  return { ingested, replay: response.headers.get("x-headgate-deduplicated") === "true" };
}

async function copyObjects(dataset: Dataset): Promise<Buffer[]> {
  const copied: Buffer[] = [];
  for (const { id, key } of await listSegments(dataset)) {
    const headers = { authorization: `Bearer ${dataset.token}` };
    const response = await fetch(`${dataset.edge}/v1/datasets/${dataset.name}/segments/${id}`, { headers });
    const bytes = Buffer.from(await response.arrayBuffer());
    const file = path.join(bucket, key);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    copied.push(bytes);
  }
  return copied;
}

/** The README's statement for DuckDB with the folder in place of the bucket's address, else as it is printed. */
function readmeSql(): string {
  const blocks = [...readFileSync(path.join(ROOT, "README.md"), "utf8").matchAll(/```sql\n(.*?)```/gs)].map(([, sql]) => sql as string);
  const printed = blocks.find((sql) => sql.includes("r2://"));
  if (!printed) throw new Error("the README has no sql block that reads r2://");
  return printed.replace(/r2:\/\/[^/]+/g, bucket);
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  return (await duckdb.runAndReadAll(sql)).getRowObjectsJson();
}

const sum = (rows: Record<string, unknown>[], column: string) => rows.reduce((total, row) => total + Number(row[column]), 0);

describe("DuckDB over the bucket", () => {
  it("counts by the README's SQL every acknowledged event once", async () => {
    expect(replays).toBe(2 * SENDERS * 2);
    const rows = await query(readmeSql());
    expect({ events: sum(rows, "events"), ids: sum(rows, "ids") }).toEqual({ events: acknowledged, ids: acknowledged });
  });

  it("reads organisation, dataset, day and hour from the keys", async () => {
    const rows = await query(readmeSql());
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows)
      expect(row).toMatchObject({
        org: gateway.local.org,
        dataset: "readers",
        date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
        hour: expect.stringMatching(/^\d\d$/),
      });
  });

  it("reads objects of many gzip members to their ends", async () => {
    expect(objects.length).toBeGreaterThanOrEqual(2);
    for (const object of objects) expect(object.indexOf(GZIP_HEADER, GZIP_HEADER.length)).toBeGreaterThan(0);
    const [row] = await query(`SELECT count(*) AS n FROM read_ndjson('${bucket}/v1/**/*.ndjson.gz')`);
    expect(Number(row?.["n"])).toBe(acknowledged);
  });

  it("shows with read_ndjson partitions in place of members of their names, as the README warns", async () => {
    const glob = `'${bucket}/v1/**/*.ndjson.gz', hive_partitioning = true`;
    const [columns] = await query(`SELECT count(DISTINCT id) AS ids, count(DISTINCT _time) AS times FROM read_ndjson(${glob})`);
    expect(columns).toEqual({ ids: "1", times: "1" });
  });

  it("keeps every digit of a time", async () => {
    const rows = await query(`SELECT DISTINCT json->>'_time' AS t FROM read_ndjson_objects('${bucket}/v1/**/*.ndjson.gz')`);
    expect(rows).toEqual([{ t: "2026-01-02T03:04:05.123456789Z" }]);
  });
});
