/** What is said of a query beside its answer. Codes begin with `apl_`, as Axiom's do: axiom-go refuses an answer with any other. */
import { placeOf } from "./apl/parse.ts";
import type { Query } from "./apl/syntax.ts";
import type { Message } from "./reply/result.ts";

/** @param text of the query */
export function advice(text: string, { body }: Query): Message[] {
  return body.operators.flatMap((operator): Message[] => {
    if (operator.kind !== "where" || operator.predicate.kind !== "literal" || operator.predicate.value !== true) return [];
    const { line, column } = placeOf(text, operator.predicate.at);
    return [
      {
        priority: "warn",
        // code and words are Axiom's own: axiom-py's suite compares them
        code: "apl_whereclausealwaysevaluatestoTRUEwhichwillincludealldata_1",
        text: `line: ${line}, col: ${column}: where clause always evaluates to TRUE, which will include all data`,
      },
    ];
  });
}

export const DEFAULT_RANGE: Message = {
  priority: "info",
  code: "apl_defaulttimerangeapplied_1",
  text: "the query says no time: the last 15 minutes were read; give startTime, or compare _time",
};

export function defaultLimit(rows: number): Message {
  return {
    priority: "warn",
    code: "default_limit_warning",
    text: `more rows match than the ${rows} that are given where a query names no number; add take, or page with the cursor`,
  };
}
