import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Scan } from "../../../../src/edge/query/apl/source.ts";
import { remove, temporaryFolder } from "../../../local/command.ts";
import { writeObjects } from "./bucket.ts";
import { CASES } from "./cases/cases.ts";
import { answer } from "./golden.ts";
import { type Oracle, openOracle } from "./oracle.ts";
import { difference } from "./result.ts";
import { scanOf } from "./scan.ts";

const QUERIES_LEAST = 300;

const bucket = temporaryFolder();
let scan: Scan;
let oracle: Oracle;

beforeAll(async () => {
  const objects = writeObjects(bucket);
  scan = await scanOf(objects);
  oracle = await openOracle(objects);
});

afterAll(() => {
  oracle?.close();
  remove(bucket);
});

describe.each(Object.entries(CASES))("%s: APL means what its SQL says", (_, cases) => {
  it.each(cases)("$apl", async ({ apl, sql, isEmpty = false, ...accepted }) => {
    const [found, right] = await Promise.all([answer(apl, scan), oracle.ask(sql)]);
    expect(difference(found, right, accepted)).toBe(null);
    // an answer without rows shows nothing
    expect(right.rows.length > 0).toBe(!isEmpty);
  });
});

describe("the golden queries", () => {
  it("are as many as promised, each another one", () => {
    const queries = Object.values(CASES).flatMap((cases) => cases.map(({ apl }) => apl));
    expect(queries.length).toBeGreaterThanOrEqual(QUERIES_LEAST);
    expect(new Set(queries).size).toBe(queries.length);
  });

  it("are told from others by their results", async () => {
    const of = (sql: string) => oracle.ask(sql);
    const [one, other] = [await of("SELECT count(*) AS n FROM logs"), await of("SELECT count(*) + 1 AS n FROM logs")];
    expect(difference(one, other, {})).toContain("but SQL");
    expect(difference(one, one, {})).toBe(null);
  });
});
