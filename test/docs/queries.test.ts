/** The page about queries against the source: the names it gives, and what its examples result in. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { AGGREGATES } from "../../src/edge/query/apl/aggregates/aggregates.ts";
import { QueryFault } from "../../src/edge/query/apl/fault.ts";
import { SCALAR_FUNCTIONS } from "../../src/edge/query/apl/functions/scalar-functions.ts";
import { parseQuery } from "../../src/edge/query/apl/parse.ts";
import { compileLegacy } from "../../src/edge/query/legacy/compile.ts";
import { readLegacyRequest } from "../../src/edge/query/request/legacy.ts";
import { Problem } from "../../src/problem.ts";
import { ask, resultOf } from "./corpus.ts";
import { blocks, codes, prose, QUERY, rows, section, stage } from "./page.ts";

/** A query, and what stands behind `//`. */
const commented = (line: string) => {
  const [, query = line, said] = /^(.*?)\s+\/\/ (.*)$/.exec(line) ?? [];
  return { query, said };
};
const EXAMPLES = blocks("apl").filter((line) => !line.startsWith("//"));
const REFUSED = blocks("refused");

/** Names without what stands in their parentheses. */
const names = (cells: readonly (string | undefined)[]) => cells.flatMap((cell) => codes(cell).map((code) => code.replace(/\(.*/, "")));

describe("the page about queries", () => {
  it("names each operator that the parser knows, once, and no other", () => {
    expect(names(rows("Operators").map(([, cell]) => cell)).sort()).toEqual([...operators()].sort());
  });

  it.each([...operators()])("has an example of %s", (operator) => {
    expect(EXAMPLES.filter((line) => new RegExp(`\\| ${operator}(?![\\w-])`).test(line))).not.toEqual([]);
  });

  it("names each scalar function once, and no other", () => {
    expect(names(rows("Scalar functions").map(([, , cell]) => cell)).sort()).toEqual([...SCALAR_FUNCTIONS.keys()].sort());
  });

  it("names each aggregation once, and no other", () => {
    expect(names(rows("Aggregations").map(([, cell]) => cell)).sort()).toEqual([...AGGREGATES.keys()].sort());
  });

  it("says right which aggregations take their condition second", () => {
    const second = [...AGGREGATES].filter(([, { isIf, predicateAt }]) => isIf && predicateAt === 1).map(([name]) => name);
    const said =
      section("Aggregations")
        .split("\n")
        .find((line) => line.includes("but second in")) ?? "";
    expect(codes(said).filter((name) => AGGREGATES.has(name))).toEqual(second);
    expect([...AGGREGATES.values()].filter(({ isIf, predicateAt }) => isIf && predicateAt !== 1 && predicateAt !== -1)).toEqual([]);
  });

  it.each(EXAMPLES)("has an example that gives what is said: %s", async (line) => {
    const { query, said } = commented(line);
    const result = await resultOf(query, stage);
    if (said !== undefined) expect(result).toEqual(JSON.parse(said.replace(/^= /, "")));
  });

  it("says what most of its examples give", () => {
    expect(EXAMPLES.length).toBeGreaterThan(40);
    expect(EXAMPLES.filter((line) => !/ \/\/ = ./.test(line))).toEqual([]);
  });

  it.each(REFUSED)("has an example that is refused as is said: %s", async (line) => {
    const { query, said } = commented(line);
    expect(await ask(query, stage)).toMatchObject({ kind: "refused", reason: "query-invalid", detail: said });
  });

  it("says of no operator that it is not there that is, and of no function", () => {
    const [operatorsAway = "", functionsAway = ""] = section("What is not there")
      .split("\n")
      .filter((line) => line.startsWith("* **"));
    expect(codes(operatorsAway).length).toBeGreaterThan(10);
    for (const word of codes(operatorsAway)) expect(() => parseQuery(`logs | ${word} x`)).toThrow(`unknown operator "${word}"`);
    expect(codes(functionsAway).length).toBeGreaterThan(10);
    for (const name of codes(functionsAway)) expect([name, SCALAR_FUNCTIONS.has(name) || AGGREGATES.has(name)]).toEqual([name, false]);
  });

  it("names each code of a message, and no other", () => {
    const said = new Set(codes(prose).filter((code) => /^(apl_|default_limit|virtual_field_)/.test(code)));
    expect([...said].sort()).toEqual([...messageCodes()].sort());
  });

  it("names each op of the legacy query, and no other", () => {
    const [, filters = "", aggregations = ""] = section("The legacy query").split(/^\* /m);
    const named = (line: string) => codes(line.split("`op`: ")[1] ?? "");
    expect(named(filters)).toEqual(opsOf({ filter: { op: "qqqqqqqqqqqqqqqqqqqq", field: "a", value: 1 } }));
    expect(named(aggregations)).toEqual(opsOf({ aggregations: [{ op: "qqqqqqqqqqqqqqqqqqqq", field: "a" }] }));
  });
});

/** The parser names all of them to who asks for one that there is not. */
function operators(): string[] {
  try {
    parseQuery("x | qqqqqqqqqqqqqqqqqqqq");
  } catch (fault) {
    if (fault instanceof QueryFault) return fault.message.split("operators are ")[1]?.split(", ") ?? [];
  }
  throw new Error("the parser knows every word");
}

/** As the refusal of an op lists them. */
function opsOf(body: Record<string, unknown>): string[] {
  const bytes = new TextEncoder().encode(JSON.stringify({ startTime: "now-1h", endTime: "now", ...body }));
  try {
    const request = readLegacyRequest(bytes, new URLSearchParams(), stage.now * 1_000);
    compileLegacy(request, "logs", stage.now * 1_000, () => ({ kind: "literal", type: "long", value: 1, at: 0 }));
  } catch (problem) {
    if (problem instanceof Problem) return problem.message.split(/; (?:it has|there is) /)[1]?.split(", ") ?? [];
  }
  throw new Error("every op is taken");
}

/** Texts in the source that are codes, and those of `sort` and `top`, which are put together. */
function messageCodes(): Set<string> {
  const files = readdirSync(QUERY, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const source = files.map((file) => readFileSync(path.join(QUERY, file), "utf8")).join("\n");
  const found = [...source.matchAll(/"(apl_\w+|default_limit_warning|virtual_field_finalize_error)"/g)].map(([, code = ""]) => code);
  expect([...source.matchAll(/`apl_\$\{(.*?)\}/g)].map(([, name]) => name)).toEqual(["name"]);
  return new Set([...found, "apl_sort_limit", "apl_top_limit"]);
}
