import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { r2Sink } from "../../../src/edge/sinks/r2.ts";
import { env } from "../gateway.ts";
import { describeSink, sealed } from "./describe-sink.ts";

describeSink("R2", () => ({
  sink: r2Sink(env.SEGMENTS),
  async copiesOf({ destination }) {
    const { objects } = await env.SEGMENTS.list({ prefix: `v1/org=o/dataset=logs/id=${destination.datasetId}/` });
    const bodies = await Promise.all(objects.map(async ({ key }) => (await env.SEGMENTS.get(key))?.bytes()));
    return bodies.filter((body) => body !== undefined).map((body) => gunzipSync(body).toString());
  },
}));

it("keeps a segment byte for byte", async () => {
  const segment = sealed();
  await r2Sink(env.SEGMENTS).write(segment);
  const stored = await (await env.SEGMENTS.get(segment.key))?.bytes();
  expect(Buffer.from(stored ?? []).equals(segment.body)).toBe(true);
});

it("does not take another object under its key for its own", async () => {
  const segment = sealed();
  await env.SEGMENTS.put(segment.key, "something else");
  await expect(r2Sink(env.SEGMENTS).write(segment)).rejects.toThrow(/bytes where/);
  expect(await (await env.SEGMENTS.get(segment.key))?.text()).toBe("something else");
});
