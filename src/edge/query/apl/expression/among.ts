/** `in`, `in~`, `has_any`, `has_all`. One item that is dynamic stands for its elements. A null is in no list. */
import { QueryFault } from "../fault.ts";
import { lengthOf, type Meter } from "../meter.ts";
import type { Compiled, Row, Type, Value } from "../value.ts";
import { isNull, readBool, readDatetime, readNumber, readString, readTimespan } from "./coerce.ts";
import { compare } from "./comparison.ts";
import { equal } from "./equality.ts";
import { constant, made } from "./fold.ts";
import { searched } from "./text.ts";
import { equalsIgnoringCase, type TextTest, textTest } from "./text-search.ts";

export type AmongOp = "in" | "in~" | "has_any" | "has_all";

/** Up to so many texts are compared one by one, without a copy of the row's text in lower case. */
const ONE_BY_ONE_MAX = 16;

/** Units of work for a test that is made for one row, and from which length on a text's characters count. */
const TEST_MADE_UNITS = 50;
const LONG_TEXT = 128;

export function among(at: number, op: AmongOp, negated: boolean, left: Compiled, items: readonly Compiled[], meter: Meter): Compiled {
  const list = listOf(items);
  const found = op === "in" ? isIn(at, left, items, list, meter) : textAmong(at, op, left, items, list, meter);
  const parts = [left, ...items];
  return made("bool", parts, negated ? (row) => !found(row) : found);
}

/** The items where they are one array that is known, or all of them known; null: they are known only with a row. */
function listOf(items: readonly Compiled[]): readonly Compiled[] | null {
  const [only] = items;
  if (items.some((item) => item.constant === undefined)) return null;
  const value = only?.constant?.value;
  if (items.length === 1 && Array.isArray(value)) return value.map((element: Value) => constant("dynamic", element));
  return items;
}

function elementsOf(items: readonly Compiled[], row: Row): readonly Value[] {
  const [only] = items;
  if (items.length > 1 || only === undefined) return items.map(({ run }) => run(row));
  const value = only.run(row);
  return Array.isArray(value) ? value : [value];
}

const READ: Record<Type, (of: Compiled) => (row: Row) => Value> = {
  bool: readBool,
  long: readNumber,
  real: readNumber,
  string: readString,
  datetime: readDatetime,
  timespan: readTimespan,
  dynamic: ({ run }) => run,
};

function isIn(
  at: number,
  left: Compiled,
  items: readonly Compiled[],
  list: readonly Compiled[] | null,
  meter: Meter,
): (row: Row) => boolean {
  if (list === null) {
    if (items.length === 1) {
      const { run } = left;
      return (row) => {
        const value = run(row);
        if (isNull(value)) return false;
        const elements = elementsOf(items, row);
        meter.spend(elements.length * (1 + lengthOf(value)), at);
        return elements.some((element) => equal(value, element));
      };
    }
    const tests = items.map((item) => compare(at, "==", left, item).run);
    return (row) => tests.some((test) => test(row) === true);
  }
  // each item must be of a kind that the left side can equal: this says so where it cannot
  for (const item of list) if (item.type !== "dynamic") compare(at, "==", left, item);
  const types = new Set(list.map(({ type }) => type));
  const [only] = types;
  const type = left.type === "dynamic" && types.size === 1 && only !== undefined ? only : left.type;
  if ((["datetime", "timespan"] as const).some((time) => types.has(time) && type !== time)) {
    const tests = list.map((item) => compare(at, "==", left, item).run);
    return (row) => tests.some((test) => test(row) === true);
  }
  const read = READ[type](left);
  const values = new Set<Value>(list.map((item) => READ[type](item)([])).filter((value) => !isNull(value)));
  meter.cost += 2;
  const nested = [...values].filter((value) => typeof value === "object");
  if (nested.length === 0) return (row) => values.has(read(row));
  return (row) => {
    const value = read(row);
    meter.spend(nested.length * (1 + lengthOf(value)), at);
    return values.has(value) || nested.some((one) => equal(value, one));
  };
}

function textAmong(
  at: number,
  op: "in~" | "has_any" | "has_all",
  left: Compiled,
  items: readonly Compiled[],
  list: readonly Compiled[] | null,
  meter: Meter,
): (row: Row) => boolean {
  for (const { type } of items)
    if (type !== "string" && type !== "dynamic") throw new QueryFault(at, `${op} takes texts, or one array of them, not ${type}`);
  const read = searched(at, op, left);
  const holds = (tests: readonly TextTest[], text: string) =>
    op === "has_all" ? tests.every((test) => test(text)) : tests.some((test) => test(text));
  const testOf = (wanted: string) => (op === "in~" ? equalsIgnoringCase(wanted) : textTest("has", wanted));
  const strings = (values: readonly Value[]) => values.filter((value) => typeof value === "string");
  if (list === null) {
    return (row) => {
      const text = read(row);
      if (text === null) return false;
      const elements = strings(elementsOf(items, row));
      meter.spend(elements.length * (TEST_MADE_UNITS + text.length / 8), at);
      return holds(elements.map(testOf), text);
    };
  }
  const wanted = strings(list.map((item) => item.run([])));
  if (op === "in~" && wanted.length > ONE_BY_ONE_MAX) {
    const folded = new Set(wanted.map((one) => one.toLowerCase()));
    meter.cost += 4;
    return (row) => {
      const text = read(row);
      return text !== null && folded.has(text.toLowerCase());
    };
  }
  const tests = wanted.map(testOf);
  meter.cost += tests.length * 4;
  return (row) => {
    const text = read(row);
    if (text === null) return false;
    if (text.length > LONG_TEXT) meter.spend((tests.length * text.length) / 8, at);
    return holds(tests, text);
  };
}
