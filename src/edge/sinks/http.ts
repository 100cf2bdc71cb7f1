/**
 * Any receiver of gzip NDJSON over HTTP. At least once, and exactly once where the receiver honours `Idempotency-Key`.
 * The body may hold several gzip members (RFC 1952 2.2), as the objects in the bucket do.
 */
import type { SinkSettings } from "../../access/dataset-settings.ts";
import { isOk } from "./outcome.ts";
import { openReceiver } from "./receiver.ts";
import type { Sink } from "./sink.ts";

export function httpSink({ name, url, secrets }: SinkSettings, fetch: typeof globalThis.fetch): Sink {
  const { send, failure } = openReceiver(fetch, url, secrets);
  const { authorization } = secrets;
  const headers = {
    "content-type": "application/x-ndjson",
    "content-encoding": "gzip",
    ...(authorization === undefined ? {} : { authorization }),
  };
  return {
    name,
    async write({ id, destination, body }) {
      const own = { "idempotency-key": id, "x-headgate-dataset": destination.dataset };
      const reply = await send(new URL(url), { method: "POST", headers: { ...headers, ...own }, body });
      if (!isOk(reply.status)) throw failure(reply);
    },
  };
}
