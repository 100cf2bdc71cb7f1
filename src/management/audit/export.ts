/** The audit log as files. */
import type { Entry } from "./entries.ts";

export type ExportFormat = "ndjson" | "csv";

export const EXPORT_FORMATS: Record<ExportFormat, { type: string; line(entry: Entry): string }> = {
  ndjson: { type: "application/x-ndjson", line: (entry) => `${JSON.stringify(entry)}\n` },
  csv: { type: "text/csv; charset=utf-8", line: csvLine },
};

const COLUMNS: [string, (entry: Entry) => string | null | undefined][] = [
  ["id", ({ id }) => id],
  ["at", ({ at }) => at],
  ["actor_kind", ({ actor }) => actor.kind],
  ["actor_id", ({ actor }) => actor.id],
  ["actor_name", ({ actor }) => actor.name],
  ["credential_kind", ({ credential }) => credential?.kind],
  ["credential_id", ({ credential }) => credential?.id],
  ["action", ({ action }) => action],
  ["target", ({ target }) => target],
  ["result", ({ result }) => result],
  ["ip", ({ ip }) => ip],
  ["user_agent", ({ userAgent }) => userAgent],
  ["trace_id", ({ traceId }) => traceId],
  ["detail", ({ detail }) => JSON.stringify(detail)],
];

/** RFC 4180; null: the header line. */
export function csvLine(entry: Entry | null): string {
  const cells = COLUMNS.map(([name, cell]) => (entry === null ? name : quoted(cell(entry) ?? "")));
  return `${cells.join(",")}\r\n`;
}

/** A spreadsheet takes a cell that begins with one of these for a formula; a name that somebody chose must not be one. */
function quoted(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
