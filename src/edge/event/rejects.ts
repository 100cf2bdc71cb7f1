/** The rows of a request that were not taken: all counted, the first ones named in the reply, and kept for the quarantine. */

/** Rejected rows that are named in the reply; all are counted. */
export const FAILURES_LISTED_MAX = 100;
/** Bytes kept of one rejected row; and of all of a request, as they will stand in the quarantine. */
export const RAW_BYTES_MAX = 65_536;
export const KEPT_BYTES_MAX = 4 * 1_048_576;

export type RejectReason = "syntax" | "not-an-object" | "time" | "too-many-members" | "name-too-long" | "row";

/** One event that was not taken: the row's number from 0, why, and the time to show for it. */
export interface Rejected {
  index: number;
  reason: RejectReason;
  detail: string;
  timestamp: string;
}

/** Where a row stands in the bytes it came in. */
export interface Raw {
  bytes: Uint8Array;
  start: number;
  end: number;
  csvFields?: string[];
}

/** A rejected row with what was sent. */
export interface KeptRow {
  index: number;
  reason: RejectReason;
  detail: string;
  /** What was sent, as text, or in base64 where it is no UTF-8. */
  raw: string;
  encoding: "utf-8" | "base64";
  /** Bytes of the row; more than RAW_BYTES_MAX means that `raw` is its beginning. */
  bytes: number;
  /** The columns of a CSV row. */
  csvFields?: string[];
}

/** What a kept row takes beside its raw bytes, its detail and its columns: their names, the token, the trace, the times. */
const FRAME_BYTES = 300;

export interface Rejects {
  /** The first rejected rows, at most FAILURES_LISTED_MAX. */
  rejected: Rejected[];
  /** All rejected rows. */
  failed: number;
  /** Their numbers. */
  indices: number[];
  /** Rows by reason: all rejected ones, and those that are kept. */
  reasons: Record<string, number>;
  keptReasons: Record<string, number>;
  kept: KeptRow[];
  /** Bytes of them, as they will stand in the quarantine. */
  keptBytes: number;
}

export interface RejectsWriter {
  /** A detail given as a function is put into words only when it will be shown. */
  add(index: number, reason: RejectReason, detail: string | (() => string), raw: Raw | null): void;
  count(reason?: RejectReason): number;
  close(): Rejects;
}

/** Adds what a further part of the same body has brought, within the same bounds. */
export function mergeRejects(into: Rejects, from: Rejects): void {
  into.failed += from.failed;
  into.rejected.push(...from.rejected.slice(0, FAILURES_LISTED_MAX - into.rejected.length));
  for (const [reason, rows] of Object.entries(from.reasons)) into.reasons[reason] = (into.reasons[reason] ?? 0) + rows;
  // of a part it is all or nothing: parts are small, and what is not kept is counted
  if (into.keptBytes + from.keptBytes > KEPT_BYTES_MAX) return;
  into.keptBytes += from.keptBytes;
  into.kept.push(...from.kept);
  for (const [reason, rows] of Object.entries(from.keptReasons)) into.keptReasons[reason] = (into.keptReasons[reason] ?? 0) + rows;
}

const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const noRejects = (): Rejects => ({ rejected: [], failed: 0, indices: [], reasons: {}, keptReasons: {}, kept: [], keptBytes: 0 });

export function openRejects(nowText: string): RejectsWriter {
  const rejects = noRejects();
  const columns = { of: [] as string[], bytes: 0 };

  function columnsBytes(fields: string[]): number {
    if (columns.of !== fields) Object.assign(columns, { of: fields, bytes: JSON.stringify(fields).length });
    return columns.bytes;
  }

  /** Keeps a row unless it would be too much with those before it. Whoever sends bad rows must not be able to fill memory by them. */
  function keep(index: number, reason: RejectReason, detail: string, { bytes, start, end, csvFields }: Raw): void {
    const least = FRAME_BYTES + detail.length + (csvFields ? columnsBytes(csvFields) : 0);
    const sent = Math.min(end - start, RAW_BYTES_MAX);
    if (rejects.keptBytes + least + sent > KEPT_BYTES_MAX) return;
    const shown = readable(bytes.subarray(start, start + sent));
    const size = least + JSON.stringify(shown.raw).length;
    if (rejects.keptBytes + size > KEPT_BYTES_MAX) return;
    rejects.keptBytes += size;
    rejects.keptReasons[reason] = (rejects.keptReasons[reason] ?? 0) + 1;
    rejects.kept.push({ index, reason, detail, bytes: end - start, ...(csvFields ? { csvFields } : {}), ...shown });
  }

  return {
    add(index, reason, detail, raw) {
      const { rejected, reasons } = rejects;
      rejects.failed++;
      rejects.indices.push(index);
      reasons[reason] = (reasons[reason] ?? 0) + 1;
      const listed = rejected.length < FAILURES_LISTED_MAX;
      const keeps = raw !== null && rejects.keptBytes + FRAME_BYTES < KEPT_BYTES_MAX;
      if (!listed && !keeps) return;
      const words = typeof detail === "string" ? detail : detail();
      if (listed) rejected.push({ index, reason, detail: words, timestamp: nowText });
      if (raw !== null) keep(index, reason, words, raw);
    },
    count: (reason) => (reason ? (rejects.reasons[reason] ?? 0) : rejects.failed),
    close: () => rejects,
  };
}

function readable(bytes: Uint8Array): Pick<KeptRow, "raw" | "encoding"> {
  try {
    return { raw: text.decode(bytes), encoding: "utf-8" };
  } catch {
    return { raw: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")), encoding: "base64" };
  }
}
