/** The numbers on the page about queries against the constants that they are. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { PERCENTS_MAX } from "../../src/edge/query/apl/aggregates/arguments.ts";
import { AUTO_BINS_MAX } from "../../src/edge/query/apl/aggregates/bin-auto.ts";
import { LIST_LENGTH_MAX, SET_LENGTH_DEFAULT } from "../../src/edge/query/apl/aggregates/collections.ts";
import { BITS_OF_ACCURACY } from "../../src/edge/query/apl/aggregates/distinct.ts";
import { EXACT_VALUES_MAX, RELATIVE_ERROR } from "../../src/edge/query/apl/aggregates/distribution.ts";
import { STEPS_MAX } from "../../src/edge/query/apl/aggregates/series.ts";
import { TOP_MAX, trackedFor } from "../../src/edge/query/apl/aggregates/topk.ts";
import { ARRAY_LENGTH_MAX, TEXT_LENGTH_MAX, VALUE_SIZE_MAX } from "../../src/edge/query/apl/functions/bounds.ts";
import { LIMITS } from "../../src/edge/query/apl/limits.ts";
import { CONSTANT_BYTES_MAX, PLANNING_WORK_UNITS_MAX, ROW_MADE_BYTES_MAX } from "../../src/edge/query/apl/meter.ts";
import { EXPANDED_ROWS_MAX } from "../../src/edge/query/apl/operators/mv-expand.ts";
import { NESTING_MAX, NODES_MAX, TEXT_CHARACTERS_MAX } from "../../src/edge/query/apl/parse/cursor.ts";
import { parseQuery } from "../../src/edge/query/apl/parse.ts";
import { OPERATORS_MAX, SOURCES_MAX } from "../../src/edge/query/apl/plan.ts";
import { PATTERN_LENGTH_MAX } from "../../src/edge/query/apl/regex.ts";
import { ROWS_DEFAULT } from "../../src/edge/query/prepare.ts";
import { closedRange } from "../../src/edge/query/range.ts";
import { APL_LENGTH_MAX } from "../../src/edge/query/request/apl.ts";
import { BUCKET_CALLS_MAX, READ_BYTES_MAX, RUN_MS_MAX } from "../../src/edge/query/source/account.ts";
import { COLUMNS_MAX } from "../../src/edge/query/source/fields.ts";
import { resultOf } from "./corpus.ts";
import { QUERY, rows, section, stage } from "./page.ts";

const count = (number: number) => number.toLocaleString("en");
const MIB = 1_048_576;

/** What a row begins with, and its limits. */
const LIMIT_ROWS: readonly (readonly [row: string, limit: string])[] = [
  ["body of a request", `${constantIn("routes.ts", "QUERY_BYTES_MAX") / MIB} MiB; ${count(APL_LENGTH_MAX)}; ${count(NODES_MAX)}`],
  ["levels of nesting", `${NESTING_MAX}; ${OPERATORS_MAX}; ${SOURCES_MAX}`],
  [
    "datasets of a query",
    `${constantIn("permitted.ts", "DATASETS_MAX")}; ${constantIn("request/apl.ts", "VARIABLES_MAX")}; ${count(PATTERN_LENGTH_MAX)}`,
  ],
  ["compressed events read", `${READ_BYTES_MAX / 1e6} MB; ${RUN_MS_MAX / 1e3} s; ${count(BUCKET_CALLS_MAX)}; ${count(COLUMNS_MAX)}`],
  ["memory of all operators", `${LIMITS.heldBytes / MIB} MiB`],
  ["groups of `summarize`", `${count(LIMITS.groups)}; ${count(LIMITS.groups)}; ${count(STEPS_MAX)}`],
  ["rows of `sort`, `top`, `sample`", count(LIMITS.sortRows)],
  ["rows that `distinct` tells apart", count(LIMITS.distinctRows)],
  ["rows of the right side", count(LIMITS.joinRows)],
  ["rows that `mv-expand` makes of one", `${count(EXPANDED_ROWS_MAX)}; ${count(LIMITS.madeRows)}`],
  ["units of work", `${count(LIMITS.workUnits)}, some ${RUN_MS_MAX / 1e3} s; ${count(PLANNING_WORK_UNITS_MAX)}`],
  ["what functions make", `${ROW_MADE_BYTES_MAX / MIB} MiB; ${CONSTANT_BYTES_MAX / MIB} MiB`],
  ["rows of an answer", `${count(LIMITS.outputRows)}; ${LIMITS.outputBytes / MIB} MiB`],
  ["rows made of events", count(LIMITS.defaultRows)],
  ["the answer's JSON", `${constantIn("run-query.ts", "ANSWER_BYTES_MAX") / 1e6} MB`],
  ["a text, an array or object that a function makes", `${count(TEXT_LENGTH_MAX)}; ${count(ARRAY_LENGTH_MAX)}`],
];

describe("the limits on the page about queries", () => {
  it.each(LIMIT_ROWS)("are those of the code: %s", (row, limit) => {
    expect(rows("Limits").find(([, what = ""]) => what.startsWith(row))?.[2]).toBe(limit);
  });

  it("are all held against the code", () => {
    expect(rows("Limits").length).toBe(LIMIT_ROWS.length);
    expect([APL_LENGTH_MAX, VALUE_SIZE_MAX]).toEqual([TEXT_CHARACTERS_MAX, TEXT_LENGTH_MAX]);
  });

  it("are those of the code where rows and pages are meant", () => {
    expect(section("Which events")).toContain(`the newest ${count(ROWS_DEFAULT)},`);
    expect(section("Which events")).toContain(`up to ${count(LIMITS.outputRows)}.`);
    expect(section("The legacy query")).toContain(
      `\`limit\`: ${count(constantIn("request/legacy.ts", "LIMIT_DEFAULT"))} unless told, at most ${count(constantIn("request/legacy.ts", "LIMIT_MAX"))}.`,
    );
  });

  it("are those of the code where a time is left open", () => {
    const now = stage.now * 1_000;
    const { from, to, isDefault } = closedRange({ from: null, to: null }, parseQuery("logs"), now);
    expect(isDefault).toBe(true);
    expect(section("Which events")).toContain(`the last ${(now - from) / 60e6} minutes before now`);
    expect(section("Which events")).toContain(`until ${(to - now) / 1e6} s from now`);
    expect(closedRange({ from: null, to: null }, parseQuery("logs | where _time > ago(1d)"), now).from).toBe(0);
  });

  it("are those of the code where an aggregation estimates", () => {
    const [standard, ...others] = [1, 0, 1, 2, 3, 4].map((level) => (104 / 2 ** ((BITS_OF_ACCURACY[level] ?? 0) / 2)).toFixed(2));
    const exact = (0.75 * 2 ** BITS_OF_ACCURACY[1]) / 8;
    const text = section("Aggregations");
    expect(text).toContain(`exact up to ${count(exact)}, then estimated with a standard error of ${standard} %`);
    expect(text).toContain(`0 to ${others.length - 1} for ${others.join(", ")} %`);
    expect(text).toContain(`exact up to ${count(EXACT_VALUES_MAX)} values, then within ${100 * RELATIVE_ERROR} % of the value`);
    expect(text).toContain(`one array; at most ${PERCENTS_MAX}`);
    expect(text).toContain(
      `at most 1/${count(trackedFor(1))} of the group's rows, less of more than ${trackedFor(1) / 8} keys. At most ${count(TOP_MAX)}`,
    );
    expect([trackedFor(125), trackedFor(126)]).toEqual([trackedFor(1), 8 * 126]);
    expect(text).toContain(`at most ${count(LIST_LENGTH_MAX)} or as told`);
    expect(text).toContain(`at most ${SET_LENGTH_DEFAULT} unless told`);
    expect(text).toContain(
      `at most ${count(constantIn("apl/aggregates/definitions.ts", "HISTOGRAM_BUCKETS_MAX"))}, the same for all groups`,
    );
    expect(section("Scalar functions")).toContain(`at most ${AUTO_BINS_MAX} bins`);
  });

  it("are such that dcount is exact as far as is said, and estimates behind", async () => {
    const line = (i: number) => JSON.stringify({ _time: "2026-01-02T10:00:00Z", n: i });
    const counted = (length: number) => {
      const datasets = { many: Array.from({ length }, (_, i) => line(i)) };
      return resultOf("many | summarize dcount(n)", { ...stage, datasets, virtual: {} });
    };
    expect(await counted(1_536)).toBe(1_536);
    const estimated = Number(await counted(20_000));
    expect(Math.abs(estimated / 20_000 - 1)).toBeLessThan(5 * 0.0081);
  });
});

/** Of a file that keeps it to itself. */
function constantIn(file: string, name: string): number {
  const [, digits] = new RegExp(`^(?:export )?const ${name} = ([\\d_]+);$`, "m").exec(readFileSync(path.join(QUERY, file), "utf8")) ?? [];
  if (digits === undefined) throw new Error(`${file} has no number ${name}`);
  return Number(digits.replaceAll("_", ""));
}
