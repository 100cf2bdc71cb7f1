/** What a query is carried out with, and what is said of how it went. */
import type { Scan } from "./apl/source.ts";
import type { Query } from "./apl/syntax.ts";
import type { Asked } from "./asked.ts";
import type { Message, ResultTable, Status } from "./reply/result.ts";
import type { TimeRange } from "./request/time-range.ts";
import type { Meant } from "./table.ts";

/** What has been read so far, over all scans of a query. Times are epoch milliseconds of events. */
export interface Examined {
  readonly rowsExamined: number;
  readonly blocksExamined: number;
  readonly minBlockTime: number | null;
  readonly maxBlockTime: number | null;
  readonly isPartial: boolean;
  readonly messages: readonly string[];
}

/** What the engine gives for one query. */
export interface Ran extends Meant {
  readonly rowsMatched: number;
  /** What was left out, and why. */
  readonly cuts: readonly { readonly code: string; readonly text: string }[];
}

export interface Reading {
  readonly scan: Scan;
  examined(): Examined;
}

export interface Means {
  /** Opens the datasets that the query may read. `wide`: ids of rows are given where all fields are wanted. */
  open(asked: Asked, wide: boolean): Reading;
  /** @throws QueryFault */
  run(query: Query, range: TimeRange, now: number, scan: Scan): Promise<Ran>;
  /** Epoch milliseconds. */
  clock(): number;
}

/** How one run of the engine went, read off before another one begins to count. */
export interface Went {
  readonly examined: Examined;
  readonly rowsMatched: number;
}

export function statusOf(
  { examined, rowsMatched }: Went,
  after: Examined,
  runs: readonly Ran[],
  startedMs: number,
  endedMs: number,
  groups: ResultTable | null,
  cursors: { readonly min: string; readonly max: string },
  messages: readonly Message[],
): Status {
  const { minBlockTime, maxBlockTime } = examined;
  const cuts = runs.flatMap((ran) => ran.cuts);
  return {
    elapsed: (endedMs - startedMs) * 1_000,
    blocksExamined: examined.blocksExamined,
    rowsExamined: examined.rowsExamined,
    rowsMatched,
    numGroups: groups?.rows.length ?? 0,
    isPartial: after.isPartial || cuts.length > 0,
    isEstimate: false,
    blockTimes: minBlockTime === null || maxBlockTime === null ? null : { min: minBlockTime * 1_000, max: maxBlockTime * 1_000 },
    minCursor: cursors.min,
    maxCursor: cursors.max,
    messages: [
      ...messages,
      ...after.messages.map((text): Message => ({ priority: "warn", code: "apl_readinglimit_1", text })),
      ...cuts.map(({ code, text }): Message => ({ priority: "warn", code: code.startsWith("apl_") ? code : `apl_${code}`, text })),
    ],
  };
}
