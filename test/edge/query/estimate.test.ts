import { describe, expect, it } from "vitest";
import { parseQuery } from "../../../src/edge/query/apl/parse.ts";
import { isEstimate } from "../../../src/edge/query/estimate.ts";

describe("an answer may hold estimates", () => {
  it.each([
    ["dcount(x)", 1_536],
    ["dcount(x, 0)", 384],
    ["dcountif(x, y)", 1_536],
    ["percentile(x, 95)", 1_024],
    ["n = 2 * percentile(x, 95)", 1_024],
    ["percentiles_array(x, 5, 95)", 1_024],
    ["histogram(x, 10)", 1_024],
    ["topk(x, 10)", 2_000],
    ["topk(x, 10), dcount(x)", 1_536],
  ])("of %s, once more rows match than are kept exactly: %i", (aggregates, most) => {
    const query = parseQuery(`logs | summarize ${aggregates}`);
    expect([isEstimate(query, most), isEstimate(query, most + 1)]).toEqual([false, true]);
  });

  it.each(["count(), sum(x), max(x), make_set(x), stdev(x)", "countif(x)"])("never of %s", (aggregates) => {
    expect(isEstimate(parseQuery(`logs | summarize ${aggregates}`), Number.POSITIVE_INFINITY)).toBe(false);
  });

  it.each([
    "let t = logs | summarize n = dcount(x); t | take 1",
    "union logs, (other | summarize n = dcount(x))",
    "logs | union (other | summarize n = dcount(x))",
    "logs | make-series dcount(x) on _time step 1h",
  ])("wherever it stands: %s", (apl) => {
    expect([isEstimate(parseQuery(apl), 10), isEstimate(parseQuery(apl), 10_000)]).toEqual([false, true]);
  });

  it.each(["logs | mv-expand x | summarize dcount(x)", "logs | join (other) on x | summarize dcount(x)"])(
    "where rows are made of others, of any number: %s",
    (apl) => {
      expect(isEstimate(parseQuery(apl), 1)).toBe(true);
    },
  );
});
