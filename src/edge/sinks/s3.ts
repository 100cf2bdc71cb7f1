/**
 * Any store that speaks S3. Exactly once: the key is the segment's own and `If-None-Match: *` never writes over it; a store that
 * does not know the condition gets the same bytes under the same key.
 * Spec: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 */
import { AwsV4Signer } from "aws4fetch";
import type { SinkSettings } from "../../access/dataset-settings.ts";
import { metadataOf } from "../bucket/metadata.ts";
import { isOk } from "./outcome.ts";
import { below, openReceiver } from "./receiver.ts";
import { type Sink, SinkFailure } from "./sink.ts";

export function s3Sink({ name, url, options, secrets }: SinkSettings, fetch: typeof globalThis.fetch): Sink {
  const { send, failure } = openReceiver(fetch, url, secrets);
  const { bucket = "", region, prefix = "" } = options;
  const { accessKeyId = "", secretAccessKey = "" } = secrets;

  /** Signed and sent once: retries belong to the buffer. Path-style, because every store knows it. */
  const request = async (method: string, key: string, headers: Record<string, string>, body?: Uint8Array) => {
    const address = below(url, bucket, ...key.split("/")).href;
    const signer = new AwsV4Signer({ method, url: address, headers, accessKeyId, secretAccessKey, region, service: "s3" });
    const signed = await signer.sign();
    return send(signed.url, { method, headers: signed.headers, body });
  };

  return {
    name,
    async write(segment) {
      const { body } = segment;
      const key = `${prefix}${segment.key}`;
      const metadata = Object.entries(metadataOf(segment)).map(([name, value]) => [`x-amz-meta-${name}`, value]);
      const put = await request(
        "PUT",
        key,
        {
          // no content encoding: fetch and S3 clients would unpack the object unasked
          "content-type": "application/x-ndjson",
          "if-none-match": "*",
          "x-amz-content-sha256": await sha256(body), // the store compares it with what has arrived
          ...Object.fromEntries(metadata),
        },
        body,
      );
      if (isOk(put.status)) return;
      if (put.status !== 412) throw failure(put);
      const there = await request("HEAD", key, {});
      if (!isOk(there.status)) throw failure(there);
      const size = Number(there.headers.get("content-length"));
      if (size !== body.length) throw new SinkFailure(`object ${key} has ${size} bytes where ${body.length} were to be`);
    },
  };
}

async function sha256(bytes: Uint8Array): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
}
