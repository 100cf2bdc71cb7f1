/** Arrays. What is none gives null. Indexes count from 0, negative ones from the end. */
import { equal, order } from "../expression/equality.ts";
import type { Value } from "../value.ts";
import { ARRAY_LENGTH_MAX, boundedJoin, boundedLists, boundedValue, VALUE_SIZE_MAX } from "./bounds.ts";
import { type Bag, define, type ScalarFunction, variadic } from "./define.ts";

type List = readonly Value[];

const ARGUMENTS_MAX = 64;
const KINDS = ["number", "string", "boolean", "object"];

/** Numbers, texts, truth values, then all else; nulls at the end either way. */
function sorted(list: List, direction: 1 | -1): List {
  const rank = (value: Value) => KINDS.indexOf(typeof value);
  const present = list.filter((value) => value !== null && value !== undefined);
  present.sort((a, b) => (rank(a) - rank(b) || order(a, b) || 0) * direction);
  return [...present, ...list.filter((value) => value === null || value === undefined)];
}

function rotated(list: List, by: number): List {
  if (list.length === 0) return list;
  const at = ((by % list.length) + list.length) % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

function shifted(list: List, by: number, fill: Value): Value {
  return list.map((_, i) => (i + by >= 0 && i + by < list.length ? (list[i + by] ?? null) : fill));
}

function position(list: List, wanted: Value, start = 0, length = -1): number {
  const from = start < 0 ? Math.max(0, list.length + start) : start;
  const end = length < 0 ? list.length : Math.min(list.length, from + length);
  for (let i = from; i < end; i++) if (equal(list[i], wanted)) return i;
  return -1;
}

/** Both ends belong to it. */
function slice(list: List, start: number, end = -1): List {
  const index = (i: number) => (i < 0 ? list.length + i : i);
  return list.slice(Math.max(0, index(start)), Math.max(0, index(end) + 1));
}

/** Cut at an index, or at each of an array of them. */
function split(list: List, by: Value): Value {
  const whole = (one: Value): one is number => typeof one === "number" && Number.isInteger(one);
  if (!Array.isArray(by) && !whole(by)) return null;
  const points = [by]
    .flat()
    .filter(whole)
    .map((one) => (one < 0 ? Math.max(0, list.length + one) : Math.min(one, list.length)));
  const bounds = [0, ...points.sort((a, b) => a - b), list.length];
  return bounds.slice(1).map((end, i) => list.slice(bounds[i], end));
}

function choose(tests: List, ifTrue: Value, ifFalse: Value): Value {
  const pick = (from: Value, i: number): Value => (Array.isArray(from) ? ((from[i] ?? null) as Value) : from);
  return boundedValue(
    tests.map((test, i) => (test === true || (typeof test === "number" && test !== 0) ? pick(ifTrue, i) : pick(ifFalse, i))),
  );
}

/** The first object of an array in which a member has a value. */
function select(list: List, name: string, wanted: Value): Value {
  const has = (one: Value) => typeof one === "object" && one !== null && Object.hasOwn(one, name) && equal((one as Bag)[name], wanted);
  return list.find(has) ?? null;
}

function sum(list: List): number | null {
  const numbers = list.filter((one): one is number => typeof one === "number");
  return numbers.length < list.filter((one) => one !== null).length ? null : numbers.reduce((total, one) => total + one, 0);
}

function zip(lists: readonly (List | null)[]): Value {
  const length = Math.max(...lists.map((list) => list?.length ?? 0));
  return length * lists.length > VALUE_SIZE_MAX
    ? null
    : boundedValue(Array.from({ length }, (_, i) => lists.map((list) => list?.[i] ?? null)));
}

const iff = define("Elements of one array or another, as an array of conditions says.", ["array", "any", "any"], "dynamic", choose);
const packArray = variadic("Values as an array.", "any", [0, ARGUMENTS_MAX], "dynamic", (values) =>
  boundedValue(values.map((one) => one ?? null)),
);

export const ARRAY_FUNCTIONS: Record<string, ScalarFunction> = {
  array_length: define("How many elements an array has.", ["array"], "long", (list) => list.length),
  len: define("Length of an array or a text.", ["any"], "long", (value) =>
    typeof value === "string" || Array.isArray(value) ? value.length : null,
  ),
  array_concat: variadic("Arrays one behind the other.", "array", [1, ARGUMENTS_MAX], "dynamic", (lists) =>
    boundedValue(boundedLists(lists)),
  ),
  array_slice: define("Elements from one index to another, both among them.", ["array", "whole", "whole?"], "dynamic", slice),
  array_split: define("The parts of an array before and behind an index, or each of an array of them.", ["array", "any"], "dynamic", split),
  array_sum: define("The sum of an array of numbers.", ["array"], "dynamic", sum),
  array_sort_asc: define("An array in rising order.", ["array"], "dynamic", (list) => sorted(list, 1)),
  array_sort_desc: define("An array in falling order.", ["array"], "dynamic", (list) => sorted(list, -1)),
  array_index_of: define(
    "Where a value is in an array, or -1: (array, value, start, length).",
    ["array", "any", "whole?", "whole?"],
    "long",
    position,
  ),
  array_reverse: define("An array backwards.", ["array"], "dynamic", (list) => [...list].reverse()),
  array_rotate_left: define("An array with its first elements moved behind the last.", ["array", "whole"], "dynamic", rotated),
  array_rotate_right: define("An array with its last elements moved before the first.", ["array", "whole"], "dynamic", (list, by) =>
    rotated(list, -by),
  ),
  array_shift_left: define(
    "An array without its first elements, filled up behind.",
    ["array", "whole", "any?"],
    "dynamic",
    (list, by, fill) => boundedValue(shifted(list, by, fill ?? null)),
  ),
  array_shift_right: define(
    "An array without its last elements, filled up before.",
    ["array", "whole", "any?"],
    "dynamic",
    (list, by, fill) => boundedValue(shifted(list, -by, fill ?? null)),
  ),
  array_iff: iff,
  array_iif: iff,
  array_select_dict: define(
    "The first object in an array in which a member has a value: (array, name, value).",
    ["array", "text", "any"],
    "dynamic",
    select,
  ),
  isarray: define("Whether a value is an array.", ["any"], "bool", (value) => Array.isArray(value)),
  pack_array: packArray,
  strcat_array: define("The elements of an array, printed with a text between them.", ["array", "text"], "string", (list, between) =>
    boundedJoin(list, between),
  ),
  zip: variadic("The first elements of arrays, the second ones, and so on.", "array", [2, 16], "dynamic", zip),
  repeat: define("An array of so many times a value.", ["any", "whole"], "dynamic", (value, count) =>
    count > ARRAY_LENGTH_MAX ? null : boundedValue(Array.from({ length: Math.max(0, count) }, () => value ?? null)),
  ),
};
