/** Texts in texts. What is looked for is known before the first row, so that a row costs no allocation, whatever the case of its letters. */
import type { TextOp } from "../syntax.ts";

export type TextTest = (text: string) => boolean;

/** A longer text is looked for in a copy in lower case: as a pattern it would cost more to prepare than it saves. */
const PATTERN_LENGTH_MAX = 500;

/** A literal text as a platform pattern: without repetition, so nothing in it can go wrong. */
function pattern(text: string, before: string, after: string, flags: string): RegExp {
  return new RegExp(before + text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&") + after, flags);
}

/** Whether upper and lower case of it are the same. */
function isCaseless(text: string): boolean {
  return text.toLowerCase() === text.toUpperCase();
}

export function equalsIgnoringCase(wanted: string): TextTest {
  if (isCaseless(wanted)) return (text) => text === wanted;
  const lower = wanted.toLowerCase();
  if (wanted.length > PATTERN_LENGTH_MAX) return (text) => text.length === wanted.length && text.toLowerCase() === lower;
  const same = pattern(wanted, "^", "$", "i");
  return (text) => text.length === wanted.length && same.test(text);
}

export function textTest(op: Exclude<TextOp, "matches">, wanted: string): TextTest {
  const exact = op.endsWith("_cs") || isCaseless(wanted);
  const folded = !exact && wanted.length > PATTERN_LENGTH_MAX;
  if (folded) {
    const test = textTest(`${op}_cs` as Exclude<TextOp, "matches">, wanted.toLowerCase());
    return (text) => test(text.toLowerCase());
  }
  switch (op) {
    case "contains":
    case "contains_cs": {
      if (exact) return (text) => text.includes(wanted);
      const within = pattern(wanted, "", "", "i");
      return (text) => within.test(text);
    }
    case "startswith":
    case "startswith_cs": {
      if (exact) return (text) => text.startsWith(wanted);
      const first = pattern(wanted, "^", "", "i");
      return (text) => first.test(text);
    }
    case "endswith":
    case "endswith_cs": {
      if (exact) return (text) => text.endsWith(wanted);
      const last = pattern(wanted, "", "$", "iy");
      return (text) => {
        if (text.length < wanted.length) return false;
        last.lastIndex = text.length - wanted.length;
        return last.test(text);
      };
    }
    case "has":
    case "has_cs":
      return termTest(wanted, exact, true, true);
    case "hasprefix":
    case "hasprefix_cs":
      return termTest(wanted, exact, true, false);
    case "hassuffix":
    case "hassuffix_cs":
      return termTest(wanted, exact, false, true);
  }
}

/** @param begins whether it must begin a term, @param ends and end one */
function termTest(wanted: string, exact: boolean, begins: boolean, ends: boolean): TextTest {
  const { length } = wanted;
  const atStart = begins && length > 0 && inTerm(wanted, 0);
  const atEnd = ends && length > 0 && inTerm(wanted, length - 1);
  const find = exact ? (text: string, from: number) => text.indexOf(wanted, from) : finder(wanted);
  return (text) => {
    for (let at = find(text, 0); at >= 0; at = find(text, at + 1)) {
      const end = at + length;
      if (!(atStart && at > 0 && inTerm(text, at - 1)) && !(atEnd && end < text.length && inTerm(text, end))) return true;
      if (at === text.length) return false;
    }
    return false;
  };
}

function finder(wanted: string): (text: string, from: number) => number {
  const next = pattern(wanted, "", "", "gi");
  return (text, from) => {
    next.lastIndex = from;
    return next.test(text) ? next.lastIndex - wanted.length : -1;
  };
}

const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;

/** A term is a longest run of letters and digits. Letters outside the Basic Multilingual Plane are taken for letters by their halves. */
function inTerm(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 128) return (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code >= 65 && code <= 90);
  return (code >= 0xd800 && code <= 0xdfff) || LETTER_OR_DIGIT.test(text.charAt(at));
}
