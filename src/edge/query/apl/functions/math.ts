/** Numbers. */

import { commonType, isNull, printerOf } from "../expression/coerce.ts";
import { order } from "../expression/equality.ts";
import { made } from "../expression/fold.ts";
import { condition } from "../expression/logic.ts";
import type { Value } from "../value.ts";
import { type Compiled, MICROSECONDS } from "../value.ts";
import { ARRAY_LENGTH_MAX } from "./bounds.ts";
import { type Call, define, numberType, type ScalarFunction, special, wrong } from "./define.ts";

const ARGUMENTS_MAX = 64;

function real(doc: string, run: (x: number) => number): ScalarFunction {
  return define(doc, ["number"], "real", run);
}

/** Lanczos, g = 7. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

function gamma(x: number): number {
  if (Number.isInteger(x) && x > 0 && x < 20) return factorial(x - 1);
  if (x < 0.5) return Math.PI / (Math.sin(Math.PI * x) * gamma(1 - x));
  const sum = lanczos(x - 1);
  const t = x + 6.5;
  return Math.sqrt(2 * Math.PI) * t ** (x - 0.5) * Math.exp(-t) * sum;
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

function lanczos(z: number): number {
  return LANCZOS.slice(1).reduce((sum, term, i) => sum + term / (z + i + 1), LANCZOS[0] ?? 0);
}

function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - logGamma(1 - x);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(lanczos(x - 1));
}

/** Halves go away from zero. A negative precision rounds to tens, hundreds and so on. */
function round(value: number, precision = 0): number {
  if (!Number.isFinite(value)) return value;
  const places = Math.min(Math.max(precision, -20), 20);
  // by its decimal text, since 1.005 * 100 is not 100.5
  const [digits = "0", exponent = "0"] = Math.abs(value).toExponential().split("e");
  const [whole = "0", power = "0"] = String(Math.round(Number(`${digits}e${Number(exponent) + places}`))).split("e");
  return Math.sign(value) * Number(`${whole}e${Number(power) - places}`) + 0;
}

/** The first, or last, in order of what is not null. */
function choose(doc: string, wanted: -1 | 1): ScalarFunction {
  return special(doc, [1, ARGUMENTS_MAX], (args) => {
    const { type, runs } = commonType(args);
    return made(type, args, (row) => {
      let best: Value = null;
      for (const run of runs) {
        const value = run(row);
        if (!isNull(value) && (isNull(best) || Math.sign(order(value, best)) === wanted)) best = value;
      }
      return best;
    });
  });
}

/** From the first to the second, both among them, by a step: of numbers, or of times by a timespan. */
function range(args: readonly Compiled[], call: Call): Compiled {
  const [from, to, step] = args;
  if (from === undefined || to === undefined) throw wrong(0, call, "is missing");
  const time = from.type === "datetime";
  const kind = time ? "datetime" : from.type === "timespan" ? "timespan" : "number";
  const steps = define(
    "",
    [kind, kind, kind === "number" ? "number?" : "timespan?"],
    "dynamic",
    (first, last, by = time ? MICROSECONDS.hour : 1) => {
      const count = Math.floor((last - first) / by) + 1;
      if (!(count >= 0) || by === 0) return by === 0 ? null : [];
      return count > ARRAY_LENGTH_MAX ? null : Array.from({ length: count }, (_, i) => first + i * by);
    },
  );
  const numbers = steps.compile(step === undefined ? [from, to] : [from, to, step], call);
  if (kind === "number") return numbers;
  const print = printerOf(kind);
  return made("dynamic", [numbers], (row) => {
    const list = numbers.run(row);
    return Array.isArray(list) ? list.map(print) : null;
  });
}

const rand = special("A number by chance, from 0 to below 1; or a whole one below the argument.", [0, 1], ([below]) => {
  const chance = new Uint32Array(2);
  const most = below?.constant?.value;
  return {
    type: typeof most === "number" ? "long" : "real",
    run: () => {
      crypto.getRandomValues(chance);
      const number = ((chance[0] ?? 0) * 2 ** 21 + ((chance[1] ?? 0) >>> 11)) / 2 ** 53;
      return typeof most === "number" ? Math.floor(number * most) : number;
    },
  };
});

const absolute = special("A number or timespan without its sign.", [1, 1], (args, call) => {
  const span = args[0]?.type === "timespan";
  return define("", [span ? "timespan" : "number"], span ? "timespan" : numberType, Math.abs).compile(args, call);
});

const not = special("Whether a condition does not hold; null where it is null.", [1, 1], (args, { at }) => {
  const [of] = args;
  const { run } = condition(at, "not()", of ?? { type: "bool", run: () => null });
  return made("bool", args, (row) => {
    const value = run(row);
    return isNull(value) ? null : value !== true;
  });
});

const ceiling = define("The least whole number that is not below.", ["number"], "long", (x) => Math.ceil(x) + 0);

export const MATH_FUNCTIONS: Record<string, ScalarFunction> = {
  abs: absolute,
  ceiling,
  ceil: ceiling,
  round: define("A number rounded to so many digits.", ["number", "whole?"], (args) => (args[0]?.type === "long" ? "long" : "real"), round),
  sign: define("-1, 0 or 1.", ["number"], "long", (x) => Math.sign(x) + 0),
  sqrt: real("The square root.", (x) => (x < 0 ? Number.NaN : Math.sqrt(x))),
  pow: define("A number to the power of another.", ["number", "number"], "real", (x, y) => x ** y),
  exp: real("e to the power of a number.", Math.exp),
  exp2: real("2 to the power of a number.", (x) => 2 ** x),
  exp10: real("10 to the power of a number.", (x) => 10 ** x),
  log: real("The natural logarithm.", Math.log),
  log2: real("The logarithm to base 2.", Math.log2),
  log10: real("The logarithm to base 10.", Math.log10),
  sin: real("The sine.", Math.sin),
  cos: real("The cosine.", Math.cos),
  tan: real("The tangent.", Math.tan),
  cot: real("The cotangent.", (x) => 1 / Math.tan(x)),
  asin: real("The angle of a sine.", Math.asin),
  acos: real("The angle of a cosine.", Math.acos),
  atan: real("The angle of a tangent.", Math.atan),
  atan2: define("The angle of a point: (y, x).", ["number", "number"], "real", Math.atan2),
  pi: define("Half the circumference of the unit circle.", [], "real", () => Math.PI),
  degrees: real("Radians in degrees.", (x) => (x * 180) / Math.PI),
  radians: real("Degrees in radians.", (x) => (x * Math.PI) / 180),
  gamma: real("The gamma function.", gamma),
  loggamma: real("The logarithm of the gamma function's absolute value.", logGamma),
  isnan: define("Whether a number is not one.", ["number"], "bool", Number.isNaN),
  isinf: define("Whether a number is infinite.", ["number"], "bool", (x) => Math.abs(x) === Number.POSITIVE_INFINITY),
  isfinite: define("Whether a number is finite.", ["number"], "bool", Number.isFinite),
  isint: define("Whether a value is a whole number.", ["any"], "bool", Number.isInteger),
  max_of: choose("The greatest of values.", 1),
  min_of: choose("The least of values.", -1),
  rand,
  range: special("Numbers or times from one to another by a step.", [2, 3], range),
  not,
};
