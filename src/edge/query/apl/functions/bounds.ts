/**
 * How large a value may get. Fields are bounded where events are taken in; what functions make of them is bounded here, so that no query
 * can double a text or an array until the memory is gone. What is larger is null.
 */
import { printDynamic } from "../expression/coerce.ts";
import type { Value } from "../value.ts";

/** Characters of a text that a function puts together. */
export const TEXT_LENGTH_MAX = 1_048_576;
/** Characters and elements, all in all, of an array or object that a function puts together. */
export const VALUE_SIZE_MAX = 1_048_576;
/** Elements of one array that is made of nothing, as by `range`. */
export const ARRAY_LENGTH_MAX = 65_536;
/** Levels of arrays and objects in parsed JSON; events have at most as many. */
export const JSON_DEPTH_MAX = 100;

export function boundedText(text: string): string | null {
  return text.length > TEXT_LENGTH_MAX ? null : text;
}

export function boundedValue(value: Value): Value {
  return sizeOf(value, VALUE_SIZE_MAX, 0) > VALUE_SIZE_MAX ? null : value;
}

/** Null where arrays are too long to be put together. */
export function boundedLists(lists: readonly (readonly Value[] | null)[]): Value[] | null {
  let length = 0;
  for (const list of lists) length += list?.length ?? 0;
  return length > VALUE_SIZE_MAX ? null : lists.flatMap((list) => list ?? []);
}

/** Values as they are printed; null where they are too long to be put together. */
export function boundedJoin(values: readonly Value[], between: string): string | null {
  const parts: string[] = [];
  let length = 0;
  for (const value of values) {
    const text = value === null || value === undefined ? "" : printDynamic(value);
    length += text.length + (parts.length > 0 ? between.length : 0);
    if (length > TEXT_LENGTH_MAX) return null;
    parts.push(text);
  }
  return parts.join(between);
}

/** Counted up to `most`. */
function sizeOf(value: Value, most: number, depth: number): number {
  if (typeof value === "string") return value.length + 1;
  if (typeof value !== "object" || value === null) return 1;
  if (depth >= JSON_DEPTH_MAX) return most + 1;
  let size = 1;
  if (Array.isArray(value)) {
    // each counts for one at least, so that none of a very long one is looked at
    if (value.length > most) return most + 1;
    for (const one of value as readonly Value[]) {
      size += sizeOf(one, most - size, depth + 1);
      if (size > most) return size;
    }
    return size;
  }
  for (const [name, one] of Object.entries(value)) {
    size += sizeOf(one as Value, most - size, depth + 1) + name.length;
    if (size > most) return size;
  }
  return size;
}

/** The text is no JSON, or nests too deeply: undefined. */
export function parseJson(text: string): Value {
  if (nestsDeeply(text)) return undefined;
  try {
    return JSON.parse(text) as Value;
  } catch {
    return undefined;
  }
}

function nestsDeeply(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      for (at++; at < text.length && text.charCodeAt(at) !== 0x22; at++) if (text.charCodeAt(at) === 0x5c) at++;
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth > JSON_DEPTH_MAX) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
}
