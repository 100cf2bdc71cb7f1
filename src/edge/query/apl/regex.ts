/**
 * Regular expressions in RE2's syntax, matched in time linear in the text, whatever the pattern: no matching goes back. A text is tested
 * by states that are made while it is read; where groups lie is found by walking all ways through the pattern at once.
 */
import { QueryFault } from "./fault.ts";
import { openAutomaton } from "./regex/automaton.ts";
import { isShort, openBacktrack } from "./regex/backtrack.ts";
import { parsePattern } from "./regex/parse.ts";
import { beginningsOf, prefixOf } from "./regex/prefix.ts";
import { programOf } from "./regex/program.ts";
import { openFirstMatch } from "./regex/threads.ts";

/** Characters of a pattern. */
export const PATTERN_LENGTH_MAX = 2_000;

/** How many characters may still be looked at. Below 0: a match was given up. */
export interface Meter {
  left: number;
}

export interface Regex {
  /** Number of groups that capture. */
  readonly groups: number;
  /** Their names, by number from 1; null for one without. */
  readonly names: readonly (string | null)[];
  /** Whether there is a match anywhere. */
  test(text: string): boolean;
  /**
   * The first match that begins at `from` or later: start and end, then those of each group, -1 where it took no part. Null: none.
   * Of several that begin there, the one that a backtracking matcher would find first.
   */
  match(text: string, from: number, meter?: Meter): readonly number[] | null;
}

/**
 * @param flags any of `i` (ignores case), `s` (a dot matches a line feed), `m` (`^` and `$` match at lines), `U` (repetitions take little)
 * @param at where the pattern stands in the query
 * @throws QueryFault
 */
export function compileRegex(pattern: string, flags: string, at: number): Regex {
  if (pattern.length > PATTERN_LENGTH_MAX)
    throw new QueryFault(at, `a regular expression has at most ${PATTERN_LENGTH_MAX} characters, this one ${pattern.length}`);
  const { node, names } = parsePattern(pattern, flags, at);
  const program = programOf(node, names.length, at);
  const begins = beginningsOf(program);
  const prefix = prefixOf(node);
  const automaton = openAutomaton(program);
  const firstMatch = openFirstMatch(program, begins);
  const backtrack = openBacktrack(program, begins);
  const startIn = (text: string, from: number) => (prefix === "" ? from : text.indexOf(prefix, from));
  return {
    groups: names.length,
    names,
    test(text) {
      const start = startIn(text, 0);
      return start >= 0 && automaton.test(text, start);
    },
    match(text, from, meter) {
      const start = startIn(text, from);
      if (meter !== undefined) meter.left -= (start < 0 ? text.length : start) - from;
      if (start < 0 || (meter !== undefined && meter.left < 0)) return null;
      const short = isShort(program, text, start);
      // most texts have no match, and the automaton says so at the least cost; behind a prefix most have one
      if (!(short && (prefix !== "" || program.anchored)) && !automaton.test(text, start, meter)) return null;
      return short ? backtrack(text, start, meter) : firstMatch(text, start, meter);
    },
  };
}
