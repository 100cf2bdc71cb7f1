import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { describeRemoteSink, sealed, textOf } from "../edge/sinks/describe-sink.ts";
import { openTestReceiver, sinkTo } from "./receiver.ts";

/** By idempotency key: a receiver that honours it. */
const stored = new Map<string, string>();

const receiver = await openTestReceiver(({ headers, body }) => {
  const key = String(headers["idempotency-key"]);
  if (!stored.has(key)) stored.set(key, gunzipSync(body).toString());
  return { status: 202 };
});
const AUTHORIZATION = "Bearer secret-of-the-tests";
const open = () => sinkTo(`${receiver.url}/in?team=a`, "http", {}, { authorization: AUTHORIZATION });

describeRemoteSink("HTTP", () => ({
  sink: open(),
  receiver,
  copiesOf: async (segment) => [...stored.values()].filter((text) => text === textOf(segment)),
}));

it("sends the segment's bytes with the same key each time", async () => {
  const segment = sealed();
  await Promise.all([open().write(segment), open().write(segment)]);
  const sent = receiver.requests.filter(({ headers }) => headers["idempotency-key"] === segment.id);
  expect(sent.length).toBe(2);
  for (const { method, target, headers, body } of sent) {
    expect([method, target, body.equals(segment.body)]).toEqual(["POST", "/in?team=a", true]);
    expect(headers).toMatchObject({
      "content-type": "application/x-ndjson",
      "content-encoding": "gzip",
      authorization: AUTHORIZATION,
    });
  }
});

it("never repeats a secret that the receiver gives back", async () => {
  const met = receiver.fail({ kind: "answer", status: 401, body: `no such token: secret-of-the-tests (${AUTHORIZATION})` });
  const failure = await open()
    .write(sealed())
    .catch((error: unknown) => error);
  await met;
  expect(String(failure)).toContain("no such token: [secret] ([secret])");
});

it.each([
  ["as it stands in JSON", 'Bearer tok"quote\\slash-of-the-tests', (secret: string) => JSON.stringify({ seen: secret })],
  ["as it stands in a URL", "Bearer tok/with+signs-of-the-tests", (secret: string) => encodeURIComponent(secret)],
  ["taken apart", `Basic ${btoa("svc-user-1:hunter2-of-the-tests")}`, () => "svc-user-1 may not, nor with hunter2-of-the-tests"],
])("never repeats a secret %s", async (_, authorization, said) => {
  const met = receiver.fail({ kind: "answer", status: 401, body: said(authorization) });
  const failure = await sinkTo(receiver.url, "http", {}, { authorization })
    .write(sealed())
    .catch((error: unknown) => error);
  await met;
  expect(String(failure)).not.toMatch(/of-the-tests|svc-user/);
  expect(String(failure)).toContain("[secret]");
});

it("never repeats a webhook's path or query", async () => {
  const target = "/hooks/T0123456789ABCDEF?key=K0123456789ABCDEF";
  const met = receiver.fail({ kind: "answer", status: 404, body: `Cannot POST ${target}` });
  const failure = await sinkTo(`${receiver.url}${target}`, "http")
    .write(sealed())
    .catch((error: unknown) => error);
  await met;
  expect(String(failure)).toContain("Cannot POST /hooks/[secret]?key=[secret]");
});

it("reads no more of an answer than it needs", async () => {
  const met = receiver.fail({ kind: "answer", status: 500, body: "x".repeat(20_000_000) });
  const failure = await open()
    .write(sealed())
    .catch((error: unknown) => error);
  await met;
  expect(String(failure).length).toBeLessThan(500);
});

it("says that nobody listens", async () => {
  const failure = await sinkTo("http://127.0.0.1:1/", "http")
    .write(sealed())
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: "SinkFailure", permanent: false, message: expect.stringContaining("127.0.0.1:1 gave no answer") });
});
