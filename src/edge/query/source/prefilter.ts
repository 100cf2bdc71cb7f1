/** Passes over lines that cannot matter, by texts that one that does must hold. Sound, not sharp: a line too many costs time only. */
import type { NeededText } from "../apl/source.ts";

export interface Prefilter {
  /** Where in the text, from there on, the next line that may matter has something that tells; its length: nowhere. */
  next(text: string, from: number): number;
  /** Whether the line [from, to), which `next` has led to, may matter. */
  passes(text: string, from: number, to: number): boolean;
}

/** Alternatives of a group, and characters of one: more would cost more than they spare. */
const GROUP_TEXTS_MAX = 16;
const TEXT_LENGTH_MAX = 64;
const TEXT_LENGTH_MIN = 2;

/** A JSON text may spell any character by its number, so a line with such an escape may say anything. */
const ESCAPE = String.raw`\\u`;
/** What JSON may spell in a way of its own (RFC 8259 section 7), and half surrogate pairs, which no bytes stand for. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they cannot stand in a JSON text as they are
const SPELLED_OTHERWISE = /["\\/\u0000-\u001f]|\p{Surrogate}/u;
/** Characters beside the capital that become this letter in lower case, or differ from it in case only, as bytes of UTF-8. */
const ALSO: Record<string, string> = { k: "\xe2\x84\xaa", s: "\xc5\xbf", i: "\xc4\xb0|\xc4\xb1" };

/**
 * For texts of one character per byte of UTF-8. Case is ignored as `toLowerCase` and Unicode's simple case folding do.
 * @returns null when the texts tell nothing.
 */
export function openPrefilter(groups: readonly (readonly NeededText[])[]): Prefilter | null {
  const patterns = groups.flatMap(patternOf).sort((a, b) => b.sharpness - a.sharpness);
  if (!patterns[0]) return null;
  const first = new RegExp(`${patterns[0].source}|${ESCAPE}`, "g");
  const others = patterns.slice(1).map(({ source }) => new RegExp(`${source}|${ESCAPE}`));
  return {
    next(text, from) {
      first.lastIndex = from;
      return first.test(text) ? first.lastIndex - 1 : text.length;
    },
    passes(text, from, to) {
      if (others.length === 0) return true;
      const line = text.slice(from, to);
      return others.every((pattern) => pattern.test(line));
    },
  };
}

function patternOf(group: readonly NeededText[]): { source: string; sharpness: number }[] {
  const parts = group.map(({ text, ignoreCase }) => ({ text: plainPart(text, ignoreCase), ignoreCase }));
  const sharpness = Math.min(...parts.map(({ text }) => text.length));
  if (parts.length === 0 || parts.length > GROUP_TEXTS_MAX || sharpness < TEXT_LENGTH_MIN) return [];
  return [{ source: parts.map(({ text, ignoreCase }) => sourceOf(text, ignoreCase)).join("|"), sharpness }];
}

/** The longest part of a text that JSON spells in one way only: whoever holds the text holds this. */
function plainPart(text: string, ignoreCase: boolean): string {
  const parts = (ignoreCase ? text.toLowerCase() : text).split(SPELLED_OTHERWISE);
  // other letters have other cases, some of them of another length
  const plain = ignoreCase ? parts.flatMap((part) => part.split(/[^\x20-\x7e]/)) : parts;
  const longest = plain.reduce((best, part) => (part.length > best.length ? part : best), "");
  return longest.slice(0, TEXT_LENGTH_MAX).replace(/\p{Surrogate}$/u, "");
}

function sourceOf(text: string, ignoreCase: boolean): string {
  const bytes: string = Buffer.from(text).toString("latin1");
  const sourceOfEach = (character: string) => {
    if (!ignoreCase || !/[a-z]/.test(character)) return character.replace(/[.*+?^${}()|[\]\\-]/, "\\$&");
    const either = `[${character}${character.toUpperCase()}]`;
    return character in ALSO ? `(?:${either}|${ALSO[character]})` : either;
  };
  return [...bytes].map(sourceOfEach).join("");
}
