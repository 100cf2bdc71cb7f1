/** Segments on their way to an owner's own receiver, from the setting to the receiver's bytes, and through a restart. */
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { call } from "../../src/local/api.ts";
import { type Running, remove, start, temporaryFolder } from "./command.ts";

const US = "cloud.us-east-1.aws";
const SECRET = "Bearer a-secret-of-the-receiver";
const state = temporaryFolder();
const received: { headers: IncomingHttpHeaders; events: Record<string, unknown>[] }[] = [];
/** What the receiver answers. */
let status = 200;
let receiver: Server;
let url: string;

beforeAll(async () => {
  receiver = createServer(async (request, response) => {
    const parts: Uint8Array[] = [];
    for await (const part of request) parts.push(part);
    const lines = gunzipSync(Buffer.concat(parts)).toString().split("\n").filter(Boolean);
    if (status === 200) received.push({ headers: request.headers, events: lines.map((line) => JSON.parse(line)) });
    response.writeHead(status).end("as told");
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/in`;
});
afterAll(() => {
  receiver.close();
  remove(state);
});

async function send({ local }: Running, n: number): Promise<void> {
  const dataset = local.datasets[US] as string;
  const response = await fetch(`${local.edges[US]}/v1/ingest/${dataset}`, {
    method: "POST",
    headers: { authorization: `Bearer ${local.ingestToken}` },
    body: JSON.stringify([{ n }]),
  });
  expect(response.status).toBe(200);
  await call("POST", `${local.management}/v2/datasets/${dataset}/flush`, { token: local.ownerToken, org: local.org });
}

async function dead({ local }: Running): Promise<{ sink: string; error: string }[]> {
  const name = local.datasets[US] as string;
  const request = { name: "reader", datasetCapabilities: { [name]: { query: ["read"] } } };
  const owner = { token: local.ownerToken, org: local.org };
  const { token } = await call<{ token: string }>("POST", `${local.management}/v2/tokens`, owner, request);
  const list = await call<{ dead: { sink: string; error: string }[] }>("GET", `${local.edges[US]}/v1/datasets/${name}/segments`, { token });
  return list.dead;
}

it("come there under the segment's id, with the secret that nobody is shown, also after an outage and a restart, and refused ones are laid aside", {
  timeout: 120_000,
}, async () => {
  const gateway = await start(state);
  const { management, org, ownerToken, datasets } = gateway.local;
  const path = `${management}/v2/datasets/${datasets[US]}/settings`;
  const sinks = [{ name: "hook", type: "http", url, secrets: { authorization: SECRET } }];
  const shown = await call("PUT", path, { token: ownerToken, org }, { sinks });
  expect(JSON.stringify(shown)).not.toContain("a-secret");

  await send(gateway, 1);
  await expect.poll(() => received.length, { timeout: 10_000 }).toBe(1);
  expect(received[0]?.headers).toMatchObject({ authorization: SECRET, "idempotency-key": expect.stringMatching(/^[0-9A-Z]{26}$/) });
  expect(received[0]?.events).toMatchObject([{ n: 1 }]);

  status = 503;
  await send(gateway, 2);
  gateway.process.kill("SIGTERM");
  await gateway.ended;
  status = 200;
  const again = await start(state, "node", gateway.port);
  // the alarm comes by itself
  await expect.poll(() => received.length, { timeout: 30_000 }).toBe(2);
  expect(received[1]?.events).toMatchObject([{ n: 2 }]);

  status = 422;
  await send(again, 3);
  await expect
    .poll(() => dead(again), { timeout: 10_000, interval: 500 })
    .toMatchObject([{ sink: "hook", error: expect.stringContaining("422") }]);
  expect(received.length).toBe(2);
});
