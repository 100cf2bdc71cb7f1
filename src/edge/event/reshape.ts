/**
 * Rewrites the few objects that cannot be stored as they came: reserved names are renamed, names that give way are dropped,
 * of several times the last one stays, what is nested too deep becomes null, too long a string becomes a marker. Works on the
 * bytes of an object already known to be valid JSON, so numbers keep every digit and `__proto__` is a name like any other.
 */
import type { EventRules } from "./rules.ts";
import { isReserved } from "./rules.ts";

export interface ReshapeLimits {
  depthMax: number;
  stringBytesMax: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NULL = encoder.encode("null");
const TOO_LONG = encoder.encode('"<invalid string: too long>"');

/** @returns the bytes of the new object. */
export function reshape(object: Uint8Array, rules: EventRules, limits: ReshapeLimits): Uint8Array {
  const members = membersOf(object);
  const times = members.filter((member) => member.name === rules.timeField);
  const kept = members.filter((member) => {
    if (member.name === rules.timeField) return member === times.at(-1);
    return !rules.droppedNames.includes(member.name);
  });
  const out: Uint8Array[] = [];
  for (const { name, start, end } of kept) {
    const stored = isReserved(name) ? `_user_${name}` : name;
    out.push(encoder.encode(`${out.length > 0 ? "," : "{"}${JSON.stringify(stored)}:`));
    copyValue(object, start, end, limits, out);
  }
  out.push(encoder.encode(out.length > 0 ? "}" : "{}"));
  return Buffer.concat(out);
}

interface Member {
  name: string;
  start: number;
  end: number;
}

function membersOf(object: Uint8Array): Member[] {
  const members: Member[] = [];
  let p = object.indexOf(QUOTE);
  while (p >= 0) {
    const nameEnd = stringEnd(object, p);
    const name = JSON.parse(decoder.decode(object.subarray(p, nameEnd)));
    const start = object.indexOf(0x3a, nameEnd) + 1;
    const end = valueEnd(object, start);
    members.push({ name, start, end });
    p = object[end] === 0x2c ? object.indexOf(QUOTE, end) : -1;
  }
  return members;
}

/** From a value's first byte, or white space before it, to the comma or bracket after it. */
function valueEnd(object: Uint8Array, start: number): number {
  let depth = 0;
  for (let p = start; ; p++) {
    const c = object[p];
    if (c === QUOTE) p = stringEnd(object, p) - 1;
    else if (c === 0x7b || c === 0x5b) depth++;
    else if (c === 0x7d || c === 0x5d) {
      if (depth === 0) return p;
      depth--;
    } else if (c === 0x2c && depth === 0) return p;
  }
}

/** From the opening quote to after the closing one. */
function stringEnd(object: Uint8Array, start: number): number {
  let p = start + 1;
  while (object[p] !== QUOTE) p += object[p] === BACKSLASH ? 2 : 1;
  return p + 1;
}

/** Copies one member's value. The event itself is level 1, so a container in it opens level 2. */
function copyValue(object: Uint8Array, start: number, end: number, limits: ReshapeLimits, out: Uint8Array[]): void {
  let depth = 1;
  let copied = start;
  for (let p = start; p < end; p++) {
    const c = object[p];
    if (c === QUOTE) {
      const after = stringEnd(object, p);
      if (after - p - 2 > limits.stringBytesMax) {
        out.push(object.subarray(copied, p), TOO_LONG);
        copied = after;
      }
      p = after - 1;
    } else if (c === 0x7b || c === 0x5b) {
      if (depth === limits.depthMax) {
        out.push(object.subarray(copied, p), NULL);
        copied = valueEnd(object, p);
        p = copied - 1;
      } else depth++;
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
  out.push(object.subarray(copied, end));
}
