/** The order of rows by their values. */
import { canonicalText } from "../aggregates/canonical.ts";
import type { SortKey } from "../syntax.ts";
import type { Compiled, Row, Value } from "../value.ts";

/** Of a field that holds values of several kinds: numbers, then texts, booleans, and all else by its content. */
const RANKS: Record<string, number> = { number: 0, string: 1, boolean: 2, object: 3 };

function isNothing(value: Value): boolean {
  return value === null || value === undefined || Number.isNaN(value);
}

function ascending(a: Value, b: Value): number {
  if (typeof a === "number" && typeof b === "number") return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  const ranks = (RANKS[typeof a] ?? 0) - (RANKS[typeof b] ?? 0);
  if (ranks !== 0) return ranks;
  if (typeof a === "boolean") return Number(a) - Number(b);
  return ascending((a as readonly Value[])[0], (b as readonly Value[])[0]);
}

/** What of a row decides its place. */
export interface Ranked {
  readonly row: Row;
  readonly keys: readonly Value[];
  /** Rows that are alike stay in the order in which they came. */
  readonly turn: number;
  readonly bytes: number;
}

export type Compare = (a: Ranked, b: Ranked) => number;

export function comparison(keys: readonly Pick<SortKey, "descending" | "nulls">[]): Compare {
  return (a, b) => {
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as (typeof keys)[number];
      const [x, y] = [a.keys[i], b.keys[i]];
      const [noX, noY] = [isNothing(x), isNothing(y)];
      if (noX && noY) continue;
      if (noX || noY) return noX === (key.nulls === "first") ? -1 : 1;
      const order = ascending(x, y);
      if (order !== 0) return key.descending ? -order : order;
    }
    return a.turn - b.turn;
  };
}

/** What is neither number nor text nor truth stands for itself by its content, in an array of its own. */
export function keysOf(row: Row, by: readonly Compiled[]): Value[] {
  return by.map(({ run }) => {
    const value = run(row);
    return typeof value === "object" && value !== null ? [canonicalText(value)] : value;
  });
}
