/** Texts in texts. A null holds no text; what is no text is looked at as it is printed. */
import { QueryFault } from "../../apl/fault.ts";
import { compileRegex } from "../../apl/regex.ts";
import type { TextOp } from "../../apl/syntax.ts";
import { quotedText } from "./quote.ts";
import { asPrinted, asText, type Bind, made, type Sql } from "./sql.ts";

const TERM = "[^\\p{L}\\p{N}]";
const IN_TERM = /[\p{L}\p{N}]/u;

interface Term {
  readonly begins: boolean;
  readonly ends: boolean;
  readonly folds: boolean;
}

export function searched(bind: Bind, at: number, op: TextOp, negated: boolean, left: Sql, right: Sql): Sql {
  const text = bind(asPrinted(bind, left));
  const test = op === "matches" ? matches(at, text, right) : found(at, op, text, asText(bind, right));
  const safe = `ifNull(${test}, false)`;
  return made("bool", negated ? `NOT ${safe}` : safe, false);
}

function found(at: number, op: Exclude<TextOp, "matches">, text: Sql, wanted: Sql): string {
  const folds = !op.endsWith("_cs");
  const [a, b] = folds ? [`lowerUTF8(${text.text})`, `lowerUTF8(${wanted.text})`] : [text.text, wanted.text];
  switch (op) {
    case "contains":
    case "contains_cs":
      return `position(${a}, ${b}) > 0`;
    case "startswith":
    case "startswith_cs":
      return `startsWith(${a}, ${b})`;
    case "endswith":
    case "endswith_cs":
      return `endsWith(${a}, ${b})`;
    default:
      return hasTerm(at, text, wanted, { begins: !op.startsWith("hassuffix"), ends: !op.startsWith("hasprefix"), folds });
  }
}

/** A term is a longest run of letters and digits; RE2 looks for its ends. */
export function hasTerm(at: number, text: Sql, wanted: Sql, { begins, ends, folds }: Term): string {
  const word = wanted.literal?.value;
  if (typeof word !== "string")
    throw new QueryFault(at, "the term that is looked for must be a constant text for datasets answered by ClickHouse");
  const before = begins && IN_TERM.test(word.slice(0, 1)) ? `(?:^|${TERM})` : "";
  const after = ends && IN_TERM.test(word.slice(-1)) ? `(?:$|${TERM})` : "";
  const pattern = `${folds ? "(?i)" : ""}${before}${word.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")}${after}`;
  return `ifNull(match(${text.text}, ${quotedText(pattern)}), false)`;
}

/** Our own engine has read the pattern, so it is one that takes linear time; RE2 is another such. */
function matches(at: number, text: Sql, pattern: Sql): string {
  const value = pattern.literal?.value;
  if (typeof value !== "string") throw new QueryFault(at, "the pattern of matches regex must be a constant text");
  compileRegex(value, "", at);
  // without the flag, ClickHouse lets a dot stand for the end of a line
  return `match(${text.text}, ${quotedText(`(?-s)${value}`)})`;
}
