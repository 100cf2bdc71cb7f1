/** Texts taken apart by regular expressions, which are constants: they are compiled once. */

import { made } from "../expression/fold.ts";
import type { Meter, Regex } from "../regex.ts";
import { compileRegex } from "../regex.ts";
import type { Compiled, Value } from "../value.ts";
import { TEXT_LENGTH_MAX } from "./bounds.ts";
import { convert, typeNamed } from "./conversion.ts";
import { type Call, constantText, read, type ScalarFunction, special, wrong } from "./define.ts";

type ReadText = (row: Parameters<Compiled["run"]>[0]) => string | null;

function patternAt(args: readonly Compiled[], position: number, call: Call): Regex {
  return compileRegex(constantText(args, position, call), "", call.ats[position] ?? call.at);
}

function textAt(args: readonly Compiled[], position: number, call: Call): { arg: Compiled; text: ReadText } {
  const arg = args[position];
  if (arg === undefined) throw wrong(position, call, "is missing");
  return { arg, text: read(arg, "text", position, call) as ReadText };
}

function extract(args: readonly Compiled[], call: Call): Compiled {
  const regex = patternAt(args, 0, call);
  const group = args[1]?.constant?.value;
  if (typeof group !== "number" || !Number.isInteger(group) || group < 0 || group > regex.groups)
    throw wrong(1, call, `must be the number of a group, from 0 to ${regex.groups}`);
  const { arg, text } = textAt(args, 2, call);
  const found = made("string", [arg], (row) => {
    const value = text(row);
    const spans = value === null ? null : regex.match(value, 0);
    return value === null || spans === null ? null : groupOf(value, spans, group);
  });
  if (args.length === 3) return found;
  return convert(typeNamed(args, 3, call), found);
}

function groupOf(text: string, spans: readonly number[], group: number): string {
  const [from = -1, to = -1] = [spans[group * 2], spans[group * 2 + 1]];
  return from < 0 ? "" : text.slice(from, to);
}

/** One match is found in time linear in the text; all of them together may look at each character so often. */
const LOOKS_MAX = 100;
const LOOKS_LEAST = 100_000;

/** All matches, none overlapping another; an empty one is not found right behind the last. Once the meter has run out there are no more. */
function* matches(regex: Regex, text: string, meter: Meter): Generator<readonly number[]> {
  let from = 0;
  let last = -1;
  while (from <= text.length) {
    const spans = regex.match(text, from, meter);
    if (spans === null) return;
    const [start = 0, end = 0] = spans;
    if (end > start || start !== last) yield spans;
    last = end;
    from = end > start ? end : end + ((text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1);
  }
}

function meterFor(text: string): Meter {
  return { left: text.length * LOOKS_MAX + LOOKS_LEAST };
}

function extractAll(args: readonly Compiled[], call: Call): Compiled {
  const regex = patternAt(args, 0, call);
  const chosen = args.length === 3 ? args[1]?.constant?.value : [];
  if (!Array.isArray(chosen)) throw wrong(1, call, "must be a constant array of numbers of groups");
  const all = Array.from({ length: regex.groups }, (_, i) => i + 1);
  const groups: readonly number[] = chosen.length > 0 ? chosen.map(Number) : regex.groups === 0 ? [0] : all;
  if (groups.some((group) => !Number.isInteger(group) || group < 0 || group > regex.groups))
    throw wrong(1, call, `must hold numbers of groups, from 0 to ${regex.groups}`);
  const { arg, text } = textAt(args, args.length - 1, call);
  return made("dynamic", [arg], (row) => {
    const value = text(row);
    if (value === null) return null;
    const found: Value[] = [];
    const meter = meterFor(value);
    for (const spans of matches(regex, value, meter)) {
      const parts = groups.map((group) => groupOf(value, spans, group));
      found.push(parts.length === 1 ? (parts[0] ?? "") : parts);
    }
    return found.length === 0 || meter.left < 0 ? null : found;
  });
}

/** `$1` and `\1` stand for groups, `$0` for the whole, `$$` for a dollar sign. */
function rewriter(rewrite: string): (text: string, spans: readonly number[]) => string {
  const parts = rewrite.split(/(\$\$|[$\\]\d)/);
  if (parts.length === 1) return () => rewrite;
  return (text, spans) =>
    parts.map((part, i) => (i % 2 === 0 ? part : part === "$$" ? "$" : groupOf(text, spans, Number(part.charAt(1))))).join("");
}

function replace(args: readonly Compiled[], call: Call): Compiled {
  const regex = patternAt(args, 0, call);
  const written = rewriter(constantText(args, 1, call));
  const { arg, text } = textAt(args, 2, call);
  return made("string", [arg], (row) => {
    const value = text(row);
    return value === null || !regex.test(value) ? value : replaced(regex, value, written);
  });
}

function replaced(regex: Regex, text: string, written: (text: string, spans: readonly number[]) => string): string | null {
  let result = "";
  let from = 0;
  const meter = meterFor(text);
  for (const spans of matches(regex, text, meter)) {
    const [start = 0, end = 0] = spans;
    result += text.slice(from, start) + written(text, spans);
    from = end;
    if (result.length > TEXT_LENGTH_MAX) return null;
  }
  return meter.left < 0 ? null : result + text.slice(from);
}

function countOf(args: readonly Compiled[], call: Call): Compiled {
  const { arg, text } = textAt(args, 0, call);
  const regex = patternAt(args, 1, call);
  return made("long", [arg], (row) => {
    const value = text(row);
    if (value === null) return null;
    let count = 0;
    const meter = meterFor(value);
    for (const _ of matches(regex, value, meter)) count++;
    return meter.left < 0 ? null : count;
  });
}

/** Cuts what the pattern matches at an end of the text, as often as it does. */
function trimming(start: boolean, end: boolean): ScalarFunction["compile"] {
  return (args, call) => {
    const pattern = constantText(args, 0, call);
    const at = call.ats[0] ?? call.at;
    const first = start ? compileRegex(`^(?:${pattern})+`, "", at) : null;
    const last = end ? compileRegex(`(?:${pattern})+$`, "", at) : null;
    const { arg, text } = textAt(args, 1, call);
    return made("string", [arg], (row) => {
      const value = text(row);
      if (value === null) return null;
      const from = first?.match(value, 0)?.[1] ?? 0;
      const rest = value.slice(from);
      return rest.slice(0, last?.match(rest, 0)?.[0] ?? rest.length);
    });
  };
}

export const PATTERN_FUNCTIONS: Record<string, ScalarFunction> = {
  extract: special("What a group of a regular expression matches first: (regex, group, text).", [3, 4], extract),
  extract_all: special("What groups of a regular expression match: (regex, groups, text).", [2, 3], extractAll),
  replace: special("A text with a rewrite in place of all matches: (regex, rewrite, text).", [3, 3], replace),
  replace_regex: special("A text with a rewrite in place of all matches: (regex, rewrite, text).", [3, 3], replace),
  countof_regex: special("How often a regular expression matches: (text, regex).", [2, 2], countOf),
  trim_regex: special("A text without matches at its ends: (regex, text).", [2, 2], trimming(true, true)),
  trim_start_regex: special("A text without matches at its start: (regex, text).", [2, 2], trimming(true, false)),
  trim_end_regex: special("A text without matches at its end: (regex, text).", [2, 2], trimming(false, true)),
};
