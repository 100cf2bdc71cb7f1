/** The member `status` of both formats. */
import type { Status } from "./result.ts";
import { NO_TIME, timeText } from "./value.ts";

/** Axiom's word for: nothing of it was known before. */
const CACHE_MISS = 1;

export function statusReply(status: Status) {
  const { blockTimes, messages } = status;
  return {
    // axiom-go's suite wants some time to have passed, and a Worker's clock may stand still
    elapsedTime: Math.max(1, Math.round(status.elapsed)),
    blocksExamined: status.blocksExamined,
    rowsExamined: status.rowsExamined,
    rowsMatched: status.rowsMatched,
    numGroups: status.numGroups,
    isPartial: status.isPartial,
    isEstimate: status.isEstimate,
    cacheStatus: CACHE_MISS,
    minBlockTime: blockTimes ? timeText(blockTimes.min) : NO_TIME,
    maxBlockTime: blockTimes ? timeText(blockTimes.max) : NO_TIME,
    messages: messages.map(({ priority, code, text }) => ({ priority, count: 1, code, msg: text })),
    minCursor: status.minCursor,
    maxCursor: status.maxCursor,
  };
}
