/** What a credential reaches at management, however paths, methods and names are written. */
import { createExecutionContext } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import worker from "../../src/management/worker.ts";
import {
  type Answer,
  auditRows,
  type Credential,
  call,
  count,
  type Deployment,
  dataset,
  deployment,
  env,
  reasonOf,
  succeeded,
  token,
} from "./client.ts";

let made: Deployment;
/** May do everything with `web`, and nothing else. */
let onlyWeb: Credential;

const EVERYTHING_THERE = { ingest: ["create"], query: ["read"], trim: ["update"], data: ["delete"] };

beforeEach(async () => {
  made = await deployment();
  for (const name of ["web", "other"]) await dataset(made, name);
  onlyWeb = await token(made, { datasetCapabilities: { web: EVERYTHING_THERE } });
});

const refusal = async (reply: Promise<{ status: number; headers: Headers; body: Answer }>) => {
  const answer = await reply;
  return [answer.status, answer.status === 200 ? "" : reasonOf(answer)];
};

describe("the name of a dataset", () => {
  it("41 is not its id: a dataset that is named like another's id has nothing of that one", async () => {
    const id = String(await env.DB.prepare("SELECT id FROM datasets WHERE name = 'web'").first<string>("id"));
    expect(await refusal(call("GET", `/v2/datasets/${id}`, made.owner))).toEqual([404, "dataset-unknown"]);
    await dataset(made, id);
    const ofTwin = await token(made, { datasetCapabilities: { [id]: EVERYTHING_THERE } });
    expect(await refusal(call("POST", `/v1/ingest/${id}`, ofTwin, "[{}]"))).toEqual([200, ""]);
    for (const [one, name] of [
      [ofTwin, "web"],
      [onlyWeb, id],
    ] as const) {
      expect(await refusal(call("POST", `/v1/ingest/${name}`, one, "[{}]"))).toEqual([404, "dataset-unknown"]);
      expect(await refusal(call("GET", `/v1/datasets/${name}/segments`, one))).toEqual([404, "dataset-unknown"]);
      expect(await refusal(call("GET", `/v2/datasets/${name}`, one))).toEqual([404, "dataset-unknown"]);
    }
  });

  it("42 given again gives nothing of the new dataset to a token of the old one", async () => {
    expect((await call("DELETE", "/v2/datasets/web", made.owner)).status).toBe(204);
    expect(await refusal(call("POST", "/v1/ingest/web", onlyWeb, "[{}]"))).toEqual([404, "dataset-unknown"]);
    await dataset(made, "web");
    expect(await refusal(call("POST", "/v1/ingest/web", onlyWeb, "[{}]"))).toEqual([404, "dataset-unknown"]);
    expect(await refusal(call("GET", "/v1/datasets/web/segments", onlyWeb))).toEqual([404, "dataset-unknown"]);
    expect(await refusal(call("GET", "/v2/datasets/web", onlyWeb))).toEqual([404, "dataset-unknown"]);
  });

  it("43 is covered by a token's wildcard whenever it was made, and by nothing that only looks like one", async () => {
    const any = await token(made, { datasetCapabilities: { "*": EVERYTHING_THERE } });
    await dataset(made, "later");
    expect(await refusal(call("POST", "/v1/ingest/later", any, "[{}]"))).toEqual([200, ""]);
    for (const name of ["**", "w*", "%", "_all", "we_", "*:*", ""])
      expect(
        await refusal(call("POST", "/v2/tokens", made.owner, { name: "t", datasetCapabilities: { [name]: { ingest: ["create"] } } })),
      ).toEqual([400, "body-invalid"]);
  });
});

describe("a path", () => {
  it.each([
    "web%2F..%2Fother",
    "web%252F..%252Fother",
    "%2e%2e%2fother",
    "..%5cother",
    "web%5C..%5Cother",
    "web%00",
    "web%00other",
    "web%3Fname=other",
    "web;other",
    "web,other",
    "web%20",
    "web%0d%0aother",
    "web%ff",
    "%E0%A4%A",
    "WEB",
    "web%2fsettings",
    "other",
    "%6fther",
    "*",
    "%25",
  ])("44 leads to nothing but the dataset that it names: %s", async (segment) => {
    for (const [method, path] of [
      ["GET", `/v2/datasets/${segment}`],
      ["GET", `/v1/datasets/${segment}`],
      ["GET", `/v1/datasets/${segment}/segments`],
      ["GET", `/v1/datasets/${segment}/stats`],
      ["POST", `/v1/ingest/${segment}`],
      ["POST", `/v2/datasets/${segment}/trim`],
    ] as const) {
      const reply = await call(method, path, onlyWeb, method === "POST" ? '{"maxDuration":"1h"}' : undefined);
      expect([path, [403, 404, 405].includes(reply.status)]).toEqual([path, true]);
      reasonOf(reply);
    }
    expect(succeeded(await call<Answer[]>("GET", "/v2/datasets", made.owner)).map(({ name }) => name)).toEqual(["other", "web"]);
  });

  it.each([
    "/v2/datasets/../tokens",
    "/v2/datasets/%2e%2e/tokens",
    "/v2/datasets/web/..%2f..%2ftokens",
    "/v2//tokens",
    "//v2/tokens",
    "/v2/tokens/",
    "/V2/TOKENS",
    "/v2/%74okens",
    "/v2/tokens%2f",
    "/v2/tokens;x",
    "/v2/tokens%00",
    "/v2/tokens%3f",
    "/healthz/../v2/tokens",
    "/docs/..%2fv2%2ftokens",
    "/docs/%2e%2e%2fv2%2ftokens",
  ])("44 is no way around the question who comes: %s", async (path) => {
    for (const credential of [null, onlyWeb]) {
      const reply = await call(
        path.includes("docs/") ? "GET" : "POST",
        path,
        credential,
        path.includes("docs/") ? undefined : { name: "t" },
      );
      expect([401, 403, 404]).toContain(reply.status);
      reasonOf(reply);
    }
    expect(await count("tokens")).toBe(1);
  });
});

describe("a method", () => {
  it.each<[string, string]>([
    ["PUT", "/v2/tokens"],
    ["PATCH", "/v2/tokens"],
    ["DELETE", "/v2/datasets"],
    ["GET", "/v2/tokens/x/regenerate"],
    ["HEAD", "/v1/ingest/web"],
    ["GET", "/v1/ingest/web"],
    ["GET", "/v2/datasets/web/flush"],
    ["PUT", "/v2/setup"],
    ["PROPFIND", "/v2/datasets"],
  ])("56 that a path does not take is refused, and does nothing: %s %s", async (method, path) => {
    const before = (await auditRows()).length;
    const response = await worker.fetch(
      new Request(`https://management.example${path}`, {
        method,
        headers: { authorization: `Bearer ${made.owner.token}`, "x-axiom-org-id": made.org },
      }),
      env,
      createExecutionContext(),
    );
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).not.toContain(method);
    expect((await auditRows()).length).toBe(before);
  });

  it("56 is not the one that a header or a parameter names", async () => {
    const headers = { "x-http-method-override": "DELETE", "x-http-method": "DELETE", "x-method-override": "DELETE" };
    for (const method of ["GET", "PUT"])
      succeeded(
        await call(method, "/v2/datasets/web?_method=DELETE", made.owner, method === "PUT" ? { description: "x" } : undefined, { headers }),
      );
    expect(await refusal(call("GET", "/v2/datasets/web", made.owner))).toEqual([200, ""]);
  });

  it("56 HEAD asks for the same credential as GET, and tells no more", async () => {
    const head = (credential: Credential | null) =>
      worker.fetch(
        new Request("https://management.example/v2/tokens", {
          method: "HEAD",
          headers: credential ? { authorization: `Bearer ${credential.token}`, "x-axiom-org-id": made.org } : {},
        }),
        env,
        createExecutionContext(),
      );
    expect([(await head(null)).status, (await head(onlyWeb)).status, (await head(made.owner)).status]).toEqual([401, 403, 200]);
    expect(await (await head(made.owner)).text()).toBe("");
  });

  it("56 OPTIONS is answered to anybody and does nothing", async () => {
    const before = [await count("audit"), await count("tokens")];
    for (const path of ["/v2/tokens", "/v2/setup", "/v2/datasets/web"]) {
      const response = await worker.fetch(
        new Request(`https://management.example${path}`, { method: "OPTIONS", headers: { authorization: `Bearer ${made.owner.token}` } }),
        env,
        createExecutionContext(),
      );
      expect([response.status, await response.text()]).toEqual([204, ""]);
      expect(response.headers.get("access-control-allow-credentials")).toBeNull();
    }
    expect([await count("audit"), await count("tokens")]).toEqual(before);
  });
});
