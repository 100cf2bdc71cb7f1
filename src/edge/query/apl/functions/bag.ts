/** Objects, and arrays taken for sets. */
import type { Value } from "../value.ts";
import { boundedLists, boundedValue } from "./bounds.ts";
import { type Bag, define, printed, type ScalarFunction, special, variadic, wrong } from "./define.ts";

type List = readonly Value[];

const ARGUMENTS_MAX = 128;

/** Entries whose names are no different from any other, `__proto__` included. */
function bagOf(entries: Iterable<readonly [string, Value]>): Value {
  return boundedValue(Object.fromEntries(entries) as Bag);
}

const packing = variadic("An object of names and values in turn.", "any", [0, ARGUMENTS_MAX], "dynamic", (values) =>
  bagOf(Array.from({ length: values.length / 2 }, (_, i) => [printed(values[i * 2]), values[i * 2 + 1] ?? null] as const)),
);
const pack = special(packing.doc, [packing.least, packing.most], (args, call) => {
  if (args.length % 2 === 1) throw wrong(args.length - 1, call, "has no value: names and values stand in turn");
  return packing.compile(args, call);
});

/** The first object that has a member gives its value. */
function merge(bags: readonly (Bag | null)[]): Value {
  return bagOf(bags.flatMap((bag) => Object.entries(bag ?? {})).reverse());
}

function zip(names: List, values: List): Value {
  return bagOf(names.map((name, i) => [printed(name), values[i] ?? null] as const));
}

/** What tells values apart: objects and arrays by their content. */
function keyOf(value: Value): Value {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : (value ?? null);
}

function distinct(list: List, keep: (key: Value) => boolean = () => true): List {
  const seen = new Set<Value>();
  return list.filter((value) => {
    const key = keyOf(value);
    if (seen.has(key) || !keep(key)) return false;
    seen.add(key);
    return true;
  });
}

function unionOf(lists: readonly (List | null)[]): Value {
  const all = boundedLists(lists);
  return all && boundedValue(distinct(all));
}

function intersect(lists: readonly (List | null)[]): Value {
  const [first, ...others] = lists;
  const sets = others.map((list) => new Set((list ?? []).map(keyOf)));
  return distinct(first ?? [], (key) => sets.every((set) => set.has(key)));
}

function difference(lists: readonly (List | null)[]): Value {
  const [first, ...others] = lists;
  const taken = new Set(others.flatMap((list) => (list ?? []).map(keyOf)));
  return distinct(first ?? [], (key) => !taken.has(key));
}

export const BAG_FUNCTIONS: Record<string, ScalarFunction> = {
  pack,
  bag_pack: pack,
  pack_dictionary: pack,
  bag_keys: define("The names of an object's members.", ["bag"], "dynamic", (bag) => Object.keys(bag)),
  bag_has_key: define("Whether an object has a member.", ["bag", "text"], "bool", (bag, name) => Object.hasOwn(bag, name)),
  bag_merge: variadic("One object of several; the first that has a member counts.", "bag", [1, ARGUMENTS_MAX], "dynamic", merge),
  bag_zip: define("An object of an array of names and one of values.", ["array", "array"], "dynamic", zip),
  set_union: variadic("What is in any of arrays, once.", "array", [1, ARGUMENTS_MAX], "dynamic", (lists) => unionOf(lists)),
  set_intersect: variadic("What is in all of arrays, once.", "array", [1, ARGUMENTS_MAX], "dynamic", intersect),
  set_difference: variadic(
    "What is in the first array and in none of the others, once.",
    "array",
    [1, ARGUMENTS_MAX],
    "dynamic",
    difference,
  ),
  set_has_element: define("Whether a value is in an array.", ["array", "any"], "bool", (list, value) => {
    const key = keyOf(value);
    return list.some((one) => keyOf(one) === key);
  }),
};
