/** Whether the faults of `npm run mutate` are what they are meant to be, and the list of survivors is about the code as it is. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../../src/local/bundle.ts";
import { FILES, stagesOf } from "./judged.ts";
import { drawn, type Mutant, mutantsIn, mutantsOf } from "./mutants.ts";
import { OPERATORS } from "./operators.ts";
import { SURVIVORS } from "./survivors.ts";
import { parse } from "./syntax.ts";

const byFile = new Map<string, Mutant[]>(FILES.map((file) => [file, mutantsOf(file)]));
const all = [...byFile.values()].flat();

function becomes(source: string, operator: string): string[] {
  return mutantsIn("x.ts", source)
    .filter((mutant) => mutant.operator === operator)
    .map(({ is }) => is);
}

describe("a mutant", () => {
  it.each<[string, string, string[]]>([
    ["another comparison", "f(a === b, c !== d);", ["f(a !== b, c !== d);", "f(a === b, c === d);"]],
    ["another bound", "f(a < b, c >= d);", ["f(a <= b, c >= d);", "f(a < b, c > d);"]],
    ["and for or", "f(a && b || c);", ["f(a || b || c);", "f(a && b && c);"]],
    ["not dropped", "f(!a);", ["f(a);"]],
    ["one side of ??", "f(a ?? b);", ["f((a));", "f((b));"]],
    ["always or never", "if (a) b; else c;", ["if (true) b; else c;", "if (false) b; else c;"]],
    ["always or never", "x = a ? b : c;", ["x = true ? b : c;", "x = false ? b : c;"]],
    ["always or never", "const f = () => a.has(b);", ["const f = () => true;", "const f = () => false;"]],
    [
      "always or never",
      "function f(): boolean { if (a) return b; return true; }",
      [
        "function f(): boolean { if (true) return b; return true; }",
        "function f(): boolean { if (false) return b; return true; }",
        "function f(): boolean { if (a) return true; return true; }",
        "function f(): boolean { if (a) return false; return true; }",
        "function f(): boolean { if (a) return b; return false; }",
      ],
    ],
    ["a check left out", "if (a) throw b; else c;", ["c;"]],
    ["a check left out", "if (a) { b; throw c; }", [";"]],
    [
      "a line left out",
      "await f(); x = 1; console.warn(2); const y = 3;",
      ["; x = 1; console.warn(2); const y = 3;", "await f(); ; console.warn(2); const y = 3;"],
    ],
    ["off by one", "const A_MAX = 2 * 1_000;", ["const A_MAX = 2 * 1_000 + 1;", "const A_MAX = 2 * 1_000 - 1;"]],
    [
      "nothing in it",
      'f(["a"], { b: "c" }, `d:e`);',
      ['f([], { b: "c" }, `d:e`);', 'f([""], { b: "c" }, `d:e`);', 'f(["a"], { b: "" }, `d:e`);', 'f(["a"], { b: "c" }, "");'],
    ],
    ["an anchor lost", "f(/^a$/, /b\\$/);", ["f(/a$/, /b\\$/);", "f(/^a/, /b\\$/);"]],
  ])("of the kind %j is made of %s", (operator, source, expected) => {
    expect(becomes(source, operator).sort()).toEqual([...expected].sort());
  });

  it.each([
    'import { a } from "a";',
    'type A = "a" | "b"; interface B { c: Array<"d"> }',
    "// a === b",
    'throw new Problem(a, "not so", ["b"], c === d ? "e" : "f");',
    'throw refused("not-so");',
    'console.warn("look", a === b);',
    'const TEXT = "a sentence of words";',
    "const limit = 5;",
  ])("is not made of %s", (source) => {
    expect(mutantsIn("x.ts", source)).toEqual([]);
  });

  it("may be another reason of a refusal, which is no wording", () => {
    expect(becomes('throw new Problem("forbidden", "not so");', "nothing in it")).toEqual(['throw new Problem("", "not so");']);
  });

  it("names the line where it is, and the whole of those that it changes", () => {
    const [mutant] = mutantsIn("x.ts", "const a = 1;\nif (b)\n  throw c;\nd;\n");
    expect(mutant).toMatchObject({ line: 2, was: "if (b) throw c;", is: ";", text: "const a = 1;\n;\nd;\n" });
  });
});

describe("the mutants of the judged sources", () => {
  it("are some of each kind, and hundreds together", () => {
    expect(new Set(all.map(({ operator }) => operator))).toEqual(new Set(Object.keys(OPERATORS)));
    expect(all.length).toBeGreaterThan(1_000);
  });

  it("are other texts than the source, each another one, and whole programs", () => {
    for (const [file, mutants] of byFile) {
      const texts = mutants.map(({ text }) => text);
      expect(new Set([...texts, readFileSync(path.join(ROOT, file), "utf8")]).size).toBe(texts.length + 1);
      for (const text of texts) expect(() => parse(text)).not.toThrow();
    }
  });

  it("are drawn alike by the same seed, in their order and once each", () => {
    const places = (seed: number) => drawn(all, 200, seed).map((mutant) => all.indexOf(mutant));
    expect(places(1)).toEqual(places(1));
    expect(places(1)).not.toEqual(places(2));
    expect(places(1)).toEqual([...new Set(places(1))].sort((one, other) => one - other));
    expect(places(1).length).toBe(200);
    expect(drawn(all, all.length + 1, 1)).toEqual(all);
  });

  it.each(FILES)("%s is judged by tests that are there", (file) => {
    const tests = stagesOf(file).flatMap((stage) => stage.tests);
    expect(tests.length).toBeGreaterThan(0);
    expect(tests.filter((test) => !existsSync(path.join(ROOT, test)))).toEqual([]);
  });

  it.each(["src/access/token.ts", "src/access/workload/verify.ts", "src/edge/authenticate.ts", "src/management/caller.ts"])(
    "%s is among them",
    (file) => {
      expect(FILES).toContain(file);
    },
  );
});

describe("the survivors that are explained", () => {
  it.each(SURVIVORS)("are mutants of the source as it is: $file $is", ({ file, was, is }) => {
    expect(byFile.get(file)?.filter((mutant) => mutant.was === was && mutant.is === is)).toHaveLength(1);
  });

  it("are listed once, each with a reason", () => {
    expect(new Set(SURVIVORS.map(({ file, was, is }) => `${file} ${was} ${is}`)).size).toBe(SURVIVORS.length);
    for (const { because } of SURVIVORS) expect(because.length).toBeGreaterThan(20);
  });
});
