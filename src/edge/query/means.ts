/** What a query is carried out with, and what is said of how it went. */
import { type Executed, execute } from "./apl/execute.ts";
import { type Beside, planQuery } from "./apl/plan.ts";
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
 * @param beside a second answer that is made of the same events while they are read.
 * @throws QueryFault
 */
export async function run(
  query: Query,
  range: TimeRange,
  now: number,
  scan: Scan,
  { virtualFields, elsewhere }: Means,
  beside: Beside | null = null,
): Promise<Executed> {
  if (elsewhere) {
    const ran = await elsewhere(query, range, now);
    return beside ? { ...ran, beside: await elsewhere(alone(query, beside), range, now) } : ran;
  }
  const none = new Map<string, Expression>();
  const options = { now, range, isRangeGiven: true, virtualFields: (dataset: string) => virtualFields.get(dataset) ?? none };
  return execute(planQuery(query, options, beside), scan);
}

/** The second answer as a query of its own. */
function alone({ lets, body }: Query, { at, operators }: Beside): Query {
  return { lets, body: { ...body, operators: [...body.operators.slice(0, at), ...operators] } };
}

/** Whether the answer may hold estimates. Another server counts no rows, and its own aggregations estimate as well. */
export function mayEstimate(query: Query, { rowsMatched }: Executed, { elsewhere }: Means): boolean {
  return isEstimate(query, elsewhere ? Number.POSITIVE_INFINITY : rowsMatched);
}

export function statusOf(
  examined: Examined,
  { rowsMatched, cuts }: Executed,
  estimated: boolean,
  startedMs: number,
  endedMs: number,
  groups: ResultTable | null,
  cursors: { readonly min: string; readonly max: string },
  messages: readonly Message[],
): Status {
  const { minBlockTime, maxBlockTime } = examined;
  return {
    elapsed: (endedMs - startedMs) * 1_000,
    blocksExamined: examined.blocksExamined,
    rowsExamined: examined.rowsExamined,
    rowsMatched,
    numGroups: groups?.rows.length ?? 0,
    isPartial: examined.isPartial || cuts.length > 0,
    isEstimate: estimated,
    blockTimes: minBlockTime === null || maxBlockTime === null ? null : { min: minBlockTime * 1_000, max: maxBlockTime * 1_000 },
    minCursor: cursors.min,
    maxCursor: cursors.max,
    messages: [
      ...messages,
      ...examined.messages.map((text): Message => ({ priority: "warn", code: "apl_readinglimit_1", text })),
      ...cuts.map(({ code, text }): Message => ({ priority: "warn", code, text })),
    ],
  };
}
