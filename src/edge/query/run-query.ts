/** Where datasets are kept: a query carried out and its answer written. */
import { asProblem, Problem } from "../../problem.ts";
import { DEFAULT_RANGE, advice, defaultLimit } from "./advice.ts";
import { QueryFault } from "./apl/fault.ts";
import { parseExpression, parseQuery } from "./apl/parse.ts";
import type { Scan } from "./apl/source.ts";
import type { Expression, Let, Query } from "./apl/syntax.ts";
import type { Value } from "./apl/value.ts";
import type { Answer, Asked } from "./asked.ts";
import { positionOf, withCursors } from "./cursor.ts";
import { faultProblem } from "./fault.ts";
import { compileLegacy, type LegacyPlan } from "./legacy/compile.ts";
import { literal } from "./legacy/tree.ts";
import { type Prepared, prepare, ROWS_DEFAULT } from "./prepare.ts";
import { closedRange } from "./range.ts";
import { legacyAplReply, legacyQueryReply } from "./reply/legacy.ts";
import type { Message, Result, ResultTable, Status } from "./reply/result.ts";
import { tabularReply } from "./reply/tabular.ts";
import type { AplRequest, CursorAsked } from "./request/apl.ts";
import type { LegacyRequest } from "./request/legacy.ts";
import type { TimeRange } from "./request/time-range.ts";
import { cursorsOf, type Meant, tableOf } from "./table.ts";
import { foldedTotals, inOrder, keepsAllGroups, TOTALS, totalsQuery } from "./totals.ts";

/** Characters of an answer: an RPC takes 32 MiB. */
const ANSWER_LENGTH_MAX = 30_000_000;

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

/** What a query is carried out with. */
export interface Means {
  /** Opens the datasets that the query may read. `wide`: ids of rows are given where all fields are wanted. */
  open(asked: Asked, wide: boolean): Reading;
  /** @throws QueryFault */
  run(query: Query, range: TimeRange, now: number, scan: Scan): Promise<Ran>;
  /** Epoch milliseconds. */
  clock(): number;
}

/** Never throws: what is wrong with a query, or with what it needs, is an answer too. */
export async function runQuery(asked: Asked, means: Means): Promise<Answer> {
  try {
    const { question } = asked;
    const reply = question.kind === "apl" ? await runApl(question.request, asked, means) : await runLegacy(question.request, question.dataset, asked, means);
    const body = JSON.stringify(reply);
    if (body.length > ANSWER_LENGTH_MAX)
      throw new Problem("query-invalid", "the answer is larger than 30 MB; project fewer fields, take fewer rows, or summarize");
    return { kind: "answered", body };
  } catch (thrown) {
    const { reason, message, members } = asProblem(thrown);
    return { kind: "refused", reason, detail: message, members };
  }
}
