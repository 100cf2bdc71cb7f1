/**
 * Axiom's ingest API. Specification: https://axiom.co/docs/restapi/endpoints/ingestIntoDataset
 * Seen speaking it: axiom-go, axiom-js, axiom-py, axiom-rs, the Axiom CLI, Vector, Fluent Bit, curl.
 *
 *     curl -X POST https://<edge>/v1/ingest/<dataset> \
 *       -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/x-ndjson" \
 *       -d '{"level":"info","message":"hello"}'
 */
import { readAuthorization } from "../../access/authorization.ts";
import { Problem, problemResponse } from "../../problem.ts";
import { eventRules } from "../event/rules.ts";
import { readDelimiter } from "../formats/csv-delimiter.ts";
import { decodeWith, type Format, type FormatOptions } from "../formats/format.ts";
import { formatOf } from "../formats/index.ts";
import { decodeChunks } from "../formats/windows.ts";
import type { Call, Outcome, Protocol } from "./protocol.ts";

export const axiom: Protocol = {
  name: "axiom",
  credential: (call) => readAuthorization(call.headers, call.query),
  decode(body, call) {
    const { format, options } = formatFor(body, call);
    return decodeWith(format, body, rulesOf(call), options);
  },
  decodeLarge: (chunks, call) => decodeChunks(chunks, rulesOf(call), (first) => formatFor(first, call)),
  shape({ headers, query }) {
    const parameters = ["timestamp-field", "timestamp-format", "csv-delimiter"].map((name) => query.get(name));
    return JSON.stringify([
      ...parameters,
      ...["content-type", "x-axiom-csv-fields", "x-axiom-event-labels"].map((name) => headers.get(name)),
    ]);
  },
  reply: ingestStatus,
  refuse: problemResponse,
};

/** @throws Problem `parameter-invalid` */
function formatFor(first: Uint8Array, { headers, query }: Call): { format: Format; options: FormatOptions } {
  const format = formatOf(headers.get("content-type"), first);
  // axiom-py sends csv-delimiter with JSON too; there it means nothing
  const csvDelimiter = format.name === "csv" ? readDelimiter(query.get("csv-delimiter") || null) : 0;
  return { format, options: { csvDelimiter, csvFields: csvFields(headers.get("x-axiom-csv-fields")) } };
}

/** @throws Problem `parameter-invalid` */
export function rulesOf({ headers, query, now, observe = null }: Call) {
  const parameters = {
    timeField: query.get("timestamp-field"),
    timeLayout: query.get("timestamp-format"),
    labels: headers.get("x-axiom-event-labels"),
    observe,
  };
  const rules = eventRules(parameters, now);
  if (typeof rules === "string") throw new Problem("parameter-invalid", rules);
  return rules;
}

/** axiom-go always sends the header with CSV, empty when it names no columns. */
function csvFields(header: string | null): string[] | null {
  return header ? header.split(",").map((name) => name.trim()) : null;
}

/** The six members in full, even when empty: axiom-rs and axiom-py break without one, axiom-go on a seventh. */
export function ingestStatus({ batch, bodyBytes }: Outcome, call: Call): Response {
  const labels = call.headers.get("x-axiom-event-labels");
  return Response.json({
    ingested: batch.rows,
    failed: batch.failed,
    failures: batch.rejected.map(({ index, detail, timestamp }) => ({ timestamp, error: `event ${index} (from 0): ${detail}` })),
    processedBytes: bodyBytes + (labels ? new TextEncoder().encode(labels).length : 0),
    blocksCreated: 0,
    walLength: batch.rows,
  });
}
