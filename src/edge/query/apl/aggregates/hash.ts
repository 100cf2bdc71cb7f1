/** Two independent 32-bit hashes of a value, for counting distinct ones. Not against someone who looks for collisions. */
import type { Value } from "../value.ts";
import { canonicalText } from "./canonical.ts";

export interface Hasher {
  high: number;
  low: number;
  hash(value: Exclude<Value, null | undefined>): void;
}

const SEEDS = { number: 0x243f6a88, string: 0x13198a2e, boolean: 0x299f31d0, object: 0x452821e6 };

export function openHasher(): Hasher {
  const double = new Float64Array(1);
  const halves = new Uint32Array(double.buffer);
  const hasher: Hasher = { high: 0, low: 0, hash };

  function hash(value: Exclude<Value, null | undefined>): void {
    let a = SEEDS[typeof value as keyof typeof SEEDS];
    let b = ~a;
    if (typeof value === "number") {
      // -0 and 0 are one
      double[0] = value + 0;
      a = turn(turn(a, halves[0] as number, A), halves[1] as number, A);
      b = turn(turn(b, halves[0] as number, B), halves[1] as number, B);
    } else {
      const text = typeof value === "object" ? canonicalText(value) : String(value);
      for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        a = turn(a, unit, A);
        b = turn(b, unit, B);
      }
      a ^= text.length;
    }
    hasher.high = spread(a ^ (b >>> 9));
    hasher.low = spread(b ^ (a >>> 7));
  }
  return hasher;
}

const A = 0x9e3779b1;
const B = 0x85ebca77;

function turn(hash: number, unit: number, factor: number): number {
  const mixed = Math.imul(hash ^ unit, factor);
  return (mixed << 13) | (mixed >>> 19);
}

/** Lets each bit change each other (the finalizer of MurmurHash3). */
function spread(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
