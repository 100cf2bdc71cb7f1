/** Against the S3 endpoint of the local runtime, which checks signatures, conditions and checksums, through a receiver that can fail. */
import { request as forward } from "node:http";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, expect, it } from "vitest";
import { objectPrefix } from "../../src/edge/buffer/object-key.ts";
import { describeRemoteSink, sealed } from "../edge/sinks/describe-sink.ts";
import { type Answer, openTestReceiver, type Request, sinkTo } from "./receiver.ts";

const ENDPOINT = "/cdn-cgi/local/r2/s3";
const SECRETS = { accessKeyId: "access-key-of-the-tests", secretAccessKey: "secret-key-of-the-tests" };

const mf = new Miniflare(
  convertV4MiniflareOptions({
    modules: true,
    script: "export default { fetch: () => new Response(null, { status: 404 }) }",
    r2Buckets: { BUCKET: { id: "segments", s3Credentials: SECRETS } },
    cf: false,
  }),
);
const runtime = await mf.ready;
const bucket = await mf.getR2Bucket("BUCKET");
afterAll(() => mf.dispose());

/** The host stays as it was signed. */
function toRuntime({ method, target, headers, body }: Request): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: runtime.hostname, port: runtime.port, path: target, method, headers };
    const outgoing = forward(options, async (answer) => {
      const { "transfer-encoding": _, ...kept } = answer.headers;
      resolve({ status: answer.statusCode ?? 0, headers: kept as Record<string, string>, body: await buffer(answer) });
    });
    outgoing.on("error", reject).end(body);
  });
}

const receiver = await openTestReceiver(toRuntime);
const open = (options: Record<string, string> = {}, secrets = SECRETS) =>
  sinkTo(`${receiver.url}${ENDPOINT}`, "s3", { bucket: "segments", ...options }, secrets);

async function keysBelow(prefix: string): Promise<string[]> {
  const { objects } = await bucket.list({ prefix });
  return objects.map(({ key }) => key);
}

async function bytesOf(key: string): Promise<Buffer> {
  const object = await bucket.get(key);
  return Buffer.from((await object?.arrayBuffer()) ?? new ArrayBuffer(0));
}

describeRemoteSink("S3", () => ({
  sink: open(),
  receiver,
  async copiesOf({ destination }) {
    const keys = await keysBelow(objectPrefix(destination));
    return Promise.all(keys.map(async (key) => gunzipSync(await bytesOf(key)).toString()));
  },
}));

it("keeps a segment byte for byte, described beside it, with no content encoding", async () => {
  const segment = sealed();
  await open({ prefix: "logs/headgate/" }).write(segment);
  const object = await bucket.head(`logs/headgate/${segment.key}`);
  expect(await bytesOf(`logs/headgate/${segment.key}`)).toEqual(segment.body);
  expect(object?.httpMetadata).toMatchObject({ contentType: "application/x-ndjson" });
  expect(object?.httpMetadata).not.toHaveProperty("contentEncoding");
  expect(object?.customMetadata).toMatchObject({ v: "1", org: "o", dataset: "logs", rows: "2", rawbytes: String(segment.rawBytes) });
});

it("does not take another object under its key for its own, and leaves it as it is", async () => {
  const segment = sealed();
  await bucket.put(segment.key, "something else");
  await expect(open().write(segment)).rejects.toThrow("has 14 bytes where");
  expect((await bytesOf(segment.key)).toString()).toBe("something else");
});

it("waits for the owner when the signature is wrong, and tells no secret", async () => {
  const secrets = { ...SECRETS, secretAccessKey: "not-the-secret-key" };
  const failure = await open({}, secrets)
    .write(sealed())
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ permanent: false, message: expect.stringMatching(/answered 40[13]/) });
  expect(String(failure)).not.toContain("not-the-secret-key");
  expect(String(failure)).not.toContain(SECRETS.accessKeyId);
});

it("waits for the owner when there is no such bucket", async () => {
  const failure = await open({ bucket: "another" })
    .write(sealed())
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: "SinkFailure", permanent: false, retryAfterMs: expect.any(Number) });
});

it("tries once only, whatever the answer", async () => {
  const before = receiver.requests.length;
  const met = receiver.fail({ kind: "answer", status: 500 });
  await expect(open().write(sealed())).rejects.toMatchObject({ permanent: false });
  await met;
  expect(receiver.requests.length - before).toBe(1);
});
