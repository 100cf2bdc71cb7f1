/** Against a stand-in for `_bulk` that keeps documents by id and refuses what Elasticsearch refuses; no real cluster runs here. */
import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { ES_REQUEST_BYTES_MAX, ES_REQUEST_ROWS_MAX } from "../../src/edge/sinks/elasticsearch.ts";
import type { SealedSegment } from "../../src/edge/sinks/sink.ts";
import { describeRemoteSink, sealed } from "../edge/sinks/describe-sink.ts";
import { type Answer, openTestReceiver, type Request, sinkTo } from "./receiver.ts";

/** Documents as sent, by id. */
const documents = new Map<string, string>();
/** Answers for documents that are not looked at, by a piece of their text. */
const trouble = new Map<string, number>();
beforeEach(() => trouble.clear());

function create(id: string, source: string): { status: number; error?: { type: string; reason: string } } {
  for (const [piece, status] of trouble) if (source.includes(piece)) return refusal(status, "told_to_fail", `because of ${piece}`);
  if (documents.has(id)) return refusal(409, "version_conflict_engine_exception", "document already exists");
  const document = JSON.parse(source);
  const names = namesIn(source);
  if (new Set(names).size < names.length) return refusal(400, "document_parsing_exception", "Duplicate field");
  if (typeof document.n !== "number") return refusal(400, "document_parsing_exception", "failed to parse field [n] of type [long]");
  documents.set(id, source);
  return { status: 201 };
}

/** The names of the outermost object, as often as they stand there. */
function namesIn(source: string): string[] {
  let depth = 0;
  const names: string[] = [];
  for (const [token, name] of source.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (name !== undefined && depth === 1) names.push(JSON.parse(name));
    if (token === "{" || token === "[") depth++;
    if (token === "}" || token === "]") depth--;
  }
  return names;
}

function refusal(status: number, type: string, reason: string) {
  return { status, error: { type, reason } };
}

function bulk({ url, headers, body }: Request): Answer {
  if (url.pathname !== "/es/logs/_bulk") return { status: 404, body: "no handler" };
  if (headers["content-type"] !== "application/x-ndjson") return { status: 406, body: "content type" };
  const text = body.toString();
  if (!text.endsWith("\n")) return { status: 400, body: "The bulk request must be terminated by a newline [\\n]" };
  const lines = text.slice(0, -1).split("\n");
  const items: unknown[] = [];
  for (let i = 0; i < lines.length; i += 2) {
    const action = JSON.parse(lines[i] ?? "");
    items.push({ create: create(action.create._id, lines[i + 1] ?? "") });
  }
  return { status: 200, body: JSON.stringify({ items }) };
}

const receiver = await openTestReceiver(bulk);
const open = (index = "logs") => sinkTo(`${receiver.url}/es/`, "elasticsearch", { index }, { authorization: "ApiKey of-the-tests" });

function segmentOf(...lines: string[]): SealedSegment {
  return { ...sealed(), rows: lines.length, body: gzipSync(lines.map((line) => `${line}\n`).join("")) };
}

const sourcesOf = ({ id, rows }: SealedSegment) => Array.from({ length: rows }, (_, row) => documents.get(`${id}-${row}`));

describeRemoteSink("Elasticsearch", () => ({
  sink: open(),
  receiver,
  async copiesOf({ id }) {
    const mine = [...documents].filter(([key]) => key.startsWith(`${id}-`));
    if (mine.length === 0) return [];
    return [mine.map(([, source]) => `${source.replace(/"@timestamp":"[^"]*",/, "")}\n`).join("")];
  },
}));

describe("an event in Elasticsearch", () => {
  it("has its time as @timestamp and is otherwise what it was, byte for byte", async () => {
    const segment = segmentOf('{ "x":{"_time":1}, "n":1.50e3,"_time":"2026-01-02T03:04:05.123456789Z","s":"\\u00e9é"}');
    await open().write(segment);
    expect(sourcesOf(segment)).toEqual([
      '{"@timestamp":"2026-01-02T03:04:05.123456789Z", "x":{"_time":1}, "n":1.50e3,"_time":"2026-01-02T03:04:05.123456789Z","s":"\\u00e9é"}',
    ]);
  });

  it("keeps the @timestamp that its sender gave it, however that is spelt", async () => {
    const lines = [
      '{"_time":"2026-01-02T03:04:05Z","n":1,"@timestamp":"2020"}',
      '{"_time":"2026-01-02T03:04:05Z","n":1,"\\u0040timestamp":"2020"}',
    ];
    const segment = segmentOf(...lines);
    await open().write(segment);
    expect(sourcesOf(segment)).toEqual(lines);
  });

  it("gets a @timestamp beside a name that only resembles it", async () => {
    const segment = segmentOf('{"_time":"t","n":1,"a\\u0062":1,"o":{"@timestamp":1}}');
    await open().write(segment);
    expect(JSON.parse(sourcesOf(segment)[0] ?? "")["@timestamp"]).toBe("t");
  });

  it("stays out alone when it does not fit, and the segment counts as refused with the number and the first reason", async () => {
    const segment = segmentOf('{"_time":"t","n":1}', '{"_time":"t","n":"x"}', '{"_time":"t","n":"y"}', '{"_time":"t","n":4}');
    await expect(open().write(segment)).rejects.toMatchObject({
      permanent: true,
      message: "2 of 4 events were refused; the first: 400 document_parsing_exception: failed to parse field [n] of type [long]",
    });
    expect(sourcesOf(segment).map((source) => source !== undefined)).toEqual([true, false, false, true]);
  });

  it.each([429, 503])("that is refused with %i makes the segment be written again, which leaves one of each", async (status) => {
    const segment = segmentOf('{"_time":"t","n":1,"x":"busy"}', '{"_time":"t","n":2}');
    trouble.set("busy", status);
    await expect(open().write(segment)).rejects.toMatchObject({ permanent: false, message: expect.stringContaining("because of busy") });
    trouble.clear();
    await open().write(segment);
    expect(sourcesOf(segment).filter(Boolean).length).toBe(2);
  });
});

describe("the sink Elasticsearch", () => {
  it("cuts a segment into requests within its limits and numbers rows on", async () => {
    const wide = "x".repeat(1_000_000);
    const segment = segmentOf(...Array.from({ length: 17 }, (_, n) => `{"_time":"t","n":${n},"x":"${wide}"}`));
    const before = receiver.requests.length;
    await open().write(segment);
    const sent = receiver.requests.slice(before);
    expect(sent.length).toBe(3);
    expect(Math.max(...sent.map(({ body }) => body.length))).toBeLessThanOrEqual(ES_REQUEST_BYTES_MAX);
    expect(sourcesOf(segment).map((source) => JSON.parse(source ?? "{}").n)).toEqual(Array.from({ length: 17 }, (_, n) => n));
  });

  it("brings all other events in before it calls a segment refused", async () => {
    const lines = Array.from({ length: ES_REQUEST_ROWS_MAX + 1 }, (_, n) => `{"_time":"t","n":${n === 0 ? '"bad"' : n}}`);
    const segment = segmentOf(...lines);
    await expect(open().write(segment)).rejects.toMatchObject({ permanent: true, message: expect.stringContaining("1 of 5001 events") });
    expect(sourcesOf(segment).filter(Boolean).length).toBe(ES_REQUEST_ROWS_MAX);
  });

  it.each([
    ["names fewer events than were sent", '{"items":[{"create":{"status":201}}]}'],
    ["is not JSON", "<html>"],
    ["says nothing", ""],
  ])("believes no success whose answer %s", async (_, body) => {
    const met = receiver.fail({ kind: "answer", status: 200, body });
    await expect(open().write(sealed())).rejects.toMatchObject({ permanent: false, message: expect.stringContaining("of 2 events") });
    await met;
  });

  it("waits for the owner when nothing answers for the index", async () => {
    await expect(open("another").write(sealed())).rejects.toMatchObject({ permanent: false, retryAfterMs: expect.any(Number) });
  });
});
