/** The main job from the outside, in one run: an owner, a dataset, a token, a sender, a reader, the end of the token. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { call } from "../src/local/api.ts";
import { type Child, startChild } from "../src/local/child.ts";
import { listSegments, segmentLines } from "../src/local/demo/segments.ts";
import { findFree } from "../src/local/ports.ts";
import { ROOT, remove, shell, temporaryFolder } from "./local/command.ts";

const EU = "cloud.eu-central-1.aws";
const US = "cloud.us-east-1.aws";
/** The README's bound for a revoked token on this machine, and room for the requests. */
const REVOKED_AFTER_MS = 10_000;

const state = temporaryFolder();
let gateway: Child;

beforeAll(async () => {
  gateway = await startChild(await findFree(3), state);
});

afterAll(async () => {
  await gateway.stop();
  remove(state);
});

it("goes from a new dataset to a dead token, and every step says what happened", { timeout: 60_000 }, async () => {
  const { management, edges, org, ownerToken } = gateway.local;
  const owner = { token: ownerToken, org };
  const edge = edges[EU] as string;
  const post = (url: string, token: string, body: string) =>
    fetch(url, { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/x-ndjson" }, body });

  const dataset = await call<Record<string, unknown>>("POST", `${management}/v2/datasets`, owner, { name: "story", edgeDeployment: EU });
  expect(dataset).toMatchObject({ id: "story", edgeDeployment: EU, edgeDeploymentUrl: edge });
  await call("POST", `${management}/v2/datasets`, owner, { name: "other", edgeDeployment: EU });
  const sender = await call<{ id: string; token: string }>("POST", `${management}/v2/tokens`, owner, {
    name: "sender",
    datasetCapabilities: { story: { ingest: ["create"] } },
  });
  expect(sender.token).toMatch(/^xaat-/);

  // a token and a dataset made a moment ago work at once
  const ingested = await post(`${edge}/v1/ingest/story`, sender.token, '{"_time":"2026-01-02T03:04:05Z","n":1}\n{"n":\n');
  expect(ingested.status).toBe(200);
  expect(await ingested.json()).toMatchObject({ ingested: 1, failed: 1, failures: [{ error: expect.stringContaining("event 1") }] });

  const flushed = await call("POST", `${management}/v2/datasets/story/flush`, owner);
  expect(flushed).toEqual({ segments: 1, rows: 1 });
  const reader = await call<{ token: string }>("POST", `${management}/v2/tokens`, owner, {
    name: "reader",
    datasetCapabilities: { story: { query: ["read"] } },
  });
  const source = { edge, name: "story", token: reader.token };
  const segments = await listSegments(source);
  expect(segments.length).toBe(1);
  const lines: string[] = [];
  for await (const line of segmentLines(source, segments[0]?.id as string)) lines.push(line);
  expect(lines.map((line) => JSON.parse(line))).toEqual([{ _time: "2026-01-02T03:04:05Z", _sysTime: expect.any(String), n: 1 }]);

  expect((await post(`${edge}/v1/ingest/other`, sender.token, "{}")).status).toBe(403);
  const elsewhere = await post(`${edges[US]}/v1/ingest/story`, sender.token, "{}");
  expect(elsewhere.status).toBe(400);
  expect(((await elsewhere.json()) as { message: string }).message).toContain(`${edge}/v1/ingest/story`);

  await call("DELETE", `${management}/v2/tokens/${sender.id}`, owner);
  const deleted = Date.now();
  await expect
    .poll(async () => (await post(`${edge}/v1/ingest/story`, sender.token, "{}")).status, {
      timeout: REVOKED_AFTER_MS + 2_000,
      interval: 250,
    })
    .toBe(401);
  expect(Date.now() - deleted).toBeLessThan(REVOKED_AFTER_MS + 1_500);

  const { entries } = await call<{ entries: { action: string }[] }>("GET", `${management}/v2/audit?limit=5`, owner);
  expect(entries.map(({ action }) => action)).toEqual(["token.delete", "token.create", "token.create", "dataset.create", "dataset.create"]);
});

it("answers the README's management requests as they stand there", async () => {
  const { management, org, ownerToken } = gateway.local;
  const [, block = ""] = /```sh\n(curl "\$MANAGEMENT[\s\S]*?)```/.exec(readFileSync(path.join(ROOT, "README.md"), "utf8")) ?? [];
  const [dataset, token, regenerate] = block.split(/\n(?=curl)/);
  const run = async (command = "", id = "") => {
    const settings = `MANAGEMENT=${management} OWNER=${ownerToken} ORG=${org} ID=${id}\n`;
    return JSON.parse((await shell(settings + command.replace("curl", "curl -sS"))).stdout);
  };
  expect(await run(dataset)).toMatchObject({ id: "web", edgeDeployment: EU });
  const made = await run(token);
  expect(made).toMatchObject({ name: "shipper", datasetCapabilities: { web: { ingest: ["create"], query: ["read"] } } });
  const again = await run(regenerate, made.id);
  expect(again.token).toMatch(/^xaat-/);
  expect(again.id).not.toBe(made.id);
});
