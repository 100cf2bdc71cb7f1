/**
 * The register of attacks, held against the tests and against the threat model. A test that proves a case has the case's number in front
 * of its name: "36 answers for an invisible dataset …" or "36: …". A numbered `describe` speaks for whatever of its number is inside it.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "..");
const CASES = Array.from({ length: 92 }, (_, index) => index + 1);

/** Where a number is a point of a crash (src/ARCHITECTURE.md). */
const NUMBERED_OTHERWISE = /^edge\/buffer\//;

/** One that is skipped or still to be written is none: only these forms count. */
const OPENS = [
  /^( *)(?:it|test|describe)\(\s*(["'`])(.*?)\2,/,
  /^( *)(?:it|test|describe)(?:\.runIf\(.*\))?\.each\b.*\)\(\s*(["'`])(.*?)\2,/,
  // the end of a table of cases
  /^( *)\]\)\(\s*(["'`])(.*?)\2,/,
];
/** A row of a table that names its tests by `$name`. */
const ROW = /^( *)(?:\{ *)?name: (["'`])(.*?)\2,/;

interface Numbered {
  /** Relative to test/. */
  file: string;
  number: number;
  name: string;
}

function numberedIn(file: string, source: string): Numbered[] {
  const forms = source.includes("$name") ? [...OPENS, ROW] : OPENS;
  const found: Numbered[] = [];
  let around: { indent: number; number: number }[] = [];
  // a name that did not fit into its line stands alone in the next
  for (const line of source.replace(/\(\n\s+(?=["'`])/g, "(").split("\n")) {
    const match = forms.map((form) => form.exec(line)).find(Boolean);
    if (!match) continue;
    const [, { length: indent } = "", , name = ""] = match;
    const number = Number(/^(\d{1,2}):? /.exec(name)?.[1] ?? Number.NaN);
    around = around.filter((outer) => outer.indent < indent);
    if (CASES.includes(number) && !around.some((outer) => outer.number === number)) found.push({ file, number, name });
    around.push({ indent, number });
  }
  return found;
}

const testFiles = readdirSync(path.join(ROOT, "test"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !NUMBERED_OTHERWISE.test(file))
  .sort();
const numbered = testFiles.flatMap((file) => numberedIn(file, readFileSync(path.join(ROOT, "test", file), "utf8")));

interface Row {
  number: number;
  what: string;
  tests: Numbered[];
}

/** `| 36 | in words | [file](file): name<br>[file](file): name |` */
function readRegister(text: string): Row[] {
  const rows = [...text.matchAll(/^\| (\d+) \| (.*?) \| (.*) \|$/gm)];
  return rows.map(([, digits, what = "", cell = ""]) => {
    const number = Number(digits);
    const tests = cell.split("<br>").flatMap((entry) => {
      const [, label, file, name] = /^\[(.*?)\]\((.*?)\): (.*)$/.exec(entry) ?? [];
      return file && label === file && name ? [{ file, number, name: name.replaceAll("\\|", "|") }] : [];
    });
    return { number, what, tests };
  });
}

function written({ number, what, tests }: Row): string {
  const cell = tests.map(({ file, name }) => `[${file}](${file}): ${name.replaceAll("|", "\\|")}`).join("<br>");
  return `| ${number} | ${what} | ${cell} |`;
}

const register = readRegister(readFileSync(path.join(ROOT, "test/ATTACKS.md"), "utf8"));
const threatModel = readFileSync(path.join(ROOT, "src/docs/threat-model.md"), "utf8");

/** Numbers of cases in the last column of the threat model's tables: `1-14, 36`. */
function casesNamed(text: string): number[] {
  const cells = [...text.matchAll(/^\|.*\| *([\d, -]*\d[\d, -]*) *\|$/gm)].map(([, cell]) => cell as string);
  return cells
    .flatMap((cell) => cell.split(","))
    .flatMap((part) => {
      const [first = Number.NaN, last = first] = part.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

describe("the register of attacks", () => {
  it("has a row for each of the 92 cases, in order", () => {
    expect(register.map(({ number }) => number)).toEqual(CASES);
    expect(register.filter(({ what }) => !/\w{3}/.test(what))).toEqual([]);
  });

  it("knows a test of each", () => {
    expect(CASES.filter((number) => !numbered.some((test) => test.number === number))).toEqual([]);
  });

  it("names every numbered test, and none that does not exist", () => {
    const outdated = register
      .map((row) => ({ row, should: { ...row, tests: numbered.filter(({ number }) => number === row.number) } }))
      .filter(({ row, should }) => written(row) !== written(should));
    const rows = outdated.map(({ should }) => written(should)).join("\n");
    expect(
      outdated.map(({ row }) => row.number),
      `these rows of test/ATTACKS.md should be:\n${rows}\n`,
    ).toEqual([]);
  });

  it("is what the threat model rests on: every case, and no other number", () => {
    const named = casesNamed(threatModel);
    expect(named.filter((number) => !CASES.includes(number))).toEqual([]);
    expect(CASES.filter((number) => !named.includes(number))).toEqual([]);
  });

  it.each([
    ['it("36 answers alike", () => {', ["36 answers alike"]],
    ['it("36: answers alike", () => {', ["36: answers alike"]],
    ['it.each([1, 2])("7 is refused as %s", () => {', ["7 is refused as %s"]],
    ['it.each(["a", "b"])(\n  "7 is refused as %s",\n  async () => {', ["7 is refused as %s"]],
    ['  ])("7 is refused as %s", (_, given) => {', ["7 is refused as %s"]],
    ['describe("67 limits", () => {\n  it("67 are kept", () => {\n  it("12 headers", () => {', ["67 limits", "12 headers"]],
    ['describe("67 limits", () => {\n});\nit("67 are kept", () => {', ["67 limits", "67 are kept"]],
    ['it.skip("36 answers alike", () => {', []],
    ['it("answers 36 times", () => {', []],
    ['it("95 MB of events", () => {', []],
    ['  { name: "90 is kept", what: /x/ },\nit.each(ROWS)("$name", () => {', ["90 is kept"]],
    ['  { name: "90 is kept", what: /x/ },', []],
  ])("reads %j", (source, names) => {
    expect(numberedIn("x.test.ts", source).map(({ name }) => name)).toEqual(names);
  });
});
