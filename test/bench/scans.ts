/** What scanning-edge.ts does when it is asked to, by the last part of the path. */
import type { NeededText } from "../../src/edge/query/apl/source.ts";

export const SCAN_PATH = "/bench/scan/";

/** Reads the same bytes as every scan, inflates them and gives each line to JSON.parse. */
export const NAIVE = "naive";

export interface ScanKind {
  /** Null: all. */
  names: string[] | null;
  texts: NeededText[][];
  /** Rows after which it ends; null: never. */
  take: number | null;
}

export const SCANS: Record<string, ScanKind> = {
  narrow: { names: ["_time", "service", "duration_ms"], texts: [], take: null },
  selective: { names: ["_time", "service", "level"], texts: [[{ text: "error", ignoreCase: false }]], take: null },
  wide: { names: null, texts: [], take: null },
  take: { names: null, texts: [], take: 100 },
};
