/**
 * Another endpoint that speaks Axiom's ingest API: Axiom itself, or another Headgate. At least once, and exactly once where the
 * receiver honours `Idempotency-Key` (Headgate does, for ten minutes).
 * Spec: https://axiom.co/docs/restapi/endpoints/ingestToDataset
 */
import { gzipSync } from "node:zlib";
import type { SinkSettings } from "../../access/dataset-settings.ts";
import { countRefusals, isOk, isPermanent } from "./outcome.ts";
import { below, openReceiver } from "./receiver.ts";
import type { Sink } from "./sink.ts";
import { batchesOf } from "./unpack.ts";

/**
 * Inflated bytes and events of one request: a whole segment would be more than such endpoints take. A change of these moves the
 * borders between requests, and with them what a key stands for.
 */
export const AXIOM_REQUEST_BYTES_MAX = 8_000_000;
export const AXIOM_REQUEST_ROWS_MAX = 10_000;
const AXIOM_REPLY_BYTES_MAX = 4_194_304;
const GZIP_LEVEL = 1;

export function axiomSink({ name, url, options, secrets }: SinkSettings, fetch: typeof globalThis.fetch): Sink {
  const { send, failure, quote } = openReceiver(fetch, url, secrets);
  const address = below(url, "v1", "ingest", options["dataset"] ?? "");
  const limits = { bytesMax: AXIOM_REQUEST_BYTES_MAX, rowsMax: AXIOM_REQUEST_ROWS_MAX };
  return {
    name,
    async write({ id, rows, body }) {
      const refusals = countRefusals();
      for await (const batch of batchesOf(body, limits)) {
        const headers = {
          authorization: `Bearer ${secrets["token"] ?? ""}`,
          "content-type": "application/x-ndjson",
          "content-encoding": "gzip",
          "idempotency-key": `${id}-${batch.firstRow}`,
        };
        // one member, whatever the segment had: not every receiver reads on after the first
        const packed = gzipSync(batch.body, { level: GZIP_LEVEL });
        const reply = await send(address, { method: "POST", headers, body: packed }, AXIOM_REPLY_BYTES_MAX);
        if (isPermanent(reply.status)) refusals.add(batch.rows, failure(reply).message);
        else if (!isOk(reply.status)) throw failure(reply);
        else {
          const { failed, why } = failedIn(reply.text);
          if (failed > 0) refusals.add(failed, quote(why));
        }
      }
      refusals.end(rows);
    },
  };
}

/** `failed` stands before the list of failures, which may be too long to have been read to its end. */
function failedIn(reply: string): { failed: number; why: string } {
  const failed = Number(/"failed"\s*:\s*(\d+)/.exec(reply)?.[1] ?? 0);
  const why = /"error"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(reply)?.[1];
  return { failed, why: why === undefined ? "no reason given" : String(JSON.parse(why)) };
}
