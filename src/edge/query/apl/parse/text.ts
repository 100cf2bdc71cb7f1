/** Texts in quotes: '…' and "…" with escapes, @"…" without, ```…``` over lines; an `h` before one hides it from logs and means nothing here. */
import type { Token } from "../lexer.ts";

const ESCAPED = /\\(?:([abfnrtv"'`\\/])|([0-3]?[0-7]{1,2})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y;
const SIMPLE: Readonly<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
const PLAIN = { '"': /[^"\\\n\r]*/y, "'": /[^'\\\n\r]*/y };
const CODE_POINT_MAX = 0x10ffff;
const FENCE = "```";

/** @param at of the first character: `h`, `@` or a quote. */
export function readText(text: string, at: number): Token {
  let from = at;
  if (/[hH]/.test(text[from] ?? "")) from++;
  if (text.startsWith(FENCE, from)) return fenced(text, at, from + FENCE.length);
  const verbatim = text[from] === "@";
  if (verbatim) from++;
  const quote = text[from] === "'" ? "'" : '"';
  return verbatim ? verbatimText(text, at, from + 1, quote) : escapedText(text, at, from + 1, quote);
}

function fenced(text: string, at: number, from: number): Token {
  const close = text.indexOf(FENCE, from);
  if (close < 0) return unclosed(text, at, text.length, FENCE);
  return { kind: "text", at, end: close + FENCE.length, text: text.slice(from, close) };
}

/** A quote stands in it as two. */
function verbatimText(text: string, at: number, from: number, quote: string): Token {
  const pieces: string[] = [];
  for (let begin = from; ; ) {
    const close = text.indexOf(quote, begin);
    if (close < 0) return unclosed(text, at, text.length, quote);
    pieces.push(text.slice(begin, close));
    if (text[close + 1] !== quote) return { kind: "text", at, end: close + 1, text: pieces.join(quote) };
    begin = close + 2;
  }
}

function escapedText(text: string, at: number, from: number, quote: '"' | "'"): Token {
  const plain = PLAIN[quote];
  const pieces: string[] = [];
  let wrong: number | null = null;
  for (let p = from; ; ) {
    plain.lastIndex = p;
    plain.test(text);
    pieces.push(text.slice(p, plain.lastIndex));
    p = plain.lastIndex;
    if (text[p] === quote) {
      if (wrong === null) return { kind: "text", at, end: p + 1, text: pieces.join("") };
      return { kind: "bad", at, end: p + 1, faultAt: wrong, message: `unknown escape; write \\\\ for a backslash, or @${quote}…${quote}` };
    }
    if (text[p] !== "\\") return unclosed(text, at, p, quote);
    ESCAPED.lastIndex = p;
    const found = ESCAPED.exec(text);
    const character = found && unescaped(found);
    if (character === null) wrong ??= p;
    else pieces.push(character);
    // over a backslash that means nothing goes whatever it stands before, so that \" in a wrong text does not end it
    p = character === null ? Math.min(p + (/[\n\r]/.test(text[p + 1] ?? "\n") ? 1 : 2), text.length) : ESCAPED.lastIndex;
  }
}

function unescaped([, simple, octal, ...hex]: RegExpExecArray): string | null {
  if (simple !== undefined) return SIMPLE[simple] ?? simple;
  if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
  const code = Number.parseInt(hex.find((digits) => digits !== undefined) ?? "", 16);
  return code <= CODE_POINT_MAX ? String.fromCodePoint(code) : null;
}

function unclosed(text: string, at: number, end: number, quote: string): Token {
  const message = `expected ${quote} to end the text${end < text.length ? " on its line" : ""}`;
  return { kind: "bad", at, end, faultAt: at, message };
}
