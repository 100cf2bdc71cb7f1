/** A fault in a query's text as its sender is told of it: in Axiom's words and members. */
import { Problem } from "../../problem.ts";
import type { QueryFault } from "./apl/fault.ts";
import { placeOf } from "./apl/parse.ts";

/** The members `line`, `column` and `message` of `detail` are Axiom's, and so is how the message begins. */
export function faultProblem(text: string, { at, message }: QueryFault): Problem {
  const { line, column } = placeOf(text, at);
  return new Problem("query-invalid", `line: ${line}, col: ${column}: ${message}`, { detail: { line, column, message } });
}
