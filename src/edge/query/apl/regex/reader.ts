/** A pattern's characters, one after the other. */
import type { QueryFault } from "../fault.ts";

export interface Reader {
  readonly pattern: string;
  position: number;
  readonly fault: (what: string) => QueryFault;
}

export function next(reader: Reader): string {
  const point = reader.pattern.codePointAt(reader.position);
  if (point === undefined) throw reader.fault("the pattern ends too early");
  const character = String.fromCodePoint(point);
  reader.position += character.length;
  return character;
}

export function taken(reader: Reader, text: string): boolean {
  if (!reader.pattern.startsWith(text, reader.position)) return false;
  reader.position += text.length;
  return true;
}
