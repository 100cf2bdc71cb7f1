/** The sinks inside workerd, whose fetch and zlib are its own: what leaves it must be what leaves Node. */
import { gunzipSync } from "node:zlib";
import { build, stop } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, describe, expect, it } from "vitest";
import type { SinkType } from "../../src/access/dataset-settings.ts";
import type { SealedSegment } from "../../src/edge/sinks/sink.ts";
import { sealed, textOf } from "../edge/sinks/describe-sink.ts";
import { onlyMember } from "./only-member.ts";
import { openTestReceiver } from "./receiver.ts";

const WORKER = `
  import { Buffer } from "node:buffer";
  import { openSink } from "../../src/edge/sinks/index.ts";
  export default {
    async fetch(request) {
      const { settings, segment } = await request.json();
      try {
        await openSink(settings, fetch).write({ ...segment, body: Buffer.from(segment.body, "base64") });
        return Response.json({ written: true });
      } catch ({ name, message, permanent, retryAfterMs }) {
        return Response.json({ name, message, permanent, retryAfterMs });
      }
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
  convertV4MiniflareOptions({
    modules: true,
    script: outputFiles[0]?.text ?? "",
    compatibilityDate: "2026-10-20",
    r2Buckets: { BUCKET: { id: "segments", s3Credentials: { accessKeyId: "key-of-the-tests", secretAccessKey: "secret-of-the-tests" } } },
    cf: false,
  }),
);
const runtime = await mf.ready;
const bucket = await mf.getR2Bucket("BUCKET");
afterAll(() => mf.dispose());

const receiver = await openTestReceiver(({ url }) =>
  url.pathname.endsWith("/_bulk")
    ? { status: 200, body: '{"items":[{"create":{"status":201}},{"create":{"status":409}}]}' }
    : { status: 200 },
);

interface Kind {
  type: SinkType;
  options: Record<string, string>;
  secrets: Record<string, string>;
}
const KINDS: Kind[] = [
  { type: "clickhouse", options: { table: "events" }, secrets: {} },
  { type: "elasticsearch", options: { index: "logs" }, secrets: {} },
  { type: "http", options: {}, secrets: {} },
  { type: "axiom", options: { dataset: "logs" }, secrets: { token: "t" } },
];
const S3: Kind = {
  type: "s3",
  options: { bucket: "segments" },
  secrets: { accessKeyId: "key-of-the-tests", secretAccessKey: "secret-of-the-tests" },
};

async function write(kind: Kind, url: string, segment: SealedSegment): Promise<unknown> {
  const settings = { name: "out", slot: 0, required: true, url, ...kind };
  const body = JSON.stringify({ settings, segment: { ...segment, body: Buffer.from(segment.body).toString("base64") } });
  return (await fetch(runtime, { method: "POST", body })).json();
}

describe("in workerd", () => {
  it.each(KINDS)("$type sends whole what it was given", async (kind) => {
    const segment = sealed();
    expect(await write(kind, receiver.url, segment)).toEqual({ written: true });
    const { body, headers } = receiver.requests.at(-1) ?? { body: Buffer.alloc(0), headers: {} };
    if (kind.type === "http") expect(body.equals(segment.body)).toBe(true);
    else if (kind.type === "elasticsearch") {
      expect(body.toString().split("\n")[1]).toBe(
        gunzipSync(segment.body).toString().split("\n")[0]?.replace("{", '{"@timestamp":"2026-01-02T00:00:00.123456789Z",'),
      );
    } else expect(onlyMember(body).toString()).toBe(textOf(segment));
    expect(headers["content-encoding"]).toBe(kind.type === "elasticsearch" ? undefined : "gzip");
  });

  it.each([...KINDS, S3])("$type follows no redirect and hears when to come again", async (kind) => {
    const redirected = receiver.fail({ kind: "answer", status: 307, headers: { location: "/elsewhere" } });
    expect(await write(kind, receiver.url, sealed())).toMatchObject({ permanent: false, message: expect.stringContaining("307") });
    await redirected;
    const busy = receiver.fail({ kind: "answer", status: 503, headers: { "retry-after": "3" } });
    expect(await write(kind, receiver.url, sealed())).toMatchObject({ permanent: false, retryAfterMs: 3_000 });
    await busy;
    expect(receiver.requests.some(({ target }) => target.startsWith("/elsewhere"))).toBe(false);
  });

  it.each(KINDS)("$type outlives a connection that is cut", async (kind) => {
    const cut = receiver.fail({ kind: "cut" });
    expect(await write(kind, receiver.url, sealed())).toMatchObject({ name: "SinkFailure", permanent: false });
    await cut;
  });

  it("s3 keeps one copy, byte for byte, of a segment that is written twice", async () => {
    const segment = sealed();
    const endpoint = new URL("/cdn-cgi/local/r2/s3", runtime).href;
    expect(await write(S3, endpoint, segment)).toEqual({ written: true });
    expect(await write(S3, endpoint, segment)).toEqual({ written: true });
    const stored = await (await bucket.get(segment.key))?.arrayBuffer();
    expect(Buffer.from(stored ?? new ArrayBuffer(0)).equals(segment.body)).toBe(true);
  });
});
