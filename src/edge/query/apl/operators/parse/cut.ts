/** A text cut along texts that are to stand in it, in one pass: each is found at its first place behind the one before. */
import type { ParsePart } from "../../syntax.ts";
import type { Type } from "../../value.ts";
import type { Cut } from "../parse.ts";

/** How a value looks that no text ends: it goes as far as it looks so. */
const LOOKS: Partial<Record<Type, RegExp>> = {
  long: /\s*[+-]?\d+/y,
  real: /\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y,
  bool: /\s*(?:true|false)/iy,
};

export function looksBounded(type: Type): boolean {
  return LOOKS[type] !== undefined;
}

/** What is left of the text behind the last part is let be. */
export function cutAlong(parts: readonly ParsePart[]): Cut {
  return (text) => {
    const found: string[] = [];
    let at = 0;
    /** Parts since the last text, which share what stands up to the next one. */
    let between: ParsePart[] = [];
    for (const part of parts) {
      if (part.kind !== "text") {
        between.push(part);
        continue;
      }
      const next = between.length > 0 ? text.indexOf(part.text, at) : text.startsWith(part.text, at) ? at : -1;
      if (next < 0) return null;
      divide(text.slice(at, next), between, found);
      at = next + part.text.length;
      between = [];
    }
    divide(text.slice(at), between, found);
    return found;
  };
}

/** The last column takes what is left, those before it what looks like their types. */
function divide(text: string, parts: readonly ParsePart[], found: string[]): void {
  let at = 0;
  for (const [i, part] of parts.entries()) {
    const isLast = i === parts.length - 1;
    if (part.kind !== "column") {
      const next = parts[i + 1];
      if (next?.kind === "column") at = beginOf(next.type, text, at, i + 1 === parts.length - 1);
      continue;
    }
    const end = isLast ? text.length : endOf(part.type, text, at);
    found.push(text.slice(at, end));
    at = end;
  }
}

function endOf(type: Type, text: string, at: number): number {
  const looks = LOOKS[type];
  if (!looks) return at;
  looks.lastIndex = at;
  return looks.test(text) ? looks.lastIndex : at;
}

/** Where a value begins that something may stand before; the last one goes to the end. */
function beginOf(type: Type, text: string, at: number, isLast: boolean): number {
  if (!LOOKS[type]) return at;
  for (let begin = at; begin < text.length; ) {
    const end = endOf(type, text, begin);
    if (end > begin && (!isLast || end === text.length)) return begin;
    // within what looks like a value no other one begins that ends elsewhere
    begin = Math.max(end, begin + 1);
  }
  return text.length;
}
