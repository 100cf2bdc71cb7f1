/**
 * Makes the strings of a field. What is cut out of a long text keeps all of it in memory, so a string is made anew; and since values mostly
 * come again, some of the last ones are kept, which also spares whoever groups by them to hash them each time.
 */

/** How a string is spelled: in ASCII as it is; in UTF-8; with escapes. The first may be called the second, which only takes longer. */
export type Spelling = "plain" | "utf-8" | "escaped";

export interface Strings {
  /** Of the bytes [from, to) between two quotes; `text` says the same, a character for each byte. */
  make(bytes: Buffer, text: string, from: number, to: number, spelling: Spelling): string;
}

/** Above it, a string that is cut off is no copy. */
const COPIED_LENGTH_MAX = 12;
/** Up to here, copying piece by piece is faster than the native decoder. */
const PIECED_LENGTH_MAX = 48;
const PLACES = 64;
const KEPT_LENGTH_MAX = 128;
/** After so many new ones it is decided whether keeping them pays. */
const TRIED = 1_000;
const NOTHING = { bytes: new Uint8Array(0), made: "" };

export function openStrings(): Strings {
  let kept: { bytes: Uint8Array; made: string }[] | null = null;
  let hits = 0;
  let misses = 0;
  return {
    make(bytes, text, from, to, spelling) {
      const length = to - from;
      if (length === 0) return "";
      if (length > KEPT_LENGTH_MAX || (misses > TRIED && hits < misses)) {
        if (spelling === "plain" && length <= PIECED_LENGTH_MAX) return copied(text, from, to);
        return decoded(bytes, from, to, spelling);
      }
      kept ??= new Array<typeof NOTHING>(PLACES).fill(NOTHING);
      const mixed = length * 31 + (bytes[from] as number) * 7 + (bytes[to - 1] as number) * 13 + (bytes[(from + to) >> 1] as number);
      const place = mixed & (PLACES - 1);
      const known = kept[place] ?? NOTHING;
      if (isSame(known.bytes, bytes, from, length)) {
        hits++;
        return known.made;
      }
      misses++;
      const made = decoded(bytes, from, to, spelling);
      kept[place] = { bytes: new Uint8Array(bytes.subarray(from, to)), made };
      return made;
    },
  };
}

function isSame(known: Uint8Array, bytes: Uint8Array, from: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let i = 0; i < length; i++) if (known[i] !== bytes[from + i]) return false;
  return true;
}

function decoded(bytes: Buffer, from: number, to: number, spelling: Spelling): string {
  return spelling === "escaped" ? JSON.parse(bytes.toString("utf8", from - 1, to + 1)) : bytes.toString("utf8", from, to);
}

/** Short pieces are copies, and what is joined of them refers to nothing else. */
function copied(text: string, from: number, to: number): string {
  let made = "";
  let at = from;
  for (; to - at > COPIED_LENGTH_MAX; at += COPIED_LENGTH_MAX) made += text.slice(at, at + COPIED_LENGTH_MAX);
  return made + text.slice(at, to);
}
