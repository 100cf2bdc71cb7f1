/** Against a stand-in for the ingest endpoint that reads one gzip member only and honours idempotency keys. */
import { gunzipSync, gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { AXIOM_REQUEST_ROWS_MAX } from "../../src/edge/sinks/axiom.ts";
import { describeRemoteSink, sealed, textOf } from "../edge/sinks/describe-sink.ts";
import { onlyMember } from "./only-member.ts";
import { type Answer, openTestReceiver, type Request, sinkTo } from "./receiver.ts";

const stored = new Map<string, string>();

function ingest({ method, url, headers, body }: Request): Answer {
  if (method !== "POST" || url.pathname !== "/v1/ingest/web-logs") return { status: 404, body: '{"message":"dataset not found"}' };
  if (headers.authorization !== "Bearer xaat-of-the-tests") return { status: 403, body: '{"message":"forbidden"}' };
  const text = onlyMember(body).toString();
  const key = String(headers["idempotency-key"]);
  const failed = text.split("\n").filter((line) => line.includes('"bad"')).length;
  if (!stored.has(key)) stored.set(key, text);
  const failures = Array.from({ length: failed }, () => ({ timestamp: "2026-01-02T00:00:00Z", error: 'bad is "bad"' }));
  return { status: 200, body: JSON.stringify({ ingested: 1, failed, failures, processedBytes: 1, blocksCreated: 0, walLength: 1 }) };
}

const receiver = await openTestReceiver(ingest);
const open = (dataset = "web-logs", token = "xaat-of-the-tests") => sinkTo(receiver.url, "axiom", { dataset }, { token });
const keysOf = (id: string) =>
  receiver.requests.map(({ headers }) => String(headers["idempotency-key"])).filter((key) => key.startsWith(id));

describeRemoteSink("Axiom", () => ({
  sink: open(),
  receiver,
  copiesOf: async (segment) => [...stored.values()].filter((text) => text === textOf(segment)),
}));

it("cuts a segment into requests within its limits, under the same keys each time", async () => {
  const rows = AXIOM_REQUEST_ROWS_MAX * 2 + 1;
  const body = gzipSync(Array.from({ length: rows }, (_, n) => `{"_time":"t","n":${n}}\n`).join(""));
  const segment = { ...sealed(), rows, body };
  await open().write(segment);
  await open().write(segment);
  expect(keysOf(segment.id)).toEqual(["-0", "-10000", "-20000", "-0", "-10000", "-20000"].map((end) => segment.id + end));
  const texts = [...stored].filter(([key]) => key.startsWith(segment.id)).map(([, text]) => text);
  expect(texts.join("")).toBe(gunzipSync(body).toString());
});

it("calls a segment refused when events of it failed, with their number and the first reason, all others being in", async () => {
  const rows = AXIOM_REQUEST_ROWS_MAX + 1;
  const lines = Array.from({ length: rows }, (_, n) => (n < 2 ? '{"_time":"bad"}' : `{"_time":"t","n":${n}}`));
  const segment = { ...sealed(), rows, body: gzipSync(`${lines.join("\n")}\n`) };
  await expect(open().write(segment)).rejects.toMatchObject({
    permanent: true,
    message: `2 of ${rows} events were refused; the first: bad is "bad"`,
  });
  expect(stored.has(`${segment.id}-10000`)).toBe(true);
});

it("sees that events failed though the list of them is too long to read", async () => {
  const met = receiver.fail({
    kind: "answer",
    status: 200,
    body: JSON.stringify({ ingested: 0, failed: 90_000, failures: Array(90_000).fill({ timestamp: "2026-01-02T00:00:00Z", error: "no" }) }),
  });
  await expect(open().write(sealed())).rejects.toMatchObject({ permanent: true, message: expect.stringContaining("90000 of 2 events") });
  await met;
});

it("waits for the owner when the dataset is unknown or the token is refused", async () => {
  for (const sink of [open("another"), open("web-logs", "xaat-another")])
    await expect(sink.write(sealed())).rejects.toMatchObject({ permanent: false, retryAfterMs: expect.any(Number) });
});
