/** What calls cost, in units of work, measured: what they do for themselves, and with each character or element of their arguments. */

import { bytesOf } from "../aggregates/budget.ts";
import type { Meter } from "../meter.ts";
import type { Compiled, Value } from "../value.ts";

interface Cost {
  readonly call: number;
  /** For each element or member of an array or object, however deep, and each character in its texts. */
  readonly element: number;
  readonly character: number;
}

const USUAL: Cost = { call: 5, element: 1, character: 0.1 };
/** They look at no element. */
const FLAT: Cost = { call: 2, element: 0, character: 0 };
const SLOW: Cost = { call: 10, element: 3, character: 3 };
const REGEX: Cost = { call: 25, element: 1, character: 10 };
const PARSED: Cost = { call: 25, element: 3, character: 3 };
const DIGEST: Cost = { call: 100, element: 1, character: 0.3 };

function each(names: string, cost: Cost): [string, Cost][] {
  return names.split(" ").map((name) => [name, cost]);
}

const COSTS: ReadonlyMap<string, Cost> = new Map([
  ...each("array_length len isarray strlen isnull isnotnull gettype iff iif case coalesce not bin floor", FLAT),
  ...each("reverse translate totitle unicode_codepoints_from_string unicode_codepoints_to_string strip_ansi_escapes", SLOW),
  ...each("array_sort_asc array_sort_desc set_union set_intersect set_difference", SLOW),
  ...each("extract extract_all replace replace_regex countof_regex trim_regex trim_start_regex trim_end_regex", REGEX),
  ...each("hash_md5 hash_sha1 hash_sha256 hash_sha512", DIGEST),
]);

const PARSING = /^(?:parse_|to(?:datetime|timespan|dynamic)|datetime|format_|make_|url_|base64_|dayofyear|week|start|end|ipv|has_)/;

export function costOf(name: string): Cost {
  return COSTS.get(name) ?? (PARSING.test(name) ? PARSED : USUAL);
}

/** Values that are given on as they are: whoever made them has counted them. */
const GIVING_ON: readonly string[] = ["iff", "iif", "case", "coalesce", "max_of", "min_of", "todynamic"];

/** Whether values of it can be of any size. */
function isSized({ type }: Compiled): boolean {
  return type === "string" || type === "dynamic";
}

/** The argument, whose elements count whenever it is read. */
export function counted(arg: Compiled, cost: Cost, meter: Meter, at: number): Compiled {
  if (!isSized(arg) || cost.element === 0) return arg;
  if (arg.constant !== undefined) {
    const units = unitsOf(arg.constant.value, cost);
    meter.spend(units, at);
    meter.cost += units;
    return arg;
  }
  const { run } = arg;
  return {
    type: arg.type,
    run: (row) => {
      const value = run(row);
      if (typeof value === "string" ? value.length > SMALL_LENGTH : typeof value === "object" && value !== null)
        meter.spend(unitsOf(value, cost), at);
      return value;
    },
  };
}

/** Characters of a text that the cost of any call covers. */
const SMALL_LENGTH = 128;

function unitsOf(value: Value, cost: Cost): number {
  if (typeof value === "string") return value.length * cost.character;
  if (typeof value !== "object" || value === null) return 0;
  let units = 0;
  if (Array.isArray(value)) for (const one of value as readonly Value[]) units += cost.element + unitsOf(one, cost);
  else for (const [name, one] of Object.entries(value)) units += cost.element + name.length * cost.character + unitsOf(one, cost);
  return units;
}

/** What they give holds their arguments' elements as they are, so that only the places for them are made. */
const SHARING =
  /^(?:pack|pack_array|bag_pack|pack_dictionary|bag_merge|repeat|array_(?:concat|slice|sort_\w+|reverse|rotate_\w+|shift_\w+|iff|iif|select_dict)|set_\w+)$/;

/** What a function gives, whose size counts. */
export function weighed(result: Compiled, name: string, meter: Meter, at: number): Compiled {
  if (!isSized(result) || GIVING_ON.includes(name)) return result;
  const bytes = SHARING.test(name) ? placesIn : bytesOf;
  if (result.constant !== undefined) {
    meter.keep(bytes(result.constant.value), at);
    return result;
  }
  meter.makers++;
  const { run } = result;
  return {
    type: result.type,
    run: (row) => {
      const value = run(row);
      if (typeof value === "string") meter.made(TEXT_BYTES + 2 * value.length, (value.length * USUAL.character) | 0, at);
      else if (typeof value === "object" && value !== null) {
        const made = bytes(value);
        meter.made(made, made / BYTES_PER_UNIT, at);
      }
      return value;
    },
  };
}

const TEXT_BYTES = 32;
/** Made in an array, where an element is 8 to 32 bytes. */
const BYTES_PER_UNIT = 10;
const PLACE_BYTES = 24;

function placesIn(value: Value): number {
  if (typeof value !== "object" || value === null) return bytesOf(value);
  return 2 * PLACE_BYTES + PLACE_BYTES * (Array.isArray(value) ? value.length : 2 * Object.keys(value).length);
}
