import { describe, expect, it, vi } from "vitest";
import { version } from "../../package.json";
import type { EdgeEnv } from "../../src/edge/env.ts";
import { health } from "../../src/edge/health.ts";
import storage, { type Ready } from "../../src/edge/storage.ts";
import { ELSEWHERE, env, HERE, send } from "./gateway.ts";

/** An edge whose storage answers so. */
async function healthWith(ready: () => Promise<Ready>): Promise<{ status: number; body: unknown }> {
  const response = await health({ ...env, STORAGE: { ready } as unknown as EdgeEnv["STORAGE"] });
  return { status: response.status, body: await response.json() };
}

describe("GET /healthz", () => {
  it("tells the region and the versions of both Workers", async () => {
    const response = await send("/healthz");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      status: "ok",
      worker: "edge",
      region: HERE,
      version,
      storage: { status: "ok", region: HERE, version },
    });
  });

  it("is 503 while storage does not answer, and does not tell why", async () => {
    const { status, body } = await healthWith(() => Promise.reject(new Error("SINK_SECRETS_KEY must be another")));
    expect(status).toBe(503);
    expect(body).toMatchObject({ status: "unavailable", region: HERE, storage: { status: "unreachable", region: null, version: null } });
    expect(JSON.stringify(body)).not.toContain("SINK_SECRETS_KEY");
  });

  it("waits 2 s for it at most", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const answer = healthWith(() => new Promise(() => {}));
    vi.advanceTimersByTime(2_000);
    vi.useRealTimers();
    expect((await answer).status).toBe(503);
  });

  it("is 503 for an edge that is bound to the storage of another region", async () => {
    const { status, body } = await healthWith(async () => ({ region: ELSEWHERE, version }));
    expect(status).toBe(503);
    expect(body).toMatchObject({ status: "unavailable", region: HERE, storage: { status: "wrong-region", region: ELSEWHERE } });
  });
});

describe("storage", () => {
  it("finds nothing, should an address ever lead to it", () => {
    expect(storage.fetch().status).toBe(404);
  });
});
