/**
 * Makes the strings of a field. What is cut out of a long text keeps all of it in memory, so a string is made anew; and since values mostly
 * come again, some of the last ones are kept, which also spares whoever groups by them to hash them each time.
 */

export interface Strings {
  /** Of the bytes [from, to), all of them ASCII without escapes; `text` says the same, a character for each byte. */
  make(bytes: Uint8Array, text: string, from: number, to: number): string;
}

/** Above it, a string that is cut off is no copy. */
const COPIED_LENGTH_MAX = 12;
const PLACES = 64;
/** After so many new ones it is decided whether keeping them pays. */
const TRIED = 1_000;

export function openStrings(): Strings {
  let kept: string[] | null = null;
  let hits = 0;
  let misses = 0;
  return {
    make(bytes, text, from, to) {
      const length = to - from;
      if (misses > TRIED && hits < misses) return copied(text, from, to);
      kept ??= new Array<string>(PLACES).fill("");
      const mixed = length * 31 + (bytes[from] as number) * 7 + (bytes[to - 1] as number) * 13 + (bytes[(from + to) >> 1] as number);
      const place = mixed & (PLACES - 1);
      const known = kept[place] as string;
      if (known.length === length && isSame(known, bytes, from)) {
        hits++;
        return known;
      }
      misses++;
      const made = copied(text, from, to);
      kept[place] = made;
      return made;
    },
  };
}

function isSame(known: string, bytes: Uint8Array, from: number): boolean {
  for (let i = 0; i < known.length; i++) if (known.charCodeAt(i) !== bytes[from + i]) return false;
  return true;
}

/** Short pieces are copies, and what is joined of them refers to nothing else. */
function copied(text: string, from: number, to: number): string {
  let made = "";
  let at = from;
  for (; to - at > COPIED_LENGTH_MAX; at += COPIED_LENGTH_MAX) made += text.slice(at, at + COPIED_LENGTH_MAX);
  return made + text.slice(at, to);
}
