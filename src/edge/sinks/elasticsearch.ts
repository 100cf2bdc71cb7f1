/**
 * Elasticsearch and OpenSearch by `_bulk`. Exactly once in an index: each event is created under an id of its own, and one that
 * is there already (409) is in. A data stream holds ids per backing index, so a retry across its rollover may store an event again.
 *
 * An event that does not fit the mapping (400) stays out alone; the segment counts as refused, with the number of such events and
 * the first reason, only when all others are in.
 * Spec: https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
 */
import type { SinkSettings } from "../../access/dataset-settings.ts";
import { newScanned, scanValue, watchNames } from "../scan/scan.ts";
import { countRefusals, failureOf, isOk, isPermanent } from "./outcome.ts";
import { below, openReceiver } from "./receiver.ts";
import { type Sink, SinkFailure } from "./sink.ts";
import { batchesOf, type Render } from "./unpack.ts";

/** Bytes of one request: managed clusters take 10 MB at least. */
export const ES_REQUEST_BYTES_MAX = 8_000_000;
/** Rows of one request, which bound the answer. */
export const ES_REQUEST_ROWS_MAX = 5_000;
const ES_REPLY_BYTES_MAX = 16_777_216;

interface Item {
  status: number;
  error?: { type?: string; reason?: string };
}

const TIMESTAMP = "@timestamp";
const watch = watchNames("_time", [TIMESTAMP]);
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const LINE_END = encoder.encode("\n");
const COMMA = encoder.encode(",");

export function elasticsearchSink({ name, url, options, secrets }: SinkSettings, fetch: typeof globalThis.fetch): Sink {
  const { send, failure, quote } = openReceiver(fetch, url, secrets);
  const address = below(url, options["index"] ?? "", "_bulk");
  address.searchParams.set("filter_path", "items.*.status,items.*.error.type,items.*.error.reason");
  const { authorization } = secrets;
  const headers = { "content-type": "application/x-ndjson", ...(authorization === undefined ? {} : { authorization }) };
  const limits = { bytesMax: ES_REQUEST_BYTES_MAX, rowsMax: ES_REQUEST_ROWS_MAX };
  return {
    name,
    async write({ id, rows, body }) {
      const refusals = countRefusals();
      for await (const batch of batchesOf(body, limits, renderWith(id))) {
        const reply = await send(address, { method: "POST", headers, body: batch.body }, ES_REPLY_BYTES_MAX);
        if (isPermanent(reply.status)) {
          refusals.add(batch.rows, failure(reply).message);
          continue;
        }
        if (!isOk(reply.status)) throw failure(reply);
        const items = itemsOf(reply.text);
        if (items?.length !== batch.rows) throw new SinkFailure(`_bulk answered for ${items?.length ?? 0} of ${batch.rows} events`);
        for (const { status, error } of items) {
          if (isOk(status) || status === 409) continue;
          const why = `${status} ${quote(`${error?.type ?? ""}: ${error?.reason ?? ""}`)}`;
          if (!isPermanent(status)) throw failureOf(status, reply.headers, `_bulk refused an event for now: ${why}`);
          refusals.add(1, why);
        }
      }
      refusals.end(rows);
    },
  };
}

/** An event as a `create` action. `@timestamp` is spliced in; everything else stays byte for byte. */
function renderWith(id: string): Render {
  const found = newScanned();
  return (line, row) => {
    const action = encoder.encode(`{"create":{"_id":"${id}-${row}"}}\n`);
    const end = scanValue(line, 0, line.length, watch, true, found);
    const timed = end > 0 && found.object && found.timeStart > 0;
    // the sender's own `@timestamp` stays, and a name with escapes may be one: twice the same name is refused
    if (!timed || (found.reshape && TIMESTAMP in JSON.parse(decoder.decode(line)))) return [action, line, LINE_END];
    const time = line.subarray(found.timeStart, found.timeEnd);
    const inside = line.subarray(line.indexOf(0x7b) + 1);
    return [action, encoder.encode(`{"${TIMESTAMP}":`), time, COMMA, inside, LINE_END];
  };
}
/** One entry per row, in their order; null when the answer cannot be read. */
function itemsOf(reply: string): Item[] | null {
  try {
    const { items = [] } = JSON.parse(reply) as { items?: Record<string, Item>[] };
    return items.map((item) => Object.values(item)[0] ?? { status: 0 });
  } catch {
    return null;
  }
}
