/** What calls cost, in units of work, measured: what they do for themselves, and with each character or element of their arguments. */

import { lengthOf, type Meter } from "../meter.ts";
import type { Compiled, Value } from "../value.ts";

interface Cost {
  readonly call: number;
  readonly element: number;
}

const USUAL: Cost = { call: 5, element: 1 };
/** They look at no element. */
const FLAT: Cost = { call: 2, element: 0 };
const REGEX: Cost = { call: 25, element: 10 };
const SEARCH: Cost = { call: 6, element: 0.25 };
const PARSED: Cost = { call: 25, element: 3 };
const DIGEST: Cost = { call: 100, element: 1 };

const COSTS: ReadonlyMap<string, Cost> = new Map<string, Cost>([
  ...["array_length", "len", "isarray", "strlen", "isnull", "isnotnull", "gettype"].map((name) => [name, FLAT] as const),
  ...["iff", "iif", "case", "coalesce", "not", "bin", "floor"].map((name) => [name, FLAT] as const),
  ...["extract", "extract_all", "replace", "replace_regex", "countof_regex"].map((name) => [name, REGEX] as const),
  ...["trim_regex", "trim_start_regex", "trim_end_regex"].map((name) => [name, REGEX] as const),
  ...["countof", "indexof", "substring", "isascii", "isutf8", "strcmp"].map((name) => [name, SEARCH] as const),
  ...["hash_md5", "hash_sha1", "hash_sha256", "hash_sha512"].map((name) => [name, DIGEST] as const),
]);

const PARSING = /^(?:parse_|to(?:datetime|timespan|dynamic)|datetime|format_|make_|url_|base64_|dayofyear|week|start|end|ipv|has_)/;

export function costOf(name: string): Cost {
  return COSTS.get(name) ?? (PARSING.test(name) ? PARSED : USUAL);
}

/** Values that are given on as they are: whoever made them has counted them. */
const GIVING_ON: readonly string[] = ["iff", "iif", "case", "coalesce", "max_of", "min_of", "todynamic"];

export function makes(name: string): boolean {
  return !GIVING_ON.includes(name);
}

/** Whether values of it can be of any size. */
function isSized({ type }: Compiled): boolean {
  return type === "string" || type === "dynamic";
}

/** The argument, whose elements count whenever it is read. @param element units for each of them */
export function counted(arg: Compiled, element: number, meter: Meter, at: number): Compiled {
  if (!isSized(arg) || element === 0) return arg;
  if (arg.constant !== undefined) {
    const units = lengthOf(arg.constant.value) * element;
    if (units > 0) meter.spend(units, at);
    meter.cost += units;
    return arg;
  }
  const { run } = arg;
  return {
    type: arg.type,
    run: (row) => {
      const value = run(row);
      if (typeof value === "string" || typeof value === "object") read(value, element, meter, at);
      return value;
    },
  };
}

function read(value: Value, element: number, meter: Meter, at: number): void {
  const length = lengthOf(value);
  if (length > 0) meter.spend(length * element, at);
}

/** What a function gives, whose size counts. */
export function weighed(result: Compiled, meter: Meter, at: number): Compiled {
  if (!isSized(result) || result.constant !== undefined) return result;
  meter.makers++;
  const { run } = result;
  return {
    type: result.type,
    run: (row) => {
      const value = run(row);
      if (typeof value === "string" || (typeof value === "object" && value !== null)) meter.made(value, at);
      return value;
    },
  };
}
