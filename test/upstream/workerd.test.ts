/** Other servers asked from inside workerd, whose fetch is its own. */
import { build, stop } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, describe, expect, it } from "vitest";
import type { UpstreamSettings } from "../../src/access/upstream-settings.ts";
import { openTestReceiver } from "../sinks/receiver.ts";
import { upstream } from "./asking.ts";

const WORKER = `
  import { answerTo } from "./asking.ts";
  export default {
    async fetch(request) {
      const { settings, query } = await request.json();
      const answer = await answerTo(settings, query, { outside: { fetch: (...args) => fetch(...args) } });
      return Response.json(answer.kind === "answered" ? JSON.parse(new TextDecoder().decode(answer.body)) : answer);
    },
  };`;

const { outputFiles } = await build({
  stdin: { contents: WORKER, resolveDir: import.meta.dirname, loader: "ts" },
  bundle: true,
  write: false,
  format: "esm",
  target: "es2024",
  conditions: ["workerd", "worker", "browser"],
  external: ["node:*"],
});
await stop();
const mf = new Miniflare(
  convertV4MiniflareOptions({ modules: true, script: outputFiles[0]?.text ?? "", compatibilityDate: "2026-10-20", cf: false }),
);
const runtime = await mf.ready;
afterAll(() => mf.dispose());

const STATUS = { elapsedTime: 1 };
const receiver = await openTestReceiver(({ url, body }) => {
  if (url.pathname.endsWith("/_apl"))
    return { status: 200, body: JSON.stringify({ status: STATUS, tables: [], datasetNames: ["theirs"] }) };
  if (url.pathname === "/ask") return { status: 200, body: '[{"n":1}]' };
  const data = body.toString().startsWith("DESCRIBE") ? [["_time", "DateTime64(6)"]] : [[7]];
  return { status: 200, body: JSON.stringify({ data, statistics: { rows_read: 9 } }) };
});

const KINDS: [UpstreamSettings, unknown][] = [
  [upstream("clickhouse", receiver.url, { database: "d", table: "t" }, { password: "p" }), { tables: [{ columns: [[7]] }] }],
  [upstream("axiom", receiver.url, { dataset: "theirs" }, { token: "t" }), { datasetNames: ["web"], status: STATUS }],
  [upstream("http", `${receiver.url}/ask`, {}, { "x-key": "k" }), { tables: [{ columns: [[1]] }] }],
];

async function ask(settings: UpstreamSettings): Promise<unknown> {
  const body = JSON.stringify({ settings, query: { apl: "web | count", startTime: "now-1h" } });
  return (await fetch(runtime, { method: "POST", body })).json();
}

describe("in workerd", () => {
  it.each(KINDS)("$type answers", async (settings, expected) => {
    expect(await ask(settings)).toMatchObject(expected as object);
  });

  it.each(KINDS)("$type is followed nowhere else", async (settings) => {
    const redirected = receiver.fail({ kind: "answer", status: 307, headers: { location: "/elsewhere" } });
    expect(await ask(settings)).toMatchObject({ kind: "refused", reason: "upstream-failed", detail: expect.stringContaining("307") });
    await redirected;
    expect(receiver.requests.some(({ target }) => target.startsWith("/elsewhere"))).toBe(false);
  });

  it.each(KINDS)("$type may break off", async (settings) => {
    const cut = receiver.fail({ kind: "cut" });
    expect(await ask(settings)).toMatchObject({ kind: "refused", reason: "upstream-failed" });
    await cut;
  });
});
