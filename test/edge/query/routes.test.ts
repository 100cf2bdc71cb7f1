import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { ELSEWHERE, HERE, type Organisation, organisation, token } from "../gateway.ts";
import { ask } from "./asking.ts";

let org: Organisation;
let reader: string;
let writer: string;

beforeEach(async () => {
  org = await organisation({ logs: HERE, traces: HERE, abroad: ELSEWHERE, afar: ELSEWHERE });
  reader = await token(org, { "*": ["query:read"] });
  writer = await token(org, { "*": ["ingest:create"] });
});

const RANGE = { startTime: "now-1h", endTime: "now" };

describe("a query", () => {
  it("is asked of storage with the datasets that it names, and answered with what comes back", async () => {
    const { asked, response } = await ask(
      reader,
      null,
      { apl: "union logs, traces", ...RANGE },
      { answer: { kind: "answered", body: new TextEncoder().encode('{"a":1}') } },
    );
    expect(asked?.question).toMatchObject({ kind: "apl", request: { apl: "union logs, traces", format: "tabular" } });
    expect(asked?.destinations).toEqual({
      logs: { org: org.id, dataset: "logs", datasetId: org.datasets["logs"]?.id, region: HERE },
      traces: { org: org.id, dataset: "traces", datasetId: org.datasets["traces"]?.id, region: HERE },
    });
    expect(response?.headers.get("content-type")).toBe("application/json");
    expect(await response?.text()).toBe('{"a":1}');
    expect(response?.headers.get("x-axiom-history-query-id")).toBeNull();
  });

  it("that is to be kept is answered with an id", async () => {
    const { response } = await ask(reader, null, { apl: "logs" }, { search: "?saveAsKind=apl" });
    expect(response?.headers.get("x-axiom-history-query-id")).toBe("trace-1");
  });

  it("in the old language is asked of the dataset in its path", async () => {
    const { asked } = await ask(reader, "logs", RANGE);
    expect(asked?.question).toMatchObject({ kind: "legacy", dataset: "logs", request: { limit: 1_000 } });
    expect(Object.keys(asked?.destinations ?? {})).toEqual(["logs"]);
  });

  it("is refused as storage refuses it", async () => {
    const answer = { kind: "refused", reason: "query-invalid", detail: "line: 1, col: 2: no", members: {} } as const;
    expect(await ask(reader, null, { apl: "logs" }, { answer })).toMatchObject({
      status: 400,
      reason: "query-invalid",
      message: "line: 1, col: 2: no",
    });
  });

  it("with a fault is told where it is, in Axiom's words", async () => {
    const { status, reason, message, asked } = await ask(reader, null, { apl: "logs\n| wher x" });
    expect([status, reason]).toEqual([400, "query-invalid"]);
    expect(message).toMatch(/^line: 2, col: 3: unknown operator "wher"; did you mean "where"\?$/);
    expect(asked).toBeNull();
  });

  it.each<[string, () => string | null, number, string]>([
    ["no token", () => null, 401, "credential-missing"],
    ["a token that may read nothing", () => writer, 403, "forbidden"],
    ["a made-up token", () => "xaat-123", 401, "credential-malformed"],
  ])("of %s has no body read", async (_, credential, status, reason) => {
    expect(await ask(credential(), null, { apl: "logs" })).toMatchObject({ status, reason, asked: null, bodyRead: false });
    expect(await ask(credential(), "logs", RANGE)).toMatchObject({ status, reason, asked: null, bodyRead: false });
  });

  it.each<[string, unknown, number, string]>([
    ["no JSON", "x", 400, "body-invalid"],
    ["a body over a mebibyte", `{"apl":"${"x".repeat(1_048_576)}"}`, 413, "body-too-large"],
    ["a dataset that is not there", { apl: "nowhere" }, 404, "dataset-unknown"],
    [
      "more datasets than one query may name",
      { apl: `union ${Array.from({ length: 33 }, (_, n) => `d${n}`).join(", ")}` },
      400,
      "body-invalid",
    ],
  ])("with %s is refused", async (_, body, status, reason) => {
    expect(await ask(reader, null, body)).toMatchObject({ status, reason, asked: null });
  });

  it("with a body that inflates beyond its limit is told of that limit, not of batches", async () => {
    const body = gzipSync(JSON.stringify({ apl: "x".repeat(2_000_000) }));
    const { status, reason, message } = await ask(reader, null, body, { headers: { "content-encoding": "gzip" } });
    expect([status, reason]).toEqual([413, "body-too-large"]);
    expect(message).toBe("a query's body may hold 1048576 bytes, inflated; shorten the query");
  });

  it("of a dataset that is not there is told to mend what names it", async () => {
    for (const [apl, name] of [
      ["nowhere", "nowhere"],
      ["['no where']", "no where"],
    ])
      expect((await ask(reader, null, { apl })).message).toBe(
        `dataset ${JSON.stringify(name)} not found; create it at POST /v2/datasets of the management API, or mend the query`,
      );
    expect((await ask(reader, "nowhere", RANGE)).message).toMatch(/^dataset nowhere not found; .* or mend the path$/);
  });

  it("counts as a request on its token's account", async () => {
    const limited = await token(org, { "*": ["query:read"] }, { limits: { requestsPerSecond: 1 } });
    expect((await ask(limited, null, { apl: "logs" })).status).toBe(200);
    expect(await ask(limited, null, { apl: "logs" })).toMatchObject({ status: 429, reason: "rate-limited", asked: null, bodyRead: false });
  });

  it("of a dataset in another region is told where to go", async () => {
    const { status, reason, message } = await ask(reader, null, { apl: "union abroad, afar" });
    expect([status, reason]).toEqual([400, "wrong-region"]);
    expect(message).toBe(
      `a dataset is queried in its own region: dataset region: ${ELSEWHERE}, deployment region: ${HERE}; use https://eu.example/v1/query/_apl`,
    );
  });

  it("of datasets in two regions is refused, naming both", async () => {
    for (const apl of ["union logs, abroad", "abroad | join (logs) on x"])
      expect((await ask(reader, null, { apl })).message).toBe(
        `a query cannot span regions: dataset abroad is in ${ELSEWHERE}, dataset logs in ${HERE}; ask for each at its own edge, abroad at https://eu.example/v1/query/_apl`,
      );
  });
});
