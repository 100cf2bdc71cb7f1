/**
 * `dcount`: exact while its hashes fit into the bytes of a sketch (1,536 values at the usual accuracy), then HyperLogLog with a standard
 * error of 1.04 / 2^(bits / 2), 0.8 % at 14 bits. The estimate is Ertl's, which needs no tables against bias
 * (arXiv:1702.01284, section 4).
 */
import type { Compiled } from "../value.ts";
import type { States } from "./aggregate.ts";
import type { Budget } from "./budget.ts";
import { type Hasher, openHasher } from "./hash.ts";

/** By Kusto's levels of accuracy: 1.6, 0.8, 0.4, 0.28 and 0.2 %. */
export const BITS_OF_ACCURACY = [12, 14, 16, 17, 18] as const;
export const ACCURACY_DEFAULT = 1;

const TABLE_LENGTH = 8;
/** The second hash has 32 bits, so a register holds up to 33. */
const RANK_MAX = 33;

export function distinctStates({ run }: Compiled, accuracy: number, budget: Budget): States {
  const hasher = openHasher();
  const bits = BITS_OF_ACCURACY[accuracy] ?? BITS_OF_ACCURACY[ACCURACY_DEFAULT];
  const counters: Counter[] = [];
  return {
    groupBytes: 280,
    begin() {
      counters.push({ table: new Uint32Array(2 * TABLE_LENGTH), used: 0, registers: null });
    },
    add(group, row) {
      const value = run(row);
      if (value === null || value === undefined) return;
      hasher.hash(value);
      note(counters[group] as Counter, hasher, bits, budget);
    },
    put(group, into) {
      const { registers, used } = counters[group] as Counter;
      into.push(registers === null ? used : estimate(registers));
    },
  };
}

interface Counter {
  /** Pairs of hashes by open addressing; a pair of zeros is free. */
  table: Uint32Array;
  used: number;
  /** Once there is one, it counts alone. */
  registers: Uint8Array | null;
}

function note(counter: Counter, { high, low }: Hasher, bits: number, budget: Budget): void {
  if (counter.registers !== null) {
    raise(counter.registers, high, low);
    return;
  }
  const pairLow = high === 0 && low === 0 ? 1 : low;
  if (!insert(counter.table, high, pairLow)) return;
  counter.used++;
  if (counter.used > 0.75 * (counter.table.length / 2)) grow(counter, bits, budget);
}

/** False: it was there. The table always has a free pair. */
function insert(table: Uint32Array, high: number, low: number): boolean {
  const mask = table.length - 1;
  let at = (low << 1) & mask;
  while (table[at] !== 0 || table[at + 1] !== 0) {
    if (table[at] === high && table[at + 1] === low) return false;
    at = (at + 2) & mask;
  }
  table[at] = high;
  table[at + 1] = low;
  return true;
}

function grow(counter: Counter, bits: number, budget: Budget): void {
  const { table } = counter;
  const sketched = 2 * table.byteLength > 2 ** bits;
  const bytes = sketched ? 2 ** bits : 2 * table.byteLength;
  if (!budget.take(bytes)) {
    shed(counter);
    return;
  }
  budget.giveBack(table.byteLength);
  const wider = sketched ? null : new Uint32Array(2 * table.length);
  const registers = sketched ? new Uint8Array(2 ** bits) : null;
  for (let at = 0; at < table.length; at += 2) {
    const [high, low] = [table[at] as number, table[at + 1] as number];
    if (high === 0 && low === 0) continue;
    if (wider !== null) insert(wider, high, low);
    if (registers !== null) raise(registers, high, low);
  }
  counter.table = wider ?? new Uint32Array(0);
  counter.registers = registers;
}

/** Where there is no room to grow, what is counted goes into a sketch of the table's own size: coarser, and never beyond the budget. */
function shed(counter: Counter): void {
  const bits = Math.log2(counter.table.byteLength);
  const registers = new Uint8Array(2 ** bits);
  for (let at = 0; at < counter.table.length; at += 2) {
    const [high, low] = [counter.table[at] as number, counter.table[at + 1] as number];
    if (high !== 0 || low !== 0) raise(registers, high, low);
  }
  counter.table = new Uint32Array(0);
  counter.registers = registers;
}

function raise(registers: Uint8Array, high: number, low: number): void {
  const at = high & (registers.length - 1);
  const rank = Math.clz32(low) + 1;
  if (rank > (registers[at] as number)) registers[at] = rank;
}

function estimate(registers: Uint8Array): number {
  const length = registers.length;
  const counts = new Array<number>(RANK_MAX + 1).fill(0);
  for (const rank of registers) counts[rank] = (counts[rank] as number) + 1;
  let sum = length * tau(1 - (counts[RANK_MAX] as number) / length);
  for (let rank = RANK_MAX - 1; rank >= 1; rank--) sum = 0.5 * (sum + (counts[rank] as number));
  sum += length * sigma((counts[0] as number) / length);
  return Math.round((length * length) / (2 * Math.LN2 * sum));
}

function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let [x, y, z] = [share, 1, share];
  for (let before = -1; z !== before; ) {
    before = z;
    x *= x;
    z += x * y;
    y += y;
  }
  return z;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let [x, y, z] = [share, 1, 1 - share];
  for (let before = -1; z !== before; ) {
    before = z;
    x = Math.sqrt(x);
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  }
  return z / 3;
}
