/** Chance that is the same in every run (mulberry32). */
export interface Draw {
  /** From 0 to below 1. */
  chance(): number;
  /** A whole number from `least` to `most`, both among them. */
  whole(least: number, most: number): number;
  /** Digits behind the point; none where they are zeros. */
  broken(least: number, most: number, digits: number): number;
  one<T>(of: readonly T[]): T;
  /** The first of them most often. */
  uneven<T>(of: readonly T[]): T;
  text(alphabet: string, length: number): string;
}

export function openDraw(seed: number): Draw {
  let state = seed >>> 0;
  const chance = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (least: number, most: number) => least + Math.floor(chance() * (most - least + 1));
  const one = <T>(of: readonly T[]): T => of[whole(0, of.length - 1)] as T;
  return {
    chance,
    whole,
    broken: (least, most, digits) => Number((least + chance() * (most - least)).toFixed(digits)),
    one,
    uneven: <T>(of: readonly T[]): T => of[Math.floor(chance() ** 3 * of.length)] as T,
    text: (alphabet, length) => Array.from({ length }, () => one([...alphabet])).join(""),
  };
}
