import { afterEach, describe, expect, it, vi } from "vitest";
import { version } from "../../package.json";
import { type ManagementEnv, settingsOf } from "../../src/management/env.ts";
import { call, count, dataset, deployment, EU, env, reasonOf, US } from "./client.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the management Worker", () => {
  it("says that it is well", async () => {
    const { status, body, headers } = await call("GET", "/healthz", null);
    expect([status, body]).toEqual([200, { status: "ok", worker: "management", version }]);
    expect(headers.get("x-axiom-trace-id")).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each(["/", "/v2", "/v2/nothing", "/v2/datasets/x/y/z", "/%00", "/v2/..%2fuser"])("answers %s with a JSON 404", async (path) => {
    const reply = await call("GET", path, null);
    expect([reply.status, reasonOf(reply)]).toEqual([404, "route-unknown"]);
  });

  it("names the methods of a path", async () => {
    const reply = await call("PATCH", "/v2/datasets", null);
    expect([reply.status, reasonOf(reply)]).toEqual([405, "method-not-allowed"]);
    expect(reply.headers.get("allow")).toBe("GET, HEAD, POST");
  });

  it("lets a page of any origin ask", async () => {
    const asked = { origin: "https://app.example", "access-control-request-method": "PUT" };
    const preflight = await call("OPTIONS", "/v2/datasets/x", null, undefined, { headers: asked });
    expect(preflight.status).toBe(204);
    const listed = (name: string) => preflight.headers.get(name)?.toLowerCase().split(/, ?/);
    expect(listed("access-control-allow-methods")).toEqual(["get", "post", "put", "patch", "delete", "options"]);
    expect(listed("access-control-allow-headers")).toEqual(expect.arrayContaining(["authorization", "x-axiom-org-id", "x-axiom-client"]));
    expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
    const answered = await call("GET", "/healthz", null, undefined, { headers: { origin: "https://app.example" } });
    expect(answered.headers.get("access-control-allow-origin")).toBe("*");
    expect(answered.headers.get("access-control-expose-headers")?.toLowerCase()).toContain("x-axiom-trace-id");
  });

  it("keeps answers out of caches", async () => {
    const { owner } = await deployment();
    expect((await call("GET", "/v2/user", owner)).headers.get("cache-control")).toBe("no-store");
  });

  it("59 answers 503 and changes nothing when the database fails in the middle", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const made = await deployment();
    await env.DB.exec("DROP TABLE audit");
    const read = await call("GET", "/v2/audit", made.owner);
    expect([read.status, reasonOf(read)]).toEqual([503, "store-unavailable"]);
    expect(read.headers.get("retry-after")).toBe("1");
    expect(read.body.message).not.toContain("audit");

    const write = await call("POST", "/v2/datasets", made.owner, { name: "half-done" });
    expect([write.status, reasonOf(write)]).toEqual([503, "store-unavailable"]);
    expect((await call("GET", "/v2/datasets/half-done", made.owner)).status).toBe(404);
  });

  it("changes nothing when the publisher cannot be told", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const made = await deployment();
    const before = await count("audit");
    const PUBLISHER = { getByName: () => ({ announce: () => Promise.reject(new Error("unreachable")) }) } as never;
    const reply = await call("POST", "/v2/datasets", made.owner, { name: "web" }, { instead: { PUBLISHER } });
    expect([reply.status, reasonOf(reply)]).toEqual([503, "store-unavailable"]);
    expect(await count("audit")).toBe(before);
  });
});

describe("settings", () => {
  it("takes the regions as an object or as JSON text", async () => {
    const asText = { ...env, REGIONS: JSON.stringify(env.REGIONS) };
    expect([...settingsOf(asText).regions.keys()]).toEqual([...settingsOf(env).regions.keys()]);
    const made = await deployment();
    expect(await dataset(made, "web", { edgeDeployment: EU })).toMatchObject({ edgeDeploymentUrl: "https://eu-central-1.example.com" });
  });

  it.each(["https://management.example.com/", "http://127.0.0.1:8787", "http://localhost:8787"])(
    "takes the public URL %s",
    (PUBLIC_URL) => {
      expect(settingsOf({ ...env, PUBLIC_URL }).publicUrl).toBe(new URL(PUBLIC_URL).origin);
    },
  );

  it.each<[string, Record<string, unknown>]>([
    ["DEFAULT_REGION", { DEFAULT_REGION: "cloud.mars.aws" }],
    ["REGIONS", { REGIONS: null }],
    ["url", { REGIONS: { [US]: { url: "nowhere", binding: "US_EAST_1" } } }],
    ["binding", { REGIONS: { [US]: { url: "https://us.example", binding: "NO_SUCH" } } }],
    ["TOKEN_TAG_KEYS", { TOKEN_TAG_KEYS: "short" }],
    ["SETUP_TOKEN", { SETUP_TOKEN: "no header can carry this" }],
    ["PUBLIC_URL", { PUBLIC_URL: undefined }],
    ["PUBLIC_URL", { PUBLIC_URL: "management.example.com" }],
    ["PUBLIC_URL", { PUBLIC_URL: "http://management.example.com" }],
    ["PUBLIC_URL", { PUBLIC_URL: "https://management.example.com/v2" }],
    ["PUBLIC_URL", { PUBLIC_URL: "https://ada@management.example.com" }],
  ])("names %s when it is wrong", (name, wrong) => {
    expect(() => settingsOf({ ...env, ...wrong } as ManagementEnv)).toThrow(name);
  });
});
