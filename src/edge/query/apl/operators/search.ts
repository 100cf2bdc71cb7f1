/** `search "text"`: rows of which any column has the term, whatever its case; `*` in it stands for any text. */

import type { Columns } from "../columns.ts";
import { printDynamic } from "../expression/coerce.ts";
import { textTest } from "../expression/text-search.ts";
import { QueryFault } from "../fault.ts";
import { compileIn, type Flow, type Planning, type PlanOperator, passing } from "../plan/flow.ts";
import { compileRegex } from "../regex.ts";
import type { Expression } from "../syntax.ts";
import type { Row, Value } from "../value.ts";

type Test = (row: Row) => boolean;

export const search: PlanOperator<"search"> = (flow, { predicate }, planning) => {
  const test = testOf(flow, predicate, planning);
  flow.steps.push((next) => passing(next, (rows) => rows.filter(test)));
};

/** `and`, `or` and `not()` stand between texts as they do between conditions. */
function testOf(flow: Flow, one: Expression, planning: Planning): Test {
  if (one.kind === "logic") {
    const [left, right] = [testOf(flow, one.left, planning), testOf(flow, one.right, planning)];
    return one.op === "and" ? (row) => left(row) && right(row) : (row) => left(row) || right(row);
  }
  if (one.kind === "call" && one.name === "not" && one.args[0] && one.args.length === 1) {
    const of = testOf(flow, one.args[0], planning);
    return (row) => !of(row);
  }
  if (one.kind === "literal" && one.type === "string" && typeof one.value === "string")
    return anyColumn(flow.layout, termTest(one.value, one.at));
  const { type, run } = compileIn(flow, one, planning);
  if (type !== "bool" && type !== "dynamic")
    throw new QueryFault(one.at, 'search takes texts in quotes and conditions, as in search "error" and status == 500');
  return (row) => run(row) === true;
}

function anyColumn({ list }: Columns, matches: (text: string) => boolean): Test {
  return (row) => {
    for (let slot = 0; slot < row.length; slot++) {
      const value = row[slot];
      if (value === undefined || value === null || isTime(list[slot]?.type, value)) continue;
      if (matches(printDynamic(value))) return true;
    }
    return false;
  };
}

/** A time is microseconds here, which is not what anybody would look for. */
function isTime(type: string | undefined, value: Value): boolean {
  return typeof value === "number" && (type === "datetime" || type === "timespan");
}

/** Without `*` at an end the text has to begin, or to end, a term there. */
function termTest(term: string, at: number): (text: string) => boolean {
  const inner = term.replace(/^\*+|\*+$/g, "");
  const [begins, ends] = [!term.startsWith("*"), !term.endsWith("*")];
  if (!inner.includes("*")) return textTest(begins ? (ends ? "has" : "hasprefix") : ends ? "hassuffix" : "contains", inner);
  const edge = (isWanted: boolean, character = "") => (isWanted && /\w/.test(character) ? "\\b" : "");
  const parts = inner.split("*").map((part) => part.replace(/[^\p{L}\p{N}_\s]/gu, "\\$&"));
  return compileRegex(edge(begins, inner[0]) + parts.join(".*") + edge(ends, inner.at(-1)), "is", at).test;
}
