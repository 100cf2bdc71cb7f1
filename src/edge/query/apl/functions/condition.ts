/** Choices between values, and whether there is one. */
import { commonType, isNull } from "../expression/coerce.ts";
import { constant, made } from "../expression/fold.ts";
import { condition } from "../expression/logic.ts";
import { column } from "../expression/names.ts";
import type { Compiled, Row, Value } from "../value.ts";
import { convert, typeNamed } from "./conversion.ts";
import { type Call, constantText, define, type ScalarFunction, special, wrong } from "./define.ts";

const ARGUMENTS_MAX = 65;

/** Conditions and values in turn, and at the end what counts where no condition holds. */
function choice(args: readonly Compiled[], call: Call): Compiled {
  if (args.length % 2 === 0)
    throw wrong(args.length - 1, call, "has no value: conditions and values stand in turn, and a last value behind them");
  const tests = args.filter((_, i) => i % 2 === 0 && i < args.length - 1);
  const values = [...args.filter((_, i) => i % 2 === 1), ...args.slice(-1)];
  const { type, runs } = commonType(values);
  const conditions = tests.map((test, i) => condition(call.ats[i * 2] ?? call.at, `${call.name}()`, test).run);
  const otherwise = runs.at(-1) ?? (() => null);
  const [first, onlyTest] = [runs[0], conditions[0]];
  if (conditions.length === 1 && first !== undefined && onlyTest !== undefined)
    return made(type, args, (row) => (onlyTest(row) === true ? first(row) : otherwise(row)));
  return made(type, args, (row) => {
    const held = conditions.findIndex((test) => test(row) === true);
    return held < 0 ? otherwise(row) : runs[held]?.(row);
  });
}

/** The first that is not null, nor an empty text. */
const coalesce = special("The first of values that is there.", [1, ARGUMENTS_MAX], (args) => {
  const { type, runs } = commonType(args);
  return made(type, args, (row) => firstOf(runs, row));
});

function firstOf(runs: readonly ((row: Row) => Value)[], row: Row): Value {
  let last: Value = null;
  for (const run of runs) {
    const value = run(row);
    if (!isNull(value) && value !== "") return value;
    last ??= value;
  }
  return last;
}

const iff = special("One value where a condition holds, else another: (condition, then, else).", [3, 3], choice);

const columnIfExists = special("A column, or another value where there is none of that name.", [2, 2], (args, call) => {
  const name = constantText(args, 0, call);
  const [, fallback = constant("dynamic", null)] = args;
  const { scope } = call;
  if (!scope.open && scope.columns.find(name) === undefined) return fallback;
  return coalesceNulls([column(name, call.at, scope), fallback]);
});

const ensureField = special("A column as of a type; nulls where there is none: (name, typeof(type)).", [2, 2], (args, call) => {
  const name = constantText(args, 0, call);
  const type = typeNamed(args, 1, call);
  const { scope } = call;
  return scope.open || scope.columns.find(name) !== undefined ? convert(type, column(name, call.at, scope)) : constant(type, null);
});

/** An event of an open table may have no such field. */
function coalesceNulls(of: readonly Compiled[]): Compiled {
  const { type, runs } = commonType(of);
  const [first, second] = runs;
  return { type, run: (row) => first?.(row) ?? second?.(row) };
}

const isEmpty = (value: Value) => isNull(value) || value === "";
const isnotnull = define("Whether there is a value.", ["any"], "bool", (value) => !isNull(value));
const isnotempty = define("Whether there is a value that is no empty text.", ["any"], "bool", (value) => !isEmpty(value));

export const CONDITION_FUNCTIONS: Record<string, ScalarFunction> = {
  iff,
  iif: iff,
  case: special("The value behind the first condition that holds, else the last: (condition, value, …, else).", [3, ARGUMENTS_MAX], choice),
  coalesce,
  isnull: define("Whether there is no value.", ["any"], "bool", isNull),
  isnotnull,
  notnull: isnotnull,
  isempty: define("Whether there is no value, or an empty text.", ["any"], "bool", isEmpty),
  isnotempty,
  notempty: isnotempty,
  column_ifexists: columnIfExists,
  ensure_field: ensureField,
};
