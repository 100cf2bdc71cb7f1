import { describe, expect, it } from "vitest";
import { parseQuery } from "../../../../src/edge/query/apl/parse.ts";
import { CORPUS } from "./corpus.ts";
import { fuzz, PARSE_MS_MAX } from "./fuzz.ts";

const INPUTS = 30_000;

describe("the parser", () => {
  it("takes the whole corpus, in which each kind of operator is", () => {
    const kinds = new Set(CORPUS.flatMap((query) => parseQuery(query).body.operators.map(({ kind }) => kind)));
    expect(kinds.size).toBe(21);
  });

  it(`owes ${INPUTS} texts, most of them spoilt, a tree or a fault that points into them`, () => {
    const { wrong, trees, faults, slowestMs } = fuzz(INPUTS, 5);
    expect(wrong).toEqual([]);
    expect(trees + faults).toBe(INPUTS);
    // neither of them may be so rare that nothing is tried
    expect(Math.min(trees, faults)).toBeGreaterThan(INPUTS / 20);
    expect(slowestMs).toBeLessThan(PARSE_MS_MAX);
  });
});
