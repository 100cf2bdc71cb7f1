/** Texts. Positions and lengths count UTF-16 units, as Kusto's do. */
import { boundedJoin, boundedText, TEXT_LENGTH_MAX } from "./bounds.ts";
import { define, type ScalarFunction, special, variadic } from "./define.ts";

const ARGUMENTS_MAX = 64;
const REPEAT_MAX = 1024;

const trimStart = (cutset: string, text: string) => {
  let from = 0;
  const cut = new Set(cutset);
  while (from < text.length && cut.has(text.charAt(from))) from++;
  return text.slice(from);
};
const trimEnd = (cutset: string, text: string) => {
  let to = text.length;
  const cut = new Set(cutset);
  while (to > 0 && cut.has(text.charAt(to - 1))) to--;
  return text.slice(0, to);
};

/** With one argument, white space is what is cut; with two, the first says which characters. */
function trimming(doc: string, space: (text: string) => string, cut: (cutset: string, text: string) => string): ScalarFunction {
  const one = define(doc, ["text"], "string", space);
  const two = define(doc, ["text", "text"], "string", cut);
  return special(doc, [1, 2], (args, call) => (args.length === 1 ? one : two).compile(args, call));
}

function replaceAll(wanted: string, by: string, text: string): string | null {
  if (wanted === "" || !text.includes(wanted)) return text;
  const parts = text.split(wanted);
  return text.length + (by.length - wanted.length) * (parts.length - 1) > TEXT_LENGTH_MAX ? null : parts.join(by);
}

/** Characters that finding a text again and again may compare: matches that overlap would take the square of its length. */
const COMPARED_MAX = 16_777_216;

/** Null: it would take too long to count. */
function occurrences(text: string, wanted: string): number | null {
  if (wanted === "") return 0;
  let count = 0;
  // they may overlap, as in Kusto
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
    count++;
    if (count * wanted.length > COMPARED_MAX) return null;
  }
  return count;
}

function indexOf(text: string, wanted: string, start = 0, length = -1, occurrence = 1): number | null {
  if (occurrence < 1 || Math.min(occurrence, text.length) * wanted.length > COMPARED_MAX) return null;
  const from = start < 0 ? Math.max(0, text.length + start) : start;
  const end = length < 0 ? text.length : Math.min(text.length, from + length);
  let at = text.indexOf(wanted, from);
  for (let n = 1; n < occurrence && at >= 0; n++) at = text.indexOf(wanted, at + 1);
  return at >= 0 && at + wanted.length <= end ? at : -1;
}

function substring(text: string, start: number, length = Number.POSITIVE_INFINITY): string {
  const from = start < 0 ? Math.max(0, text.length + start) : start;
  return text.slice(from, from + Math.max(0, length));
}

function translate(from: string, to: string, text: string): string {
  if (to === "") {
    const cut = new Set(from);
    return [...text].filter((character) => !cut.has(character)).join("");
  }
  const [wanted, by] = [[...from], [...to]];
  const table = new Map(wanted.map((character, i) => [character, by[Math.min(i, by.length - 1)] ?? ""]));
  return [...text].map((character) => table.get(character) ?? character).join("");
}

const bytes = new TextEncoder();
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences of terminals begin with one
const ANSI_ESCAPE = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])/g;

export const TEXT_FUNCTIONS: Record<string, ScalarFunction> = {
  strlen: define("Length of a text.", ["text"], "long", (text) => text.length),
  string_size: define("Length of a text in bytes of UTF-8.", ["text"], "long", (text) => bytes.encode(text).length),
  tolower: define("A text in lower case.", ["text"], "string", (text) => text.toLowerCase()),
  toupper: define("A text in upper case.", ["text"], "string", (text) => text.toUpperCase()),
  totitle: define("A text with each word's first letter in upper case.", ["text"], "string", (text) =>
    text.replace(/[\p{L}\p{N}']+/gu, (word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()),
  ),
  substring: define("Part of a text: from an index, of a length.", ["text", "whole", "whole?"], "string", substring),
  strcat: variadic("Values printed one behind the other.", "printed", [1, ARGUMENTS_MAX], "string", (texts) => boundedJoin(texts, "")),
  strcat_delim: variadic("Values printed with the first between them.", "printed", [2, ARGUMENTS_MAX], "string", ([between, ...texts]) =>
    boundedJoin(texts, between ?? ""),
  ),
  trim: trimming(
    "A text without white space, or given characters, at its ends.",
    (text) => text.trim(),
    (cutset, text) => trimEnd(cutset, trimStart(cutset, text)),
  ),
  trim_start: trimming("A text without white space, or given characters, at its start.", (text) => text.trimStart(), trimStart),
  trim_end: trimming("A text without white space, or given characters, at its end.", (text) => text.trimEnd(), trimEnd),
  trim_space: define("A text without white space at its ends.", ["text"], "string", (text) => text.trim()),
  split: define(
    "Parts of a text between delimiters; or the one at an index, in an array.",
    ["text", "text", "whole?"],
    "dynamic",
    (text, by, at) => {
      const parts = by === "" ? [text] : text.split(by);
      return at === undefined ? parts : at >= 0 && at < parts.length ? [parts[at]] : null;
    },
  ),
  replace_string: define(
    "A text with another one in place of a third: (lookup, rewrite, text).",
    ["text", "text", "text"],
    "string",
    replaceAll,
  ),
  indexof: define(
    "Where a text is in another one, or -1: (text, lookup, start, length, occurrence).",
    ["text", "text", "whole?", "whole?", "whole?"],
    "long",
    indexOf,
  ),
  countof: define("How often a text is in another one: (text, search).", ["text", "text"], "long", occurrences),
  reverse: define("A text backwards.", ["text"], "string", (text) => [...text].reverse().join("")),
  strrep: define(
    "A text so many times, with another one between.",
    ["printed", "whole", "text?"],
    "string",
    (text, times, between = "") => {
      const count = Math.min(Math.max(times, 0), REPEAT_MAX);
      return (text.length + between.length) * count > TEXT_LENGTH_MAX ? null : Array(count).fill(text).join(between);
    },
  ),
  strcmp: define("-1, 0 or 1 as the first text comes before, with or after the second.", ["text", "text"], "long", (a, b) =>
    a < b ? -1 : a > b ? 1 : 0,
  ),
  isascii: define("Whether all characters of a text are ASCII.", ["text"], "bool", (text) => !/[^\0-\x7f]/.test(text)),
  isutf8: define("Whether a text is well-formed Unicode.", ["text"], "bool", (text) => text.isWellFormed()),
  quote: define("A text in double quotes, with escapes.", ["text"], "string", (text) => boundedText(JSON.stringify(text))),
  translate: define("A text with characters exchanged one by one: (from, to, text).", ["text", "text", "text"], "string", translate),
  strip_ansi_escapes: define("A text without escape sequences for terminals.", ["text"], "string", (text) => text.replace(ANSI_ESCAPE, "")),
  unicode_codepoints_from_string: define("Code points of a text.", ["text"], "dynamic", (text) =>
    Array.from(text, (one) => one.codePointAt(0) ?? 0),
  ),
  unicode_codepoints_to_string: define("The text of code points.", ["array"], "string", (points) =>
    points.every((one): one is number => typeof one === "number" && Number.isInteger(one) && one >= 0 && one <= 0x10ffff)
      ? points.map((one) => String.fromCodePoint(one)).join("")
      : null,
  ),
};
