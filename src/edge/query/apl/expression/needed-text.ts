/** Which text a line of JSON must hold if one of its values is, or holds, a text. */

/**
 * What may stand within a number as it is printed, which may be spelt in the line in another way. An address has a dot too many, and a date
 * a hyphen.
 */
const NUMERIC = /^[+-]?\d*(?:\.\d*)?(?:e[+-]?\d*)?$/i;
/** A number too large for a double is one of these when it is printed. */
const BEYOND = ["-infinity", "null"];

/**
 * Null: none that could be relied on. JSON escapes quotation marks, backslashes and control characters, so what lies between those is
 * taken; and where a value that is no text may be looked at as it is printed, what lies between the signs of arrays and objects, which
 * a sender may have put spaces around. The longest such piece says most.
 */
export function usableText(text: string, how: "whole" | "part", ignoreCase: boolean): string | null {
  const pieces = text.split(how === "whole" ? /["\\\p{Cc}]/u : /["\\\p{Cc}[\]{},:]/u).filter((piece) => {
    // which letters beyond ASCII are each other's other case is not for a scan of bytes to know
    if (ignoreCase && !/^[\0-\x7f]*$/.test(piece)) return false;
    if (piece === "" || !piece.isWellFormed()) return false;
    return how === "whole" || !(NUMERIC.test(piece) || BEYOND.some((word) => word.includes(piece.toLowerCase())));
  });
  return pieces.toSorted((a, b) => b.length - a.length)[0] ?? null;
}
