/** The first so many of all rows in some order, of which no more are held at a time. */
import { type Budget, bytesOf } from "../aggregates/budget.ts";
import type { Compiled, Row } from "../value.ts";
import { type Compare, keysOf, type Ranked } from "./order.ts";

export interface Best {
  add(row: Row): void;
  /** In order; nothing is held afterwards. */
  take(): Iterable<Row>;
  /** Rows were left out that are not behind the last one that is held. */
  readonly isCut: boolean;
  /** Rows that came. */
  readonly count: number;
}

/** A row's array, its keys and its place. */
const ROW_BYTES = 120;

export function rowBytes(row: Row): number {
  let bytes = ROW_BYTES;
  for (const value of row) bytes += bytesOf(value);
  return bytes;
}

export function openBest(by: readonly Compiled[], compare: Compare, most: number, budget: Budget): Best {
  /** Unordered while there is room for all, then a heap with the last in order at its root. */
  const held: Ranked[] = [];
  let room = most;
  let isHeap = false;
  let count = 0;
  let isCut = false;

  function sink(at: number): void {
    for (let hole = at; ; ) {
      let last = hole;
      for (const child of [2 * hole + 1, 2 * hole + 2]) if (child < held.length && isBehind(child, last)) last = child;
      if (last === hole) return;
      swap(hole, last);
      hole = last;
    }
  }

  function isBehind(one: number, other: number): boolean {
    return compare(held[one] as Ranked, held[other] as Ranked) > 0;
  }

  function swap(one: number, other: number): void {
    [held[one], held[other]] = [held[other] as Ranked, held[one] as Ranked];
  }

  function dropLast(): void {
    budget.giveBack(held[0]?.bytes ?? 0);
    const moved = held.pop();
    if (moved !== undefined && held.length > 0) {
      held[0] = moved;
      sink(0);
    }
  }

  /** Makes room by leaving out rows that come later in order; of those that are held, the first ones stay. */
  function insert(one: Ranked): void {
    while (!budget.take(one.bytes)) {
      isCut = true;
      const last = held[0];
      room = held.length;
      if (last === undefined || compare(one, last) > 0) return;
      dropLast();
    }
    held.push(one);
    for (let at = held.length - 1; at > 0; ) {
      const above = (at - 1) >> 1;
      if (!isBehind(at, above)) return;
      swap(at, above);
      at = above;
    }
  }

  return {
    add(row) {
      const one = { row, keys: keysOf(row, by), turn: count++, bytes: 0 };
      if (!isHeap && held.length < room) {
        one.bytes = rowBytes(row) + bytesOf(one.keys);
        if (budget.take(one.bytes)) {
          held.push(one);
          return;
        }
        isCut = true;
        room = held.length;
      }
      if (!isHeap) {
        isHeap = true;
        for (let at = held.length >> 1; at >= 0; at--) sink(at);
      }
      // most rows are behind the last that is held, and cost no more than to see that
      const last = held[0];
      if (last === undefined || compare(one, last) > 0) return;
      one.bytes = rowBytes(row) + bytesOf(one.keys);
      if (held.length >= room) dropLast();
      insert(one);
    },
    *take() {
      held.sort(compare);
      for (const one of held.splice(0)) {
        budget.giveBack(one.bytes);
        yield one.row;
      }
    },
    get isCut() {
      return isCut;
    },
    get count() {
      return count;
    },
  };
}
