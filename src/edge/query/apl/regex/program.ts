/** A tree to instructions, and the characters sorted into classes that no instruction tells apart. */
import { QueryFault } from "../fault.ts";
import type { Node } from "./parse.ts";
import { CODE_POINT_MAX, type Ranges, WORD } from "./sets.ts";

export const INSTRUCTIONS_MAX = 3000;
/** Parts of a pattern, repetitions written out: those of nothing come to no instructions, however many they are. */
const PARTS_MAX = 30_000;

export type Where = Extract<Node, { kind: "at" }>["where"];

export type Instruction =
  /** `set` is a number of `Program.sets`. */
  | { readonly op: "set"; readonly set: number }
  /** Two ways on; the first goes before the second. */
  | { op: "split"; first: number; second: number }
  | { op: "jump"; to: number }
  | { readonly op: "save"; readonly slot: number }
  | { readonly op: "at"; readonly where: Where }
  | { readonly op: "match" };

export interface Program {
  readonly instructions: readonly Instruction[];
  readonly slots: number;
  /** Whether a match can only begin where the text does. */
  readonly anchored: boolean;
  readonly classes: number;
  /** By class: whether the set of that number has it. */
  readonly sets: readonly Uint8Array[];
  readonly word: Uint8Array;
  readonly lineFeed: Uint8Array;
  readonly classOf: (point: number) => number;
  /** Classes of the first code points, which are most. */
  readonly table: Uint16Array;
}

export function programOf(node: Node, groups: number, at: number): Program {
  const instructions: Instruction[] = [];
  const sets = new Map<string, { number: number; ranges: Ranges }>();
  let parts = 0;
  const bounded = (count: number, most: number) => {
    if (count >= most) throw new QueryFault(at, "this regular expression is too large; repeat less in it");
  };
  const add = (instruction: Instruction) => {
    bounded(instructions.length, INSTRUCTIONS_MAX);
    return instructions.push(instruction) - 1;
  };
  const setNumber = (ranges: Ranges) => {
    const key = ranges.join();
    const known = sets.get(key);
    if (known !== undefined) return known.number;
    sets.set(key, { number: sets.size, ranges });
    return sets.size - 1;
  };
  const split = (greedy: boolean, on: number, off: number) => ({
    op: "split" as const,
    first: greedy ? on : off,
    second: greedy ? off : on,
  });

  const emit = (one: Node): void => {
    bounded(parts++, PARTS_MAX);
    switch (one.kind) {
      case "set":
        add({ op: "set", set: setNumber(one.ranges) });
        return;
      case "at":
        add({ op: "at", where: one.where });
        return;
      case "sequence":
        one.of.forEach(emit);
        return;
      case "group":
        add({ op: "save", slot: one.number * 2 });
        emit(one.of);
        add({ op: "save", slot: one.number * 2 + 1 });
        return;
      case "choice":
        emitChoice(one.of);
        return;
      case "repeat":
        emitRepeat(one);
    }
  };
  const emitChoice = (of: readonly Node[]) => {
    const ends: { to: number }[] = [];
    for (const [i, one] of of.entries()) {
      if (i === of.length - 1) {
        emit(one);
        break;
      }
      const fork = { op: "split" as const, first: 0, second: 0 };
      fork.first = add(fork) + 1;
      emit(one);
      const end = { op: "jump" as const, to: 0 };
      add(end);
      ends.push(end);
      fork.second = instructions.length;
    }
    for (const end of ends) end.to = instructions.length;
  };
  const emitRepeat = ({ of, least, most, greedy }: Extract<Node, { kind: "repeat" }>) => {
    for (let i = 0; i < least - (most === Number.POSITIVE_INFINITY && least > 0 ? 1 : 0); i++) emit(of);
    if (most === Number.POSITIVE_INFINITY) {
      // `x*` is `(x+)?`, so that an x that matches nothing is left again
      const skip = least === 0 ? { op: "split" as const, first: 0, second: 0 } : null;
      if (skip !== null) add(skip);
      const begin = instructions.length;
      emit(of);
      const again = add({ op: "jump", to: 0 });
      instructions[again] = split(greedy, begin, again + 1);
      if (skip !== null) Object.assign(skip, split(greedy, begin, again + 1));
      return;
    }
    const skips: { op: "split"; first: number; second: number; on: number }[] = [];
    for (let i = least; i < most; i++) {
      const skip = { op: "split" as const, first: 0, second: 0, on: 0 };
      skip.on = add(skip) + 1;
      skips.push(skip);
      emit(of);
    }
    for (const skip of skips) Object.assign(skip, split(greedy, skip.on, instructions.length));
  };

  add({ op: "save", slot: 0 });
  emit(node);
  add({ op: "save", slot: 1 });
  add({ op: "match" });
  const wordSet = setNumber(WORD);
  const lineFeedSet = setNumber([10, 10]);
  const partition = partitionOf([...sets.values()].map(({ ranges }) => ranges));
  const membership = (number: number) => partition.sets[number] ?? new Uint8Array(partition.classes);
  return {
    instructions,
    slots: (groups + 1) * 2,
    anchored: beginsAtStart(node),
    ...partition,
    word: membership(wordSet),
    lineFeed: membership(lineFeedSet),
  };
}

function beginsAtStart(node: Node): boolean {
  if (node.kind === "at") return node.where === "start";
  if (node.kind === "group") return beginsAtStart(node.of);
  if (node.kind === "choice") return node.of.every(beginsAtStart);
  return node.kind === "sequence" && node.of[0] !== undefined && beginsAtStart(node.of[0]);
}

export const TABLE_SIZE = 256;

/** Characters are of one class if they are in the same sets. */
function partitionOf(all: readonly Ranges[]): Pick<Program, "classes" | "sets" | "classOf" | "table"> {
  const bounds = [...new Set([0, ...all.flatMap((ranges) => ranges.map((bound, i) => (i % 2 === 0 ? bound : bound + 1)))])]
    .filter((bound) => bound <= CODE_POINT_MAX)
    .sort((a, b) => a - b);
  const places = new Map(bounds.map((bound, i) => [bound, i]));
  // of each interval between bounds, the numbers of the sets that it is in
  const within: number[][] = bounds.map(() => []);
  for (const [number, ranges] of all.entries()) {
    for (let i = 0; i < ranges.length; i += 2) {
      const end = places.get((ranges[i + 1] ?? 0) + 1) ?? bounds.length;
      for (let place = places.get(ranges[i] ?? 0) ?? 0; place < end; place++) within[place]?.push(number);
    }
  }
  const numbers = new Map<string, number>();
  const classes = within.map((sets) => {
    const key = sets.join();
    const known = numbers.get(key) ?? numbers.size;
    numbers.set(key, known);
    return known;
  });
  const sets = all.map(() => new Uint8Array(numbers.size));
  for (const [i, numbersOf] of within.entries()) for (const number of numbersOf) (sets[number] as Uint8Array)[classes[i] ?? 0] = 1;
  const find = (point: number) => {
    let low = 0;
    for (let high = bounds.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if ((bounds[middle] ?? 0) <= point) low = middle;
      else high = middle;
    }
    return classes[low] ?? 0;
  };
  const table = Uint16Array.from({ length: TABLE_SIZE }, (_, point) => find(point));
  return { classes: numbers.size, sets, table, classOf: (point) => (point < TABLE_SIZE ? (table[point] as number) : find(point)) };
}
