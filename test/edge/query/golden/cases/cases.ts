/** All golden queries, by theme. */
import type { Golden } from "../golden.ts";
import { FILTERS } from "./filters.ts";
import { MIXED } from "./mixed.ts";
import { TEXTS } from "./texts.ts";

export const CASES: Record<string, readonly Golden[]> = {
  filters: FILTERS,
  "values of several types": MIXED,
  "operators of texts": TEXTS,
};
