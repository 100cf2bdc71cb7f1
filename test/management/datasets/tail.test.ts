/** Datasets watched at management's own address. */
import { createExecutionContext } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import worker from "../../../src/management/worker.ts";
import { streamOf } from "../../edge/query/tail/watching.ts";
import { type Credential, call, dataset, deployment, EU, env, succeeded, token } from "../client.ts";

async function open(path: string, { token: secret, org }: Credential, more: Record<string, string> = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${secret}`, ...(org && { "x-axiom-org-id": org }), ...more };
  return worker.fetch(new Request(`https://management.example${path}`, { headers }), env, createExecutionContext());
}

const watching = (response: Response) => streamOf(response.body as ReadableStream<Uint8Array>);

describe("a dataset watched at management's own address", () => {
  it("shows what comes to it in its region, to personal tokens, sessions and API tokens", async () => {
    const made = await deployment();
    await dataset(made, "web", { edgeDeployment: EU });
    const api = await token(made, { datasetCapabilities: { web: { query: ["read"] } } });
    const callers = [made.owner, made.session, { token: api["token"] as string }];
    const viewers: ReturnType<typeof watching>[] = [];
    for (const caller of callers) {
      const response = await open("/v1/datasets/web/tail?apl=web%20%7C%20project%20n", caller);
      expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
      viewers.push(watching(response));
    }
    succeeded(await call("POST", "/v1/ingest/web", made.owner, [{ n: 1 }, { n: 2 }]));
    for (const viewer of viewers) {
      expect(await viewer.events(2)).toEqual([{ n: 1 }, { n: 2 }]);
      await viewer.leave();
    }
  });

  it("refuses what the region refuses, in its words", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const response = await open("/v1/datasets/web/tail?apl=web%20%7C%20count", made.owner);
    expect(response.status).toBe(400);
    expect(((await response.json()) as { message: string }).message).toMatch(/^line: 1, col: 7: .* not count; /);
  });

  it("sends a WebSocket to the region", async () => {
    const made = await deployment();
    await dataset(made, "web");
    const response = await open("/v1/datasets/web/tail", made.owner, { upgrade: "websocket" });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { message: string }).message).toMatch(/open the WebSocket at https?:\/\/\S+ with an API token$/);
  });

  it("23 ends once the reader's token is gone, whatever else they have", { timeout: 20_000 }, async () => {
    const made = await deployment();
    await dataset(made, "web");
    const viewer = watching(await open("/v1/datasets/web/tail", made.owner));
    const watchedFrom = Date.now();
    const stays = watching(await open("/v1/datasets/web/tail", made.session));
    await env.DB.prepare("DELETE FROM personal_tokens").run();
    expect(await viewer.next()).toBeNull();
    // without waiting for whatever comes next
    expect(Date.now() - watchedFrom).toBeLessThan(9_000);
    succeeded(await call("POST", "/v1/ingest/web", await sender(made), [{ n: 1 }]));
    expect((await stays.events(1))[0]).toMatchObject({ n: 1 });
    await stays.leave();
  });
});

async function sender(made: Awaited<ReturnType<typeof deployment>>): Promise<Credential> {
  const { token: secret } = await token({ ...made, owner: made.session }, { datasetCapabilities: { web: { ingest: ["create"] } } });
  return { token: secret as string };
}
