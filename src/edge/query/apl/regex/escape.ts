/** What stands behind a backslash. */
import { next, type Reader, taken } from "./reader.ts";
import { CODE_POINT_MAX, complement, PERL, type Ranges, unicodeClass } from "./sets.ts";

const CONTROLS: Record<string, string> = { n: "\n", t: "\t", r: "\r", f: "\f", v: "\v", a: "\x07" };

/** `\d` and its like, `\p{L}`, `\pL`, `\P{Greek}`; null: the escape stands for one character. */
export function setEscape(reader: Reader): Ranges | null {
  const letter = reader.pattern.charAt(reader.position);
  const perl = PERL[letter];
  if (perl !== undefined) {
    reader.position++;
    return perl;
  }
  if (letter !== "p" && letter !== "P") return null;
  reader.position++;
  const braced = /^\{(\^?)([^}]*)\}/.exec(reader.pattern.slice(reader.position, reader.position + 48));
  const name = braced === null ? next(reader) : (braced[2] ?? "");
  if (braced !== null) reader.position += braced[0].length;
  const set = unicodeClass(name);
  if (set === null) throw reader.fault(`there is no class of characters named ${name}`);
  return (letter === "P") !== (braced?.[1] === "^") ? complement(set) : set;
}

/** The character that an escape stands for. */
export function escapeIn(reader: Reader): string {
  if (taken(reader, "x")) return String.fromCodePoint(hexHere(reader));
  const octal = /^(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(reader.pattern.slice(reader.position, reader.position + 3));
  if (octal !== null) {
    reader.position += octal[0].length;
    return String.fromCharCode(Number.parseInt(octal[0], 8));
  }
  const character = next(reader);
  const control = CONTROLS[character];
  if (control !== undefined) return control;
  if (/[1-9]/.test(character)) throw reader.fault("references to groups are not part of this syntax");
  if (/[A-Za-z]/.test(character)) throw reader.fault(`\\${character} has no meaning`);
  return character;
}

function hexHere(reader: Reader): number {
  const hex = /^(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(reader.pattern.slice(reader.position, reader.position + 8));
  const point = hex === null ? Number.NaN : Number.parseInt(hex[1] ?? hex[2] ?? "", 16);
  if (hex === null || !(point <= CODE_POINT_MAX)) throw reader.fault("\\x needs two hexadecimal digits, or up to six in braces");
  reader.position += hex[0].length;
  return point;
}
