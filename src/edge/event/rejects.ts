/** The rows of a request that were not taken: all counted, the first ones named in the reply, and kept for the quarantine. */

/** Rejected rows that are named in the reply; all are counted. */
export const FAILURES_LISTED_MAX = 100;
/** Bytes kept of one rejected row, and of all of a request. */
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
  let room = KEPT_BYTES_MAX - into.kept.reduce((sum, { raw }) => sum + raw.length, 0);
  for (const row of from.kept) {
    room -= row.raw.length;
    if (room < 0) return;
    into.kept.push(row);
    into.keptReasons[row.reason] = (into.keptReasons[row.reason] ?? 0) + 1;
  }
}

const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const noRejects = (): Rejects => ({ rejected: [], failed: 0, indices: [], reasons: {}, keptReasons: {}, kept: [] });

export function openRejects(nowText: string): RejectsWriter {
  const rejects = noRejects();
  let keptBytes = 0;
  return {
    add(index, reason, detail, raw) {
      const { rejected, reasons, keptReasons, kept } = rejects;
      rejects.failed++;
      rejects.indices.push(index);
      reasons[reason] = (reasons[reason] ?? 0) + 1;
      const listed = rejected.length < FAILURES_LISTED_MAX;
      const size = raw ? Math.min(raw.end - raw.start, RAW_BYTES_MAX) : 0;
      const keeps = raw !== null && keptBytes + size <= KEPT_BYTES_MAX;
      if (!listed && !keeps) return;
      const words = typeof detail === "string" ? detail : detail();
      if (listed) rejected.push({ index, reason, detail: words, timestamp: nowText });
      if (!keeps) return;
      keptBytes += size;
      keptReasons[reason] = (keptReasons[reason] ?? 0) + 1;
      const columns = raw.csvFields ? { csvFields: raw.csvFields } : {};
      const { bytes, start, end } = raw;
      kept.push({ index, reason, detail: words, bytes: end - start, ...columns, ...readable(bytes.subarray(start, start + size)) });
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
