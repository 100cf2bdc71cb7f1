/**
 * `+ - * / %` and the minus sign. Two longs divide to a long, cut towards zero; by 0 there is no result. What is dynamic is taken for a
 * number beside numbers (and its division is real), for a time or a length of time beside those. A null anywhere makes null.
 */
import { QueryFault } from "../fault.ts";
import type { ArithmeticOp } from "../syntax.ts";
import type { Compiled, Type } from "../value.ts";
import { type Read, readDatetime, readNumber, readTimespan } from "./coerce.ts";
import { made } from "./fold.ts";
import { timeInRange } from "./time-text.ts";

type Operation = (a: number, b: number) => number | null;
type Operand = "number" | "datetime" | "timespan";

const READ = { number: readNumber, datetime: readDatetime, timespan: readTimespan } as const;

const OPERAND: Record<Type, Operand | "dynamic" | null> = {
  bool: null,
  string: null,
  long: "number",
  real: "number",
  datetime: "datetime",
  timespan: "timespan",
  dynamic: "dynamic",
};

const plus: Operation = (a, b) => a + b;
const minus: Operation = (a, b) => a - b;
const times: Operation = (a, b) => a * b;
const over: Operation = (a, b) => a / b;
const wholeOver: Operation = (a, b) => (b === 0 ? null : Math.trunc(a / b) + 0);
const rounded =
  (operation: Operation): Operation =>
  (a, b) => {
    const length = operation(a, b);
    return length === null || !Number.isFinite(length) ? null : Math.round(length);
  };
const asTime =
  (operation: Operation): Operation =>
  (a, b) => {
    const time = operation(a, b);
    return time === null ? null : timeInRange(time);
  };

/** What is left of a division, never negative: `-14 % 12` is 10. */
export function remainder(a: number, b: number): number | null {
  if (b === 0) return null;
  const left = a % b;
  return left < 0 ? left + Math.abs(b) : left + 0;
}

interface Rule {
  readonly left: Operand;
  readonly right: Operand;
  readonly type: Type;
  readonly operation: Operation;
}

/** With times and their lengths; the first row of an operator that fits decides what something dynamic is taken for. */
const RULES: Record<ArithmeticOp, readonly Rule[]> = {
  "+": [
    { left: "datetime", right: "timespan", type: "datetime", operation: asTime(plus) },
    { left: "timespan", right: "datetime", type: "datetime", operation: asTime(plus) },
    { left: "timespan", right: "timespan", type: "timespan", operation: plus },
  ],
  "-": [
    { left: "datetime", right: "datetime", type: "timespan", operation: minus },
    { left: "datetime", right: "timespan", type: "datetime", operation: asTime(minus) },
    { left: "timespan", right: "timespan", type: "timespan", operation: minus },
  ],
  "*": [
    { left: "timespan", right: "number", type: "timespan", operation: rounded(times) },
    { left: "number", right: "timespan", type: "timespan", operation: rounded(times) },
  ],
  "/": [
    { left: "timespan", right: "timespan", type: "real", operation: over },
    { left: "timespan", right: "number", type: "timespan", operation: rounded(over) },
  ],
  "%": [{ left: "timespan", right: "timespan", type: "timespan", operation: remainder }],
};

export function arithmetic(at: number, op: ArithmeticOp, left: Compiled, right: Compiled): Compiled {
  const [a, b] = [OPERAND[left.type], OPERAND[right.type]];
  const numeric = (operand: typeof a) => operand === "number" || operand === "dynamic";
  if (numeric(a) && numeric(b)) return ofNumbers(op, left, right);
  const fits = (wanted: Operand, given: typeof a) => given === wanted || given === "dynamic";
  const rule = RULES[op].find((one) => fits(one.left, a) && fits(one.right, b));
  if (rule === undefined) throw new QueryFault(at, `${left.type} ${op} ${right.type} has no meaning${hint(op, left.type, right.type)}`);
  return applied(rule.type, rule.operation, left, READ[rule.left](left), right, READ[rule.right](right));
}

function hint(op: ArithmeticOp, left: Type, right: Type): string {
  if (left !== "string" && right !== "string") return "";
  return op === "+" ? "; strcat() joins texts" : "; todouble() makes a number of a text";
}

function ofNumbers(op: ArithmeticOp, left: Compiled, right: Compiled): Compiled {
  const [a, b] = [readNumber(left), readNumber(right)];
  const whole = left.type === "long" && right.type === "long";
  const dynamic = left.type === "dynamic" || right.type === "dynamic";
  const type = whole ? "long" : dynamic && op !== "/" ? "dynamic" : "real";
  const operation = op === "+" ? plus : op === "-" ? minus : op === "*" ? times : op === "%" ? remainder : whole ? wholeOver : over;
  return applied(type, operation, left, a, right, b);
}

function applied(type: Type, operation: Operation, left: Compiled, a: Read<number>, right: Compiled, b: Read<number>): Compiled {
  return made(type, [left, right], (row) => {
    const x = a(row);
    if (x === null) return null;
    const y = b(row);
    return y === null ? null : operation(x, y);
  });
}

export function negate(at: number, of: Compiled): Compiled {
  if (OPERAND[of.type] === null || of.type === "datetime") throw new QueryFault(at, `a ${of.type} has no negative`);
  const read = readNumber(of);
  return made(of.type, [of], (row) => {
    const value = read(row);
    return value === null ? null : 0 - value;
  });
}
