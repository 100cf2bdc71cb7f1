import { describe, expect, it } from "vitest";
import {
  DEDUPE_MODES,
  defaultSettings,
  SINK_FIELDS,
  SINK_TYPES,
  SINK_URL_LENGTH_MAX,
  type SinkSettings,
  sinkFault,
} from "../../src/access/dataset-settings.ts";

type Draft = Pick<SinkSettings, "type" | "url" | "options" | "secrets">;

const whole: Draft[] = [
  {
    type: "s3",
    url: "https://account.r2.cloudflarestorage.com",
    options: { bucket: "logs", region: "auto", prefix: "a/b=c/" },
    secrets: { accessKeyId: "a", secretAccessKey: "b" },
  },
  {
    type: "clickhouse",
    url: "https://ch.example:8443/",
    options: { database: "d", table: "my table" },
    secrets: { user: "u", password: "p w" },
  },
  { type: "elasticsearch", url: "https://es.example/base", options: { index: "logs-2026.01" }, secrets: { authorization: "ApiKey x" } },
  { type: "http", url: "https://in.example/hook?team=a", options: {}, secrets: {} },
  { type: "axiom", url: "http://127.0.0.1:8787", options: { dataset: "web-logs" }, secrets: { token: "xaat-x" } },
];
const [s3, clickhouse, elasticsearch, http, axiom] = whole as [Draft, Draft, Draft, Draft, Draft];

describe("the settings of a dataset", () => {
  it("are these when its owner has chosen none", () => {
    expect(defaultSettings()).toEqual({
      ...{ dedupe: "content", quarantine: { enabled: true, bytesPerDayMax: 100_000_000 }, sinks: [] },
      ...{ mapFields: [], formerMapFields: [], virtualFields: [], query: null },
    });
  });

  it("have these words, which are stored", () => {
    expect(DEDUPE_MODES).toEqual(["content", "key", "off"]);
    expect(SINK_TYPES).toEqual(["s3", "clickhouse", "elasticsearch", "http", "axiom"]);
    expect(Object.keys(SINK_FIELDS)).toEqual([...SINK_TYPES]);
  });
});

describe("the settings of a sink", () => {
  it.each(whole)("of the type $type may be whole", (draft) => {
    expect(sinkFault(draft)).toBe(null);
  });

  it("need no more than what their type cannot do without", () => {
    expect(sinkFault({ ...s3, options: { bucket: "logs" } })).toBeNull();
    expect(sinkFault({ ...clickhouse, options: { table: "t" }, secrets: {} })).toBeNull();
    expect(sinkFault({ ...elasticsearch, secrets: {} })).toBeNull();
    expect(sinkFault({ ...http, secrets: { authorization: "Bearer x" } })).toBeNull();
  });

  it.each<[Draft, string]>([
    [{ ...s3, options: {} }, "option bucket is missing"],
    [{ ...clickhouse, options: {} }, "option table is missing"],
    [{ ...elasticsearch, options: {} }, "option index is missing"],
    [{ ...axiom, options: {} }, "option dataset is missing"],
    [{ ...axiom, secrets: {} }, "secret token is missing"],
    [{ ...s3, secrets: { secretAccessKey: "b" } }, "secret accessKeyId is missing"],
    [{ ...s3, secrets: { accessKeyId: "a" } }, "secret secretAccessKey is missing"],
    [{ ...s3, options: { bucket: "logs", table: "t" } }, 'option "table" is not known here; there is bucket, region, prefix'],
    [{ ...http, options: { table: "t" } }, 'option "table" is not known here; there is none'],
    [{ ...http, secrets: { token: "t" } }, 'secret "token" is not known here; there is authorization'],
    [{ ...http, type: "kafka" as "http" }, 'there is no sink of the type "kafka"; there is s3, clickhouse, elasticsearch, http, axiom'],
    [{ ...http, type: "toString" as "http" }, "there is no sink of the type"],
    [{ ...http, url: "https://user@in.example" }, "url must hold no user and no password"],
    [{ ...http, url: "https://:pass@in.example" }, "url must hold no user and no password"],
    [{ ...http, url: `https://in.example/${"x".repeat(SINK_URL_LENGTH_MAX)}` }, "url is longer than 2048 characters"],
    [{ ...http, url: "http://x127.0.0.1" }, "url must"],
  ])("say what is wrong: %j", (draft, text) => {
    expect(sinkFault(draft)?.startsWith(text)).toBe(true);
  });

  it("take a URL of 2048 characters, and none of 2049", () => {
    const url = (length: number) => "https://in.example/".padEnd(length, "x");
    expect(sinkFault({ ...http, url: url(2_048) })).toBeNull();
    expect(sinkFault({ ...http, url: url(2_049) })).toMatch(/^url is longer/);
  });

  it.each<[string, (value: string) => Draft, string[], string[]]>([
    [
      "bucket",
      (bucket) => ({ ...s3, options: { bucket } }),
      ["abc", "a.b-9", "a".repeat(63)],
      ["ab", "a".repeat(64), "-ab", "abc-", "abc_", "Abc", "abc\n"],
    ],
    [
      "region",
      (region) => ({ ...s3, options: { bucket: "logs", region } }),
      ["auto", "a".repeat(64)],
      ["", "a".repeat(65), "Eu", "_eu", "eu_", "eu\n"],
    ],
    [
      "prefix",
      (prefix) => ({ ...s3, options: { bucket: "logs", prefix } }),
      ["a/", "a=1/b.c/", `${"a".repeat(199)}/`],
      ["a", "/", "a//", ".a/", "a/.b/", `${"a".repeat(200)}/`, "ä/", "a/\n"],
    ],
    ["table", (table) => ({ ...clickhouse, options: { table } }), ["t", "t".repeat(200)], ["", "t".repeat(201), "\nt", "t\n", "t\u0000"]],
    [
      "index",
      (index) => ({ ...elasticsearch, options: { index } }),
      ["a", "0._-", "a".repeat(200)],
      ["", "_a", "A", "aB", "a".repeat(201), "a\n"],
    ],
    [
      "dataset",
      (dataset) => ({ ...axiom, options: { dataset } }),
      ["a", "_A-.", "a".repeat(128)],
      ["", ".a", "a/b", "/a", "a/", "a".repeat(129)],
    ],
    [
      "token",
      (token) => ({ ...axiom, secrets: { token } }),
      ["a", "a b", "~".repeat(4_096)],
      ["", " a", "a ", "a\n", "\na", "ä", "~".repeat(4_097)],
    ],
  ])("take such a %s and no other", (name, draftOf, right, wrong) => {
    for (const value of right) expect([value, sinkFault(draftOf(value))]).toEqual([value, null]);
    for (const value of wrong) expect([value, sinkFault(draftOf(value))]).toEqual([value, expect.stringContaining(name)]);
  });

  it("may hold a query where the URL is the whole address, and nowhere else", () => {
    for (const draft of whole.filter(({ type }) => type !== "http"))
      expect(sinkFault({ ...draft, url: "https://in.example/?a=1" })).toMatch(/^url must hold no \?query/);
  });

  it.each<[string, Draft]>([
    ["url", { ...http, url: "in.example" }],
    ["url", { ...http, url: "http://in.example" }],
    ["url", { ...http, url: "http://127.0.0.1.example" }],
    ["url", { ...http, url: "http://localhost.example" }],
    ["url", { ...http, url: "ftp://in.example" }],
    ["url", { ...http, url: "https://user:pass@in.example" }],
    ["url", { ...http, url: "https://in.example/#x" }],
    ["url", { ...http, url: `https://in.example/${"x".repeat(3_000)}` }],
    ["url", { ...clickhouse, url: "https://ch.example/?query=DROP" }],
    ["type", { ...http, type: "toString" as SinkSettings["type"] }],
    ["bucket", { ...s3, options: {} }],
    ["bucket", { ...s3, options: { bucket: "../other" } }],
    ["prefix", { ...s3, options: { bucket: "logs", prefix: "a/../b/" } }],
    ["prefix", { ...s3, options: { bucket: "logs", prefix: "no-slash" } }],
    ["prefix", { ...s3, options: { bucket: "logs", prefix: "/a/" } }],
    ["prefix", { ...s3, options: { bucket: "logs", prefix: `${"a/".repeat(150)}` } }],
    ["table", { ...clickhouse, options: { table: "a\nb" } }],
    ["index", { ...elasticsearch, options: { index: "_all" } }],
    ["index", { ...elasticsearch, options: { index: "a,b" } }],
    ["dataset", { ...axiom, options: { dataset: ".." } }],
    ["token", { ...axiom, secrets: {} }],
    ["token", { ...axiom, secrets: { token: "a\r\nx: y" } }],
    ["token", { ...axiom, secrets: { token: "" } }],
    ['"bucket"', { ...http, options: { bucket: "b" } }],
    ['"password"', { ...http, secrets: { password: "p" } }],
  ])("may not have such a %s", (name, draft) => {
    expect(sinkFault(draft)).toContain(name);
  });

  it("are never quoted when a secret is at fault", () => {
    expect(sinkFault({ ...axiom, secrets: { token: "t\u00f6ken" } })).not.toContain("t\u00f6ken");
  });

  it("may lead to this machine without TLS by each of its names", () => {
    for (const host of ["localhost:1", "127.0.0.1", "127.8.9.1", "[::1]:8080"])
      expect(sinkFault({ ...http, url: `http://${host}/` })).toBe(null);
  });
});
