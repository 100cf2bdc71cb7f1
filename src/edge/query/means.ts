/** What a query is carried out with, and what is said of how it went. */
import { type Executed, execute } from "./apl/execute.ts";
import { planQuery } from "./apl/plan.ts";
import type { Scan } from "./apl/source.ts";
import type { Expression, Query } from "./apl/syntax.ts";
import { isEstimate } from "./estimate.ts";
import type { Message, ResultTable, Status } from "./reply/result.ts";
import type { TimeRange } from "./request/time-range.ts";

/** What has been read so far, over all scans of a query. Times are epoch milliseconds of events. */
export interface Examined {
  readonly rowsExamined: number;
  readonly blocksExamined: number;
  readonly minBlockTime: number | null;
  readonly maxBlockTime: number | null;
  readonly isPartial: boolean;
  readonly messages: readonly string[];
}

export interface Reading {
  readonly scan: Scan;
  examined(): Examined;
}

export interface Means {
  /** Opens the datasets that the query may read. `wide`: ids of rows are given where all fields are wanted. */
  open(wide: boolean): Reading;
  /** Virtual fields by dataset, then by name. */
  readonly virtualFields: ReadonlyMap<string, ReadonlyMap<string, Expression>>;
  /** What is to be said of the datasets. */
  readonly messages: readonly Message[];
  /** Epoch milliseconds. */
  clock(): number;
  /** Has another server carry a query out, in place of our own engine. @throws QueryFault, Problem */
  readonly elsewhere?: (query: Query, range: TimeRange, now: number) => Promise<Executed>;
}

/**
 * One query through the engine.
 * @param now microseconds of the epoch.
 * @throws QueryFault
 */
export function run(query: Query, range: TimeRange, now: number, scan: Scan, { virtualFields, elsewhere }: Means): Promise<Executed> {
  if (elsewhere) return elsewhere(query, range, now);
  const none = new Map<string, Expression>();
  return execute(
    planQuery(query, { now, range, isRangeGiven: true, virtualFields: (dataset) => virtualFields.get(dataset) ?? none }),
    scan,
  );
}

/** How one run of the engine went, read off before another one begins to count. */
export interface Went {
  readonly examined: Examined;
  readonly rowsMatched: number;
  readonly isEstimate: boolean;
}

/** Another server counts no rows, and its own aggregations estimate as well. */
export function wentOf(query: Query, { rowsMatched }: Executed, examined: Examined, { elsewhere }: Means): Went {
  return { examined, rowsMatched, isEstimate: isEstimate(query, elsewhere ? Number.POSITIVE_INFINITY : rowsMatched) };
}

export function statusOf(
  { examined, rowsMatched, isEstimate }: Went,
  after: Examined,
  runs: readonly Executed[],
  startedMs: number,
  endedMs: number,
  groups: ResultTable | null,
  cursors: { readonly min: string; readonly max: string },
  messages: readonly Message[],
): Status {
  const { minBlockTime, maxBlockTime } = examined;
  const cuts = runs.flatMap((executed) => executed.cuts);
  return {
    elapsed: (endedMs - startedMs) * 1_000,
    blocksExamined: examined.blocksExamined,
    rowsExamined: examined.rowsExamined,
    rowsMatched,
    numGroups: groups?.rows.length ?? 0,
    isPartial: after.isPartial || cuts.length > 0,
    isEstimate,
    blockTimes: minBlockTime === null || maxBlockTime === null ? null : { min: minBlockTime * 1_000, max: maxBlockTime * 1_000 },
    minCursor: cursors.min,
    maxCursor: cursors.max,
    messages: [
      ...messages,
      ...after.messages.map((text): Message => ({ priority: "warn", code: "apl_readinglimit_1", text })),
      ...cuts.map(({ code, text }): Message => ({ priority: "warn", code, text })),
    ],
  };
}
