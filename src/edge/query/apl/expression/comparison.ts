/**
 * `== != < <= > >= =~ !~`. Nothing equals a null, as Kusto has it: `status != 200` keeps the events without a status; two nulls are not
 * unequal either. What has no order, a null or values of two kinds, is neither before nor behind: that is null, and so is its opposite.
 */
import { QueryFault } from "../fault.ts";
import type { ComparisonOp } from "../syntax.ts";
import type { Compiled, Row, Type } from "../value.ts";
import { isNull, type Read, readBool, readDatetime, readNumber, readString, readTimespan } from "./coerce.ts";
import { equal, order } from "./equality.ts";
import { constant, made } from "./fold.ts";
import { equalsIgnoringCase } from "./text-search.ts";

type Scalar = number | string | boolean;
type Test = (row: Row) => boolean;
type Ordering = (row: Row) => boolean | null;

const READ = { number: readNumber, string: readString, bool: readBool, datetime: readDatetime, timespan: readTimespan } as const;
type Kind = keyof typeof READ;

const KIND: Record<Type, Kind | "dynamic"> = {
  bool: "bool",
  long: "number",
  real: "number",
  string: "string",
  datetime: "datetime",
  timespan: "timespan",
  dynamic: "dynamic",
};

const FLIPPED: Record<ComparisonOp, ComparisonOp> = {
  "==": "==",
  "!=": "!=",
  "=~": "=~",
  "!~": "!~",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};

export function compare(at: number, op: ComparisonOp, left: Compiled, right: Compiled): Compiled {
  if (left.constant !== undefined && right.constant === undefined) return compare(at, FLIPPED[op], right, left);
  const kind = kindBetween(left.type, right.type);
  if (kind === null) throw new QueryFault(at, `${left.type} and ${right.type} cannot be compared; convert one of them, e.g. by tostring()`);
  if (op === "=~" || op === "!~") return compareIgnoringCase(at, op, left, right);
  if (kind === "dynamic") return made("bool", [left, right], dynamicTest(op, left, right));
  const read = READ[kind];
  if (unreadable(left, read(left)) || unreadable(right, read(right)))
    throw new QueryFault(at, `this text is no ${kind}: ${kind === "datetime" ? "write 2026-01-02T03:04:05Z" : "write 1h or 00:01:30"}`);
  if (op === "!=") return unequal(left, right, made("bool", [left, right], equality(read(left), right.constant, read(right))));
  if (op === "==") return made("bool", [left, right], equality(read(left), right.constant, read(right)));
  return made("bool", [left, right], ordering(op, read(left), read(right)));
}

function kindBetween(a: Type, b: Type): Kind | "dynamic" | null {
  const left = KIND[a];
  const right = KIND[b];
  if (left === right || right === "dynamic") return left;
  if (left === "dynamic") return right;
  // a text may hold a time
  if (right === "string" && (left === "datetime" || left === "timespan")) return left;
  if (left === "string" && (right === "datetime" || right === "timespan")) return right;
  return null;
}

function unreadable({ constant: fixed }: Compiled, read: Read<Scalar>): boolean {
  return fixed !== undefined && typeof fixed.value === "string" && read([]) === null;
}

function equality(left: Read<Scalar>, fixed: Compiled["constant"], right: Read<Scalar>): Test {
  if (fixed !== undefined) {
    const wanted = right([]);
    return wanted === null ? () => false : (row) => left(row) === wanted;
  }
  return (row) => {
    const value = left(row);
    return value !== null && value === right(row);
  };
}

/** The opposite of `equals`, except for two nulls, which are not unequal either. */
function unequal(left: Compiled, right: Compiled, equals: Compiled): Compiled {
  if (equals.constant === undefined && right.constant !== undefined && !isNull(right.constant.value)) {
    const { run } = equals;
    return made("bool", [left, right], (row) => !run(row));
  }
  return made("bool", [left, right], (row) => !equals.run(row) && !(isNull(left.run(row)) && isNull(right.run(row))));
}

function ordering(op: ComparisonOp, left: Read<Scalar>, right: Read<Scalar>): Ordering {
  const holds = (test: (a: Scalar, b: Scalar) => boolean): Ordering => {
    return (row) => {
      const a = left(row);
      if (a === null) return null;
      const b = right(row);
      return b === null ? null : test(a, b);
    };
  };
  if (op === "<") return holds((a, b) => a < b);
  if (op === "<=") return holds((a, b) => a <= b);
  return op === ">" ? holds((a, b) => a > b) : holds((a, b) => a >= b);
}

function dynamicTest(op: ComparisonOp, left: Compiled, right: Compiled): Ordering {
  const [a, b] = [left.run, right.run];
  if (op === "==") return (row) => equal(a(row), b(row));
  if (op === "!=")
    return (row) => {
      const [x, y] = [a(row), b(row)];
      return !equal(x, y) && !(isNull(x) && isNull(y));
    };
  const holds = (test: (order: number) => boolean): Ordering => {
    return (row) => {
      const between = order(a(row), b(row));
      return Number.isNaN(between) ? null : test(between);
    };
  };
  if (op === "<") return holds((between) => between < 0);
  if (op === "<=") return holds((between) => between <= 0);
  return op === ">" ? holds((between) => between > 0) : holds((between) => between >= 0);
}

function compareIgnoringCase(at: number, op: "=~" | "!~", left: Compiled, right: Compiled): Compiled {
  if (kindBetween(left.type, "string") !== "string" || kindBetween(right.type, "string") !== "string")
    throw new QueryFault(at, `${op} compares texts; use ${op === "=~" ? "==" : "!="} for ${left.type} and ${right.type}`);
  const [a, b] = [readString(left), readString(right)];
  const wanted = right.constant === undefined ? undefined : b([]);
  if (wanted === null) return op === "=~" ? constant("bool", false) : unequal(left, right, constant("bool", false));
  const fixed = wanted === undefined ? null : equalsIgnoringCase(wanted);
  const equals = made("bool", [left, right], (row) => {
    const text = a(row);
    if (text === null) return false;
    if (fixed !== null) return fixed(text);
    const other = b(row);
    return other !== null && (text === other || (text.length === other.length && text.toLowerCase() === other.toLowerCase()));
  });
  return op === "=~" ? equals : unequal(left, right, equals);
}
