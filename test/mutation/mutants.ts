/** All mutants of the judged sources, and a number of them drawn by chance that a seed repeats. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../../src/local/bundle.ts";
import { randomOf } from "../torture/random.ts";
import { isWords, OPERATORS } from "./operators.ts";
import { parse, visit } from "./syntax.ts";

export interface Mutant {
  /** Relative to the repository. */
  file: string;
  /** A name of OPERATORS. */
  operator: string;
  /** Of the first line that is changed, from 1. */
  line: number;
  /** The lines as they are and as they become, white space as single blanks. */
  was: string;
  is: string;
  /** The whole file with the fault in it. */
  text: string;
}

export function mutantsOf(file: string): Mutant[] {
  return mutantsIn(file, readFileSync(path.join(ROOT, file), "utf8"));
}

/** In the order of the text. Two operators that would write the same have one mutant. */
export function mutantsIn(file: string, text: string): Mutant[] {
  const found = new Map<string, Mutant & { start: number }>();
  visit(parse(text), (node, around) => {
    if (isWords(node, around)) return;
    for (const [operator, edits] of Object.entries(OPERATORS))
      for (const { start, end, by } of edits(node, around, text)) {
        const changed = text.slice(0, start) + by + text.slice(end);
        if (changed === text || found.has(changed)) continue;
        const begin = text.lastIndexOf("\n", start - 1) + 1;
        const rest = text.slice(lineEnd(text, end));
        found.set(changed, {
          ...{ file, operator, start, text: changed, line: text.slice(0, start).split("\n").length },
          ...{ was: onOneLine(text.slice(begin, lineEnd(text, end))), is: onOneLine(changed.slice(begin, changed.length - rest.length)) },
        });
      }
  });
  return [...found.values()].sort((one, other) => one.start - other.start).map(({ start: _, ...mutant }) => mutant);
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

function onOneLine(text: string): string {
  return text.trim().replace(/\s+/g, " ");
}

/** `count` of them, in their order; all when there are no more. Of each file, as nearly as chance has it, its share. */
export function drawn(mutants: readonly Mutant[], count: number, seed: number): Mutant[] {
  const random = randomOf(seed);
  const left = mutants.map((_, index) => index);
  const chosen: number[] = [];
  while (chosen.length < count && left.length > 0) chosen.push(...left.splice(random.between(0, left.length - 1), 1));
  return chosen.sort((one, other) => one - other).map((index) => mutants[index] as Mutant);
}
