/** What is wrong with a query is said where it is, and before an event is read. */
import { describe, expect, it } from "vitest";
import { QueryFault } from "../../../../../src/edge/query/apl/fault.ts";
import { parseQuery } from "../../../../../src/edge/query/apl/parse.ts";
import { planQuery, SOURCES_MAX } from "../../../../../src/edge/query/apl/plan.ts";
import { ask, NOW } from "./bench.ts";

const options = { now: NOW, range: { from: 0, to: NOW }, isRangeGiven: true, virtualFields: () => new Map() };

function faultOf(text: string): { at: number; message: string } {
  try {
    planQuery(parseQuery(text), options);
  } catch (fault) {
    if (fault instanceof QueryFault) return { at: fault.at, message: fault.message };
    throw fault;
  }
  throw new Error(`nothing is wrong with ${text}`);
}

/** `^` stands before what is wrong. */
const CASES: readonly (readonly [marked: string, message: RegExp])[] = [
  ["logs | project a = ms | where ^b == 1", /no column b; did you mean a\?/],
  ["logs | summarize n = count() by service | sort by ^servce", /no column servce; did you mean service\?/],
  ["logs | project a = ms | project-away ^status", /no column status/],
  ["logs | project a = ms | project-keep a, ^aa", /no column aa; did you mean a\?/],
  ["logs | project a = ms | project-rename ^c = b", /no column b; did you mean a\?/],
  ["logs | project a = ms | project-reorder ^bb", /no column bb/],
  ["logs | project-away service | where ^service == 'web'", /no column service any more/],
  ["logs | project-rename s = service | extend x = strlen(^service)", /no column service any more/],
  ["logs | project-away s* | project-away ^status", /no column status any more/],
  ["logs | project-keep a* | where ^b == 1", /no column b any more/],
  ["print a = 1, b = 2 | project-rename ^b = a", /a column b already/],
  ["print a = 1 | project-rename b = a, ^c = a", /named twice/],
  ["logs | where ^count() > 1", /aggregation/],
  ["logs | extend x = ^sum(ms)", /aggregation/],
  ["logs | where ^strlenn(service) > 1", /no function strlenn\(\); did you mean strlen\(\)\?/],
  ["logs | summarize ^strlen(service)", /no aggregation strlen\(\); .*such as count\(\)/],
  ["logs | summarize ^cuont()", /did you mean count\(\)\?/],
  ["logs | summarize 1 ^+ 2", /aggregation such as count\(\)/],
  ["logs | summarize sum(^max(ms))", /cannot stand in another aggregation/],
  ["logs | summarize x = count() + ^ms by service", /no column ms/],
  ["logs | summarize a = count(), ^a = sum(ms)", /given twice/],
  ["logs | summarize n = count() by ^n = service", /given twice/],
  ["logs | project a = 1, ^a = 2", /given twice/],
  ["logs | extend a = 1, ^a = 2", /given twice/],
  ["logs | where ^strlen(service)", /condition .* type long/],
  ["logs | parse message with a ':' b ' ' ^a", /given twice/],
  ["logs | parse message with ^a b", /end of a is not known/],
  ["logs | parse message with 'x' ^a *", /end of a is not known/],
  ["logs | ^parse kind=regex message with '(' a", /regular expression/],
  ["logs | search ^5", /texts in quotes and conditions/],
  ["logs | project a = ms | join kind=inner (owners) on ^service", /no column service/],
  ["logs | join kind=inner (owners | project team) on ^service", /no column service/],
  ["print k = 1 | join kind=inner (print k = 'x') on ^k", /type long is joined on k of type string; convert/],
  ["logs | join kind=inner (owners | where ^nosuch()) on service", /no function nosuch/],
  ["union logs, (owners | project a = ^nosuch())", /no function nosuch/],
  ["logs | make-series count() on _time step ^5", /timespan/],
  ["logs | make-series count() on ms step ^1h", /number/],
  ["logs | ^make-series count() on _time from datetime(2026-01-02) to datetime(2026-01-01) step 1h", /end after it begins/],
  ["logs | ^make-series count() on _time from datetime(2026-01-01) to datetime(2026-02-01) step 1s", /at most 20000 steps/],
  ["logs | make-series ^count() + 1 on _time step 1h", /aggregations alone/],
  ["logs | make-series count() default = ^ms on _time step 1h", /no column ms/],
  ["logs | make-series count() on _time from ^5 to 10 step 1h", /axis is of type datetime/],
  ["let a = ^nosuch(); logs", /no function nosuch/],
  ["let t = logs | where ^nosuch(); t", /no function nosuch/],
  ["print a = ^b", /no column b/],
];

describe("a fault", () => {
  it.each(CASES)("stands where the mark is: %s", (marked, message) => {
    const at = marked.indexOf("^");
    const fault = faultOf(marked.slice(0, at) + marked.slice(at + 1));
    expect(fault.message).toMatch(message);
    expect(fault.at).toBe(at);
  });

  it("comes before anything is read, also from the last operator", async () => {
    const read: string[] = [];
    const datasets = {
      get logs() {
        read.push("logs");
        return [];
      },
    };
    await expect(ask("logs | summarize n = count() | where m > 1", { datasets })).rejects.toThrow(QueryFault);
    expect(read).toEqual([]);
  });

  it("is what too many sources are, however short the query is that names them", () => {
    const doubled = Array.from({ length: 40 }, (_, i) => `let t${i + 1} = union t${i}, t${i}`).join("; ");
    expect(faultOf(`let t0 = logs; ${doubled}; t40`).message).toContain(`${SOURCES_MAX} places`);
  });

  it("is what a long chain of tables is that stand for each other", () => {
    const chain = Array.from({ length: 5_000 }, (_, i) => `let t${i + 1} = t${i}`).join("; ");
    expect(faultOf(`let t0 = logs; ${chain}; t5000`).message).toContain("100 levels");
  });

  it("is what too many operators are", () => {
    expect(faultOf(`logs ${"| where ms > 1 ".repeat(600)}`).message).toContain("500 operators");
  });

  it("is not what values are that are made of values made of values", async () => {
    const doubled = Array.from({ length: 50 }, (_, i) => `let v${i + 1} = v${i} + v${i}`).join("; ");
    expect((await ask(`let v0 = 1; ${doubled}; print v50`)).rows).toEqual([[2 ** 50]]);
  });
});
