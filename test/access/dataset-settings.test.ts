import { describe, expect, it } from "vitest";
import { type SinkSettings, sinkFault } from "../../src/access/dataset-settings.ts";

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

describe("the settings of a sink", () => {
  it.each(whole)("of the type $type may be whole", (draft) => {
    expect(sinkFault(draft)).toBe(null);
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
