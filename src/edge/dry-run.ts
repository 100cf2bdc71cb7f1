/** `?dry-run=true`: what a body would become, and how each time was read. Nothing is stored. */
import { Problem } from "../problem.ts";
import type { SeenTime } from "./event/rules.ts";
import type { Call, Protocol } from "./protocols/protocol.ts";
import type { Sender } from "./store.ts";

/** Events and times shown; all are counted. */
const SHOWN_MAX = 100;

/** @throws Problem `parameter-invalid`: whoever misspells it must not find the events stored. */
export function isDryRun({ query }: Call): boolean {
  const value = query.get("dry-run");
  if (value === null || value === "false") return false;
  if (value !== "true") throw new Problem("parameter-invalid", `dry-run must be true or false, not ${JSON.stringify(value)}`);
  return true;
}

export function dryRun(body: Uint8Array, protocol: Protocol, call: Call, sender: Pick<Sender, "dedupe" | "idempotencyKey">): Response {
  const { dedupe, idempotencyKey } = sender;
  const seen: SeenTime[] = [];
  const observe = (time: SeenTime) => {
    if (seen.length < SHOWN_MAX) seen.push(time);
  };
  const batch = protocol.decode(body, { ...call, observe });
  const layout = call.query.get("timestamp-format");
  return Response.json({
    dryRun: true,
    ingested: batch.rows,
    failed: batch.failed,
    failures: batch.rejected.map(({ index, reason, detail }) => ({ index, reason, error: detail })),
    processedBytes: body.length,
    retryIsRecognised: dedupe !== "off" && (idempotencyKey !== null || (dedupe === "content" && batch.everyEventHasItsOwnTime)),
    events: firstLines(batch.ndjson),
    times: seen.map((time) => ({
      index: time.index,
      sent: sentOf(time),
      read: new Date(time.ms).toISOString(),
      as: spellingOf(time, layout),
    })),
  });
}

function firstLines(ndjson: Uint8Array): unknown[] {
  const events: unknown[] = [];
  for (let start = 0; start < ndjson.length && events.length < SHOWN_MAX; ) {
    const end = ndjson.indexOf(0x0a, start);
    events.push(JSON.parse(new TextDecoder().decode(ndjson.subarray(start, end))));
    start = end + 1;
  }
  return events;
}

function sentOf({ sent }: SeenTime): unknown {
  return sent === null ? null : JSON.parse(sent);
}

function spellingOf({ sent, ms, stored }: SeenTime, layout: string | null): string {
  if (sent === null) return "none: the receive time";
  if (layout) return `timestamp-format ${layout}`;
  if (sent.startsWith('"') && Number.isNaN(Number(sent.slice(1, -1))))
    return stored === null ? "RFC 3339, UTC" : "a date's text, rewritten to RFC 3339 in UTC";
  return `a Unix epoch in ${epochUnit(Number(sent.replaceAll('"', "")), ms)}`;
}

function epochUnit(number: number, ms: number): string {
  const perMs = number / ms;
  return perMs < 0.1 ? "seconds" : perMs < 100 ? "milliseconds" : perMs < 100_000 ? "microseconds" : "nanoseconds";
}
