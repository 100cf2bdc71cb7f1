/** A query's text as tokens, in one pass. What cannot be read is a token as well: whether it matters, and where, the parser knows. */
import { readNumber } from "./parse/number.ts";
import { readText } from "./parse/text.ts";

export type Token = { readonly at: number; readonly end: number } & (
  | { readonly kind: "name" | "sign"; readonly text: string }
  /** A text in quotes, its escapes resolved. */
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "number"; readonly type: "long" | "real" | "timespan"; readonly value: number }
  /** `datetime(…)` and its like: between the parentheses stands what is no expression. */
  | { readonly kind: "enclosed"; readonly word: string; readonly text: string }
  | { readonly kind: "bad"; readonly faultAt: number; readonly message: string }
  | { readonly kind: "end" }
);

const SPACE = /\s*/y;
// a comment ends where every reader sees a line end: whoever forwards a query must not find that its text means something else there
const COMMENT = /\/\/[^\n\r\v\f\u0085\u2028\u2029]*/y;
const LINE_END = /\r?\n|$/y;
const NAME = /[\p{L}_$][\p{L}\p{M}\p{N}_$]*/uy;
const SIGN = /==|=~|!=|!~|<=|>=|<>|\.\.|[|()[\]{},;:=<>+\-*/%.!~]/y;
const TEXT_BEGINS = /(?:[hH]?@?["'])|(?:[hH]?```)/y;
const DIGIT = /\d/y;
const ENCLOSING = new Set(["datetime", "date", "timespan", "time"]);
const PARENTHESIS = /\s*\(/y;

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at = endOf(SPACE, text, at);
    const comment = endOf(COMMENT, text, at);
    if (comment > at) {
      if (!matches(LINE_END, text, comment))
        tokens.push({ kind: "bad", at, end: comment, faultAt: comment, message: "expected a line feed to end the comment" });
      at = comment;
    } else if (at >= text.length) {
      tokens.push({ kind: "end", at: text.length, end: text.length });
      return tokens;
    } else {
      const token = tokenAt(text, at);
      tokens.push(token);
      at = token.end;
    }
  }
}

function tokenAt(text: string, at: number): Token {
  if (matches(TEXT_BEGINS, text, at)) return readText(text, at);
  if (matches(DIGIT, text, at)) return readNumber(text, at);
  const name = endOf(NAME, text, at);
  if (name > at) return nameAt(text, at, name);
  const sign = endOf(SIGN, text, at);
  if (sign > at) return { kind: "sign", at, end: sign, text: text.slice(at, sign) };
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  return { kind: "bad", at, end: at + character.length, faultAt: at, message: `unexpected character ${JSON.stringify(character)}` };
}

function nameAt(text: string, at: number, end: number): Token {
  const word = text.slice(at, end);
  if (!ENCLOSING.has(word.toLowerCase()) || !matches(PARENTHESIS, text, end)) return { kind: "name", at, end, text: word };
  const open = endOf(PARENTHESIS, text, end);
  const close = text.indexOf(")", open);
  if (close < 0) return { kind: "bad", at, end: text.length, faultAt: text.length, message: `expected ")" to end ${word.slice(0, 10)}(` };
  return { kind: "enclosed", at, end: close + 1, word: word.toLowerCase(), text: text.slice(open, close).trim() };
}

/** Where a sticky pattern's match ends; `at` itself if there is none. */
export function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function matches(pattern: RegExp, text: string, at: number): boolean {
  pattern.lastIndex = at;
  return pattern.test(text);
}
