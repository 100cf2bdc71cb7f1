/** What a token reaches at an edge, whatever else a request says. */
import { beforeEach, describe, expect, it } from "vitest";
import { HERE, type Organisation, organisation, post, send, stored, token } from "./gateway.ts";

let org: Organisation;
/** May send to `web`, and nothing else. */
let basic: string;

beforeEach(async () => {
  org = await organisation({ web: HERE, other: HERE });
  basic = await token(org, { web: ["ingest:create"] });
});

async function refusal(response: Response): Promise<[number, string]> {
  const { type = "" } = (await response.json()) as { type?: string };
  return [response.status, type.replace("urn:headgate:problem:", "")];
}

const EVENT = '[{"a":1}]';
const OK = [200, ""];

describe("a body", () => {
  it.each<[string, string]>([
    ["two types", "application/json, text/csv"],
    ["two types the other way round", "text/csv, application/json"],
    ["capitals", "APPLICATION/JSON"],
    ["blanks", " application/json "],
    ["a charset", "application/json; charset=utf-16"],
    ["a charset of 16,000 characters", `application/json; charset=${"u".repeat(16_000)}`],
    ["four thousand charsets", `application/json${"; charset=utf-8".repeat(4_000)}`],
    ["four thousand separators", `application/json${";".repeat(4_000)}`],
    ["an open quote", 'application/json; charset="utf-8'],
    ["no subtype", "application/"],
    ["no type", ";charset=utf-8"],
    ["a form", "multipart/form-data; boundary=x"],
    ["a type of pages", "text/html"],
    ["nothing", ""],
  ])("14 of JSON under %s as its content type is read as one event, or refused as a whole", async (_, type) => {
    const own = await organisation({ web: HERE });
    const response = await post("/v1/ingest/web", EVENT, {
      token: await token(own, { web: ["ingest:create"] }),
      headers: { "content-type": type },
    });
    const answer = (await response.json()) as { ingested?: number };
    expect([response.status, answer.ingested]).toEqual(response.status === 400 ? [400, undefined] : [200, answer.ingested === 0 ? 0 : 1]);
    // never another event than the one that was sent
    const events = await stored(own, "web");
    expect(events.map(({ a }) => a)).toEqual(answer.ingested === 1 ? [1] : []);
  });
});

describe("a token that may send to one dataset", () => {
  it.each<[string, string]>([
    ["GET", "/v1/datasets/web/segments"],
    ["GET", "/v1/datasets/web/segments/01J00000000000000000000000"],
    ["GET", "/v1/datasets/web/stats"],
    ["POST", "/v1/datasets/other/quarantine/01J00000000000000000000000/replay"],
    ["POST", "/v1/ingest/other"],
  ])("40 may not %s %s", async (method, path) => {
    expect(await refusal(await send(path, { method, token: basic }))).toEqual([403, "forbidden"]);
  });

  it("41 reaches that one by its name, and not by the id of it, nor one that is named like its id", async () => {
    const id = org.datasets["web"]?.id as string;
    expect(await refusal(await post(`/v1/ingest/${id}`, EVENT, { token: basic }))).toEqual([404, "dataset-unknown"]);
    // somebody names another dataset like the id that the token holds
    const twin = await organisation({ web: HERE });
    const held = twin.datasets["web"]?.id as string;
    const named = await organisation({ [held]: HERE, web: HERE });
    const text = await token(named, { [held]: ["ingest:create"] });
    expect(await refusal(await post(`/v1/ingest/${held}`, EVENT, { token: text }))).toEqual(OK);
    const ofId = await token({ id: named.id, datasets: {} }, { [held]: ["ingest:create"] });
    expect(await refusal(await post(`/v1/ingest/${held}`, EVENT, { token: ofId }))).toEqual([403, "forbidden"]);
  });

  it("45 reaches the dataset in the path, whatever headers, parameters and events name", async () => {
    const own = await organisation({ web: HERE, other: HERE });
    const only = await token(own, { web: ["ingest:create"] });
    const response = await post("/v1/ingest/web?dataset=other&datasetName=other", '[{"dataset":"other","_dataset":"other"}]', {
      token: only,
      headers: {
        "x-axiom-dataset": "other",
        "x-axiom-dataset-name": "other",
        "x-original-url": "/v1/ingest/other",
        "x-rewrite-url": "/v1/ingest/other",
      },
    });
    expect(await refusal(response)).toEqual(OK);
    expect(await stored(own, "other")).toEqual([]);
    expect(await stored(own, "web")).toMatchObject([{ dataset: "other", _dataset: "other" }]);
  });
});

describe("a wildcard", () => {
  it("43 in a token reaches every dataset there is, and is no name", async () => {
    const any = await token(org, { "*": ["ingest:create"] });
    for (const name of ["web", "other"]) expect(await refusal(await post(`/v1/ingest/${name}`, EVENT, { token: any }))).toEqual(OK);
    for (const name of ["*", "**", "a*", "%25", "_all", "%2a", "web*", "?", "."])
      expect([name, ...(await refusal(await post(`/v1/ingest/${name}`, EVENT, { token: any })))]).toEqual(
        // the last two make other paths
        ["?", "."].includes(name) ? [name, 404, "route-unknown"] : [name, 400, "parameter-invalid"],
      );
  });

  it.each(["**", "w*", "we?", "%", "_all", "W*", "*:*", "web*"])("43 is the asterisk alone: %s reaches nothing", async (scope) => {
    const text = await token(org, { [scope]: ["ingest:create"] });
    expect(await refusal(await post("/v1/ingest/web", EVENT, { token: text }))).toEqual([403, "forbidden"]);
  });
});

/** As they come in a path, after whatever the URL parser folds; each with the only statuses that are right. */
const PATHS: [path: string, outcomes: string[]][] = [
  ["/v1/ingest/../datasets/other/ingest", ["403 forbidden", "404 route-unknown"]],
  ["/v1/ingest/%2e%2e/datasets/other/ingest", ["403 forbidden", "404 route-unknown"]],
  ["/v1/ingest/web/../other", ["403 forbidden"]],
  ["/v1/ingest/web\\..\\other", ["403 forbidden"]],
  ["/v1/ingest/%2e%2e%2fdatasets", ["400 parameter-invalid"]],
  ["/v1/ingest/web%2F..%2Fother", ["400 parameter-invalid"]],
  ["/v1/ingest/web%252Fother", ["400 parameter-invalid"]],
  ["/v1/ingest/web%5Cother", ["400 parameter-invalid"]],
  ["/v1/ingest/web%00", ["400 parameter-invalid"]],
  ["/v1/ingest/web%00other", ["400 parameter-invalid"]],
  ["/v1/ingest/web%3Fother", ["400 parameter-invalid"]],
  ["/v1/ingest/web%23other", ["400 parameter-invalid"]],
  ["/v1/ingest/web%0d%0aother", ["400 parameter-invalid"]],
  ["/v1/ingest/web%20", ["400 parameter-invalid"]],
  ["/v1/ingest/web%ff", ["400 parameter-invalid"]],
  ["/v1/ingest/%E0%A4%A", ["400 parameter-invalid"]],
  ["/v1/ingest/web;other", ["400 parameter-invalid"]],
  ["/v1/ingest/web,other", ["400 parameter-invalid"]],
  ["/v1/ingest/w%C4%99b", ["400 parameter-invalid"]],
  ["/v1/ingest//web", ["404 route-unknown"]],
  ["//v1/ingest/web", ["404 route-unknown"]],
  ["/v1//ingest/web", ["404 route-unknown"]],
  ["/v1/ingest/web//", ["404 route-unknown"]],
  ["/V1/INGEST/web", ["404 route-unknown"]],
  ["/v1/%69ngest/web", ["404 route-unknown"]],
  ["/v1/ingest/WEB", ["404 dataset-unknown"]],
  ["/v1/ingest/", ["404 route-unknown"]],
  ["/v1/ingest/web/extra", ["404 route-unknown"]],
  // the same dataset, spelled in another way
  ["/v1/ingest/web/", ["200 "]],
  ["/v1/ingest/%77eb", ["200 "]],
  ["/v1/ingest/./web", ["200 "]],
  ["/v1/ingest/web#other", ["200 "]],
];

describe("a path", () => {
  it.each(PATHS)("44 %s is one dataset or none, and never another", async (path, outcomes) => {
    expect(outcomes).toContain((await refusal(await post(path, EVENT, { token: basic }))).join(" "));
    expect(await stored(org, "other")).toEqual([]);
  });
});

describe("a method", () => {
  it.each<[string, string]>([
    ["PUT", "/v1/ingest/web"],
    ["PATCH", "/v1/ingest/web"],
    ["DELETE", "/v1/ingest/web"],
    ["GET", "/v1/ingest/web"],
    ["GET", "/v1/ingest/web?_method=POST"],
    ["PROPFIND", "/v1/ingest/web"],
    ["POST", "/v1/datasets/web/segments"],
    ["DELETE", "/v1/datasets/web/segments/01J00000000000000000000000"],
    ["GET", "/v1/datasets/web/quarantine/01J00000000000000000000000/replay"],
  ])("56 that a path does not take is refused: %s %s", async (method, path) => {
    const all = await token(org, { "*": ["ingest:create", "query:read"] });
    expect(await refusal(await send(path, { method, token: all }))).toEqual([405, "method-not-allowed"]);
  });

  it("56 is not the one that a header or parameter names", async () => {
    const all = await token(org, { "*": ["ingest:create", "query:read"] });
    const headers = { "x-http-method-override": "POST", "x-method-override": "POST" };
    expect(await refusal(await send("/v1/ingest/web?_method=POST", { method: "GET", headers, token: all }))).toEqual([
      405,
      "method-not-allowed",
    ]);
  });

  it("56 OPTIONS says what is allowed and does nothing, HEAD reads nothing that GET may not", async () => {
    const own = await organisation({ web: HERE });
    const only = await token(own, { web: ["ingest:create"] });
    const asked = await send("/v1/ingest/web", { method: "OPTIONS", token: only, body: EVENT });
    expect([asked.status, await asked.text()]).toEqual([204, ""]);
    expect((await send("/v1/ingest/web", { method: "HEAD", token: only })).status).toBe(405);
    expect((await send("/v1/datasets/web/segments", { method: "HEAD", token: only })).status).toBe(405);
    expect(await stored(own, "web")).toEqual([]);
  });
});

describe("what management may ask of a region", () => {
  it.each(["flush", "purge", "settingsChanged", "trim", "serve"])("57 is not to be had over HTTP: %s", async (name) => {
    const all = await token(org, { "*": ["ingest:create", "query:read"] });
    for (const path of [`/${name}`, `/Region/${name}`, `/rpc/${name}`, `/v1/${name}`, `/v1/datasets/web/${name}`, `/Buffer/${name}`])
      for (const text of [null, all])
        expect(await refusal(await post(path, "{}", text ? { token: text } : {}))).toEqual([404, "route-unknown"]);
  });
});
