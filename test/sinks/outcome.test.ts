import { describe, expect, it } from "vitest";
import type { SinkSettings } from "../../src/access/dataset-settings.ts";
import { openSink, SINKS } from "../../src/edge/sinks/index.ts";
import { failureOf, OWNER_PAUSE_MS, retryAfterMs, SINK_RETRY_AFTER_MAX_MS } from "../../src/edge/sinks/outcome.ts";
import { sealed } from "../edge/sinks/describe-sink.ts";

describe("an answer", () => {
  it.each([400, 406, 410, 412, 413, 415, 422, 431])("with %i refuses the segment for good", (status) => {
    expect(failureOf(status, new Headers({ "retry-after": "1" }), "")).toMatchObject({ permanent: true, retryAfterMs: null });
  });

  it.each([408, 409, 421, 425, 429, 500, 502, 503, 504, 507, 599])("with %i passes", (status) => {
    expect(failureOf(status, new Headers(), "")).toMatchObject({ permanent: false, retryAfterMs: null });
  });

  it.each([301, 307, 401, 403, 404, 405, 407, 501])("with %i is for the owner to mend, whatever pause it asks for", (status) => {
    expect(failureOf(status, new Headers({ "retry-after": "1" }), "")).toMatchObject({ permanent: false, retryAfterMs: OWNER_PAUSE_MS });
  });
});

describe("Retry-After", () => {
  const date = "Fri, 02 Jan 2026 00:00:00 GMT";
  it.each<[string, Record<string, string>, number | null]>([
    ["seconds", { "retry-after": " 30 " }, 30_000],
    ["a date, by the receiver's own clock", { date, "retry-after": "Fri, 02 Jan 2026 00:01:00 GMT" }, 60_000],
    ["a date that is over", { date, "retry-after": "Thu, 01 Jan 2026 00:00:00 GMT" }, 0],
    ["more than is waited for", { "retry-after": "999999999999999999999" }, SINK_RETRY_AFTER_MAX_MS],
    ["a date with no clock beside it", { "retry-after": "Fri, 02 Jan 2026 00:01:00 GMT" }, null],
    ["nonsense", { date, "retry-after": "soon" }, null],
    ["nothing", {}, null],
  ])("may be %s", (_, headers, ms) => {
    expect(retryAfterMs(new Headers(headers))).toBe(ms);
  });
});

describe("the table of sinks", () => {
  it("has a grade for each", () => {
    expect(Object.fromEntries(Object.entries(SINKS).map(([type, { grade }]) => [type, grade]))).toEqual({
      s3: "exactly once",
      clickhouse: "exactly once in a window",
      elasticsearch: "exactly once",
      http: "at least once",
      axiom: "at least once",
    });
  });

  it.each<[string, Partial<SinkSettings>]>([
    ["an address that is no address", { url: "nowhere" }],
    ["a type of another version", { type: "kafka" as SinkSettings["type"] }],
  ])("opens a sink that only fails for %s, and asks nothing of the network", async (_, wrong) => {
    const settings: SinkSettings = {
      name: "out",
      slot: 0,
      type: "http",
      required: true,
      url: "https://a.example",
      options: {},
      secrets: {},
      ...wrong,
    };
    const sink = openSink(settings, () => Promise.reject(new Error("asked the network")));
    expect(sink.name).toBe("out");
    await expect(sink.write(sealed())).rejects.toMatchObject({
      permanent: false,
      retryAfterMs: OWNER_PAUSE_MS,
      message: expect.stringContaining("settings"),
    });
  });
});
