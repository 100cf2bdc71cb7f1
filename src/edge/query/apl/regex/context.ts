/** What stands before and behind a position, in as far as `^`, `$` and `\b` ask. */
import type { Program, Where } from "./program.ts";

/** Bits. */
export const TEXT_EDGE = 1;
export const LINE_FEED = 2;
export const WORD_CHARACTER = 4;

/** @param characterClass -1 beyond the text */
export function contextOf({ word, lineFeed }: Program, characterClass: number): number {
  if (characterClass < 0) return TEXT_EDGE;
  return (lineFeed[characterClass] === 1 ? LINE_FEED : 0) | (word[characterClass] === 1 ? WORD_CHARACTER : 0);
}

/** The class of the character that ends before a position. */
export function contextBefore(program: Program, text: string, position: number): number {
  if (position <= 0) return TEXT_EDGE;
  const low = text.charCodeAt(position - 1);
  const paired = low >= 0xdc00 && low <= 0xdfff && position > 1;
  const point = paired ? (text.codePointAt(position - 2) ?? low) : low;
  return contextOf(program, program.classOf(point > 0xffff ? point : low));
}

export function holds(where: Where, before: number, behind: number): boolean {
  switch (where) {
    case "start":
      return (before & TEXT_EDGE) !== 0;
    case "end":
      return (behind & TEXT_EDGE) !== 0;
    case "line start":
      return (before & (TEXT_EDGE | LINE_FEED)) !== 0;
    case "line end":
      return (behind & (TEXT_EDGE | LINE_FEED)) !== 0;
    case "word edge":
      return (before & WORD_CHARACTER) !== (behind & WORD_CHARACTER);
    case "no word edge":
      return (before & WORD_CHARACTER) === (behind & WORD_CHARACTER);
  }
}
