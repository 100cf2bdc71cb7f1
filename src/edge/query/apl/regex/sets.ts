/** Sets of code points, as bounds of ranges in order: from, to, from, to. */
export type Ranges = readonly number[];

export const CODE_POINT_MAX = 0x10ffff;

/** Letters beyond are not taken together with their other case where case is ignored. */
const CASED_MAX = 0x2fff;

export function normalized(ranges: Ranges): Ranges {
  const pairs: [number, number][] = [];
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i] ?? 0, ranges[i + 1] ?? 0]);
  pairs.sort(([a], [b]) => a - b);
  const merged: number[] = [];
  for (const [from, to] of pairs) {
    const last = merged.at(-1);
    if (last === undefined || from > last + 1) merged.push(from, to);
    else if (to > last) merged[merged.length - 1] = to;
  }
  return merged;
}

/** @param ranges normalized */
export function complement(ranges: Ranges): Ranges {
  const rest: number[] = [];
  let from = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    if ((ranges[i] ?? 0) > from) rest.push(from, (ranges[i] ?? 0) - 1);
    from = (ranges[i + 1] ?? 0) + 1;
  }
  if (from <= CODE_POINT_MAX) rest.push(from, CODE_POINT_MAX);
  return rest;
}

/** With the other case of each letter. */
export function ignoringCase(ranges: Ranges): Ranges {
  const all = [...ranges];
  for (let i = 0; i < ranges.length; i += 2) {
    for (let point = ranges[i] ?? 0; point <= Math.min(ranges[i + 1] ?? 0, CASED_MAX); point++) {
      const character = String.fromCodePoint(point);
      for (const other of [character.toLowerCase(), character.toUpperCase()]) {
        const code = other.codePointAt(0) ?? 0;
        if (other !== character && other.length === String.fromCodePoint(code).length) all.push(code, code);
      }
    }
  }
  return normalized(all);
}

const ranges = (text: string): Ranges => normalized([...text].map((one) => one.charCodeAt(0)));

const digit = ranges("09");
const word = ranges("09AZ__az");
const space = normalized([9, 10, 12, 13, 32, 32]);

export const WORD: Ranges = word;

/** `\d`, `\s`, `\w`, as in RE2: ASCII only. */
export const PERL: Record<string, Ranges> = {
  d: digit,
  D: complement(digit),
  s: space,
  S: complement(space),
  w: word,
  W: complement(word),
};

/** `[[:alpha:]]` and its like. */
export const POSIX: Record<string, Ranges> = {
  alnum: ranges("09AZaz"),
  alpha: ranges("AZaz"),
  ascii: [0, 127],
  blank: normalized([9, 9, 32, 32]),
  cntrl: [0, 31, 127, 127],
  digit,
  graph: [33, 126],
  lower: ranges("az"),
  print: [32, 126],
  punct: normalized([33, 47, 58, 64, 91, 96, 123, 126]),
  space: normalized([9, 13, 32, 32]),
  upper: ranges("AZ"),
  word,
  xdigit: ranges("09AFaf"),
};

const CHUNK = 4096;
const known = new Map<string, Ranges | null>();

/** A general category or a script by the platform's tables; null: there is none of that name. */
export function unicodeClass(name: string): Ranges | null {
  if (!/^[A-Za-z_]{1,40}$/.test(name)) return null;
  const before = known.get(name);
  if (before !== undefined) return before;
  const pattern = platformClass(name);
  const found = pattern === null ? null : pointsOf(pattern);
  known.set(name, found);
  return found;
}

function platformClass(name: string): RegExp | null {
  for (const property of [name, `Script=${name}`]) {
    try {
      return new RegExp(`\\p{${property}}+`, "gu");
    } catch {}
  }
  return null;
}

function pointsOf(pattern: RegExp): Ranges {
  const found: number[] = [];
  for (let from = 0; from <= CODE_POINT_MAX; from += CHUNK) {
    // halves of pairs are no characters, and would join to others
    if (from >= 0xd800 && from < 0xe000) continue;
    const width = from > 0xffff ? 2 : 1;
    const text = String.fromCodePoint(...Array.from({ length: CHUNK }, (_, i) => (from + i >= 0xd800 && from + i < 0xe000 ? 0 : from + i)));
    for (const { index, 0: run } of text.matchAll(pattern)) {
      const first = from + index / width;
      found.push(first, first + run.length / width - 1);
    }
  }
  return normalized(found);
}
