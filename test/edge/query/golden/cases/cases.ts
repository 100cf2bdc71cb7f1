/** All golden queries, by theme. */
import type { Golden } from "../golden.ts";
import { ADDRESSES } from "./addresses.ts";
import { AGGREGATIONS } from "./aggregations.ts";
import { COLLECTIONS } from "./collections.ts";
import { COLUMNS } from "./columns.ts";
import { DYNAMICS } from "./dynamics.ts";
import { FILTERS } from "./filters.ts";
import { GROUPING } from "./grouping.ts";
import { MIXED } from "./mixed.ts";
import { NUMBERS } from "./numbers.ts";
import { ORDER } from "./order.ts";
import { SHAPES } from "./shapes.ts";
import { STRINGS } from "./strings.ts";
import { TABLES } from "./tables.ts";
import { TEXTS } from "./texts.ts";
import { TIMES } from "./times.ts";

export const CASES: Record<string, readonly Golden[]> = {
  filters: FILTERS,
  "values of several types": MIXED,
  "operators of texts": TEXTS,
  columns: COLUMNS,
  groups: GROUPING,
  aggregations: AGGREGATIONS,
  "collections and rows of groups": COLLECTIONS,
  order: ORDER,
  "several tables": TABLES,
  "rows and columns": SHAPES,
  "functions of texts": STRINGS,
  "functions of times": TIMES,
  "numbers and choices": NUMBERS,
  "arrays and objects": DYNAMICS,
  addresses: ADDRESSES,
};
